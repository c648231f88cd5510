"""From facts, or from what their days amount to, to state: whatever their order, copies or batches."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import fields
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from lumen_action.model import Fact, FactKey, Outcome
from lumen_action.sli.days import Calendar
from lumen_action.sli.durations import Durations
from lumen_action.sli.runs import Cause, result_of, run_of, stage_of
from lumen_action.sli.state import (
    DRILL,
    HEALTH,
    Checked,
    Counts,
    DayState,
    EndedRun,
    Examined,
    PipelineState,
    RegionState,
    Span,
    State,
)
from lumen_action.sli.tally import DayTally, Newest, RegionTally, Tallied, tally

if TYPE_CHECKING:
    from lumen_action.incidents.incident import Incident

Collected = Mapping[FactKey, Fact]
_LEVEL = re.compile("-?[0-9]")
_NUMBER = re.compile("[0-9]{1,16}")
_DAY_MS = 24 * 3_600_000
# A component that is not looked at any more was taken out, and so was a runbook.
_HEALTH_KEPT_MS, _DRILLS_KEPT_MS = 30 * _DAY_MS, 180 * _DAY_MS
# What is known to be wrong is worse than what is not known to be right.
_GRAVITY: Mapping[Outcome, int] = {Outcome.SUCCESS: 0, Outcome.ERROR: 1}
_WORST = 2


def collect(facts: Iterable[Fact], into: Collected | None = None) -> Collected:
    """Make a set of facts, one a key; of two bodies under one key the earlier observation stays."""
    known = dict(into or {})
    for fact in facts:
        present = known.get(fact.key)
        if present is None or (present != fact and _precedence(fact) < _precedence(present)):
            known[fact.key] = fact
    return known


def _precedence(fact: Fact) -> tuple[int, bytes]:
    return (fact.observed_at_ms, fact.encode())


def fold(facts: Collected, *, now_ms: int, calendar: Calendar) -> State:
    """Derive every total from a set of facts."""
    by_pipeline: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts.values():
        by_pipeline[fact.pipeline].append(fact)
    tallied = {name: tally(by_pipeline[name]) for name in sorted(by_pipeline)}
    return state_of(tallied, now_ms=now_ms, calendar=calendar)


def state_of(tallied: Mapping[str, Tallied], *, now_ms: int, calendar: Calendar) -> State:
    """Derive every total from what the days of each pipeline amount to."""
    days = [day for each in tallied.values() for day in each.days.values()]
    return State(
        # A pipeline of which only forks speak is none of ours.
        pipelines={
            name: pipeline_state(name, each, now_ms=now_ms, calendar=calendar)
            for name, each in tallied.items()
            if each.newest.origin
        },
        facts=sum(day.facts for day in days),
        conflicts=sum(day.conflicts for day in days),
    )


def pipeline_state(pipeline: str, tallied: Tallied, *, now_ms: int, calendar: Calendar) -> PipelineState:
    """Add up the days of one pipeline."""
    regions: dict[str, list[RegionTally]] = defaultdict(list)
    durations: dict[Cause, list[Durations]] = defaultdict(list)
    for _, day in sorted(tallied.days.items()):
        for region, counts in day.regions.items():
            regions[region].append(counts)
        for cause, spread in day.durations.items():
            durations[cause].append(spread)
    checks = _standing(tallied.newest.checks.values())
    return PipelineState(
        pipeline=pipeline,
        regions={region: _region(region, regions[region], tallied.newest) for region in sorted(regions)},
        days=tuple(
            day_state(day, counts, now_ms, calendar.closes_ms(day))
            for day, counts in sorted(tallied.days.items())
            if counts.decidable
        ),
        runs=tuple(result_of(pipeline, run) for run in tallied.runs),
        checks={check: fact.outcome for check, fact in checks.items()},
        examined={check: each for check, fact in checks.items() if (each := _examined(fact))},
        durations={cause: reduce(add, spreads) for cause, spreads in durations.items()},
        incidents=_unsettled([fact for day in tallied.days.values() for fact in day.standing]),
        quiet=_quiet([span for day in tallied.days.values() for span in day.quiet], now_ms),
        **_looked_at(tallied.newest.checks.values(), now_ms),
        at_ms=now_ms,
    )


def _unsettled(standing: list[Fact]) -> tuple[Incident, ...]:
    if not standing:
        return ()
    from lumen_action.incidents.folding import incidents_in

    return tuple(each for each in incidents_in(standing) if not each.settled)


def _quiet(spans: list[Span], now_ms: int) -> tuple[Span, ...]:
    if not spans:
        return ()
    from lumen_action.incidents.silences import joined

    return joined(span for span in spans if now_ms < span[1])


def _looked_at(checks: Iterable[Fact], now_ms: int) -> dict[str, Any]:
    """Return how components are in each region, and when runbooks were drilled; what is long ago is given up."""
    health: dict[tuple[str, str], Checked] = {}
    drills: dict[str, int] = {}
    for fact in sorted(checks, key=_when):
        stage, age_ms = fact.key.stage, now_ms - fact.ended_ms
        if stage.startswith(HEALTH) and age_ms < _HEALTH_KEPT_MS:
            health[fact.key.region, stage[len(HEALTH) :]] = _checked(fact)
        elif stage.startswith(DRILL) and age_ms < _DRILLS_KEPT_MS:
            # What failed proves nothing: it is as if it had never been drilled.
            drills[stage[len(DRILL) :]] = fact.ended_ms if fact.outcome.good else 0
    return {"health": health, "drills": drills}


def _checked(fact: Fact) -> Checked:
    told = fact.told
    return Checked(
        told.get("verdict", "pass" if fact.outcome.good else "fail"),
        fact.ended_ms,
        _whole(told.get("latency_ms", "")),
        _whole(told.get("expires_at_ms", "")),
    )


def _whole(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _standing(checks: Iterable[Fact]) -> dict[str, Fact]:
    """Return the fact by which each check stands."""
    named: dict[str, list[Fact]] = defaultdict(list)
    for fact in checks:
        named[fact.key.stage].append(fact)
    return {check: _by_which_it_stands(named[check]) for check in sorted(named)}


def _by_which_it_stands(checks: list[Fact]) -> Fact:
    """Return the newest; where each region is looked at for itself, the worst of its day, lest one hides another."""
    newest = max(checks, key=_when)
    if "verdict" not in newest.told:
        return newest
    # Who looked at all regions has seen more than those before.
    since_ms = max((fact.ended_ms for fact in checks if fact.told.get("regions") == "all"), default=0)
    beside = [fact for fact in checks if fact.day == newest.day and fact.ended_ms >= since_ms]
    return max(beside, key=lambda fact: (_GRAVITY.get(fact.outcome, _WORST), _when(fact)))


def _when(fact: Fact) -> tuple[int, tuple[str | int, ...]]:
    return fact.ended_ms, fact.key.parts


def _examined(check: Fact) -> Examined | None:
    """Return what a check found; one that only says good or bad has not looked at what is stored."""
    told = check.told
    if "verdict" not in told:
        return None
    level = told.get("level", "")
    return Examined(check.ended_ms, told["verdict"], int(level) if _LEVEL.fullmatch(level) else None)


def _region(region: str, days: list[RegionTally], newest: Newest) -> RegionState:
    return RegionState(
        region=region,
        **{item.name: _added([getattr(day, item.name) for day in days]) for item in fields(Counts)},
        consecutive_failures=_streak(days),
        last_run_ms=max((day.last_run_ms for day in days if day.last_run_ms is not None), default=None),
        first_seen_ms=min(day.first_seen_ms for day in days),
        last_stages={stage: stage_of(fact) for (where, stage), fact in newest.stages.items() if where == region},
        last_run=_ended(newest.runs.get(region)),
        last_failed_run=_ended(newest.failed_runs.get(region), newest.failed_stages.get(region)),
    )


def _ended(run: Fact | None, stage: Fact | None = None) -> EndedRun | None:
    """Name a run, and the stage in which it failed where that is its own."""
    if run is None:
        return None
    of_run = stage if stage and run_of(stage) == run_of(run) else None
    failure = run.failure or (of_run.failure if of_run else None)
    return EndedRun(run.run_id, run.outcome, run.ended_ms, run.url, of_run.key.stage if of_run else "", failure)


def _added(counts: list[Any]) -> Any:  # noqa: ANN401 - numbers, or numbers by their names
    """Add up one field of many counts."""
    if isinstance(counts[0], int):
        return sum(counts)
    total: Counter[Hashable] = Counter()
    for each in counts:
        for name, count in each.items():
            total[name] += count
    return total


def _streak(days: list[RegionTally]) -> int:
    """Count the failed runs since the last good one."""
    streak = 0
    for day in reversed(days):
        streak += day.streak
        if not day.unbroken:
            break
    return streak


def day_state(day: str, counts: DayTally, now_ms: int, closes_ms: int) -> DayState:
    """Elect the day: the first success before it closes wins it, closing without one loses it.

    What a fact has put on record stays counted, whatever comes later: a counter may never go down.
    """
    outcome, winner = None, ""
    if counts.won and counts.won[0] <= closes_ms:
        outcome, winner = Outcome.SUCCESS, counts.won[1]
    elif now_ms >= closes_ms and any(region.runs for region in counts.regions.values()):
        outcome = Outcome.FAILURE
    elif counts.missing or counts.lost:
        outcome = Outcome.MISSING if counts.missing else Outcome.FAILURE
    recorded = Outcome.MISSING if counts.missing else Outcome.FAILURE if counts.lost else outcome
    regions = {region: tallied.outcome for region, tallied in counts.regions.items()}
    return DayState(day, outcome, winner, regions, turned_from=None if recorded is outcome else recorded)
