"""When runs of a pipeline were expected, and which of them did not report in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heapify, heappop

from lumen_action.report.model import Period
from lumen_action.report.periods import days_of
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule

_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Plan:
    """When a pipeline is expected to run: by its schedule, from the first day on that was ever heard of it."""

    calendar: Calendar
    schedule: Schedule | None = None
    first_day: str | None = None

    def slots(self, day: str) -> tuple[int, ...]:
        """Return the expected starts of a day."""
        if self.schedule is None or self.first_day is None or day < self.first_day:
            return ()
        return self.schedule.slots(day, self.calendar)

    def settled_ms(self, period: Period) -> int:
        """Return when only late facts can still change a period: its days are closed, its deadlines over."""
        return max([self.calendar.closes_ms(period.last), *(self._deadline_ms(s) for s in self.slots(period.last))])

    def days_needed(self, before: Period, period: Period) -> tuple[str, ...]:
        """Return the days to read: both periods, and those in which the last run may still report in time."""
        until = self.calendar.day_of(max([period.end_ms - 1, *(self._deadline_ms(s) for s in self.slots(period.last))]))
        found = [*days_of(before), *days_of(period)]
        while found[-1] < until:
            found.append((date.fromisoformat(found[-1]) + timedelta(days=1)).isoformat())
        return tuple(found)

    def deadlines_missed(self, days: Iterable[str], reported_ms: Iterable[int], until_ms: int) -> tuple[int, ...]:
        """Return the expected starts whose patience is over and after which no run of their own reported in time.

        Each start takes the first run after it that no earlier start has taken: no other choice misses fewer.
        """
        waiting = list(reported_ms)
        heapify(waiting)
        missed = []
        for slot in sorted(slot for day in days for slot in self.slots(day)):
            while waiting and waiting[0] <= slot:
                heappop(waiting)
            if waiting and waiting[0] <= self._deadline_ms(slot):
                heappop(waiting)
            elif self._deadline_ms(slot) <= until_ms:
                missed.append(slot)
        return tuple(missed)

    def _deadline_ms(self, slot: int) -> int:
        return slot + (self.schedule.patience_minutes * _MINUTE_MS if self.schedule else 0)
