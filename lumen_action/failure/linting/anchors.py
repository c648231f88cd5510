"""Whether an anchor can stand in a line that its pattern recognises."""

from __future__ import annotations

from functools import lru_cache

from lumen_action.failure.linting import charsets
from lumen_action.failure.linting.positions import Positions, positions
from lumen_action.failure.linting.tree import Assertion, is_empty, tree, walk

# So much of an anchor, and half of it, has to fall within what the pattern matches; the rest may stand around it.
_OVERLAP = 3


def reachable(anchor: str, pattern: str) -> bool:
    """Tell whether the pattern matches some text that the anchor overlaps; what cannot be ruled out is possible."""
    return is_empty(tree(pattern)) or any(_overlaps(anchor, places) for places in _places(pattern))


# Several anchors of one signature are tried, one after the other.
@lru_cache(maxsize=16)
def _places(pattern: str) -> tuple[Positions, ...]:
    root = tree(pattern)
    bodies = (root, *(node.body for node in walk(root) if isinstance(node, Assertion) and node.body))
    return tuple(map(positions, bodies))


def _overlaps(anchor: str, places: Positions) -> bool:
    wanted = [charsets.one(ord(character)) for character in anchor]
    need = min(len(wanted), max(_OVERLAP, len(wanted) // 2))
    starts = range(len(wanted) - need + 1)
    return any(_runs(wanted[start:], need, places, entered=start > 0) for start in starts)


def _runs(wanted: list[int], need: int, places: Positions, *, entered: bool) -> bool:
    """Tell whether enough characters can be read in a row, the first where a match begins or, if not, anywhere."""
    masks = places.masks
    active = {place for place in (places.first if entered else range(len(masks))) if masks[place] & wanted[0]}
    for count, mask in enumerate(wanted[1:], 1):
        if count >= need and active & places.last:
            return True
        active = {after for place in active for after in places.follow[place] if masks[after] & mask}
    return bool(active)
