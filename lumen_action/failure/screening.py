"""Which lines may matter, and for which literals: one pass over the log, however many literals there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, Protocol

# A line that may matter: where it begins, where it ends, and which literals were found in it, as numbers.
Sighting = tuple[int, int, tuple[int, ...]]


class Screen(Protocol):
    """A set of literals, ready to be searched for."""

    reach: int
    """How many bytes of a log are worth screening before its end is known: a slow screen must choose."""

    def lines(self, data: bytes, start: int, end: int) -> list[Sighting]:
        """Return the lines that hold a literal."""

    def expect(self, data: bytes, start: int, end: int) -> None:
        """Begin with what will be asked for next, if that can be done meanwhile."""

    def behind(self, found: tuple[int, ...]) -> set[bytes]:
        """Return the literals that were found."""


ScreenMaker = Callable[[Iterable[str]], Screen]

# How often bytes stand in logs, the most frequent first; those missing here are rarer still.
_FREQUENT = b" etaosrnicl.-d/:0123456789pmu_TZhgyb=fvS[],kEADNFxOIwPj\"RC'"
_RARITY = [len(_FREQUENT) if (place := _FREQUENT.find(byte)) < 0 else place for byte in range(256)]
# Four bytes, and the type of number that reads them at once.
_GRAM = 4
_TOGETHER = 1 << 14
_NUMBER: Literal["I"] = "I"


def rarest_piece(literal: bytes, size: int) -> bytes:
    """Return the piece of a literal around its rarest byte, the whole when it is not longer."""
    rarest = max(range(len(literal)), key=[_RARITY[byte] for byte in literal].__getitem__)
    begin = max(0, min(rarest - size // 2, len(literal) - size))
    return literal[begin : begin + size]


class GramScreen:
    """A screen in Python alone: a literal can only stand where every four bytes of it stand somewhere."""

    reach = 1 << 20

    def __init__(self, literals: Iterable[str]) -> None:
        """Sort the literals by their rarest four bytes; shorter ones are searched for as they are."""
        self._literals = sorted({each.encode() for each in literals})
        self._short = [number for number, literal in enumerate(self._literals) if len(literal) < _GRAM]
        self._by_gram: dict[int, list[tuple[int, int, int]]] = {}
        for number, literal in enumerate(self._literals):
            if len(literal) >= _GRAM:
                # The rarest is looked up; most of what it then stands for in vain, the first and the last rule out.
                rarest, first, last = (
                    memoryview(piece).cast(_NUMBER)[0]
                    for piece in (rarest_piece(literal, _GRAM), literal[:_GRAM], literal[-_GRAM:])
                )
                self._by_gram.setdefault(rarest, []).append((number, first, last))

    def lines(self, data: bytes, start: int, end: int) -> list[Sighting]:
        """Return the lines that hold a literal."""
        sightings: list[Sighting] = []
        while start < end:
            # The fewer lines are looked at together, the fewer literals stand among them.
            cut = data.rfind(b"\n", start, start + _TOGETHER) + 1 or data.find(b"\n", start, end) + 1 or end
            stop = min(cut, end)
            sightings += self._lines_of(data, start, stop)
            start = stop
        return sightings

    def _lines_of(self, data: bytes, start: int, end: int) -> list[Sighting]:
        grams = _grams(data[start:end])
        held = [
            number
            for rarest in grams & self._by_gram.keys()
            for number, first, last in self._by_gram[rarest]
            if first in grams and last in grams
        ]
        found: dict[int, set[int]] = {}
        for number in (*self._short, *held):
            for line in _lines_with(self._literals[number], data, start, end):
                found.setdefault(line, set()).add(number)
        ends = ((line, data.find(b"\n", line, end)) for line in sorted(found))
        return [(line, end if stop < 0 else stop, tuple(sorted(found[line]))) for line, stop in ends]

    def expect(self, data: bytes, start: int, end: int) -> None:
        """Do nothing: Python does one thing at a time."""

    def behind(self, found: tuple[int, ...]) -> set[bytes]:
        """Return the literals that were found."""
        return {self._literals[number] for number in found}


def _grams(data: bytes) -> set[int]:
    """Return all runs of four bytes as numbers: reading them as an array is the fastest that Python can."""
    grams: set[int] = set()
    for offset in range(_GRAM):
        stop = len(data) - (len(data) - offset) % _GRAM
        grams.update(memoryview(data)[offset:stop].cast(_NUMBER))
    return grams


def _lines_with(literal: bytes, data: bytes, start: int, end: int) -> Iterator[int]:
    position = data.find(literal, start, end)
    while position >= 0:
        yield data.rfind(b"\n", 0, position) + 1
        after = data.find(b"\n", position, end)
        position = data.find(literal, after, end) if after >= 0 else -1
