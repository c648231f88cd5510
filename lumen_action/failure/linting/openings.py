"""The repeats with which a match may begin: a search tries them anew from every place of a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lumen_action.failure.linting import charsets
from lumen_action.failure.linting.tree import (
    Assertion,
    Characters,
    Choice,
    Node,
    Repeat,
    Sequence,
    is_empty,
    is_line_start,
    is_word_edge,
    walk,
)

_EVERYTHING = charsets.without(charsets.NEWLINE)


@dataclass(frozen=True)
class _Guard:
    """What stands before a repeat and keeps it from being tried everywhere."""

    line: bool = False
    word: bool = False

    def holds(self, body: Node) -> bool:
        """Tell whether it is tried in few places: once a line, or once a word when it cannot leave the word."""
        masks = [each.mask for each in walk(body) if isinstance(each, Characters)]
        if self.line:
            return all(mask & _EVERYTHING != _EVERYTHING for mask in masks)
        whole_words = all(mask & ~charsets.WORD == 0 for mask in masks)
        return self.word and (whole_words or all(mask & charsets.WORD == 0 for mask in masks))

    def after(self, item: Node) -> _Guard:
        """Return what stands before the item that follows."""
        behind = isinstance(item, Assertion) and item.behind
        return _Guard(line=self.line or is_line_start(item) or behind, word=self.word or is_word_edge(item))


def unguarded(node: Node, guard: _Guard | None = None) -> Iterator[Repeat]:
    """Yield the repeats without bound with which a match may begin anywhere; `^.*` says nothing and counts too."""
    guard = guard or _Guard()
    if isinstance(node, Choice):
        for branch in node.branches:
            yield from unguarded(branch, guard)
    elif isinstance(node, Repeat):
        if node.high is None and not guard.holds(node.body):
            yield node
        else:
            yield from unguarded(node.body, guard)
    elif isinstance(node, Assertion):
        if node.body and not node.behind:
            yield from unguarded(node.body, guard)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from unguarded(item, guard)
            if not is_empty(item):
                return
            guard = guard.after(item)
