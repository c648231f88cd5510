"""Quiet hours: spans of the wall clock in the pipeline's zone, whatever summer time does to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, tzinfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_MINUTE_MS = 60_000
# All days of a week and the hours around them: no rule that can be written is quiet for longer.
_LONGEST_MINUTES = 9 * 24 * 60


@dataclass(frozen=True)
class Quiet:
    """When people are left alone: from one time of the day to another, over midnight too, and on whole days."""

    begins: time | None = None
    ends: time | None = None
    days: frozenset[int] = frozenset()

    def holds(self, at: datetime) -> bool:
        """Tell whether it is quiet by this wall clock."""
        if at.weekday() in self.days:
            return True
        if self.begins is None or self.ends is None:
            return False
        now = at.time()
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends

    def until_ms(self, at_ms: int, zone: tzinfo) -> int | None:
        """Return when the quiet that holds at a moment ends, None where it does not hold."""
        if not self.holds(_wall(at_ms, zone)):
            return None
        begun = at_ms // _MINUTE_MS + 1
        # Minute by minute: an hour that comes twice or never needs no rule of its own.
        ends = (minute * _MINUTE_MS for minute in range(begun, begun + _LONGEST_MINUTES))
        return next((moment for moment in ends if not self.holds(_wall(moment, zone))), None)


def hours_of(text: str) -> tuple[time, time]:
    """Read `22:00-07:00`; a ValueError where it is none."""
    span = _SPAN.fullmatch(text.replace(" ", ""))
    if not span:
        raise ValueError(text)
    begins, ends = time(int(span[1]), int(span[2])), time(int(span[3]), int(span[4]))
    if begins == ends:
        raise ValueError(text)
    return begins, ends


def days_of(names: Iterable[str]) -> frozenset[int]:
    """Read names of weekdays; a ValueError for a name that is none, and for all seven."""
    days = frozenset(WEEKDAYS.index(name.lower()[:3]) for name in names)
    if len(days) == len(WEEKDAYS):
        raise ValueError("no day is left")
    return days


def _wall(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, zone)
