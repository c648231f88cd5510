"""What is paid from the budget, in the order of time: events as they happened, or slices of time that were bad."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby
from operator import attrgetter

from lumen_action.slo.evaluation import Span, Tick
from lumen_action.slo.objective import Budgeting, Duration, Objective
from lumen_action.slo.spans import duration_ms

# The mean of ratios is kept in whole parts: fractions of many denominators would grow without end.
_PARTS = 10**12


@dataclass(frozen=True)
class Paid:
    """Events or slices in the order of time; each lies after its `since` and up to its `until`.

    `bad` are whole numbers of parts; only a mean of ratios has more than one part an event.
    """

    since: Sequence[int]
    until: Sequence[int]
    bad: Sequence[int]
    totals: Sequence[int]
    """Of all before each, and of all."""
    bads: Sequence[int]
    parts: int = 1

    def within(self, begin_ms: int, end_ms: int, after_ms: int = 0) -> tuple[int, Fraction]:
        """Return all and the bad ones that lie whole within a stretch of time, and were over only after a moment."""
        first = max(bisect_left(self.since, begin_ms), bisect_right(self.until, after_ms))
        last = bisect_right(self.until, end_ms)
        if first >= last:
            return 0, Fraction(0)
        return self.totals[last] - self.totals[first], Fraction(self.bads[last] - self.bads[first], self.parts)

    def leaving(self, span: Span) -> Iterator[tuple[int, Fraction]]:
        """Yield when bad ones leave a window that moves on, and how much leaves with each."""
        first, last = bisect_left(self.since, span.begin_ms), bisect_right(self.until, span.end_ms)
        for place in range(first, last):
            if self.bad[place]:
                yield self.since[place] + span.length_ms + 1, Fraction(self.bad[place], self.parts)


def width_ms(slice_window: Duration | None) -> int:
    """Return how long a slice is; an hour where nothing is told."""
    return duration_ms(slice_window or Duration(1, "h"))


def slice_end(at_ms: int, span: Span, width: int) -> int:
    """Return the end of the slice of a moment: counted from a calendar's begin, or from 1970 in a rolling window."""
    anchor = 0 if span.rolls else span.begin_ms
    return anchor - (anchor - at_ms) // width * width


def paid(ticks: Iterable[Tick], budgeting: Budgeting, objective: Objective, span: Span) -> Paid:
    """Return what counts for an objective; slices begin where those of the span do."""
    ordered = sorted(ticks, key=attrgetter("at_ms"))
    if budgeting is Budgeting.OCCURRENCES:
        rows = [(tick.at_ms - 1, tick.at_ms, tick.total, tick.bad) for tick in ordered if tick.total]
        return _paid(rows)
    width = width_ms(objective.slice_window)
    rows = []
    for end_ms, group in groupby(ordered, key=lambda tick: slice_end(tick.at_ms, span, width)):
        inside = list(group)
        total, bad = sum(tick.total for tick in inside), sum(tick.bad for tick in inside)
        if total:
            rows.append((end_ms - width, end_ms, 1, _share(total, bad, budgeting, objective)))
    return _paid(rows, 1 if budgeting is Budgeting.TIMESLICES else _PARTS)


def _share(total: int, bad: int, budgeting: Budgeting, objective: Objective) -> int:
    if budgeting is Budgeting.RATIO_TIMESLICES:
        return round(Fraction(bad * _PARTS, total))
    least = Fraction(str(1 if objective.slice_target is None else objective.slice_target))
    return int(total - bad < least * total)


def _paid(rows: Sequence[tuple[int, int, int, int]], parts: int = 1) -> Paid:
    since, until, totals, bads = ([row[place] for row in rows] for place in range(4))
    return Paid(since, until, bads, [0, *accumulate(totals)], [0, *accumulate(bads)], parts)
