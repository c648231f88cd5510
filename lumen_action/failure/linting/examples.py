"""Whether the examples of a signature keep what they promise when a whole catalogue reads them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from lumen_action.failure.engine import Analysis, classify
from lumen_action.failure.lines import clean
from lumen_action.failure.linting.findings import Remark
from lumen_action.failure.signatures import Catalogue, Signature

# How the same line comes from different machines.
DISGUISES = {
    "as it is": "{}",
    "with the time of a runner": "2026-03-04T05:06:07.1234567Z {}",
    "in colours": "\x1b[31m{}\x1b[0m",
    "with a carriage return": "{}\r",
}
_FIRST_LINE = 2
_SHOWN = 120


def matches_hold(signature: Signature, catalogue: Catalogue) -> Iterator[Remark]:
    """Refuse a positive example that does not match, or gets another class or another line."""
    for number, text in enumerate(signature.matches, 1):
        where = f"examples.matches {number}"
        silence = unmatched(signature, text)
        if silence:
            yield Remark(where, f"`{_short(text)}` does not match: {silence}", "repair the pattern or the example")
            continue
        for name, disguise in DISGUISES.items():
            taken = _misread(signature, text, disguise, catalogue)
            if taken:
                yield Remark(where, f"`{_short(text)}` {name} is {taken}", "let one of the two say more than the other")
                break


def ignores_hold(signature: Signature, catalogue: Catalogue) -> Iterator[Remark]:
    """Refuse a negative example that matches."""
    for number, text in enumerate(signature.ignores, 1):
        for name, disguise in DISGUISES.items():
            if _read(disguised(text, disguise), catalogue).verdict.signature == signature.id:
                where = f"examples.ignores {number}"
                yield Remark(where, f"`{_short(text)}` {name} matches", "tighten the pattern, or add an `unless`")
                break


def not_in_the_shadow(signature: Signature, catalogue: Catalogue) -> Iterator[Remark]:
    """Refuse a signature that never wins, as others win on all of its examples; a wrapper never does."""
    if signature.wrapper or any(unmatched(signature, text) for text in signature.matches):
        return
    winners = [_read(disguised(text, "{}"), catalogue).verdict.signature for text in signature.matches]
    if signature.id not in winners and all(winners):
        others = ", ".join(f"`{each}`" for each in dict.fromkeys(winners))
        fix = "join the two, or give an example that only this one knows"
        yield Remark("pattern", f"{others} always wins on its examples", fix)


def disguised(text: str, disguise: str) -> str:
    """Return a log in which the text stands in some disguise, each line by itself."""
    return "\n".join(("building", *(disguise.format(line) for line in text.split("\n")), ""))


def unmatched(signature: Signature, text: str) -> str:
    """Say why no line of a text is what the signature looks for, nothing when one is."""
    lines = [clean(line.encode()).text for line in text.split("\n")]
    found = [line for line in lines if signature.found(line)]
    if not found:
        anchored = next((anchor for anchor in signature.anchors for line in lines if anchor in line), "")
        return f"it holds `{anchored}`, but not the pattern" if anchored else "no line of it holds an anchor"
    if all(map(signature.vetoed_by, found)):
        return f"`unless` finds `{signature.vetoed_by(found[0])}` in it"
    window = "\n".join(lines)
    return "" if signature.has_company(window) else "not all of `near` stands near it"


def _misread(signature: Signature, text: str, disguise: str, catalogue: Catalogue) -> str:
    analysis = _read(disguised(text, disguise), catalogue)
    if signature.wrapper:
        return "" if signature.id in {each.signature for each in analysis.candidates} else "not recognised"
    verdict, evidence = analysis.verdict, analysis.verdict.evidence
    if verdict.name != signature.name:
        by = f" by `{verdict.signature}`" if verdict.signature else ""
        lost = next((each.reason for each in analysis.candidates if each.signature == signature.id), "")
        return f"taken for {verdict.name}{by}" + (f", as {lost}" if lost and not by else "")
    if not evidence or not _FIRST_LINE <= evidence.line < _FIRST_LINE + text.count("\n") + 1:
        return "proved by another line"
    winner = catalogue.signatures.get(verdict.signature)
    return (
        "" if winner and winner.found(evidence.text) else f"quoted as `{_short(evidence.text)}`, which proves nothing"
    )


# One signature is looked at by several checks, one after the other.
@lru_cache(maxsize=256)
def _read(log: str, catalogue: Catalogue) -> Analysis:
    return classify([log.encode()], catalogue)


def _short(text: str) -> str:
    line = text.replace("\n", " ⏎ ")
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
