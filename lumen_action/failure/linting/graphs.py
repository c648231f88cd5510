"""The parts of a graph in which something leads back to itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_Node = TypeVar("_Node", bound=Hashable)


def cycles(nodes: Iterable[_Node], following: Callable[[_Node], Iterable[_Node]]) -> list[list[_Node]]:
    """Return the strongly connected parts that hold a cycle (Tarjan's way, on a stack of its own)."""
    search = _Search(following)
    for node in nodes:
        if node not in search.order:
            search.explore(node)
    return search.found


@dataclass
class _Search(Generic[_Node]):
    following: Callable[[_Node], Iterable[_Node]]
    order: dict[_Node, int] = field(default_factory=dict)
    found: list[list[_Node]] = field(default_factory=list)
    _low: dict[_Node, int] = field(default_factory=dict)
    _open: dict[_Node, None] = field(default_factory=dict)

    def explore(self, root: _Node) -> None:
        """Visit everything that can be reached."""
        work = [self._enter(root)]
        while work:
            node, rest = work[-1]
            step = next(rest, None)
            if step is None:
                work.pop()
                self._leave(node, work[-1][0] if work else None)
            elif step not in self.order:
                work.append(self._enter(step))
            elif step in self._open:
                self._low[node] = min(self._low[node], self.order[step])

    def _enter(self, node: _Node) -> tuple[_Node, Iterator[_Node]]:
        self.order[node] = self._low[node] = len(self.order)
        self._open[node] = None
        return node, iter(tuple(self.following(node)))

    def _leave(self, node: _Node, parent: _Node | None) -> None:
        if parent is not None:
            self._low[parent] = min(self._low[parent], self._low[node])
        if self._low[node] != self.order[node]:
            return
        part = [self._open.popitem()[0]]
        while part[-1] != node:
            part.append(self._open.popitem()[0])
        if len(part) > 1 or node in self.following(node):
            self.found.append(part)
