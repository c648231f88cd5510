"""Whether trying a pattern on a hostile line can take much longer than reading the line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from collections.abc import Sequence as Row
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations

from lumen_action.failure.linting.graphs import cycles
from lumen_action.failure.linting.openings import unguarded
from lumen_action.failure.linting.positions import Loop, Positions, positions
from lumen_action.failure.linting.tree import Assertion, Characters, Node, tree, walk, written
from lumen_action.failure.linting.wording import alternatives, repeated_groups

# In how many ways a pattern may be tried from one place of a line.
MOST_WAYS = 1_000_000
_Steps = tuple[int, int, int]


@lru_cache(maxsize=2048)
def slowness(pattern: str) -> str:
    """Say why a pattern can be slow, nothing when it cannot; a pattern that is none raises re.error."""
    root = tree(pattern)
    opening = next(unguarded(root), None)
    if opening:
        return f"begins with `{written(opening)}`, which is tried anew from every place of a line"
    careless = next((body for body in repeated_groups(pattern) if _overlapping(body)), "")
    if careless:
        return f"repeats `(?:{careless})`, of which several branches read the same"
    bodies = [root, *(node.body for node in walk(root) if isinstance(node, Assertion) and node.body)]
    return next(filter(None, map(_ambiguity, bodies)), "")


def _overlapping(group: str) -> bool:
    """Tell whether branches of one character each overlap; this Python joins them to one set, which hides it."""
    branches = alternatives(group)
    trees = [tree(branch) for branch in branches] if len(branches) > 1 else []
    masks = [each.mask for each in trees if isinstance(each, Characters)]
    return any(one & other for one, other in combinations(masks, 2))


def _ambiguity(root: Node) -> str:
    places = positions(root)
    parts = cycles(range(len(places.masks)), places.follow.__getitem__)
    knots = [_Knot(tuple(sorted(part)), places) for part in parts]
    for knot in knots:
        if knot.ambiguous and knot.ways > MOST_WAYS:
            return f"can read the same text by `{written(knot.loops[-1].repeat)}` in too many ways"
    chain = _longest_chain(sorted(knots, key=lambda knot: knot.places), places)
    shown = " and ".join(f"`{written(knot.loops[-1].repeat)}`" for knot in chain)
    return f"can share out the same text among {shown} in too many ways" if chain else ""


@dataclass(frozen=True)
class _Knot:
    """Places that can be reached from each other: one loop, or several in each other."""

    places: tuple[int, ...]
    automaton: Positions

    @cached_property
    def loops(self) -> list[Loop]:
        """Return the loops, the outermost last."""
        known = {*self.places}
        return sorted((loop for loop in self.automaton.loops if loop.places & known), key=lambda loop: len(loop.places))

    @cached_property
    def mask(self) -> int:
        """Return all characters that it reads."""
        found = 0
        for place in self.places:
            found |= self.automaton.masks[place]
        return found

    @property
    def ambiguous(self) -> bool:
        """Tell whether it leads back to where it was on the same text in two ways."""
        known, follow = {*self.places}, self.automaton.follow
        if any(ways > 1 for place in known for after, ways in follow[place].items() if after in known):
            return True
        pairs = ((one, other) for one in self.places for other in self.places)
        return any(
            any(one == other for one, other in part) and any(one != other for one, other in part)
            for part in cycles(pairs, self._both)
        )

    def _both(self, pair: tuple[int, int]) -> Iterator[tuple[int, int]]:
        follow, masks = self.automaton.follow, self.automaton.masks
        known = {*self.places}
        return (
            (one, other)
            for one in follow[pair[0]]
            for other in follow[pair[1]]
            if one in known and other in known and masks[one] & masks[other]
        )

    @property
    def bounded(self) -> bool:
        """Tell whether every loop of it ends after so many times."""
        return all(loop.repeat.high is not None for loop in self.loops)

    @property
    def choices(self) -> int:
        """Return at how many places it may end, as far as its bounds say."""
        product = 1
        for loop in self.loops:
            product *= 1 if loop.repeat.high is None else loop.repeat.high - loop.repeat.low + 1
        return product

    @property
    def ways(self) -> int:
        """Return in how many ways it may read a text, if it can in more than one."""
        outer = self.loops[-1].repeat
        if outer.high is None or not self.bounded:
            return MOST_WAYS + 1
        each = max(2, self.choices // (outer.high - outer.low + 1))
        ways = 1
        for _ in range(outer.high):
            ways *= each
            if ways > MOST_WAYS:
                break
        return ways


@dataclass(frozen=True)
class _Chain:
    """Loops that can share out one text among themselves."""

    knots: tuple[_Knot, ...]
    ways: float

    @property
    def unbounded(self) -> int:
        """Return how many of them have no bound; one of them alone costs no more than reading the line."""
        return sum(not knot.bounded for knot in self.knots)

    @property
    def slow(self) -> bool:
        """Tell whether there are too many ways to do so."""
        return self.unbounded > 1 or self.ways > MOST_WAYS


def _longest_chain(knots: Row[_Knot], places: Positions) -> tuple[_Knot, ...]:
    """Return loops that can share out the same text in too many ways, none if there are no such loops."""
    chains: dict[int, list[_Chain]] = {}
    for index in range(len(knots) - 1, -1, -1):
        here = knots[index]
        found = [_Chain((here,), float(here.choices))]
        for later in range(index + 1, len(knots)):
            length = _shared_word(here, knots[later], places) if here.mask & knots[later].mask else 0
            if length:
                places_to_end = max(1.0, here.choices / length)
                found += [_Chain((here, *chain.knots), places_to_end * chain.ways) for chain in chains[later]]
        slow = next((chain for chain in found if chain.slow), None)
        if slow:
            return slow.knots
        # The worst with and without an unbounded loop are enough to go on from.
        chains[index] = list({chain.unbounded: chain for chain in sorted(found, key=lambda each: each.ways)}.values())
    return ()


def _shared_word(here: _Knot, there: _Knot, places: Positions) -> int:
    """Return the length of the shortest text that stays here, leads from here to there, and stays there; else 0."""
    inside, beyond = {*here.places}, {*there.places}
    for one in here.places:
        for other in there.places:
            start, goal = (one, one, other), (one, other, other)
            lengths = {start: 0}
            queue = deque([start])
            while queue:
                known = queue.popleft()
                for step in _together(known, places):
                    if step[0] in inside and step[2] in beyond and step not in lengths:
                        lengths[step] = lengths[known] + 1
                        queue.append(step)
            if goal in lengths:
                return lengths[goal]
    return 0


def _together(known: _Steps, places: Positions) -> Iterator[_Steps]:
    """Yield where the same character may lead from three places at once."""
    masks, follow = places.masks, places.follow
    for first in follow[known[0]]:
        for middle in follow[known[1]]:
            shared = masks[first] & masks[middle]
            if shared:
                yield from ((first, middle, last) for last in follow[known[2]] if shared & masks[last])
