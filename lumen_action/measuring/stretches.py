"""Into which stretches of time a window is cut, so that whatever is asked of it later begins and ends with one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lumen_action.slo.evaluating import BURN_WINDOWS
from lumen_action.slo.evaluation import Span
from lumen_action.slo.objective import Budgeting, Slo
from lumen_action.slo.slices import slice_end, width_ms
from lumen_action.slo.spans import duration_ms

DAY_MS = 86_400_000
# A Prometheus gives 11,000 points of a series at most, and long answers fill memory.
_MOST_TOGETHER = 500
_LONGEST_TOGETHER_MS = 2 * DAY_MS


@dataclass(frozen=True)
class Stretch:
    """The time after the begin and up to the end."""

    begin_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """Return how long it is."""
        return self.end_ms - self.begin_ms

    @property
    def halves(self) -> tuple[Stretch, Stretch]:
        """Cut it in two."""
        middle = (self.begin_ms + self.end_ms) // 2
        return Stretch(self.begin_ms, middle), Stretch(middle, self.end_ms)


def stretches_of(slo: Slo, span: Span) -> list[Stretch]:
    """Return where counts are taken: at whole days back from the end and where burn windows begin, or at slices."""
    if slo.budgeting is Budgeting.OCCURRENCES:
        moments = {span.begin_ms, span.end_ms, *range(span.end_ms, span.begin_ms, -DAY_MS)}
        moments |= {span.end_ms - duration_ms(window) for window in BURN_WINDOWS}
        return _between(moment for moment in moments if moment >= span.begin_ms)
    ends: set[int] = set()
    for objective in slo.objectives:
        width = width_ms(objective.slice_window)
        ends |= set(range(slice_end(span.begin_ms, span, width), span.end_ms + 1, width))
    return _between(ends)


def days_before(begin_ms: int, days: int) -> list[Stretch]:
    """Return the whole days that end at a moment, the earliest first."""
    return [Stretch(begin_ms - day * DAY_MS, begin_ms - (day - 1) * DAY_MS) for day in range(days, 0, -1)]


def bundles(stretches: Sequence[Stretch]) -> list[tuple[Stretch, ...]]:
    """Put short ones of one length that follow each other together: they are asked for at once."""
    found: list[list[Stretch]] = []
    for stretch in stretches:
        length = stretch.length_ms
        if (
            found
            and found[-1][0].length_ms == length
            and len(found[-1]) < _MOST_TOGETHER
            and (len(found[-1]) + 1) * length <= _LONGEST_TOGETHER_MS
        ):
            found[-1].append(stretch)
        else:
            found.append([stretch])
    return [tuple(bundle) for bundle in found]


def within(stretches: Sequence[Stretch], at_ms: int) -> Stretch:
    """Return the one of those in order that a moment lies in."""
    return stretches[bisect_left(stretches, at_ms, key=lambda stretch: stretch.end_ms)]


def _between(moments: Iterable[int]) -> list[Stretch]:
    return [Stretch(begin, end) for begin, end in pairwise(sorted(moments))]
