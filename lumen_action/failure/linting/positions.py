"""The places in a pattern where a character is read, and which may follow which (the automaton of Glushkov)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lumen_action.failure.linting.tree import (
    NOTHING,
    Assertion,
    Characters,
    Choice,
    Node,
    Repeat,
    Sequence,
    walk,
)

# Short repeats are written out, so that a count which leaves no choice is not taken for one.
_WRITTEN_OUT, _MOST_PLACES = 8, 128
# How often something can be done in more than one way does not matter, only that it can.
_SEVERAL = 2

_Ways = dict[int, int]


@dataclass(frozen=True)
class Loop:
    """A repeat that was kept as a loop, with the places in it."""

    repeat: Repeat
    places: frozenset[int]


@dataclass
class Positions:
    """All places of a pattern.

    `follow[place]` says in how many ways, up to two, each place can come next; `first` and `last` where a match begins
    and ends.
    """

    masks: list[int] = field(default_factory=list)
    follow: list[_Ways] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _Part:
    """What a node contributes: where it begins and ends, and in how many ways it matches the empty text."""

    first: _Ways
    last: _Ways
    empty: int


def positions(node: Node) -> Positions:
    """Return the places of a tree; assertions are taken for granted."""
    made = Positions()
    whole = _part(node, made)
    made.first, made.last = frozenset(whole.first), frozenset(whole.last)
    return made


def _part(node: Node, made: Positions) -> _Part:
    if isinstance(node, Characters):
        made.masks.append(node.mask)
        made.follow.append({})
        place = len(made.masks) - 1
        return _Part({place: 1}, {place: 1}, 0)
    if isinstance(node, Sequence):
        return _in_row((_part(item, made) for item in node.items), made)
    if isinstance(node, Choice):
        parts = [_part(branch, made) for branch in node.branches]
        return _Part(
            _sum(*((part.first, 1) for part in parts)),
            _sum(*((part.last, 1) for part in parts)),
            min(_SEVERAL, sum(part.empty for part in parts)),
        )
    return _Part({}, {}, 1) if isinstance(node, Assertion) else _repeated(node, made)


def _in_row(parts: Iterable[_Part], made: Positions) -> _Part:
    whole = _Part({}, {}, 1)
    for part in parts:
        _connect(whole.last, part.first, made)
        whole = _Part(
            _sum((whole.first, 1), (part.first, whole.empty)),
            _sum((part.last, 1), (whole.last, part.empty)),
            min(_SEVERAL, whole.empty * part.empty),
        )
    return whole


def _repeated(node: Repeat, made: Positions) -> _Part:
    size = sum(isinstance(each, Characters) for each in walk(node.body))
    if node.high is not None and node.high <= _WRITTEN_OUT and size * node.high <= _MOST_PLACES:
        return _part(_written_out(node.body, node.low, node.high), made)
    begun = len(made.masks)
    body = _part(node.body, made)
    _connect(body.last, body.first, made)
    made.loops.append(Loop(node, frozenset(range(begun, len(made.masks)))))
    return _Part(body.first, body.last, min(_SEVERAL, body.empty + (node.low == 0)))


def _written_out(body: Node, low: int, high: int) -> Node:
    rest: Node = NOTHING
    for _ in range(high - low):
        rest = Choice((Sequence((body, rest)), NOTHING))
    return Sequence(((body,) * low) + (rest,))


def _connect(last: _Ways, first: _Ways, made: Positions) -> None:
    for place, ways in last.items():
        for following, more in first.items():
            known = made.follow[place].get(following, 0)
            made.follow[place][following] = min(_SEVERAL, known + ways * more)


def _sum(*terms: tuple[_Ways, int]) -> _Ways:
    total: _Ways = {}
    for ways, times in terms:
        if times:
            for place, count in ways.items():
                total[place] = min(_SEVERAL, total.get(place, 0) + count * times)
    return total
