"""What is wrong with an expression, where, and what to write instead."""

from __future__ import annotations


class Fault(Exception):  # noqa: N818 - it becomes a PromqlError where the text is known
    """Something the grammar or the types do not allow, at an offset into the text."""

    def __init__(self, position: int, found: str, fix: str) -> None:
        """Keep the three parts apart."""
        super().__init__(found)
        self.position = position
        self.found = found
        self.fix = fix


class PromqlError(ValueError):
    """An expression that Prometheus would refuse; it names the place, what was found and what to write."""

    def __init__(self, text: str, position: int, found: str, fix: str) -> None:
        """Find the line and column, both counted from 1, of an offset into the text."""
        self.position = position
        self.found = found
        self.fix = fix
        before = text[:position]
        self.line = before.count("\n") + 1
        self.column = position - (before.rfind("\n") + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: found {found}; {fix}")
