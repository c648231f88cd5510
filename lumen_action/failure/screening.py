"""Which lines may matter, and for which literals: one pass over the log, however many literals there are."""

from __future__ import annotations

import re
from collections.abc import Iterable

# How often bytes stand in logs, the most frequent first; those missing here are rarer still. The search runs over what
# is rare at the speed of C, so a literal is looked for by its rarest byte and the few that follow it.
_FREQUENT = b" etaosrnicl.-d/:0123456789pmu_TZhgyb=fvS[],kEADNFxOIwPj\"RC'"
_TOO_FREQUENT = 22
_KEY_BYTES = 8
_SHORTEST_KEY = 3
_RARITY = [len(_FREQUENT) if (place := _FREQUENT.find(byte)) < 0 else place for byte in range(256)]

_Trie = dict[int, "_Trie"]


class Screen:
    """A set of literals, ready to be searched for."""

    def __init__(self, literals: Iterable[str]) -> None:
        """Share out the literals among their keys; one that has no rare byte is searched for as it is."""
        keys = {literal: _key(literal) for literal in sorted({each.encode() for each in literals})}
        known = set(keys.values())
        self._plain = [literal for literal, key in keys.items() if not key]
        self._literals: dict[bytes, list[bytes]] = {}
        for literal, key in keys.items():
            if key:
                # A key that begins with another is found by the shorter one.
                lengths = range(_SHORTEST_KEY, len(key) + 1)
                short = next(key[:length] for length in lengths if key[:length] in known)
                self._literals.setdefault(short, []).append(literal)
        self._search = re.compile(_source(_trie(self._literals))).search if self._literals else None

    def lines(self, data: bytes, start: int, end: int) -> list[tuple[int, int, list[bytes]]]:
        """Return the lines that hold a literal: where they begin, where they end, and which literals."""
        found: dict[int, set[bytes]] = {}
        if self._search:
            self._by_key(found, data, start, end)
        for literal in self._plain:
            _by_itself(found, literal, data, start, end)
        lines = []
        for line in sorted(found):
            stop = data.find(b"\n", line, end)
            stop = end if stop < 0 else stop
            held = sorted(each for each in found[line] if data.find(each, line, stop) >= 0)
            if held:
                lines.append((line, stop, held))
        return lines

    def _by_key(self, found: dict[int, set[bytes]], data: bytes, start: int, end: int) -> None:
        search, literals = self._search, self._literals
        line, following = start, start
        match = search(data, start, end) if search else None
        while search and match:
            position = match.start()
            if position >= following:
                line = data.rfind(b"\n", 0, position) + 1
                after = data.find(b"\n", position, end)
                following = end if after < 0 else after
            found.setdefault(line, set()).update(literals[match[0]])
            match = search(data, position + 1, end)


def _by_itself(found: dict[int, set[bytes]], literal: bytes, data: bytes, start: int, end: int) -> None:
    position = data.find(literal, start, end)
    while position >= 0:
        found.setdefault(data.rfind(b"\n", 0, position) + 1, set()).add(literal)
        after = data.find(b"\n", position, end)
        position = data.find(literal, after, end) if after >= 0 else -1


def _key(literal: bytes) -> bytes:
    """Return the rarest byte of a literal with what follows, empty when all of them are frequent.

    A long key is found less often in vain, so a byte near the end is taken only if there is no other.
    """
    for length in (_KEY_BYTES, _SHORTEST_KEY):
        starts = literal[: max(0, len(literal) - length + 1)]
        rarest = max(starts, key=_RARITY.__getitem__, default=_FREQUENT[0])
        if _RARITY[rarest] >= _TOO_FREQUENT:
            place = literal.index(rarest)
            return literal[place : place + _KEY_BYTES]
    return b""


def _trie(words: Iterable[bytes]) -> _Trie:
    root: _Trie = {}
    for word in words:
        node = root
        for byte in word:
            node = node.setdefault(byte, {})
    return root


def _source(trie: _Trie) -> bytes:
    """Write a trie as a pattern, what is frequent first."""
    branches = [
        re.escape(bytes([byte])) + (_source(rest) if rest else b"")
        for byte, rest in sorted(trie.items(), key=lambda item: _RARITY[item[0]])
    ]
    return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"
