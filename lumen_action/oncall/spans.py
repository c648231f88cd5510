"""Stretches of time with something in them: merged, cut and laid over each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from lumen_action.oncall.roster import MINUTE_MS


@dataclass(frozen=True)
class Span:
    """From a moment to another one that is no longer in it."""

    start_ms: int
    end_ms: int

    @property
    def minutes(self) -> int:
        """Return how long it is; moments of rosters are whole minutes."""
        return (self.end_ms - self.start_ms) // MINUTE_MS


Piece = TypeVar("Piece", bound=Span)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same time as few spans that neither overlap nor touch, in order."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start_ms):
        if span.end_ms <= span.start_ms:
            continue
        if found and span.start_ms <= found[-1].end_ms:
            found[-1] = Span(found[-1].start_ms, max(found[-1].end_ms, span.end_ms))
        else:
            found.append(Span(span.start_ms, span.end_ms))
    return found


def within(pieces: Iterable[Piece], spans: Sequence[Span]) -> Iterator[Piece]:
    """Yield what of the pieces lies in the spans; both are in order, and the spans do not overlap."""
    first = 0
    for piece in pieces:
        while first < len(spans) and spans[first].end_ms <= piece.start_ms:
            first += 1
        for span in spans[first:]:
            if span.start_ms >= piece.end_ms:
                break
            start, end = max(piece.start_ms, span.start_ms), min(piece.end_ms, span.end_ms)
            yield (
                piece if (start, end) == (piece.start_ms, piece.end_ms) else replace(piece, start_ms=start, end_ms=end)
            )


def gaps(spans: Sequence[Span], whole: Span) -> list[Span]:
    """Return what of the whole is in none of the spans, which are in order and do not overlap."""
    edges = [whole.start_ms, *(edge for span in spans for edge in (span.start_ms, span.end_ms)), whole.end_ms]
    found = (
        Span(max(start, whole.start_ms), min(end, whole.end_ms))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )
    return [span for span in found if span.start_ms < span.end_ms]


def laid_over(lower: Sequence[Piece], upper: Sequence[Piece]) -> list[Piece]:
    """Return the upper pieces, and of the lower ones what they leave free; each side is in order."""
    if not upper:
        return list(lower)
    pieces = [*lower, *upper]
    whole = Span(min(piece.start_ms for piece in pieces), max(piece.end_ms for piece in pieces))
    free = gaps(merged(upper), whole)
    return sorted((*within(lower, free), *upper), key=lambda piece: piece.start_ms)


def minutes_of(spans: Iterable[Span]) -> int:
    """Return how long spans are together."""
    return sum(span.minutes for span in spans)
