"""The lines of documents: where each ends, which of them hold something, how deep they are indented."""

from __future__ import annotations

import re

from lumen_action.yamlite.scalars import Fault

_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKER = re.compile(r"(---|\.\.\.)(?=[ \t]|$)[ \t]*")


class Rows:
    """The lines that are neither blank nor comment, as parallel lists, and the row a reader stands on.

    A row with an indent of -1 ends the lists, so that a reader may always look at the next one.
    """

    def __init__(self, lines: list[str], first: int, *, ends_open: bool) -> None:
        """Take the lines of a file up to the end of a document that begins at line `first`."""
        self.lines = lines
        self.ends_open = ends_open
        self.row = 0
        self.numbers: list[int] = []
        self.indents: list[int] = []
        self.texts: list[str] = []
        for number in range(first, len(lines)):
            line = lines[number]
            text = line.lstrip(" ")
            if text and text[0] != "#" and (text[0] != "\t" or not _holds_nothing(text)):
                self._add(number, len(line) - len(text), text.rstrip(" \t"))
        self._add(len(lines), -1, "")

    @property
    def number(self) -> int:
        """Return the line we stand on, counted from 0."""
        return max(0, min(self.numbers[self.row], len(self.lines) - 1))

    def _add(self, number: int, indent: int, text: str) -> None:
        self.numbers.append(number)
        self.indents.append(indent)
        self.texts.append(text)


def documents(text: str, *, several: bool) -> list[Rows]:
    """Split a text at the markers into its documents; there is none where nothing but comments stands."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # Literal text at the very end has a last line break only where the file has one.
    ends_open = lines[-1] != ""
    if not ends_open:
        lines.pop()
    for number, line in enumerate(lines):
        if not line.isprintable() and (bad := _UNPRINTABLE.search(line)):
            raise Fault(f"the character U+{ord(bad.group()):04X}", 'write it as an escape in "double quotes"', number)
    spans = _spans(lines, several=several)
    return [Rows(lines[:last], first, ends_open=ends_open and last == len(lines)) for first, last in spans]


def _spans(lines: list[str], *, several: bool) -> list[tuple[int, int]]:
    """Return the first line of each document and the one after its last."""
    spans: list[tuple[int, int]] = []
    first = 0
    begun = ended = False
    for number, line in enumerate(lines):
        if _holds_nothing(line):
            continue
        marker = _MARKER.match(line) if line[0] in "-." else None
        word = marker.group(1) if marker else ""
        if not several and (ended or (begun and word == "---")):
            raise Fault("a second document", "keep one document in a file", number)
        if marker and line[marker.end() : marker.end() + 1] not in ("", "#"):
            raise Fault(f"text after `{word}`", "begin the document on the next line", number)
        if word and begun:
            spans.append((first, number))
        elif several and word == "...":
            raise Fault("the end of a document that did not begin", "remove it", number)
        if word == "---":
            first = number + 1
        elif ended and not word:
            raise Fault("text after the end of a document", "begin the next one with `---`", number)
        begun, ended = word != "...", word == "..."
    if begun:
        spans.append((first, len(lines)))
    return spans


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
