"""What every OpenSLO document begins with, and finding a document by kind and name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lumen_action.slo.objective import About
from lumen_action.slo.reading import Fields, Findings, Node, nearest
from lumen_action.yamlite import Document

API = "openslo/v1"
KINDS = ("Service", "SLO", "SLI", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
LONGEST_DESCRIPTION = 1050
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.|/\\-]{0,253}[a-z0-9])?")
_LONGEST_NAME = 255
_UNFIT = re.compile(r"[^a-z0-9.]+")


class Headers:
    """The documents by kind and name; which of them are used is remembered."""

    def __init__(self, documents: Iterable[Document], findings: Findings) -> None:
        """Read the heads of all documents and tell their faults."""
        self._found: dict[tuple[str, str], tuple[About, Fields]] = {}
        self._used: set[tuple[str, str]] = set()
        for document in documents:
            self._head(Node(document, (), document.value, findings))

    def of_kind(self, kind: str) -> Sequence[tuple[About, Fields]]:
        """Return all documents of a kind, in their order."""
        return [found for (one, _), found in self._found.items() if one == kind]

    def find(self, node: Node, kind: str) -> tuple[About, Fields] | None:
        """Return the document that a reference names, None with a fault told."""
        name = node.text()
        if name and (kind, name) not in self._found:
            known = [each for one, each in self._found if one == kind]
            node.refuse(f"no {kind} `{name}`", f"add its document, or name another{nearest(name, known)}")
        self._used.add((kind, name))
        return self._found.get((kind, name))

    def tell_unused(self, kinds: Iterable[str]) -> None:
        """Tell which documents no objective uses."""
        for (kind, name), (_, spec) in self._found.items():
            if kind in kinds and (kind, name) not in self._used:
                spec.node.note(f"no SLO uses the {kind} `{name}`; not taken over")

    def inline(self, fields: Fields, kind: str) -> tuple[About | None, Fields | None]:
        """Return name and content of what is written in place."""
        if (told := fields.get("kind")) and told.value != kind:
            told.refuse(told.shown, f"write `kind: {kind}`")
        spec = fields.need("spec", "…")
        inner = spec.fields() if spec else None
        return about_of(fields, inner), inner

    def _head(self, node: Node) -> None:
        fields = node.fields()
        if fields is None:
            return
        fields.only(("apiVersion", "kind", "metadata", "spec"))
        api, kind = fields.need("apiVersion", API), fields.need("kind", "SLO")
        if api and api.value != API:
            api.refuse(api.shown, f"only `apiVersion: {API}` can be read")
            return
        if kind and kind.value not in KINDS:
            kind.refuse(kind.shown, f"write one of {', '.join(KINDS)}{nearest(kind.value, KINDS)}")
            return
        about, spec = self.inline(fields, str(kind.value) if kind else "")
        if kind and spec and about is None and kind.value == "SLO":
            # Nothing names an SLO, so that one without a name can be read for all its other faults.
            self._found["SLO", node.place] = About(""), spec
        if kind is None or about is None or spec is None:
            return
        key = (str(kind.value), about.name)
        if key in self._found:
            first = self._found[key][1].node.place.rpartition(":")[0]
            place = node.child("metadata", None).child("name", about.name)
            place.refuse(f"a second {key[0]} `{key[1]}`", f"rename one of them; the first is in {first}")
        else:
            self._found[key] = about, spec


def about_of(fields: Fields, spec: Fields | None) -> About | None:
    """Return the metadata, and the description that stands in the spec."""
    told = fields.need("metadata", "{name: …}")
    metadata = told.fields() if told else None
    if metadata is None:
        return None
    metadata.only(("name", "displayName", "labels", "annotations"))
    named = metadata.need("name", "nightly-runs")
    name = named.text() if named else ""
    if named and name:
        _check_name(named, name)
    description = spec.text("description") if spec else ""
    if spec and len(description) > LONGEST_DESCRIPTION:
        found = f"{len(description)} characters"
        spec.node.child("description", description).refuse(found, f"write at most {LONGEST_DESCRIPTION}")
    about = About(name, metadata.text("displayName"), description, _labels(metadata), metadata.texts("annotations"))
    return about if name else None


def slug(text: str) -> str:
    """Make a name that every reader of OpenSLO takes."""
    return _UNFIT.sub("-", text.lower()).strip("-.")[:63].rstrip("-.") or "unnamed"


def _check_name(node: Node, name: str) -> None:
    if len(name) > _LONGEST_NAME or not name.isprintable() or " " in name:
        node.refuse(node.shown, f"write a name without blanks, such as `{slug(name)}`")
    elif not _NAME.fullmatch(name):
        node.note(f"other tools may refuse the name {node.shown}; `{slug(name)}` is safe")


def _labels(metadata: Fields) -> dict[str, str | tuple[str, ...]]:
    told = metadata.get("labels")
    fields = told.fields() if told else None
    labels: dict[str, str | tuple[str, ...]] = {}
    for key in fields or ():
        node = fields.get(key) if fields else None
        if node and isinstance(node.value, list):
            labels[key] = tuple(each.text() for each in node.items())
        elif node:
            labels[key] = node.text()
    return labels
