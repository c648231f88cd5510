"""Events that somebody else has counted, in a CSV or JSON file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path

from lumen_action.errors import ConfigError, shown
from lumen_action.measuring.rows import Row, Table, abridged, read_table
from lumen_action.sli.days import Calendar
from lumen_action.slo.evaluation import Measured, Span, Tick
from lumen_action.slo.objective import CountsSource
from lumen_action.slo.reading import nearest

GOOD, BAD, TOTAL = "good", "bad", "total"
_WORDS: Mapping[str, Sequence[str]] = {
    GOOD: ("good", "success", "ok", "passed"),
    BAD: ("bad", "failed", "failures", "errors", "failure"),
    TOTAL: ("total", "valid", "count", "requests", "runs", "all"),
}
_TIMES = ("day", "date", "timestamp", "time")
_FIELD = "counts"
_PLUS = "+"
"""Joins columns that make up the total together."""

_MOST_DIGITS = 15
_WHOLE = re.compile(r"(\d+)(?:\.0*)?", re.ASCII)
_NEGATIVE = re.compile(r"-\d+(?:\.\d*)?", re.ASCII)
_DAY = re.compile(r"\d{8}", re.ASCII)
_EPOCH = re.compile(r"\d{9,14}", re.ASCII)
# Of seconds since 1970 there are 12 digits in the year 5138.
_MOST_SECONDS = 10**11
_MS = 1000


def source_of(path: Path) -> CountsSource:
    """Return the columns of a file that say by their names what they count."""
    table = read_table(path)
    named = {role: _named(table, words) for role, words in _WORDS.items()}
    good, bad, total = named[GOOD], named[BAD], named[TOTAL]
    if total and bad:
        return CountsSource(str(path), bad, total, part_is_good=False)
    if good and (total or bad):
        return CountsSource(str(path), good, total or f"{good}{_PLUS}{bad}", part_is_good=True)
    there = ", ".join(map(shown, table.columns)) or "no columns"
    raise ConfigError(
        f"{_FIELD}: {table.file}: found {there}; name two columns such as `good` and `total`, `bad` and `total`, or "
        "`good` and `bad`: a percentage alone has no counts, and without counts there is no budget"
    )


def measured(source: CountsSource, folder: Path, span: Span, calendar: Calendar) -> Measured:
    """Return the counts of a file; rows without a time all count. A ConfigError tells every fault of the file."""
    reading = _Reading(read_table(folder / source.file), calendar)
    ticks = reading.ticks(source)
    if reading.faults:
        raise ConfigError(abridged(reading.faults))
    if reading.time is None:
        note = f"{reading.table.file} has no column of times ({', '.join(_TIMES)}): all its rows count"
        return Measured(tuple(Tick(span.end_ms, tick.total, tick.bad) for tick in ticks), None, (note,), timed=False)
    inside = sorted((tick for tick in ticks if span.begin_ms < tick.at_ms <= span.end_ms), key=lambda tick: tick.at_ms)
    left = len(ticks) - len(inside)
    notes = (f"{left} of {len(ticks)} rows of {reading.table.file} are not of the window",) if left else ()
    # A row of a day to come, as tables that are filled in have them, is nothing that was heard.
    newest_ms = max((tick.at_ms for tick in ticks if tick.at_ms <= span.end_ms), default=None)
    return Measured(tuple(inside), newest_ms, notes)


def _named(table: Table, words: Sequence[str]) -> str | None:
    return next(filter(None, map(table.column, words)), None)


@dataclass
class _Reading:
    """Reads all rows of a table, whatever is wrong with some."""

    table: Table
    calendar: Calendar
    faults: list[str] = field(default_factory=list)

    @property
    def time(self) -> str | None:
        """Return the column of times."""
        return _named(self.table, _TIMES)

    def ticks(self, source: CountsSource) -> list[Tick]:
        """Return a tick a row; rows with a fault are noted."""
        part = self._column(source.part)
        whole = self.table.column(source.total)
        totals = [whole] if whole else [self._column(name) for name in source.total.split(_PLUS)]
        if self.faults:
            return []
        rows = (self._tick(row, part, totals, good=source.part_is_good) for row in self.table.rows)
        return [tick for tick in rows if tick]

    def _column(self, name: str) -> str:
        column = self.table.column(name)
        if column is None:
            there = ", ".join(map(shown, self.table.columns)) or "none"
            self.faults.append(
                f"{_FIELD}: {self.table.file}: found no column {shown(name)}"
                f"{nearest(name, self.table.columns) or f'; the columns are {there}'}"
            )
        return column or name

    def _tick(self, row: Row, part: str, totals: Sequence[str], *, good: bool) -> Tick | None:
        known = len(self.faults)
        some, whole = self._count(row, part), sum(self._count(row, name) for name in totals)
        is_read = len(self.faults) == known
        at_ms = self._moment(row, self.time) if self.time else 0
        # A number that cannot be read is no 0 to compare with.
        if is_read and some > whole:
            fix = "swap the columns, or count both over the same events"
            self.faults.append(f"{_FIELD}: {row.place}: {part}: found {some}, more than all {whole}; {fix}")
        return Tick(at_ms, whole, whole - some if good else some) if len(self.faults) == known else None

    def _count(self, row: Row, column: str) -> int:
        value = row.cells.get(column)
        text = "" if value is None or isinstance(value, bool) else str(value).strip()
        found = _WHOLE.fullmatch(text)
        if found and len(found[1]) <= _MOST_DIGITS:
            return int(found[1])
        if found:
            fix = f"write a number of at most {_MOST_DIGITS} digits"
        elif _NEGATIVE.fullmatch(text):
            fix = "write 0 or more: a count only adds up"
        elif text.endswith("%"):
            fix = "write a number of events: a percentage has no counts, and without counts there is no budget"
        else:
            fix = "write a whole number of events, without separators, such as `1234567`"
        self._refuse(row, column, value, fix)
        return 0

    def _moment(self, row: Row, column: str) -> int:
        value = row.cells.get(column)
        try:
            return _moment_ms(str(value).strip(), self.calendar)
        except (ValueError, OverflowError):
            self._refuse(row, column, value, "write `2026-03-04`, `2026-03-04T12:00:00Z`, or seconds since 1970")
            return 0

    def _refuse(self, row: Row, column: str, value: object, fix: str) -> None:
        found = "nothing" if value is None or value == "" else shown(str(value))
        self.faults.append(f"{_FIELD}: {row.place}: {column}: found {found}; {fix}")


def _moment_ms(text: str, calendar: Calendar) -> int:
    """Return a moment; a day is counted where it begins, and a clock without a zone is the pipeline's."""
    if _EPOCH.fullmatch(text):
        number = int(text)
        return number if number > _MOST_SECONDS else number * _MS
    if _DAY.fullmatch(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        begin = datetime.combine(date.fromisoformat(text), datetime.min.time(), calendar.zone)
    except ValueError:
        moment = datetime.fromisoformat(f"{text[:-1]}+00:00" if text[-1:] in ("Z", "z") else text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=calendar.zone)
        return int(aware.astimezone(timezone.utc).timestamp() * _MS)
    return int(begin.timestamp() * _MS) + 1
