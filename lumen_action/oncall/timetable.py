"""The shifts of a span of time as rows and as a month on a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from unicodedata import east_asian_width

from lumen_action.oncall.coverage import by_layer
from lumen_action.oncall.roster import DAY_MINUTES, DAYS, Roster
from lumen_action.oncall.shifts import Stretch, Why
from lumen_action.oncall.spans import Span, minutes_of
from lumen_action.oncall.walltime import moment_ms

_NOBODY = "-"
_LONGEST_NAME = 12


@dataclass(frozen=True)
class Row(Span):
    """What one person has of a turn: from the first to the last moment, and the stretches of it."""

    layer: str
    person: str
    why: Why
    instead_of: str
    reason: str
    stretches: tuple[Stretch, ...]

    @property
    def on_call_minutes(self) -> int:
        """Return how long somebody is on call, without the hours that the layer leaves out."""
        return minutes_of(self.stretches)


def rows(roster: Roster, whole: Span) -> list[Row]:
    """Return the shifts that lie in the whole, in the order of time."""
    found = [_row(tuple(group)) for layer in by_layer(roster, whole).values() for _, group in groupby(layer, _sameness)]
    order = {layer.name: number for number, layer in enumerate(roster.layers)}
    return sorted(found, key=lambda row: (row.start_ms, order[row.layer]))


def month_of(roster: Roster, first: date) -> Span:
    """Return the month that begins on a day."""
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(moment_ms(roster.timezone, first, 0), moment_ms(roster.timezone, following, 0))


def month_page(roster: Roster, first: date) -> list[str]:
    """Return the lines of a month: a week each, and below its days who is on call in each layer."""
    whole = month_of(roster, first)
    found = by_layer(roster, whole)
    days = [
        first + timedelta(days=number) for number in range(31) if (first + timedelta(days=number)).month == first.month
    ]
    names = {(layer, day): _names(roster, found[layer], day) for layer in found for day in days}
    heads = {
        day: f"{DAYS[day.weekday()].capitalize()} {day.day}{'*' if day in roster.holidays else ''}" for day in days
    }
    width = max(map(_columns, (*names.values(), *heads.values()))) + 2
    label = max(map(_columns, found)) + 2
    lines = [f"{first:%B %Y}, {roster.timezone}"]
    for week in _weeks(days):
        before = " " * (label + week[0].weekday() * width)
        lines += ["", (before + "".join(_padded(heads[day], width) for day in week)).rstrip()]
        for layer in found:
            start = _padded(layer, label) + " " * (week[0].weekday() * width)
            lines.append((start + "".join(_padded(names[layer, day], width) for day in week)).rstrip())
    told = [f"{day.day}* {name}".rstrip() for day in days if (name := roster.holidays.get(day)) is not None]
    return [*lines, "", f"holidays: {', '.join(told)}"] if told else lines


def _sameness(stretch: Stretch) -> tuple[object, ...]:
    return stretch.person, stretch.why, stretch.turn, stretch.instead_of, stretch.reason


def _row(group: Sequence[Stretch]) -> Row:
    first, last = group[0], group[-1]
    return Row(
        first.start_ms,
        last.end_ms,
        first.layer,
        first.person,
        first.why,
        first.instead_of,
        first.reason,
        tuple(group),
    )


def _names(roster: Roster, found: Sequence[Stretch], day: date) -> str:
    start_ms, end_ms = (moment_ms(roster.timezone, day, minutes) for minutes in (0, DAY_MINUTES))
    there = (each.person for each in found if each.start_ms < end_ms and each.end_ms > start_ms)
    return "/".join(_short(name) for name in dict.fromkeys(there)) or _NOBODY


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _weeks(days: Sequence[date]) -> Iterator[list[date]]:
    for _, week in groupby(days, lambda day: day.isocalendar()[:2]):
        yield list(week)


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: letters of East Asia take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def table(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of cells as columns."""
    widths = [max(map(_columns, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def hours_by_person(shown: Sequence[Row]) -> Mapping[str, int]:
    """Return how many minutes everybody is on call, all layers together, who has most first."""
    told: dict[str, int] = {}
    for row in shown:
        told[row.person] = told.get(row.person, 0) + row.on_call_minutes
    return dict(sorted(told.items(), key=lambda pair: -pair[1]))
