"""The lines of a document: which of them hold something, how deep they are indented, where the document ends."""

from __future__ import annotations

import re

from lumen_action.yamlite.scalars import Fault

_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKER = re.compile(r"(---|\.\.\.)(?=[ \t]|$)[ \t]*")


class Rows:
    """The lines that are neither blank nor comment, as parallel lists, and the row a reader stands on.

    A row with an indent of -1 ends the lists, so that a reader may always look at the next one.
    """

    def __init__(self, text: str) -> None:
        """Split the text into its lines; `lay_out` finds the rows."""
        self.lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        # Literal text at the very end has a last line break only where the file has one.
        self.ends_open = self.lines[-1] != ""
        if not self.ends_open:
            self.lines.pop()
        self.row = 0
        self.numbers: list[int] = []
        self.indents: list[int] = []
        self.texts: list[str] = []

    @property
    def number(self) -> int:
        """Return the line we stand on, counted from 0."""
        return max(0, min(self.numbers[self.row], len(self.lines) - 1)) if self.numbers else 0

    def lay_out(self) -> None:
        """Fill the rows from the lines between the document's markers."""
        for number, line in enumerate(self.lines):
            if not line.isprintable() and (bad := _UNPRINTABLE.search(line)):
                raise Fault(
                    f"the character U+{ord(bad.group()):04X}", 'write it as an escape in "double quotes"', number
                )
        first, last = self._limits()
        del self.lines[last:]
        for number in range(first, last):
            line = self.lines[number]
            text = line.lstrip(" ")
            if text and text[0] != "#" and (text[0] != "\t" or not _holds_nothing(text)):
                self._add(number, len(line) - len(text), text.rstrip(" \t"))
        self._add(last, -1, "")

    def _add(self, number: int, indent: int, text: str) -> None:
        self.numbers.append(number)
        self.indents.append(indent)
        self.texts.append(text)

    def _limits(self) -> tuple[int, int]:
        """Return the first line of the document and the one after its last."""
        first, last = 0, len(self.lines)
        begun = ended = False
        for number, line in enumerate(self.lines):
            if _holds_nothing(line):
                continue
            marker = _MARKER.match(line) if line[0] in "-." else None
            if ended or (begun and marker and marker.group(1) == "---"):
                raise Fault("a second document", "keep one document in a file", number)
            if marker and line[marker.end() : marker.end() + 1] not in ("", "#"):
                raise Fault(f"text after `{marker.group(1)}`", "begin the document on the next line", number)
            if marker and marker.group(1) == "---":
                first = number + 1
            elif marker:
                last, ended = number, True
            begun = True
        return first, last


def indent_of(line: str) -> int:
    """Count the blanks a line begins with."""
    return len(line) - len(line.lstrip(" "))


def past_blanks(text: str, column: int) -> int:
    """Return the first column from here on that is neither blank nor in a comment."""
    while text[column : column + 1] in (" ", "\t"):
        column += 1
    comment = text[column : column + 1] == "#" and (column == 0 or text[column - 1] in " \t")
    return len(text) if comment else column


def _holds_nothing(line: str) -> bool:
    return line.lstrip(" \t")[:1] in ("", "#")
