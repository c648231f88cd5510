"""The totals as they were after every fact, as if they had been published all the time."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from lumen_action.model import Fact, Outcome
from lumen_action.sinks import Family, Group, Sample
from lumen_action.sinks.exposition import openmetrics_text
from lumen_action.sinks.series import CATALOGUE, COUNTER, DAY_OUTCOMES, PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import Collected, collect, fold
from lumen_action.sli.runs import run_of
from lumen_action.sli.state import RunRef

# Name and labels; the value after each change and at each day's end, oldest first, with the time in milliseconds.
Series = tuple[str, tuple[tuple[str, str], ...]]
History = Mapping[Series, list[tuple[int, int]]]

_DAYS = "lumen_days_total"
_CLOSED = 1 << 62  # a time when every day is over


def history(facts: Iterable[Fact], *, until_ms: int, calendar: Calendar) -> History:
    """Return every counter from 0 before its first fact; a fact counts from when it was observed."""
    walk = _Walk(calendar)
    for fact in sorted(facts, key=lambda fact: fact.order):
        if fact.observed_at_ms <= until_ms:
            walk.go(fact.observed_at_ms)
            walk.take(fact)
    walk.go(until_ms + 1)
    return walk.points


def openmetrics_history(past: History) -> Iterator[str]:
    """Render OpenMetrics with timestamps, a series after the other, in pieces."""
    of_name: dict[str, list[Series]] = {name: [] for name in CATALOGUE}
    for series in sorted(past):
        of_name[series[0]].append(series)
    found = {name: listed for name, listed in of_name.items() if listed}
    group = Group(
        {},
        tuple(
            Family(name, *CATALOGUE[name], tuple(Sample(0, dict(labels)) for _, labels in listed))
            for name, listed in found.items()
        ),
    )
    ordered = iter([series for listed in found.values() for series in listed])
    for line in openmetrics_text([group]).removesuffix("\n").split("\n"):
        if line.startswith("#"):
            yield f"{line}\n"
        else:
            named = line.rpartition(" ")[0]
            points = past[next(ordered)]
            yield "".join(f"{named} {value} {at // 1000}.{at % 1000:03d}\n" for at, value in points)


class _Walk:
    """Goes through time once; a fact folds its own run anew, whose counters then move the totals.

    Every counter but that of days is a sum over runs, so the cost of a fact does not grow with the history.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.points: dict[Series, list[tuple[int, int]]] = {}
        self._calendar = calendar
        self._runs: dict[tuple[str, RunRef], Collected] = {}
        self._counted: dict[tuple[str, RunRef], dict[Series, int]] = {}
        self._births: dict[tuple[str, str], int] = {}
        self._day_ends: list[int] = []
        self._day = ""
        self._day_of_run: dict[tuple[str, RunRef], str] = {}
        self._outcomes: dict[tuple[str, str], dict[RunRef, Outcome | None]] = defaultdict(dict)
        self._decided: dict[tuple[str, str], Outcome | None] = {}
        self._closings: list[tuple[int, str, str]] = []

    def go(self, now_ms: int) -> None:
        """Let the time pass: days end, and are decided when they close."""
        self._day = self._day or self._calendar.day_of(now_ms)
        while min(self._day_end(), self._closing()) < now_ms:
            if self._closing() <= self._day_end():
                closes_ms, pipeline, day = heapq.heappop(self._closings)
                self._decide(pipeline, day, closes_ms)
            else:
                self._end_day()

    def take(self, fact: Fact) -> None:
        """Count a fact at the time it was observed."""
        run = (fact.pipeline, run_of(fact))
        self._runs[run] = collect([fact], into=self._runs.get(run))
        state = fold(self._runs[run], now_ms=_CLOSED, calendar=self._calendar)
        if fact.pipeline not in state.pipelines:
            return
        counters = dict(_counters(families(state, PublishFacts("", 0))))
        before = self._counted.get(run, {})
        for series, value in counters.items():
            self._move(series, value - before.get(series, 0), fact.observed_at_ms)
        self._counted[run] = counters
        for day in state.pipelines[fact.pipeline].days:
            self._place(run, day.day, day.outcome, fact.observed_at_ms)

    def _place(self, run: tuple[str, RunRef], day: str, outcome: Outcome | None, now_ms: int) -> None:
        """Note how a day would end for this run, and on which day the run is; a late fact may move it."""
        pipeline, ref = run
        for name in DAY_OUTCOMES:
            self._move(_day_series(pipeline, name), 0, now_ms)
        before = self._day_of_run.get(run, day)
        if before != day:
            self._outcomes[pipeline, before].pop(ref)
            self._decide(pipeline, before, now_ms)
        if (pipeline, day) not in self._outcomes and self._calendar.closes_ms(day) >= now_ms:
            heapq.heappush(self._closings, (self._calendar.closes_ms(day), pipeline, day))
        self._day_of_run[run] = day
        self._outcomes[pipeline, day][ref] = outcome
        self._decide(pipeline, day, now_ms)

    def _decide(self, pipeline: str, day: str, now_ms: int) -> None:
        """Count the day: good with the first success, bad when it closes without."""
        found = self._outcomes[pipeline, day].values()
        decided = Outcome.SUCCESS if Outcome.SUCCESS in found else None
        if decided is None and now_ms >= self._calendar.closes_ms(day):
            decided = next((outcome for outcome in DAY_OUTCOMES if outcome in found), None)
        before = self._decided.get((pipeline, day))
        if decided is not before:
            self._decided[pipeline, day] = decided
            for outcome, step in ((before, -1), (decided, 1)):
                if outcome:
                    self._move(_day_series(pipeline, outcome), step, now_ms)

    def _move(self, series: Series, step: int, now_ms: int) -> None:
        """Change a series, which begins at 0 with its group."""
        points = self.points.get(series)
        if points is None:
            born_ms = self._births.setdefault(_group_of(series), now_ms)
            since = [at for at in self._day_ends if at >= born_ms]
            points = self.points[series] = [(born_ms - 1, 0), *((at, 0) for at in since)]
        if step:
            _set(points, now_ms, points[-1][1] + step)

    def _end_day(self) -> None:
        """Show every series once more, so that no day is without a sample."""
        at = self._day_end()
        for points in self.points.values():
            _set(points, at, points[-1][1])
        self._day_ends.append(at)
        self._day = (date.fromisoformat(self._day) + timedelta(days=1)).isoformat()

    def _day_end(self) -> int:
        grace_ms = int(self._calendar.grace.total_seconds() * 1000)
        return self._calendar.closes_ms(self._day) - grace_ms - 1

    def _closing(self) -> int:
        return self._closings[0][0] if self._closings else _CLOSED


def _counters(groups: Iterable[Group]) -> Iterator[tuple[Series, int]]:
    """Yield the counters of each region."""
    for group in groups:
        for family in group.families:
            if family.type == COUNTER and family.name != _DAYS:
                for sample in family.samples:
                    yield (family.name, tuple({**group.labels, **sample.labels}.items())), int(sample.value)


def _day_series(pipeline: str, outcome: Outcome) -> Series:
    return _DAYS, (("pipeline", pipeline), ("outcome", outcome.value))


def _group_of(series: Series) -> tuple[str, str]:
    labels = dict(series[1])
    return labels["pipeline"], labels.get("region", "")


def _set(points: list[tuple[int, int]], at: int, value: int) -> None:
    if points[-1][0] == at:
        points[-1] = (at, value)
    else:
        points.append((at, value))
