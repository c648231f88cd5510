"""A screen with an Aho-Corasick automaton in machine code, so that whole logs are read however long they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from lumen_action.failure.screening import Sighting, rarest_piece

# Longer keys make an automaton of more memory, shorter ones are found in vain.
_KEY_BYTES = 10


class AutomatonScreen:
    """A screen whose work does not grow with the number of literals."""

    reach = sys.maxsize

    def __init__(self, literals: Iterable[str]) -> None:
        """Build the automaton; an ImportError says that its package is not to be had."""
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        self._holders: dict[bytes, set[bytes]] = {}
        for literal in {each.encode() for each in literals}:
            self._holders.setdefault(rarest_piece(literal, _KEY_BYTES), set()).add(literal)
        self._keys = sorted(self._holders)
        self._found = BytesAhoCorasick(self._keys, implementation=Implementation.DFA).find_matches_as_indexes

    def lines(self, data: bytes, start: int, end: int) -> list[Sighting]:
        """Return the lines that may hold a literal."""
        body = data[start:end]
        sightings: list[Sighting] = []
        line, stop = 0, -1
        keys: list[int] = []
        for key, begin, _ in self._found(body, overlapping=True):
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
        """Return the literals that what was found may stand for."""
        return {literal for key in found for literal in self._holders[self._keys[key]]}
