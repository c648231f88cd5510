"""From the facts of some days to the events that objectives count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import day_state
from lumen_action.sli.runs import RegionRun, runs_in
from lumen_action.sli.tally import Days, tally
from lumen_action.slo.evaluation import Tick
from lumen_action.slo.objective import Comparison, Events, LedgerSource, Threshold

_STAGE, _RUN, _CHECK, _TRUSTED = Kind.STAGE, Kind.RUN, Kind.CHECK, Trust.TRUSTED
_MS = 1000
_HOLDS: Mapping[Comparison, Callable[[float, float], bool]] = {
    Comparison.LT: float.__lt__,
    Comparison.LTE: float.__le__,
    Comparison.GT: float.__gt__,
    Comparison.GTE: float.__ge__,
}


@dataclass(frozen=True)
class Wanted:
    """A source, and the days it is asked for, both ends included, as they are known at a moment."""

    source: LedgerSource
    first: str
    last: str
    now_ms: int


@dataclass
class Found:
    """What some days say to a source.

    `good_ms` is when runs became good, for sources that ask how long ago that was; `heard_ms` when anything was last
    heard of what is selected, up to the moment that is asked about; `seen` are the days of which something is known,
    for sources that count days.
    """

    ticks: list[Tick] = field(default_factory=list)
    good_ms: list[int] = field(default_factory=list)
    heard_ms: int | None = None
    seen: set[str] = field(default_factory=set)

    def add(self, more: Found) -> None:
        """Take in what other days or pipelines say."""
        self.ticks += more.ticks
        self.good_ms += more.good_ms
        self.seen |= more.seen
        if more.heard_ms is not None:
            self.heard_ms = max(more.heard_ms, self.heard_ms or more.heard_ms)


def keeps(threshold: Threshold | None, milliseconds: float) -> bool:
    """Tell whether so long is good."""
    return threshold is None or _HOLDS[threshold.comparison](milliseconds / _MS, float(threshold.value))


def runs_of(facts: Iterable[Fact]) -> list[RegionRun]:
    """Return the runs of which facts may be counted."""
    return runs_in([f for f in facts if f.trust is _TRUSTED and (f.key.kind is _RUN or f.key.kind is _STAGE)])


def found_in(facts: Sequence[Fact], wanted: Sequence[Wanted], calendar: Calendar) -> list[Found]:
    """Return the events of these days; every day is given with all days that share a run with it."""
    tallied = tally(facts) if any(each.source.events is Events.DAY for each in wanted) else None
    runs = tallied.runs if tallied else runs_of(facts)
    within = _clamping(calendar)
    by_region = {region: in_region(runs, region) for region in {each.source.region for each in wanted}}
    asked = {(each.source.region, each.now_ms) for each in wanted}
    heard_ms = {(region, now_ms): heard(by_region[region], now_ms) for region, now_ms in asked}
    found = []
    for each in wanted:
        source = each.source
        selected = by_region[source.region]
        seen: set[str] = set()
        if source.events is Events.DAY and tallied:
            ticks = list(_days(tallied.days, each, calendar))
            seen = {day for day, counts in tallied.days.items() if counts.decidable}
        elif source.events is Events.CHECK:
            ticks = list(_checks(facts, each, within))
        else:
            read = _READ[source.events]
            ticks = [
                _tick(ended_ms, within(ended_ms, run.day), good=good)
                for run in selected
                if each.first <= run.day <= each.last
                for ended_ms, good in read(run, source)
            ]
        good_ms = good_moments(selected) if source.events is Events.FRESHNESS else []
        found.append(Found(ticks, good_ms, heard_ms[source.region, each.now_ms], seen))
    return found


def in_region(runs: Iterable[RegionRun], region: str) -> list[RegionRun]:
    """Return the runs of a region, of every one where none is named."""
    return [run for run in runs if region in ("", run.region)]


def heard(runs: Iterable[RegionRun], now_ms: int) -> int | None:
    """Return when anything was last heard of runs, up to a moment."""
    observed = (fact.observed_at_ms for run in runs for fact in run.facts)
    return max((at_ms for at_ms in observed if at_ms <= now_ms), default=None)


def good_moments(runs: Iterable[RegionRun]) -> list[int]:
    """Return when each run that was ever good became so."""
    return [run.past.first_success_ms for run in runs if run.past.first_success_ms is not None]


def day_tick(day: str, calendar: Calendar, *, good: bool) -> Tick:
    """Return the event of a day, at its very beginning."""
    return Tick(_bounds(day, calendar)[0], 1, int(not good))


def _tick(ended_ms: int, at_ms: int, *, good: bool) -> Tick:
    """Return an event that counts at one moment and may have ended at another."""
    return Tick(at_ms, 1, int(not good), None if ended_ms == at_ms else ended_ms)


def _bounds(day: str, calendar: Calendar) -> tuple[int, int]:
    """Return the first and the last moment of a day: after the midnight before it, and up to the one after it."""
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    grace_ms = int(calendar.grace.total_seconds() * _MS)
    return calendar.closes_ms(before) - grace_ms + 1, calendar.closes_ms(day) - grace_ms


def _clamping(calendar: Calendar) -> Callable[[int, str], int]:
    """Return what moves a moment into a day."""
    bounds: dict[str, tuple[int, int]] = {}

    def within(at_ms: int, day: str) -> int:
        if day not in bounds:
            bounds[day] = _bounds(day, calendar)
        first_ms, last_ms = bounds[day]
        return min(max(at_ms, first_ms), last_ms)

    return within


def _run(run: RegionRun, _: LedgerSource) -> Iterator[tuple[int, bool]]:
    past = run.past
    if past.counted:
        decided = past.corrections[-1][1] if past.corrections else past.counted.outcome
        yield past.counted.ended_ms, decided.good


def _stages(run: RegionRun, source: LedgerSource) -> Iterator[Fact]:
    stage = source.stage
    for fact in run.facts:
        if fact.key.kind is _STAGE and fact.outcome.counted and stage in ("", fact.key.stage):
            yield fact


def _stage(run: RegionRun, source: LedgerSource) -> Iterator[tuple[int, bool]]:
    return ((fact.ended_ms, fact.outcome.good) for fact in _stages(run, source))


def _first_try(run: RegionRun, source: LedgerSource) -> Iterator[tuple[int, bool]]:
    for fact in _stages(run, source):
        yield fact.ended_ms, fact.outcome.good and fact.tries == 1 and fact.key.attempt == 1


def _duration(run: RegionRun, source: LedgerSource) -> Iterator[tuple[int, bool]]:
    if source.stage:
        latest: dict[str, Fact] = {}
        for fact in _stages(run, source):
            if fact.leg not in latest or fact.key.attempt >= latest[fact.leg].key.attempt:
                latest[fact.leg] = fact
        timed = [(fact.ended_ms, fact) for fact in latest.values()]
    else:
        timed = [(counted.ended_ms, _deciding(run, counted))] if (counted := run.past.counted) else []
    for ended_ms, fact in timed:
        if fact.duration_ms is not None:
            yield ended_ms, keeps(source.threshold, fact.duration_ms)


def _deciding(run: RegionRun, counted: Fact) -> Fact:
    """Return the latest attempt; one that was cancelled says nothing of how long a run takes."""
    current = run.past.current
    return current if current and current.outcome.counted else counted


def _checks(facts: Iterable[Fact], wanted: Wanted, within: Callable[[int, str], int]) -> Iterator[Tick]:
    """Yield each time that a check came out, whichever run made it."""
    for fact in facts:
        named = fact.key.kind is _CHECK and fact.key.stage == wanted.source.check and fact.trust is _TRUSTED
        if named and fact.outcome.counted and wanted.first <= fact.day <= wanted.last:
            yield _tick(fact.ended_ms, within(fact.ended_ms, fact.day), good=fact.outcome.good)


def _nothing(_: RegionRun, __: LedgerSource) -> Iterator[tuple[int, bool]]:
    return iter(())


_READ: Mapping[Events, Callable[[RegionRun, LedgerSource], Iterator[tuple[int, bool]]]] = {
    Events.RUN: _run,
    Events.STAGE: _stage,
    Events.FIRST_TRY: _first_try,
    Events.DURATION: _duration,
    # How long ago something was good is no event, and a day and a check belong to no one run.
    Events.FRESHNESS: _nothing,
    Events.DAY: _nothing,
    Events.CHECK: _nothing,
}


def _days(days: Days, wanted: Wanted, calendar: Calendar) -> Iterator[Tick]:
    """Yield the days that were decided by the moment that is asked about."""
    for day, counts in days.items():
        closes_ms = calendar.closes_ms(day)
        known = wanted.now_ms >= closes_ms or (counts.won and counts.won[0] <= wanted.now_ms)
        if known and wanted.first <= day <= wanted.last:
            outcome = day_state(day, counts, wanted.now_ms, closes_ms).outcome
            if outcome:
                yield day_tick(day, calendar, good=outcome is Outcome.SUCCESS)
