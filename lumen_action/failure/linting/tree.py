"""A regular expression as a tree of a few kinds of node, whichever Python has parsed it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lumen_action.failure.linting import charsets


@dataclass(frozen=True)
class Characters:
    """One character out of a set; `shown` is how a person would write the set."""

    mask: int
    shown: str
    literal: bool = False


@dataclass(frozen=True)
class Sequence:
    """One after the other; empty for nothing at all."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of several."""

    branches: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """The same again and again; `high` is None without a bound."""

    body: Node
    low: int
    high: int | None


@dataclass(frozen=True)
class Assertion:
    """A place between characters: an edge of the line or of a word, or what stands before or after it."""

    kind: str
    body: Node | None = None
    behind: bool = False


Node = Characters | Sequence | Choice | Repeat | Assertion

NOTHING = Sequence(())
_LINE_START, _WORD_EDGE = "line start", "word edge"
_PLACES = {
    "AT_BEGINNING": _LINE_START,
    "AT_BEGINNING_STRING": _LINE_START,
    "AT_BEGINNING_LINE": _LINE_START,
    "AT_BOUNDARY": _WORD_EDGE,
}


@lru_cache(maxsize=2048)
def tree(pattern: str) -> Node:
    """Return the tree of a pattern; a pattern that is none raises re.error."""
    parsed = _parser().parse(pattern)
    return _Reader(_parser().MAXREPEAT).sequence(parsed, int(parsed.state.flags))


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> tuple[Node, ...]:
    """Return what stands directly below a node."""
    if isinstance(node, Sequence):
        return node.items
    if isinstance(node, Choice):
        return node.branches
    if isinstance(node, Repeat):
        return (node.body,)
    return (node.body,) if isinstance(node, Assertion) and node.body else ()


def is_line_start(node: Node) -> bool:
    """Tell whether a node holds at the begin of a line only."""
    return isinstance(node, Assertion) and node.kind == _LINE_START


def is_word_edge(node: Node) -> bool:
    """Tell whether a node holds at the edge of a word only."""
    return isinstance(node, Assertion) and node.kind == _WORD_EDGE


def is_empty(node: Node) -> bool:
    """Tell whether a node can match the empty text."""
    if isinstance(node, Characters):
        return False
    if isinstance(node, Choice):
        return any(map(is_empty, node.branches))
    if isinstance(node, Repeat):
        return node.low == 0 or is_empty(node.body)
    return all(map(is_empty, node.items)) if isinstance(node, Sequence) else True


def _parser() -> Any:  # noqa: ANN401 - a module that has no types and moved
    return getattr(re, "_parser", None) or importlib.import_module("sre_parse")


class _Reader:
    """Translates what the parser of `re` returns; each operation has a method."""

    def __init__(self, without_bound: int) -> None:
        self._without_bound = without_bound
        self._methods: dict[str, Callable[[Any, int], Node]] = {
            "ANY": lambda _, flags: _any(flags),
            "LITERAL": _literal,
            "NOT_LITERAL": _not_literal,
            "IN": _one_of,
            "MAX_REPEAT": self._repeat,
            "MIN_REPEAT": self._repeat,
            "POSSESSIVE_REPEAT": self._repeat,
            "BRANCH": self._branch,
            "SUBPATTERN": self._group,
            "ATOMIC_GROUP": self.sequence,
            "ASSERT": self._look,
            "ASSERT_NOT": self._look,
            "AT": lambda place, _: Assertion(_PLACES.get(str(place.name), str(place.name))),
            "GROUPREF_EXISTS": self._condition,
            # What a group has matched may be anything.
            "GROUPREF": lambda group, _: Repeat(Characters(charsets.ANY, f"\\{group}"), 0, None),
        }

    def sequence(self, parsed: Any, flags: int) -> Node:  # noqa: ANN401
        """Return the node of operations in a row."""
        items = tuple(self._methods[str(operator.name)](operand, flags) for operator, operand in parsed)
        return items[0] if len(items) == 1 else Sequence(items)

    def _repeat(self, operand: Any, flags: int) -> Node:  # noqa: ANN401
        low, high, body = operand
        return Repeat(self.sequence(body, flags), int(low), None if high == self._without_bound else int(high))

    def _branch(self, operand: Any, flags: int) -> Node:  # noqa: ANN401
        return Choice(tuple(self.sequence(branch, flags) for branch in operand[1]))

    def _group(self, operand: Any, flags: int) -> Node:  # noqa: ANN401
        _, added, removed, body = operand
        return self.sequence(body, (flags | added) & ~removed)

    def _look(self, operand: Any, flags: int) -> Node:  # noqa: ANN401
        direction, body = operand
        return Assertion("look", self.sequence(body, flags), behind=direction < 0)

    def _condition(self, operand: Any, flags: int) -> Node:  # noqa: ANN401
        _, yes, no = operand
        return Choice((self.sequence(yes, flags), self.sequence(no, flags) if no else NOTHING))


def _any(flags: int) -> Characters:
    return Characters(charsets.ANY if flags & re.DOTALL else charsets.without(charsets.NEWLINE), ".")


def _literal(code: int, flags: int) -> Characters:
    return Characters(_cased(charsets.one(code), flags), chr(code), literal=True)


def _not_literal(code: int, flags: int) -> Characters:
    return Characters(charsets.without(_cased(charsets.one(code), flags)), f"[^{chr(code)}]")


def _one_of(members: Any, flags: int) -> Characters:  # noqa: ANN401
    negated, mask = False, 0
    for operator, value in members:
        kind = str(operator.name)
        if kind == "NEGATE":
            negated = True
        else:
            mask |= _member(kind, value)
    mask = _cased(mask, flags)
    mask = charsets.without(mask) if negated else mask
    return Characters(mask, charsets.NAMES.get(mask, "[^...]" if negated else "[...]"))


def _member(kind: str, value: Any) -> int:  # noqa: ANN401
    if kind == "LITERAL":
        return charsets.one(value)
    if kind == "RANGE":
        return charsets.span(*value)
    name = str(value.name)
    mask = charsets.CATEGORIES[name.rpartition("_")[2]]
    return charsets.without(mask) if "_NOT_" in name else mask


def _cased(mask: int, flags: int) -> int:
    return charsets.either_case(mask) if flags & re.IGNORECASE else mask


def written(node: Node) -> str:
    """Return a node roughly as a person would write it."""
    if isinstance(node, Characters):
        return node.shown
    if isinstance(node, Sequence):
        return "".join(map(written, node.items))
    if isinstance(node, Choice):
        return f"(?:{'|'.join(map(written, node.branches))})"
    if isinstance(node, Repeat):
        body = written(node.body) if isinstance(node.body, (Characters, Choice)) else f"(?:{written(node.body)})"
        return body + _count(node.low, node.high)
    return ""


def _count(low: int, high: int | None) -> str:
    if high is None:
        return {0: "*", 1: "+"}.get(low, f"{{{low},}}")
    return "?" if (low, high) == (0, 1) else f"{{{low}}}" if low == high else f"{{{low},{high}}}"
