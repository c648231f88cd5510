"""Documents of any form that can be read, to one book of objectives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lumen_action.slo import openslo, pyrra, sloth
from lumen_action.slo.headers import API
from lumen_action.slo.objective import Slo, SloBook
from lumen_action.slo.reading import Findings, Node, nearest
from lumen_action.yamlite import Document

AUTO = "auto"
_READ = (
    f"`apiVersion: {API}`, sloth's `version: {sloth.PLAIN}` and `apiVersion: {sloth.RESOURCE_API}`, "
    f"and pyrra's `apiVersion: {pyrra.API}`"
)


@dataclass(frozen=True)
class Form:
    """A form of documents: how one is known, and how they are read."""

    is_one: Callable[[Mapping[str, object]], bool]
    read: Callable[[Sequence[Document], Findings, openslo.KnownZone], SloBook]


FORMS: Mapping[str, Form] = {
    "openslo": Form(lambda value: str(value.get("apiVersion", "")).startswith("openslo/"), openslo.read),
    "sloth": Form(sloth.is_sloth, lambda documents, findings, _: sloth.read(documents, findings)),
    "pyrra": Form(pyrra.is_pyrra, lambda documents, findings, _: pyrra.read(documents, findings)),
}


@dataclass(frozen=True)
class Taken:
    """What was read, what is wrong with the rest, and what to know of what was taken."""

    book: SloBook
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def read(documents: Sequence[Document], known_zone: openslo.KnownZone, form: str = AUTO) -> Taken:
    """Read all documents together, so that each may name what stands in another."""
    findings = Findings()
    filled = [document for document in documents if document.value is not None]
    by_form = _sorted(filled, findings) if form == AUTO else {form: filled}
    books = [FORMS[name].read(group, findings, known_zone) for name, group in by_form.items() if group]
    slos = tuple(slo for book in books for slo in book.slos)
    _tell_repeated(slos, findings)
    services = {about.name: about for book in reversed(books) for about in book.services}
    sources = tuple(source for book in books for source in book.data_sources)
    book = SloBook(slos, tuple(services.values()), sources)
    # What several objectives share was read for each of them.
    return Taken(book, tuple(dict.fromkeys(findings.problems)), tuple(dict.fromkeys(findings.notes)))


def _sorted(documents: Sequence[Document], findings: Findings) -> dict[str, list[Document]]:
    groups: dict[str, list[Document]] = {name: [] for name in FORMS}
    for document in documents:
        node = Node(document, (), document.value, findings)
        if not isinstance(document.value, Mapping):
            node.refuse(node.shown, f"write a document with {_READ}")
            continue
        value = document.value
        name = next((name for name, form in FORMS.items() if form.is_one(value)), "")
        if name:
            groups[name].append(document)
        else:
            _refuse_unknown(node, value)
    return {name: group for name, group in groups.items() if group}


def _refuse_unknown(node: Node, value: Mapping[str, object]) -> None:
    key = next((key for key in ("apiVersion", "version") if key in value), "")
    found = f"`{key}: {value[key]}`" if key else "neither apiVersion nor version"
    guess = nearest(value.get(key, ""), (API, sloth.PLAIN, sloth.RESOURCE_API, pyrra.API))
    node.refuse(found, f"what can be read is {_READ}{guess}")


def _tell_repeated(slos: Sequence[Slo], findings: Findings) -> None:
    """Refuse names that two objectives have; two OpenSLO documents of one name have been told already."""
    for name, times in Counter(slo.name for slo in slos).items():
        if times > 1:
            findings.problems.append(f"found {times} objectives that would be called `{name}`; rename all but one")
