"""Events of a ledger, for any number of objectives in one reading."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from lumen_action.errors import shown
from lumen_action.ledger import Ledger
from lumen_action.measuring.daily import Days, DaysOf
from lumen_action.measuring.events import (
    Found,
    Wanted,
    day_tick,
    found_in,
    good_moments,
    heard,
    in_region,
    keeps,
    runs_of,
)
from lumen_action.model import Fact
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule
from lumen_action.slo.evaluation import Measured, Span, Tick
from lumen_action.slo.objective import Duration, Events, LedgerSource
from lumen_action.slo.slices import slice_end, width_ms

# How far somebody looks for what was last heard when nothing of it is in the window.
_DAYS_A_LOOK, _MOST_LOOKS = 7, 5
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Asked:
    """A source, the time of interest, and how long a slice is where time is sliced."""

    source: LedgerSource
    span: Span
    slice_window: Duration | None = None


def measured(
    ledger: Ledger,
    asked: Sequence[Asked],
    calendar: Calendar,
    schedule: Schedule | None = None,
    days_of: DaysOf = Days.of,
) -> list[Measured]:
    """Return what the ledger says to each that is asked; the facts of a pipeline are read once for all of them.

    With a schedule, days on which a run was expected and none came are bad, whether they are on record or not.
    """
    names = ledger.pipelines()
    found = [Found() for _ in asked]
    for name in names:
        places = [place for place, each in enumerate(asked) if each.source.pipeline in ("", name)]
        if places:
            pipeline = _Pipeline(days_of(ledger, name), calendar, schedule)
            for place, more in zip(places, pipeline.found([asked[place] for place in places]), strict=True):
                found[place].add(more)
    return [_measured(each, what, names) for each, what in zip(asked, found, strict=True)]


def _measured(asked: Asked, found: Found, names: Sequence[str]) -> Measured:
    span, wanted = asked.span, asked.source.pipeline
    ticks = _ages(asked, sorted(found.good_ms)) if asked.source.events is Events.FRESHNESS else found.ticks
    inside = sorted((tick for tick in ticks if span.begin_ms < tick.at_ms <= span.end_ms), key=lambda tick: tick.at_ms)
    notes = []
    if wanted not in ("", *names):
        there = ", ".join(map(shown, names)) or "nothing yet"
        notes.append(f"the ledger has nothing of the pipeline {shown(wanted)}; what it has: {there}")
    return Measured(tuple(inside), found.heard_ms, tuple(notes))


def _ages(asked: Asked, good_ms: Sequence[int]) -> Iterator[Tick]:
    """Yield a tick for the end of each slice: bad where the last good run is too old; none before the first one."""
    width = width_ms(asked.slice_window)
    end_ms = slice_end(asked.span.begin_ms + 1, asked.span, width)
    while end_ms <= asked.span.end_ms:
        past = bisect_right(good_ms, end_ms)
        if past:
            yield Tick(end_ms, 1, int(not keeps(asked.source.threshold, end_ms - good_ms[past - 1])))
        end_ms += width


def _by_region(facts: list[Fact], now_ms: int) -> dict[str, Found]:
    runs = runs_of(facts)
    by_region = {region: in_region(runs, region) for region in {run.region for run in runs}}
    return {region: Found(good_ms=good_moments(its), heard_ms=heard(its, now_ms)) for region, its in by_region.items()}


@dataclass(frozen=True)
class _Pipeline:
    """One pipeline of a ledger."""

    days: Days
    calendar: Calendar
    schedule: Schedule | None
    looks: dict[tuple[int, tuple[str, ...]], list[tuple[str, Found]]] = field(default_factory=dict)
    """What was heard by region up to a moment in days before a window, for all who look back as far."""

    def found(self, asked: Sequence[Asked]) -> list[Found]:
        wanted = [self._wanted(each) for each in asked]
        names = {day for each in wanted for day in self._between(each.first, each.last)}
        found = [Found() for _ in asked]

        def take(facts: list[Fact]) -> list[Found]:
            return found_in(facts, wanted, self.calendar)

        for group in self.days.reduce(names, take):
            for known, more in zip(found, group, strict=True):
                known.add(more)
        for each, what, known in zip(asked, wanted, found, strict=True):
            self._look_back(each, what, known)
            if self.schedule and what.source.events is Events.DAY:
                known.ticks += self._missed(what, self.schedule, frozenset(known.seen))
        return found

    def _wanted(self, asked: Asked) -> Wanted:
        span, source = asked.span, asked.source
        # What was good within the window may be the run of a day before it, tried again.
        early = _DAYS_A_LOOK * _DAY_MS if source.events is Events.FRESHNESS else 0
        first, last = self.calendar.day_of(span.begin_ms - early), self.calendar.day_of(span.end_ms)
        return Wanted(source, first, last, span.end_ms)

    def _between(self, first: str, last: str) -> Sequence[str]:
        names = self.days.names
        return names[bisect_left(names, first) : bisect_right(names, last)]

    def _look_back(self, asked: Asked, wanted: Wanted, found: Found) -> None:
        """Look before the window for its last good run, and for what was last heard, as far as that is not known."""
        since = wanted.first
        ages = asked.source.events is Events.FRESHNESS
        before = self._before(wanted)
        for number in count():
            good_ms = max((at_ms for at_ms in found.good_ms if at_ms <= asked.span.begin_ms), default=None)
            aged = not ages or self._is_known(good_ms, since)
            if aged and (number == _MOST_LOOKS or self._is_known(found.heard_ms, since)):
                break
            # Days are only read where something is not known yet.
            look = next(before, None)
            if look is None:
                break
            since, more = look
            found.add(more)

    def _is_known(self, at_ms: int | None, since: str) -> bool:
        """Tell whether nothing later can come of days before those that were read."""
        return at_ms is not None and self.calendar.day_of(at_ms) >= since

    def _before(self, wanted: Wanted) -> Iterator[tuple[str, Found]]:
        """Yield what was heard of a source some days before its first one, the latest first, and from which day on."""
        names = self.days.names[: bisect_left(self.days.names, wanted.first)]
        for end in range(len(names), 0, -_DAYS_A_LOOK):
            days = tuple(names[max(0, end - _DAYS_A_LOOK) : end])
            look = (wanted.now_ms, days)
            if look not in self.looks:
                groups = self.days.reduce(days, partial(_by_region, now_ms=wanted.now_ms))
                self.looks[look] = [each for group in groups for each in group.items()]
            seen = Found()
            for region, found in self.looks[look]:
                if wanted.source.region in ("", region):
                    seen.add(found)
            yield days[0], seen

    def _missed(self, wanted: Wanted, schedule: Schedule, seen: frozenset[str]) -> Iterator[Tick]:
        """Yield the days on which a run was expected and of which the ledger says nothing at all."""
        began = self._began()
        if began is not None:
            for day in schedule.missed(max(began, wanted.first), seen, wanted.now_ms, self.calendar):
                if day <= wanted.last:
                    yield day_tick(day, self.calendar, good=False)

    def _began(self) -> str | None:
        """Return the first day with a run."""
        return next((day for day in self.days.names if runs_of(self.days.facts_of(day))), None)
