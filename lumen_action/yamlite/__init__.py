"""A strict reader of the part of YAML 1.2 that configuration and rule files need.

It reads block and flow maps and lists, plain, quoted, literal and folded scalars and comments; words become values by
the core schema. It refuses what makes a file mean something else than it seems to: tabs as indentation, repeated keys,
keys that are not text, anchors, aliases, merge keys, tags and directives.
"""

from __future__ import annotations

from lumen_action.errors import ConfigError
from lumen_action.yamlite.block import BlockReader
from lumen_action.yamlite.document import Document, NewMarks
from lumen_action.yamlite.rows import Rows, documents
from lumen_action.yamlite.scalars import Fault

__all__ = ["Document", "load", "load_all"]


def load(text: str, name: str) -> object:
    """Return the document as maps, lists, text, numbers, booleans and None; a ConfigError names the first fault."""
    found = _read(text, name, several=False)
    return found[0].value if found else None


def load_all(text: str, name: str) -> list[Document]:
    """Return the documents between the markers, each with the lines its values begin on."""
    return _read(text, name, several=True)


def _read(text: str, name: str, *, several: bool) -> list[Document]:
    rows: Rows | None = None
    read = []
    try:
        for rows in documents(text, several=several):
            first = rows.number
            marks: NewMarks | None = {} if several else None
            read.append(Document(name, BlockReader(rows, marks).document(), first, marks or {}))
    except (Fault, RecursionError) as fault:
        raise ConfigError(f"{name} line {_line_of(fault, rows)}: {_what(fault)}") from None
    return read


def _line_of(fault: Fault | RecursionError, rows: Rows | None) -> int:
    known = fault.number if isinstance(fault, Fault) else None
    return (known if known is not None else rows.number if rows else 0) + 1


def _what(fault: Fault | RecursionError) -> str:
    if isinstance(fault, Fault):
        return f"found {fault.found}; {fault.fix}"
    return "found more levels than anyone can read; nest less deeply"
