"""The checks of signatures, as a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from lumen_action.failure.engine import classify
from lumen_action.failure.lines import clean
from lumen_action.failure.linting import anchors, numbers, wording
from lumen_action.failure.linting.cost import slowness
from lumen_action.failure.linting.examples import ignores_hold, matches_hold, not_in_the_shadow
from lumen_action.failure.linting.findings import Finding, Level, Remark
from lumen_action.failure.linting.samples import samples
from lumen_action.failure.linting.tree import Assertion, is_empty, tree, walk
from lumen_action.failure.reading import LINE_LIMIT
from lumen_action.failure.signatures import Catalogue, Signature
from lumen_action.model import ErrorClass

_GROUPS = ("retry_after",)
_RARE_ENOUGH = 4
_COMMON = frozenset(" etaosrnicl.-d/:0123456789")
_BOUND = {
    "pattern": r"bind it with \b, or with (?!\d) after it",
    "anchors": r"add a pattern that binds it with \b",
}


@dataclass(frozen=True)
class Check:
    """One question about a signature; it is asked with the whole catalogue at hand."""

    name: str
    refuses: str
    look: Callable[[Signature, Catalogue], Iterator[Remark]]
    level: Level = Level.FAULT


def lint(catalogue: Catalogue, asked: Iterable[str] | None = None) -> Iterator[Finding]:
    """Yield what is wrong with the signatures, or with those asked for; the others still cast their shadows."""
    wrong = {key: faults for key, each in catalogue.signatures.items() if (faults := list(_compiled(each)))}
    sound = _without(catalogue, wrong)
    for identity in catalogue.signatures if asked is None else asked:
        signature = catalogue.signatures[identity]
        if identity in wrong:
            yield from (_finding(COMPILES, signature, remark) for remark in wrong[identity])
            continue
        for check in CHECKS:
            yield from (_finding(check, signature, remark) for remark in check.look(signature, sound))


def green_hits(catalogue: Catalogue, logs: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[Finding]:
    """Yield the signatures that call a log of a green build something."""
    sound = _without(catalogue, {key for key, each in catalogue.signatures.items() if any(_compiled(each))})
    for name, chunks in logs:
        verdict = classify(chunks, sound).verdict
        if verdict.error_class is ErrorClass.UNKNOWN:
            continue
        evidence = verdict.evidence
        line = f", line {evidence.line}: `{evidence.text}`" if evidence else ""
        fault = f"calls the green log {name} {verdict.name}{line}"
        yield Finding(GREEN, Level.FAULT, verdict.signature, "pattern", fault, "tighten it, or add an `unless`")


def _without(catalogue: Catalogue, wrong: Collection[str]) -> Catalogue:
    """Return the signatures that can be tried at all."""
    return Catalogue({key: each for key, each in catalogue.signatures.items() if key not in wrong})


def _finding(check: Check, signature: Signature, remark: Remark) -> Finding:
    return Finding(check.name, check.level, signature.id, remark.field, remark.fault, remark.fix)


def _patterns(signature: Signature) -> list[tuple[str, str]]:
    """Return every regular expression of a signature with the field it stands in."""
    rows = [("pattern", signature.pattern)] if signature.pattern else []
    rows += [("unless", each) for each in signature.unless]
    return rows + [("near", each) for each in signature.near]


def _texts(signature: Signature) -> tuple[str, ...]:
    return (*signature.anchors, *signature.matches)


def _compiled(signature: Signature) -> Iterator[Remark]:
    for field, pattern in _patterns(signature):
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as fault:
            yield Remark(field, f"`{pattern}` is no regular expression ({fault})", "repair it")


def _quick(signature: Signature, _: Catalogue) -> Iterator[Remark]:
    for field, pattern in _patterns(signature):
        if slowness(pattern):
            guilty = [each for each in wording.alternatives(pattern) if slowness(each)] or [pattern]
            for each in guilty:
                yield Remark(
                    field, f"`{each}` {slowness(each)}", "begin with a literal and bound what repeats: .{0,300}"
                )


def _worded(
    slips: Callable[[str, tuple[str, ...]], Iterator[wording.Slip]],
) -> Callable[[Signature, Catalogue], Iterator[Remark]]:
    def look(signature: Signature, _: Catalogue) -> Iterator[Remark]:
        for field, pattern in _patterns(signature):
            for slip in slips(pattern, _texts(signature)):
                yield Remark(field, f"`{slip.piece}` {slip.fault}", slip.fix)

    return look


def _bound_numbers(signature: Signature, _: Catalogue) -> Iterator[Remark]:
    field, pieces = "pattern", {each: each for each in wording.alternatives(signature.pattern)}
    if not signature.pattern:
        field, pieces = "anchors", {anchor: re.escape(anchor) for anchor in signature.anchors}
    for shown, piece in pieces.items():
        places = [("end", numbers.open_ended(piece)), ("begin", numbers.open_begun(piece))]
        for place in (each for each, open_there in places if open_there):
            yield Remark(field, f"`{shown}` may {place} within a longer number", _BOUND[field])


def _says_something(signature: Signature, _: Catalogue) -> Iterator[Remark]:
    for field, pattern in _patterns(signature):
        root = tree(pattern)
        if is_empty(root) and not any(isinstance(each, Assertion) for each in walk(root)):
            yield Remark(
                field, f"`{pattern}` matches the empty text, and so every line", "demand something of the line"
            )


def _survives_reading(signature: Signature, _: Catalogue) -> Iterator[Remark]:
    """Refuse what asks for text that reading takes off before a pattern sees the line."""
    for piece in wording.alternatives(signature.pattern) if signature.pattern else []:
        search, texts = re.compile(piece).search, samples(piece)
        if texts and not any(search(clean(text.encode("utf-8", "replace")).text) for text in texts):
            fault = (
                f"`{piece}` is for texts such as {texts[0]!r}, of which marks, times, colours and blanks are taken off"
            )
            yield Remark("pattern", fault, "begin and end with the tool's own words")


def _alive_anchors(signature: Signature, _: Catalogue) -> Iterator[Remark]:
    for anchor in _unproven(signature):
        if len(anchor.encode()) > LINE_LIMIT // 2:
            yield Remark("anchors", f"`{anchor[:40]}…` is longer than what is kept of a line", "take a short piece")
        elif anchor not in clean(f"{anchor}x".encode()).text:
            fault = f"{anchor!r} stands in no line as it is read: marks, colours and control characters are taken off"
            yield Remark("anchors", fault, "take a piece of the tool's own words")
        elif signature.pattern and not anchors.reachable(anchor, signature.pattern):
            lower = anchors.reachable(anchor.lower(), f"(?i){signature.pattern}")
            why = (
                "the pattern has other letters in upper case" if lower else "the pattern matches nothing that holds it"
            )
            yield Remark("anchors", f"`{anchor}` is dead: {why}", "repair it, leave it out, or prove it by an example")


def _proven_anchors(signature: Signature, _: Catalogue) -> Iterator[Remark]:
    for anchor in _unproven(signature):
        yield Remark("anchors", f"`{anchor}` stands in no positive example", "add an example with it")


def _rare_anchors(signature: Signature, _: Catalogue) -> Iterator[Remark]:
    for anchor in signature.anchors:
        if len(anchor) < _RARE_ENOUGH or _COMMON.issuperset(anchor):
            yield Remark("anchors", f"`{anchor}` stands in very many lines", "take a longer or rarer piece of the line")


def _unproven(signature: Signature) -> Iterator[str]:
    return (anchor for anchor in signature.anchors if not any(anchor in text for text in signature.matches))


COMPILES = Check("regular expression", "what Python cannot read as a pattern", lambda each, _: _compiled(each))
GREEN = "green log"
CHECKS: tuple[Check, ...] = (
    Check(
        "newer syntax", "what the oldest Python we run on cannot read", _worded(lambda p, _: wording.newer_syntax(p))
    ),
    Check("slow", "a pattern that a hostile line can keep busy", _quick),
    Check("class", "a class of characters that was meant as words or brackets", _worded(wording.class_slips)),
    Check(
        "group",
        "parentheses that were meant as text, groups that nobody reads",
        _worded(lambda pattern, texts: wording.group_slips(pattern, texts, _GROUPS)),
    ),
    Check("number", "a number that also matches inside a longer one", _bound_numbers),
    Check("empty", "a pattern that matches everything", _says_something),
    Check("prefix", "a pattern for what reading takes off", _survives_reading),
    Check("dead anchor", "an anchor that no line can hold where the pattern matches", _alive_anchors),
    Check("example", "an example that does not match or is taken for something else", matches_hold),
    Check("counter-example", "a negative example that matches", ignores_hold),
    Check("shadow", "a signature that others always win over", not_in_the_shadow),
    Check("unproven anchor", "an anchor without an example", _proven_anchors, Level.ADVICE),
    Check("common anchor", "an anchor that stands in very many lines", _rare_anchors, Level.ADVICE),
    Check("dot", "a dot that may have been meant as one", _worded(lambda p, _: wording.bare_dots(p)), Level.ADVICE),
)
