"""When a pipeline is expected to run, so that a schedule the CI has dropped is a missing day and not a gap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from lumen_action.sli.days import Calendar

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_WEEKDAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(?P<first>\*|\w{1,3})(?:-(?P<last>\w{1,3}))?(?:/(?P<step>\d{1,2}))?")
_SUNDAY = 7
# Long enough to meet every weekday equally often.
_SAMPLE_DAYS = 28


@dataclass(frozen=True)
class Cron:
    """A cron expression of five fields, in UTC as the CI reads it."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Whether one of the two kinds of day is enough, as cron has it when both are restricted."""

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read an expression; a ValueError says which field is wrong and why."""
        words = text.split()
        if len(words) != len(_FIELDS):
            raise ValueError(f"`{text}` has {len(words)} fields, not {len(_FIELDS)}; write `0 2 * * 1-5`")
        minutes, hours, days, months, weekdays = (
            _values(word, *field) for word, field in zip(words, _FIELDS, strict=True)
        )
        restricted = not words[2].startswith("*") and not words[4].startswith("*")
        return cls(minutes, hours, days, months, frozenset(each % _SUNDAY for each in weekdays), restricted)

    def slots(self, day: date) -> Iterator[datetime]:
        """Yield when it fires on a day of UTC."""
        in_month, in_week = day.day in self.days, day.isoweekday() % _SUNDAY in self.weekdays
        if day.month in self.months and (in_month or in_week if self.either_day else in_month and in_week):
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    yield datetime.combine(day, time(hour, minute), timezone.utc)


def _values(word: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError(f"{name}: `{part}` is not a number, a range or `*`")
        step = int(match["step"] or 1)
        first = low if match["first"] == "*" else _number(match["first"], name, low, high, names)
        last = first
        if match["last"]:
            last = _number(match["last"], name, low, high, names)
        elif match["first"] == "*" or match["step"]:
            last = high
        if step < 1 or last < first:
            raise ValueError(f"{name}: `{part}` names nothing")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(word: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(word.lower(), int(word) if word.isdigit() else -1)
    if not low <= number <= high:
        raise ValueError(f"{name}: `{word}` is not from {low} to {high}")
    return number


@dataclass(frozen=True)
class Schedule:
    """The expected starts of a pipeline: cron expressions in UTC, times of day in its own zone, days without."""

    crons: tuple[Cron, ...] = ()
    times: tuple[time, ...] = ()
    holidays: frozenset[str] = frozenset()
    patience_minutes: int = 180
    """How long after its start a run may still report before its deadline is missed."""

    def slots(self, day: str, calendar: Calendar) -> tuple[int, ...]:
        """Return when runs are expected to start on a day of the pipeline's zone, in milliseconds."""
        if day in self.holidays:
            return ()
        local = date.fromisoformat(day)
        # A day of the zone lies on up to three days of UTC.
        around = (local + timedelta(days=offset) for offset in (-1, 0, 1))
        fired = (slot for each in around for cron in self.crons for slot in cron.slots(each))
        at = {_ms(slot) for slot in fired if calendar.day_of(_ms(slot)) == day}
        at.update(_ms(datetime.combine(local, each, calendar.zone)) for each in self.times)
        return tuple(sorted(at))

    def missed(self, first: str, seen: frozenset[str], now_ms: int, calendar: Calendar) -> tuple[str, ...]:
        """Return the closed days since the first on which a run was expected and none was seen."""
        missed = []
        day = date.fromisoformat(first)
        while calendar.closes_ms(day.isoformat()) <= now_ms:
            name = day.isoformat()
            if name not in seen and self.slots(name, calendar):
                missed.append(name)
            day += timedelta(days=1)
        return tuple(missed)

    def runs_per_day(self, day: str, calendar: Calendar) -> float:
        """Return the mean of the four weeks that begin with a day."""
        first = date.fromisoformat(day)
        days = (first + timedelta(days=offset) for offset in range(_SAMPLE_DAYS))
        return sum(len(self.slots(each.isoformat(), calendar)) for each in days) / _SAMPLE_DAYS

    def next_deadline_ms(self, since_ms: int, calendar: Calendar) -> int | None:
        """Return by when the first run that is expected after a moment has reported, None if none is for four weeks."""
        first = date.fromisoformat(calendar.day_of(since_ms))
        days = ((first + timedelta(days=offset)).isoformat() for offset in range(_SAMPLE_DAYS))
        slots = (slot for day in days for slot in self.slots(day, calendar) if slot > since_ms)
        slot = next(slots, None)
        return None if slot is None else slot + self.patience_minutes * 60_000


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
