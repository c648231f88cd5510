"""Where a line stands in a log: its neighbours, its like in a program, and the quote of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from lumen_action.failure.dialects import SOURCE_FOLLOWS, SOURCE_MARKER
from lumen_action.failure.reading import CONTEXT_LINES, Block
from lumen_action.failure.standing import Quote

# How far neighbours are looked for.
WINDOW_BYTES = 4096


@dataclass(frozen=True)
class Place:
    """Where a line stands in its block."""

    block: Block
    number: int
    start: int
    stop: int

    @property
    def _before(self) -> list[bytes]:
        return self.block.data[max(0, self.start - WINDOW_BYTES) : max(0, self.start - 1)].split(b"\n")

    @property
    def _after(self) -> list[bytes]:
        return self.block.data[self.stop + 1 : self.stop + 1 + WINDOW_BYTES].split(b"\n")

    def shows_source(self) -> bool:
        """Tell whether the line is a piece of a program, shown for the error that happened in it."""
        return bool(SOURCE_FOLLOWS.search(self._before[-1]) or SOURCE_MARKER.search(self._after[0]))

    def following(self) -> Iterator[Place]:
        """Yield the places of the lines that come next."""
        stop, last = self.stop, len(self.block.data)
        for number in count(self.number + 1):
            if stop + 1 >= last:
                return
            start, stop = stop + 1, self.block.data.find(b"\n", stop + 1)
            stop = last if stop < 0 else stop
            yield Place(self.block, number, start, stop)

    @property
    def raw(self) -> bytes:
        """Return the line."""
        return self.block.data[self.start : self.stop]

    def quote(self, text: str, offset: int = 0) -> Quote:
        """Quote the line with its neighbours."""
        data, originals = self.block.data, self.block.originals
        before, after = self._before, self._after
        return Quote(
            line=self.number,
            text=text,
            offset=offset,
            original=originals[self.number - self.block.first] if originals else data[self.start : self.stop],
            before=tuple(before[-CONTEXT_LINES:]) if self.start else (),
            after=tuple(after[:CONTEXT_LINES]) if self.stop + 1 < len(data) else (),
        )
