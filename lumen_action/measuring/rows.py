"""The rows of a file of counts, whether it is CSV or JSON; a ConfigError says what is wrong with the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from lumen_action.errors import ConfigError, shown
from lumen_action.files import read_as_told

_FIELD = "counts"
_MOST_BYTES = 16 << 20
_SEPARATORS = (",", ";", "\t")
_LARGE = "give one row a day, or a file for each window"
_EXAMPLE = 'write `{"good": 987, "total": 1000}`, or a list of such rows'


@dataclass(frozen=True)
class Row:
    """One row: where a person finds it, and its cells by the name of their column."""

    place: str
    cells: Mapping[str, object]


@dataclass(frozen=True)
class Table:
    """All rows of a file."""

    file: str
    columns: Sequence[str]
    rows: Sequence[Row]

    def column(self, name: str) -> str | None:
        """Return a column whatever the case of its letters, the one written the same way first."""
        alike = [column for column in self.columns if column.strip().casefold() == name.strip().casefold()]
        return name if name in alike else next(iter(alike), None)


def read_table(path: Path) -> Table:
    """Return the rows of a file."""
    text = read_as_told(_FIELD, path, _MOST_BYTES, _LARGE).removeprefix("\ufeff")
    is_json = path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "[")
    return _json(path.name, text) if is_json else _csv(path.name, text)


def _json(file: str, text: str) -> Table:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise ConfigError(f"{_FIELD}: {file} is no JSON ({fault}); {_EXAMPLE}") from None
    found = _rows(file, value)
    wrong = [number for number, row in enumerate(found, 1) if not isinstance(row, dict)]
    if wrong:
        raise ConfigError(f"{_FIELD}: {file} row {wrong[0]} is no object; {_EXAMPLE}")
    single = isinstance(value, dict) and found and found[0] is value
    rows = [Row(file if single else f"{file} row {number}", row) for number, row in enumerate(found, 1)]
    return Table(file, list(dict.fromkeys(name for row in rows for name in row.cells)), rows)


def _rows(file: str, value: object) -> Sequence[Mapping[str, object]]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise ConfigError(
            f"{_FIELD}: {file}: found {shown(json.dumps(value))}: without counts there is no budget; {_EXAMPLE}"
        )
    lists = [name for name, inner in value.items() if isinstance(inner, list)]
    if len(lists) > 1:
        named = ", ".join(map(shown, lists))
        raise ConfigError(f"{_FIELD}: {file} holds several lists ({named}); keep the one that has the rows")
    return value[lists[0]] if lists else [value]


def _csv(file: str, text: str) -> Table:
    # Old spreadsheets end a line with a carriage return alone.
    file_lines = StringIO(text, newline=None)
    separator = max(_SEPARATORS, key=file_lines.readline().count)
    file_lines.seek(0)
    try:
        lines = csv.reader(file_lines, delimiter=separator, strict=True)
        read = [(lines.line_num, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error as fault:
        raise ConfigError(f"{_FIELD}: {file} is no CSV ({fault}); write a header and a row a line") from None
    if not read:
        raise ConfigError(f"{_FIELD}: {file} is empty; write a header such as `day,good,total`, and a row a line")
    names = [name.strip() for name in read[0][1]]
    faults = [
        f"{_FIELD}: {file} line {line}: found {len(cells)} cells, the header has {len(names)}; give each row as many"
        for line, cells in read[1:]
        if len(cells) != len(names)
    ]
    twice = sorted({name for name in names if [each.casefold() for each in names].count(name.casefold()) > 1})
    if twice:
        faults.append(f"{_FIELD}: {file}: found the column {shown(twice[0])} more than once; rename all but one")
    if faults:
        raise ConfigError(abridged(faults))
    rows = [Row(f"{file} line {line}", dict(zip(names, cells, strict=True))) for line, cells in read[1:]]
    return Table(file, names, rows)


def abridged(faults: Sequence[str], most: int = 20) -> list[str]:
    """Return the first faults, and how many more there are."""
    rest = len(faults) - most
    return [*faults[:most], *([f"{_FIELD}: and {rest} more"] if rest > 0 else [])]
