"""Block style: maps and lists by indentation, plain text, and literal and folded text."""

from __future__ import annotations

import re
from bisect import bisect_right

from lumen_action.yamlite.document import NewMarks, begun
from lumen_action.yamlite.flow import FlowReader
from lumen_action.yamlite.rows import Rows, indent_of, past_blanks
from lumen_action.yamlite.scalars import (
    BLOCK_PLAIN,
    Fault,
    begins_no_text,
    block_text,
    folded,
    key_of,
    unquoted,
    value_of,
)

_KEY = re.compile(
    rf"(?:({BLOCK_PLAIN.pattern})|(\"[^\"\\]*(?:\\.[^\"\\]*)*\")|('[^']*(?:''[^']*)*'(?!')))[ \t]*:(?:[ \t]+|$)"
)
# The later lines of a plain scalar may begin with any sign but a comment's.
_CONTINUATION = re.compile(r"(?:[^ \t:#]|:(?=[^ \t])|(?<=[^ \t])#|[ \t]+(?=[^ \t#:]|:[^ \t]))+")
_HEADER = re.compile(r"([|>])([1-9]?)([-+]?)([1-9]?)(?:[ \t]+#.*)?$")


class BlockReader:
    """Reads from the row it stands on; what belongs together is indented deeper than what is `outer`."""

    def __init__(self, rows: Rows, marks: NewMarks | None = None) -> None:
        """Begin at the first row; where marks are given, the line of every entry is kept in them."""
        self._rows = rows
        self._marks = marks
        self._indents = rows.indents
        self._texts = rows.texts

    def document(self) -> object:
        """Read everything."""
        value = None if self._indents[0] < 0 else self._block(-1)
        if self._indents[self._rows.row] >= 0:
            raise self._misplaced()
        return value

    def _block(self, outer: int) -> object:
        rows = self._rows
        indent, text = self._indents[rows.row], self._texts[rows.row]
        if _is_item(text):
            return self._list(indent)
        if _KEY.match(text):
            return self._map(indent)
        return self._value(text, outer)

    def _map(self, indent: int) -> dict[str, object]:
        rows = self._rows
        entries: dict[str, object] = {}
        own = begun(self._marks, entries)
        while self._indents[rows.row] == indent:
            text = self._texts[rows.row]
            match = _KEY.match(text)
            if match is None:
                raise _no_key(text)
            key = _key(match)
            if key in entries:
                raise Fault(f"the key `{key}` a second time", "keep one of them")
            if own is not None:
                own[key] = rows.numbers[rows.row]
            rest = text[match.end() :]
            if rest and rest[0] != "#":
                entries[key] = self._value(rest, indent)
            else:
                entries[key] = self._below(indent, item_indent=indent)
        if self._indents[rows.row] > indent:
            raise self._misplaced()
        return entries

    def _list(self, indent: int) -> list[object]:
        rows = self._rows
        items: list[object] = []
        own = begun(self._marks, items)
        while self._indents[rows.row] == indent and _is_item(text := self._texts[rows.row]):
            rest = text[1:].lstrip(" ")
            if own is not None:
                own[len(items)] = rows.numbers[rows.row]
            if not rest or rest[0] == "#":
                items.append(self._below(indent, item_indent=indent + 1))
            elif _is_item(rest) or _KEY.match(rest):
                # A list or map may begin on the line of its item: from here on it is a row of its own.
                self._indents[rows.row] = indent + len(text) - len(rest)
                self._texts[rows.row] = rest
                items.append(self._block(indent))
            else:
                items.append(self._value(rest, indent))
        if self._indents[rows.row] > indent:
            raise self._misplaced()
        return items

    def _below(self, outer: int, item_indent: int) -> object:
        """Read what stands on the rows below a key or dash, None if nothing does."""
        rows = self._rows
        rows.row += 1
        indent = self._indents[rows.row]
        if indent > outer:
            return self._block(outer)
        if indent == item_indent and _is_item(self._texts[rows.row]):
            return self._list(indent)
        return None

    def _value(self, text: str, outer: int) -> object:
        """Read a scalar or flow collection that begins with `text` and may go on below."""
        first = text[0]
        if first in "|>" and (header := _HEADER.match(text)):
            return self._literal(header, outer)
        if first in "\"'[{":
            return FlowReader(self._rows, text, outer, self._marks).value()
        match = BLOCK_PLAIN.match(text)
        if match is None:
            raise begins_no_text(text)
        behind = text[past_blanks(text, match.end()) :]
        if behind:
            raise _after_plain(behind)
        if self._indents[self._rows.row + 1] <= outer:
            self._rows.row += 1
            return value_of(match.group())
        return self._lines_of_text(match.group(), outer, commented=match.end() < len(text))

    def _lines_of_text(self, first: str, outer: int, *, commented: bool) -> str:
        """Read a plain scalar that goes on below; a comment would have ended it."""
        rows, parts = self._rows, [first]
        while self._indents[rows.row + 1] > outer:
            between = rows.lines[rows.numbers[rows.row] + 1 : rows.numbers[rows.row + 1]]
            rows.row += 1
            text = self._texts[rows.row].lstrip("\t ")
            match = _CONTINUATION.match(text)
            if match is None or commented or any(line.strip(" \t") for line in between):
                raise self._misplaced()
            if past_blanks(text, match.end()) < len(text):
                raise self._misplaced()
            parts += [*between, match.group()]
            commented = match.end() < len(text)
        rows.row += 1
        return folded(parts)

    def _literal(self, header: re.Match[str], outer: int) -> str:
        rows = self._rows
        style, width, chomping, late_width = header.groups()
        begin = end = rows.numbers[rows.row] + 1
        digits = width or late_width
        indent = max(outer, 0) + int(digits) if digits else _literal_indent(rows.lines, begin, outer)
        while end < len(rows.lines) and (not rows.lines[end].strip(" \t") or indent_of(rows.lines[end]) >= indent):
            end += 1
        rows.row = bisect_right(rows.numbers, end - 1)
        return block_text(
            [line[indent:] for line in rows.lines[begin:end]],
            folds=style == ">",
            chomping=chomping,
            last_is_open=rows.ends_open and end == len(rows.lines),
        )

    def _misplaced(self) -> Fault:
        text, indent = self._texts[self._rows.row], self._indents[self._rows.row]
        if text[0] == "\t":
            return begins_no_text(text)
        return Fault(
            f"`{text[:40]}` indented by {indent}, which fits nothing above it", "align it with the lines it belongs to"
        )


def _is_item(text: str) -> bool:
    return text[:2] in ("- ", "-")


def _key(match: re.Match[str]) -> str:
    plain, double, single = match.groups()
    if plain is not None:
        return key_of(plain)
    quoted = double or single
    return unquoted(quoted[0], [quoted[1:-1]])


def _no_key(text: str) -> Fault:
    if text[0] in "\"'[{" or BLOCK_PLAIN.match(text):
        return Fault(f"`{text[:40]}` among the keys of a map", "write `key: value` with a blank after the colon")
    return begins_no_text(text)


def _after_plain(behind: str) -> Fault:
    if behind[0] == ":":
        return Fault("a second `: ` in the line", "quote the whole value")
    return Fault(f"`{behind[:40]}` after the end of the value", "remove it, or quote the whole value")


def _literal_indent(lines: list[str], begin: int, outer: int) -> int:
    """Return how deep the first line that holds something is indented; blank lines before it must not be deeper."""
    widest = outer + 1
    for number in range(begin, len(lines)):
        indent = indent_of(lines[number])
        if not lines[number].strip(" \t"):
            widest = max(widest, indent)
        elif indent >= widest:
            return indent
        elif indent > outer:
            raise Fault("text less indented than the blank line above it", "empty that line", number)
        else:
            break
    return widest
