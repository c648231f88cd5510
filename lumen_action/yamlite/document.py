"""A document that was read: its value, and the line each part of it begins on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
Marks: TypeAlias = Mapping[int, Mapping[str | int, int]]
"""By the identity of a map or list: on which line, from 0, each of its entries begins."""
NewMarks: TypeAlias = dict[int, dict[str | int, int]]


@dataclass(frozen=True)
class Document:
    """A value, the name of the file it stands in, and where."""

    name: str
    value: object
    first: int = 0
    marks: Marks = field(default_factory=dict, compare=False, repr=False)

    def line(self, path: KeyPath) -> int:
        """Return the line, from 1, that the path leads to; of what is not there, where it was looked for."""
        value: Any = self.value
        found = self.first
        for key in path:
            known = self.marks.get(id(value), {}).get(key)
            if known is None:
                break
            found = known
            value = value[key]
        return found + 1


def begun(marks: NewMarks | None, container: object) -> dict[str | int, int] | None:
    """Return where the lines of the entries of a new map or list are kept, None where they are not."""
    return None if marks is None else marks.setdefault(id(container), {})
