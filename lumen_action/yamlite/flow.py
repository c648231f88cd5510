"""Flow style: lists in [], maps in {} and quoted text, on one line or several."""

from __future__ import annotations

import re
from bisect import bisect_right

from lumen_action.yamlite.document import NewMarks, begun
from lumen_action.yamlite.rows import Rows, indent_of, past_blanks
from lumen_action.yamlite.scalars import FLOW_PLAIN, Fault, begins_no_text, key_of, unquoted, value_of

_CLOSING = {
    '"': re.compile(r'[^"\\]*(?:\\(?:.|$)[^"\\]*)*"'),
    "'": re.compile(r"[^']*(?:''[^']*)*'(?!')"),
}


class FlowReader:
    """A cursor at a column of the row it stands on, which holds `text` from column 0 on."""

    def __init__(self, rows: Rows, text: str, outer: int, marks: NewMarks | None) -> None:
        """Begin at the start of the text."""
        self._rows = rows
        self._text = text
        self._column = 0
        self._outer = outer
        self._marks = marks

    def value(self) -> object:
        """Read the one value that begins here and leave the rows behind it."""
        value = self._node()
        behind = self._text[past_blanks(self._text, self._column) :].rstrip(" \t")
        if behind.startswith(":"):
            raise Fault("a key that is not plain text", "write `key: value` with a text as key")
        if behind:
            raise Fault(f"`{behind[:40]}` after the end of the value", "remove it, or quote the whole value")
        self._rows.row += 1
        return value

    def _node(self) -> object:
        first = self._text[self._column]
        if first == "[":
            return self._list()
        if first == "{":
            return self._map()
        return self._quoted() if first in "\"'" else value_of(self._plain())

    def _plain(self) -> str:
        match = FLOW_PLAIN.match(self._text, self._column)
        if match is None:
            raise begins_no_text(self._text[self._column])
        self._column = match.end()
        return match.group()

    def _list(self) -> list[object]:
        opened = self._rows.number
        items: list[object] = []
        own = begun(self._marks, items)
        while self._next_entry("]", opened, after_entry=bool(items)):
            if own is not None:
                own[len(items)] = self._rows.number
            items.append(self._node())
        return items

    def _map(self) -> dict[str, object]:
        opened = self._rows.number
        entries: dict[str, object] = {}
        own = begun(self._marks, entries)
        while self._next_entry("}", opened, after_entry=bool(entries)):
            marked = self._rows.number
            key = self._key()
            if key in entries:
                raise Fault(f"the key `{key}` a second time", "keep one of them")
            if self._at(opened) != ":":
                raise Fault(f"the key `{key}` without a value", "write `{key: value}` with a blank after the colon")
            self._column += 1
            if own is not None:
                own[key] = marked
            entries[key] = None if self._at(opened) in ",}" else self._node()
        return entries

    def _key(self) -> str:
        first = self._text[self._column]
        if first in "[{":
            raise Fault("a complex key", "write `key: value` with a text as key")
        return self._quoted() if first in "\"'" else key_of(self._plain())

    def _next_entry(self, closing: str, opened: int, *, after_entry: bool) -> bool:
        """Move to the next entry; False, and behind the bracket, at the end."""
        if not after_entry or self._at(opened) == ",":
            self._column += 1
        elif self._text[self._column] != closing:
            rest = self._text[self._column :]
            raise Fault(f"`{rest[:40]}` inside the brackets of line {opened + 1}", f"put `,` or `{closing}` before it")
        if self._at(opened) != closing:
            return True
        self._column += 1
        return False

    def _at(self, opened: int) -> str:
        """Skip blanks, comments and line ends inside brackets and return the character there."""
        while (column := past_blanks(self._text, self._column)) == len(self._text):
            self._rows.row += 1
            if self._rows.indents[self._rows.row] < 0:
                raise Fault("no end of the brackets that open here", "close them", opened)
            self._text, self._column = self._rows.texts[self._rows.row], 0
        self._column = column
        return self._text[column]

    def _quoted(self) -> str:
        lines = self._rows.lines
        quote, begin = self._text[self._column], self._column + 1
        number = opened = self._rows.number
        parts: list[str] = []
        while (closing := _CLOSING[quote].match(self._text, begin)) is None:
            parts.append(self._text[begin:])
            number, begin = number + 1, 0
            if number == len(lines) or (lines[number].strip(" \t") and indent_of(lines[number]) <= self._outer):
                raise Fault(f"no end of the text in {quote} that begins here", f"close it with {quote}", opened)
            self._text = lines[number]
        parts.append(self._text[begin : closing.end() - 1])
        self._column = closing.end()
        # A line inside quotes may look like a comment and then is no row of its own.
        self._rows.row = bisect_right(self._rows.numbers, number) - 1
        return unquoted(quote, parts)
