"""A Markdown table that can do with fewer rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One row of finished cells; what is bad stays longest."""

    cells: tuple[str, ...]
    bad: bool = False


@dataclass(frozen=True)
class Table:
    """Columns and rows, and what one row is about."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    noun: str

    def full(self) -> str:
        """Return the whole table; nothing when it has no rows."""
        return self._text(row.cells for row in self.rows) if self.rows else ""

    def within(self, room: int) -> tuple[str, str]:
        """Return as many rows as fit, failures first and then the latest, and how many were left out."""
        last = len(self.rows)
        order = sorted(range(last), key=lambda index: (not self.rows[index].bad, -index))
        used = len(self._text([self._remainder(last)]).encode()) + 1
        kept: list[int] = []
        for index in order:
            used += len(_line(self.rows[index].cells).encode()) + 1
            if used > room:
                break
            kept.append(index)
        left_out = last - len(kept)
        name = f"{left_out} {self.noun}{'' if left_out == 1 else 's'}"
        if not kept:
            return "", name
        rows = [self.rows[index].cells for index in sorted(kept)]
        return self._text([*rows, self._remainder(left_out)] if left_out else rows), name

    def _remainder(self, count: int) -> tuple[str, ...]:
        return (f"and {count} more", *("" for _ in self.columns[1:]))

    def _text(self, rows: Iterable[tuple[str, ...]]) -> str:
        head = (self.columns, tuple("---" for _ in self.columns))
        return "\n".join(_line(cells) for cells in (*head, *rows))


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
