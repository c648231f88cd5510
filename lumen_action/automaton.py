"""A screen with an Aho-Corasick automaton in machine code, so that whole logs are read however long they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lumen_action.failure.screening import Sighting

if TYPE_CHECKING:
    from concurrent.futures import Future

_TURN_SECONDS = 0.0003
_Matches = Sequence[tuple[int, int, int]]


class AutomatonScreen:
    """A screen whose work does not grow with the number of literals."""

    reach = sys.maxsize

    def __init__(self, literals: Iterable[str]) -> None:
        """Build the automaton; an ImportError says that its package is not to be had."""
        from concurrent.futures import ThreadPoolExecutor

        from ahocorasick_rs import BytesAhoCorasick, Implementation

        self._literals = sorted({each.encode() for each in literals})
        # A quarter slower than the other kind, and a tenth of the memory.
        kind = Implementation.ContiguousNFA
        self._find = BytesAhoCorasick(self._literals, implementation=kind).find_matches_as_indexes
        # Machine code lets Python go on, so that the next block is searched while this one is thought about.
        self._beside = ThreadPoolExecutor(1)
        # Python lets another thread in every 5 ms, which is longer than a block takes.
        sys.setswitchinterval(_TURN_SECONDS)
        self._expected: tuple[bytes, int, int, Future[_Matches]] | None = None

    def lines(self, data: bytes, start: int, end: int) -> list[Sighting]:
        """Return the lines that may hold a literal."""
        expected, self._expected = self._expected, None
        body = data[start:end]
        if expected and expected[0] is data and expected[1:3] == (start, end):
            return self._grouped(body, start, expected[3].result())
        return self._grouped(body, start, self._find(body, overlapping=True))

    def expect(self, data: bytes, start: int, end: int) -> None:
        """Begin to search what will be asked for next."""
        self._expected = data, start, end, self._beside.submit(self._find, data[start:end], overlapping=True)

    def _grouped(self, body: bytes, start: int, matches: _Matches) -> list[Sighting]:
        sightings: list[Sighting] = []
        line, stop = 0, -1
        keys: list[int] = []
        for key, begin, _ in matches:
            if begin < stop:
                keys.append(key)
                continue
            if keys:
                sightings.append((start + line, start + stop, tuple(keys)))
            line, stop = body.rfind(b"\n", 0, begin) + 1, body.find(b"\n", begin)
            stop = len(body) if stop < 0 else stop
            keys = [key]
        if keys:
            sightings.append((start + line, start + stop, tuple(keys)))
        return sightings

    def behind(self, found: tuple[int, ...]) -> set[bytes]:
        """Return the literals that were found."""
        return {self._literals[number] for number in found}
