"""Pipelines that never were: when they run, and which runs fail."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

DAY = 86_400
WEEK = 7 * DAY

Chance = Callable[[], float]
"""Returns a number from 0 up to 1, evenly."""


@dataclass(frozen=True)
class World:
    """When the runs end, in seconds, each in all regions at once, and which of them fail in each region."""

    times: Sequence[int]
    failed: Sequence[Sequence[int]]
    """For each region the positions in `times`, in order."""


@dataclass(frozen=True)
class Calendar:
    """The days of a week, counted from 0 for Monday, and the seconds of a day in which a pipeline runs."""

    weekdays: frozenset[int]
    opens: int
    closes: int

    def times(self, runs_per_day: int, days: int) -> list[int]:
        """Return when runs end that are spread evenly over the hours of each of its days."""
        hours = self.closes - self.opens
        return [
            day * DAY + self.opens + run * hours // runs_per_day
            for day in range(days)
            if day % 7 in self.weekdays
            for run in range(runs_per_day)
        ]


CALENDARS: Mapping[str, Calendar] = {
    "always": Calendar(frozenset(range(7)), 0, DAY),
    "office": Calendar(frozenset(range(5)), 8 * 3600, 18 * 3600),
}


def one_by_one(runs: int, rate: float, chance: Chance) -> list[int]:
    """Return which runs fail when each fails by itself; it costs as much as there are failures."""
    if rate >= 1:
        return list(range(runs))
    found: list[int] = []
    if rate <= 0:
        return found
    scale = math.log1p(-rate)
    position = -1
    while True:
        position += 1 + int(math.log(1 - chance()) / scale)
        if position >= runs:
            return found
        found.append(position)


def in_outages(times: Sequence[int], rate: float, seconds: int, chance: Chance) -> list[int]:
    """Return which runs fail when all do during outages of this length, which fill this share of the time."""
    if rate >= 1:
        return list(range(len(times)))
    found: list[int] = []
    between = seconds * (1 - rate) / rate if rate > 0 else math.inf
    start = 0.0
    while times:
        start -= between * math.log(1 - chance())
        if start > times[-1]:
            break
        found.extend(range(bisect_left(times, start), bisect_left(times, start + seconds)))
        start += seconds
    return found
