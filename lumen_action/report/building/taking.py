"""What a report needs of the facts of some days, so that months of them can be read a day at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lumen_action.model import Fact, Failure, Kind, Outcome, Trust
from lumen_action.sli.days import Calendar
from lumen_action.sli.runs import RegionRun, result_of, run_of
from lumen_action.sli.state import RunRef
from lumen_action.sli.tally import DayTally, tally
from lumen_action.summary.words import first_cause

_HAPPENED = (Kind.STAGE, Kind.RUN)


class TakenRun(NamedTuple):
    """One run in one region as it stands; what comes after `reported_ms` is known of a failed one only."""

    ref: RunRef
    region: str
    day: str
    outcome: Outcome | None
    reported_ms: int | None
    """When the first attempt ended."""
    run_id: str = ""
    url: str = ""
    stage: str = ""
    failure: Failure | None = None
    ended_ms: int = 0
    lost_ms: int = 0


class StageEvent(NamedTuple):
    """One attempt of a stage; of the same `code` are attempts that ran the same commit in the same place."""

    day: str
    stage: str
    code: tuple[str, str, str]
    ended_ms: int
    good: bool
    tries: int
    duration_ms: int | None


@dataclass(frozen=True)
class Taken:
    """Some whole days of a pipeline, with the days that share a run with one of them."""

    runs: tuple[TakenRun, ...] = ()
    stages: tuple[StageEvent, ...] = ()
    days: Mapping[str, DayTally] = field(default_factory=dict)
    retried: tuple[Fact, ...] = ()
    """Each retry, and what shows whether it helped."""
    told: tuple[Fact, ...] = ()
    """Incidents, and what the gate said."""
    late: Mapping[str, int] = field(default_factory=dict)
    newest_ms: Mapping[str, int] = field(default_factory=dict)


def take(facts: Sequence[Fact], calendar: Calendar) -> Taken:
    """Keep what a report needs of all facts of some days."""
    tallied = tally(facts)
    trusted = [fact for fact in facts if fact.trust is Trust.TRUSTED]
    happened = [fact for fact in trusted if fact.key.kind in _HAPPENED]
    closes_ms = {day: calendar.closes_ms(day) for day in tallied.days}
    late: dict[str, int] = defaultdict(int)
    newest_ms: dict[str, int] = {}
    for fact in happened:
        late[fact.day] += fact.observed_at_ms > closes_ms[fact.day]
        newest_ms[fact.day] = max(fact.observed_at_ms, newest_ms.get(fact.day, fact.observed_at_ms))
    return Taken(
        tuple(map(_run, tallied.runs)),
        tuple(event for run in tallied.runs for event in _events(run)),
        tallied.days,
        tuple(_retried(trusted)),
        tuple(fact for fact in trusted if fact.key.kind in (Kind.INCIDENT, Kind.GATE)),
        late,
        newest_ms,
    )


def _run(run: RegionRun) -> TakenRun:
    outcome = run.past.outcome
    reported_ms = min((fact.ended_ms for fact in run.facts if fact.key.kind is Kind.RUN), default=None)
    plain = TakenRun(run.ref, run.region, run.day, outcome, reported_ms)
    if outcome is None or not outcome.bad:
        return plain
    result = result_of("", run)
    stage = first_cause(result)
    took_ms = result.duration_ms
    if took_ms is None:
        took_ms = sum(each.duration_ms or 0 for each in result.stages)
    return plain._replace(
        run_id=result.run_id,
        url=result.url,
        stage=stage.stage if stage else "",
        failure=result.failure,
        ended_ms=result.completed_ms or 0,
        lost_ms=max(0, took_ms),
    )


def _events(run: RegionRun) -> Iterable[StageEvent]:
    for fact in run.facts:
        if fact.key.kind is Kind.STAGE and fact.outcome.counted:
            code = (run.region, fact.leg, fact.sha or run.ref.run)
            good, tries = fact.outcome.good, fact.tries
            yield StageEvent(run.day, fact.key.stage, code, fact.ended_ms, good, tries, fact.duration_ms)


def _retried(trusted: Iterable[Fact]) -> Iterable[Fact]:
    """Return the retries with all facts of their runs, and the failures that say whether one came back."""
    happened = [fact for fact in trusted if fact.key.kind in (*_HAPPENED, Kind.RERUN)]
    again = {run_of(fact) for fact in happened if fact.key.kind is Kind.RERUN}
    return (fact for fact in happened if fact.failure or (again and run_of(fact) in again))
