"""Short texts that a pattern matches, so that each of its branches is entered once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from lumen_action.failure.linting import charsets
from lumen_action.failure.linting.tree import Assertion, Characters, Choice, Node, Repeat, tree

_MOST = 64
# Reading takes blanks at the end off, so what ends with one is shown with something behind it, too.
_ENDS = ("", "x")


@lru_cache(maxsize=1024)
def samples(pattern: str) -> tuple[str, ...]:
    """Return texts that the pattern provably matches, as far as simple ones are found."""
    search = re.compile(pattern).search
    found = (text + end for palette in charsets.PALETTES for text in _texts(tree(pattern), palette) for end in _ENDS)
    return tuple(dict.fromkeys(text for text in found if search(text)))


def _texts(node: Node, palette: str) -> list[str]:
    """Return as many texts as it takes to enter every branch once."""
    if isinstance(node, Characters):
        return [node.shown if node.literal else charsets.example(node.mask, palette)]
    if isinstance(node, Choice):
        return [text for branch in node.branches for text in _texts(branch, palette)][:_MOST]
    if isinstance(node, Repeat):
        return [text * max(node.low, 1) for text in _texts(node.body, palette)] + ([] if node.low else [""])
    if isinstance(node, Assertion):
        return [""]
    return list(_side_by_side([_texts(item, palette) for item in node.items]))[:_MOST]


def _side_by_side(columns: list[list[str]]) -> Iterator[str]:
    for row in range(max(map(len, columns), default=1)):
        yield "".join(column[min(row, len(column) - 1)] for column in columns if column)
