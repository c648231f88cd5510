"""A strict reader of the part of YAML 1.2 that configuration and rule files need.

It reads block and flow maps and lists, plain, quoted, literal and folded scalars and comments; words become values by
the core schema. It refuses what makes a file mean something else than it seems to: tabs as indentation, repeated keys,
keys that are not text, anchors, aliases, merge keys, tags, directives and several documents.
"""

from __future__ import annotations

from lumen_action.errors import ConfigError
from lumen_action.yamlite.block import BlockReader
from lumen_action.yamlite.rows import Rows
from lumen_action.yamlite.scalars import Fault


def load(text: str, name: str) -> object:
    """Return the document as maps, lists, text, numbers, booleans and None; a ConfigError names the first fault."""
    rows = Rows(text)
    try:
        rows.lay_out()
        return BlockReader(rows).document()
    except Fault as fault:
        number = rows.number if fault.number is None else fault.number
        raise ConfigError(f"{name} line {number + 1}: found {fault.found}; {fault.fix}") from None
    except RecursionError:
        raise ConfigError(
            f"{name} line {rows.number + 1}: found more levels than anyone can read; nest less deeply"
        ) from None
