"""Numbers at the edge of a pattern that also match inside longer numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from lumen_action.failure.linting import charsets
from lumen_action.failure.linting.tree import Assertion, Characters, Choice, Node, Repeat, tree

# What stands at an edge, a sign for each character: `n` one digit, `d` one of several, `D` any number of them,
# `w` letters, `|` an assertion, `*` whatever repeats, `.` and `:` themselves, `o` all else.
_REACH, _MOST = 12, 400
# The last number of an address or a version is bound by what stands before it.
_AT_END = re.compile(r"(?:^|^:|[^wndD.:]|[^:]:)(?=[nd]*n)[nd]+$")
# What follows a number binds it, unless that is anything: there is no `1429 Too Many Requests`.
_AT_BEGIN = re.compile(r"^(?=[nd]*n)[nd]+\|?(?:\*|$)")
_ASCII_DIGITS = "0123456789"


@lru_cache(maxsize=1024)
def open_ended(pattern: str) -> bool:
    """Tell whether a match may end with a number that goes on."""
    return any(_AT_END.search(kinds) for kinds in _edge(tree(pattern), from_left=False))


@lru_cache(maxsize=1024)
def open_begun(pattern: str) -> bool:
    """Tell whether a match may begin with a number that has begun before."""
    return any(_AT_BEGIN.search(kinds) for kinds in _edge(tree(pattern), from_left=True))


def _edge(node: Node, *, from_left: bool) -> set[str]:
    """Return what may stand at the edge of a match, as kinds of characters."""
    if isinstance(node, Characters):
        return {_kind(node)}
    if isinstance(node, Choice):
        return set().union(*(_edge(branch, from_left=from_left) for branch in node.branches))
    if isinstance(node, Assertion):
        return {"|"}
    if isinstance(node, Repeat):
        return _repeated(node, from_left=from_left)
    known = {""}
    for item in node.items if from_left else reversed(node.items):
        if all(len(each) >= _REACH for each in known):
            break
        known = _joined(known, _edge(item, from_left=from_left), from_left=from_left)
    return known


def _joined(known: set[str], more: set[str], *, from_left: bool) -> set[str]:
    found = set()
    for inner in known:
        for outer in more:
            found.add((inner + outer)[:_REACH] if from_left else (outer + inner)[-_REACH:])
    return set(sorted(found)[:_MOST])


def _repeated(node: Repeat, *, from_left: bool) -> set[str]:
    body = node.body
    if node.low == node.high:
        known = {""}
        for _ in range(min(node.low, _REACH)):
            known = _joined(known, _edge(body, from_left=from_left), from_left=from_left)
        return known
    if isinstance(body, Characters) and node.high != 1:
        found = {"D" if body.mask & ~charsets.DIGITS == 0 else "*"}
    else:
        found = _edge(body, from_left=from_left)
    return found | {""} if node.low == 0 else found


def _kind(node: Characters) -> str:
    if node.literal and node.shown in _ASCII_DIGITS:
        return "n"
    if node.mask & ~charsets.DIGITS == 0:
        return "d"
    if node.literal and node.shown in ".:":
        return node.shown
    return "w" if node.mask & ~charsets.WORD == 0 else "o"
