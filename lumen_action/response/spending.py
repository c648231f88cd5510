"""What an incident cost: the runs and days that were lost while it went on, and what that took of each budget.

Counted are bad events from the detection up to the resolution, or up to now; a day that was lost is known only when it
is over, so what a rule opened for one counts from that day's beginning. A bad event in the time of several
incidents is the one's that was detected first: in a sum only `own` counts, so that nothing is there twice. Objectives
of a Prometheus or of a file have no part in it: their counts are of whole hours and days, and an incident is shorter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from lumen_action.incidents.incident import Incident
from lumen_action.measuring import Places, zone_of
from lumen_action.measuring.ledger import Asked, measured
from lumen_action.response.times import Time, times_of
from lumen_action.sli.days import Calendar
from lumen_action.slo.evaluating import budgets
from lumen_action.slo.evaluation import Measured, Span, Tick, name_of
from lumen_action.slo.objective import Budgeting, Duration, Events, LedgerSource, Objective, Slo
from lumen_action.slo.phrases import noun, window_words
from lumen_action.slo.slices import paid
from lumen_action.slo.spans import span_of

_DAY_MS = 86_400_000
# By then the day in which an incident ended is decided.
_DECIDED_MS = 2 * _DAY_MS
# As far back as failing runs before an opening are looked for.
_BEFORE_MS = 7 * _DAY_MS
_ROLLING = Span(0, 0, 0)


@dataclass(frozen=True)
class Lost:
    """Events in the time of an incident: all, the bad ones, and those bad ones that no earlier incident has."""

    total: int = 0
    bad: int | Fraction = 0
    own: int | Fraction = 0


@dataclass(frozen=True)
class Spent:
    """What an incident took of one budget."""

    name: str
    """Of the objective."""
    noun: str
    lost: Lost
    window: str
    """Over which time the promise goes, in words."""
    allowed: Fraction
    """The bad events that the window allows which ends with the incident, or now."""

    @property
    def share(self) -> Fraction | None:
        """Return the part of the budget that it took, None where there is no budget because nothing happened."""
        return self.lost.bad / self.allowed if self.allowed else None

    @property
    def own_share(self) -> Fraction | None:
        """Return the same without what an earlier incident has, for sums."""
        return self.lost.own / self.allowed if self.allowed else None


@dataclass(frozen=True)
class Cost:
    """What one incident cost."""

    begin_ms: int
    end_ms: int
    runs: Lost = Lost()
    days: Lost = Lost()
    budgets: tuple[Spent, ...] = ()
    failing_before: int = 0
    """How many runs had failed in a row when it was opened."""


def spent(
    incidents: Iterable[Incident], wanted: Iterable[str], slos: Sequence[Slo], places: Places, now_ms: int
) -> dict[str, Cost]:
    """Return what the incidents of some names cost; the ledger is read once for all of them.

    `incidents` are all there are: those that were detected earlier own what several share.
    """
    names = frozenset(wanted)
    times = times_of(incidents, places.ledger().pipelines(), places.calendar, now_ms)
    asked_for = [each for each in times if each.incident.name in names]
    if not asked_for:
        return {}
    others = [each for each in times if any(each.meets(one) for one in asked_for)]
    slos = [each for each in slos if isinstance(each.source, LedgerSource)]
    costs = costs_of(others, slos, _asked_of(asked_for, slos, places, now_ms))
    return {name: cost for name, cost in costs.items() if name in names}


Question = tuple[LedgerSource, "Duration | None"]
"""What is counted; how old the last good run is, is counted in slices."""


@dataclass(frozen=True)
class Happened:
    """What a ledger counted, and how it is read."""

    ticks: Mapping[Question, Sequence[Tick]]
    calendar: Calendar
    planned: Callable[[Slo, Span], float | None]
    """The events a whole window is expected to have, where that is known."""


def costs_of(times: Sequence[Time], slos: Sequence[Slo], happened: Happened) -> dict[str, Cost]:
    """Return what incidents cost by what was counted; they come in the order in which they were detected."""
    runs, days = (_summed(times, events, happened) for events in (Events.RUN, Events.DAY))
    budgets = [_of_objective(times, slo, objective, happened) for slo in slos for objective in slo.objectives]
    return {
        name: Cost(
            each.begin_ms,
            each.end_ms,
            runs[name],
            days[name],
            tuple(by_name[name] for by_name in budgets if name in by_name),
            _failing_before(each, happened),
        )
        for each in times
        for name in (each.incident.name,)
    }


@dataclass(frozen=True)
class _Row:
    """What happened after one moment and up to another."""

    since_ms: int
    until_ms: int
    total: int
    bad: Fraction


def _rows(ticks: Iterable[Tick], calendar: Calendar, *, days: bool = False) -> list[_Row]:
    """Return events in the order of time; a day lasts up to its end, for an incident in any hour of it may lose it."""
    grace_ms = int(calendar.grace.total_seconds() * 1000) + 1
    return [
        _Row(
            tick.happened_ms - 1,
            calendar.closes_ms(calendar.day_of(tick.at_ms)) - grace_ms if days else tick.happened_ms,
            tick.total,
            Fraction(tick.bad),
        )
        for tick in sorted(ticks, key=lambda tick: tick.happened_ms)
    ]


def _shared_out(times: Iterable[Time], rows: Sequence[_Row]) -> dict[str, Lost]:
    """Return what each incident lost of these rows; the first to come owns what several share."""
    since, until = [row.since_ms for row in rows], [row.until_ms for row in rows]
    taken: set[int] = set()
    lost = {}
    for time in times:
        inside = range(bisect_left(until, time.begin_ms), bisect_left(since, time.end_ms))
        own = [place for place in inside if place not in taken]
        taken.update(own)
        lost[time.incident.name] = Lost(
            sum(rows[place].total for place in inside),
            _plain(sum((rows[place].bad for place in inside), Fraction(0))),
            _plain(sum((rows[place].bad for place in own), Fraction(0))),
        )
    return lost


def _summed(times: Sequence[Time], events: Events, happened: Happened) -> dict[str, Lost]:
    """Return what each incident lost of all its pipelines."""
    summed = {each.incident.name: Lost() for each in times}
    for pipeline in frozenset().union(*(each.pipelines for each in times)):
        ticks = happened.ticks.get((LedgerSource(events, pipeline), None), ())
        rows = _rows(ticks, happened.calendar, days=events is Events.DAY)
        for name, lost in _shared_out([each for each in times if pipeline in each.pipelines], rows).items():
            before = summed[name]
            summed[name] = Lost(before.total + lost.total, before.bad + lost.bad, before.own + lost.own)
    return summed


def _of_objective(times: Sequence[Time], slo: Slo, objective: Objective, happened: Happened) -> dict[str, Spent]:
    source, width = _question(slo, objective)
    concerned = [each for each in times if each.touches(source)]
    ticks = happened.ticks.get((source, width), ())
    windows = [span_of(slo.window, each.end_ms, zone_of) for each in concerned]
    if not windows:
        return {}
    lost = _shared_out(concerned, _paid_rows(slo, objective, ticks, happened.calendar))
    found = budgets(slo, objective, Measured(tuple(ticks)), windows, lambda window: happened.planned(slo, window))
    name, events, window = name_of(slo, objective), noun(slo, objective), window_words(slo.window)
    return {
        each.incident.name: Spent(name, events, lost[each.incident.name], window, budget.allowed)
        for each, (_, budget) in zip(concerned, found, strict=True)
    }


def _paid_rows(slo: Slo, objective: Objective, ticks: Sequence[Tick], calendar: Calendar) -> Sequence[_Row]:
    """Return what is paid from a budget: events, or the slices of time that they make good or bad."""
    if slo.budgeting is Budgeting.OCCURRENCES:
        return _rows(ticks, calendar, days=_question(slo, objective)[0].events is Events.DAY)
    rows = []
    for window, group in groupby(ticks, key=lambda tick: _slicing(slo, tick.at_ms - 1)):
        sliced = paid(group, slo.budgeting, objective, window)
        rows += [
            _Row(since, until, 1, Fraction(bad, sliced.parts))
            for since, until, bad in zip(sliced.since, sliced.until, sliced.bad, strict=True)
        ]
    return rows


def _slicing(slo: Slo, at_ms: int) -> Span:
    """Return by which window the time around a moment is sliced: the calendar's, or one for all where it rolls."""
    window = span_of(slo.window, at_ms, zone_of)
    return _ROLLING if window.rolls else replace(window, end_ms=window.begin_ms)


def _question(slo: Slo, objective: Objective) -> Question:
    if not isinstance(slo.source, LedgerSource):
        raise TypeError(f"{slo.name} is not counted by a ledger")
    return slo.source, objective.slice_window if slo.source.events is Events.FRESHNESS else None


def _asked_of(times: Sequence[Time], slos: Sequence[Slo], places: Places, now_ms: int) -> Happened:
    """Ask the ledger once for all that incidents may have cost, and for what the windows around them hold."""
    sources = [
        (LedgerSource(events, pipeline), None)
        for pipeline in sorted(frozenset().union(*(each.pipelines for each in times)))
        for events in (Events.RUN, Events.DAY)
    ]
    asked = [*sources, *(_question(slo, each) for slo in slos for each in slo.objectives)]
    begins = [span_of(slo.window, each.end_ms, zone_of).begin_ms for slo in slos for each in times]
    begin_ms = min([*begins, *(each.begin_ms - _BEFORE_MS for each in times)])
    end_ms = min(now_ms, max(each.end_ms for each in times) + _DECIDED_MS)
    questions = [Asked(source, Span(begin_ms, end_ms, end_ms), width) for source, width in dict.fromkeys(asked)]
    answers = measured(places.ledger(), questions, places.calendar, places.schedule, places.days_of)
    ticks = {
        (question.source, question.slice_window): answer.ticks
        for question, answer in zip(questions, answers, strict=True)
    }
    return Happened(ticks, places.calendar, places.planned)


def _failing_before(time: Time, happened: Happened) -> int:
    """Return how many runs of its pipeline had failed one after the other when it was opened."""
    opened_ms = time.incident.opened_ms
    runs = happened.ticks.get((LedgerSource(Events.RUN, time.incident.pipeline), None), ())
    failing = 0
    for tick in sorted((each for each in runs if each.happened_ms <= opened_ms), key=lambda tick: -tick.happened_ms):
        if not tick.bad:
            break
        failing += tick.bad
    return failing


def _plain(number: Fraction) -> int | Fraction:
    return number.numerator if number.denominator == 1 else number
