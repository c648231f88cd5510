"""Which signatures recognise which lines of a text, whatever becomes of it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lumen_action.failure.lines import clean, segments, shown
from lumen_action.failure.reading import CONTEXT_LINES, blocks
from lumen_action.failure.signatures import Catalogue, Signature


@dataclass(frozen=True)
class Trial:
    """A line in which a signature finds what it looks for; `vetoed_by` and `lonely` say why it does not count."""

    line: int
    text: str
    signature: Signature
    start: int
    end: int
    vetoed_by: str
    lonely: bool

    @property
    def counts(self) -> bool:
        """Tell whether neither `unless` nor `near` speaks against it."""
        return not self.vetoed_by and not self.lonely


def trials(chunks: Iterable[bytes], catalogue: Catalogue) -> Iterator[Trial]:
    """Yield every line that a signature recognises, in the order of the log."""
    anchors = [(anchor.encode(), signatures) for anchor, signatures in catalogue.by_anchor.items()]
    for block in blocks(chunks):
        around = block.data.split(b"\n")
        before = block.data.count(b"\n", 0, block.start)
        for place, (number, raw) in enumerate(block.lines(), before):
            called = {each.id: each for anchor, signatures in anchors if anchor in raw for each in signatures}
            if called:
                window = around[max(0, place - CONTEXT_LINES) : place + CONTEXT_LINES + 1]
                yield from _tried(number, raw, called.values(), window)


def _tried(number: int, raw: bytes, called: Iterable[Signature], window: list[bytes]) -> Iterator[Trial]:
    for segment in segments(raw):
        text = clean(segment).text
        for signature in called:
            found = signature.found(text)
            if found:
                lonely = bool(signature.near) and not signature.has_company("\n".join(map(shown, window)))
                start, end = found.span()
                yield Trial(number, text, signature, start, end, signature.vetoed_by(text), lonely)
