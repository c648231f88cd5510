"""From a set of facts to state, whatever their order, number of copies or split into batches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar

from lumen_action.model import Action, ErrorClass, Fact, FactKey, Kind, Outcome, Trust
from lumen_action.sli.attempts import History, history
from lumen_action.sli.days import Calendar
from lumen_action.sli.state import (
    DayState,
    PipelineState,
    RegionState,
    RunRef,
    RunResult,
    StageResult,
    State,
)

Collected = Mapping[FactKey, Fact]
K = TypeVar("K", bound=Hashable)


def collect(facts: Iterable[Fact], into: Collected | None = None) -> Collected:
    """Make a set of facts, one a key; of two bodies under one key the earlier observation stays."""
    known = dict(into or {})
    for fact in facts:
        present = known.get(fact.key)
        if present is None or (present != fact and _precedence(fact) < _precedence(present)):
            known[fact.key] = fact
    return known


def fold(facts: Collected, *, now_ms: int, calendar: Calendar) -> State:
    """Derive every total from a set of facts."""
    trusted = [fact for fact in facts.values() if fact.trust is Trust.TRUSTED and fact.key.kind is not Kind.CONFLICT]
    by_pipeline = _grouped(trusted, lambda fact: fact.pipeline)
    return State(
        pipelines={name: _pipeline(name, by_pipeline[name], now_ms, calendar) for name in sorted(by_pipeline)},
        facts=len(facts),
        conflicts=sum(fact.key.kind is Kind.CONFLICT for fact in facts.values()),
    )


def _precedence(fact: Fact) -> tuple[int, bytes]:
    return (fact.observed_at_ms, fact.encode())


def _grouped(facts: Iterable[Fact], key: Callable[[Fact], K]) -> dict[K, list[Fact]]:
    groups: dict[K, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[key(fact)].append(fact)
    return groups


def run_of(fact: Fact) -> RunRef:
    """Return the run a fact belongs to."""
    return RunRef(fact.key.provider, fact.key.host, fact.key.repo, fact.key.run)


def _pipeline(name: str, facts: list[Fact], now_ms: int, calendar: Calendar) -> PipelineState:
    happened = [fact for fact in facts if fact.key.kind in (Kind.STAGE, Kind.RUN)]
    runs = _runs(name, facts, happened)
    regions = _grouped(happened, lambda fact: fact.key.region)
    results = [result for result, _ in runs]
    return PipelineState(
        pipeline=name,
        regions={
            region: _region(region, regions[region], [run for run in results if run.region == region])
            for region in sorted(regions)
        },
        days=_days(runs, {fact.day for fact in facts if fact.key.kind is Kind.MISSING}, now_ms, calendar),
        runs=tuple(results),
        checks=_checks(facts),
    )


def _runs(pipeline: str, facts: list[Fact], happened: list[Fact]) -> list[tuple[RunResult, History]]:
    """Return every run and region with its history, oldest first."""
    days = {ref: min(fact.day for fact in group) for ref, group in _grouped(facts, run_of).items()}
    places = _grouped(happened, lambda f: (run_of(f), f.key.region))
    runs = [_run(pipeline, ref, region, days[ref], group) for (ref, region), group in places.items()]
    return sorted(runs, key=lambda pair: (pair[0].first_seen_ms, pair[0].ref.run, pair[0].region))


def _run(pipeline: str, ref: RunRef, region: str, day: str, facts: list[Fact]) -> tuple[RunResult, History]:
    facts = sorted(facts, key=attrgetter("order"))
    past = history([fact for fact in facts if fact.key.kind is Kind.RUN])
    latest = max(facts, key=lambda fact: fact.key.attempt)
    stages = _stages(facts)
    failed = next((stage for stage in stages if stage.outcome.bad and stage.failure), None)
    result = RunResult(
        ref=ref,
        pipeline=pipeline,
        region=region,
        day=day,
        run_id=min(fact.run_id for fact in facts),
        attempt=latest.key.attempt,
        outcome=past.current.outcome if past.current else None,
        counted=past.counted.outcome if past.counted else None,
        counted_class=_class_of(past.counted) if past.counted and past.counted.outcome.bad else None,
        corrections=past.corrections,
        failure=(past.current.failure if past.current else None) or (failed.failure if failed else None),
        stages=stages,
        first_seen_ms=facts[0].observed_at_ms,
        completed_ms=past.current.observed_at_ms if past.current else None,
        duration_ms=past.current.duration_ms if past.current else None,
        sha=latest.sha,
        url=latest.url,
    )
    return result, past


def _stages(facts: list[Fact]) -> tuple[StageResult, ...]:
    """Return the latest attempt of every stage and leg in the order they ended."""
    latest: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        place = (fact.key.stage, fact.leg)
        if fact.key.kind is Kind.STAGE and (place not in latest or fact.key.attempt > latest[place].key.attempt):
            latest[place] = fact
    return tuple(
        StageResult(
            stage=fact.key.stage,
            outcome=fact.outcome,
            attempt=fact.key.attempt,
            observed_at_ms=fact.observed_at_ms,
            duration_ms=fact.duration_ms,
            failure=fact.failure,
            leg=fact.leg,
        )
        for fact in sorted(latest.values(), key=attrgetter("order"))
    )


def _region(region: str, facts: list[Fact], runs: list[RunResult]) -> RegionState:
    stages = [fact for fact in facts if fact.key.kind is Kind.STAGE]
    counted = [run for run in runs if run.counted]
    newest = {stage.stage: stage for run in runs for stage in run.stages}
    return RegionState(
        region=region,
        runs=len(counted),
        success=sum(run.counted is Outcome.SUCCESS for run in counted),
        failed=Counter(run.counted_class for run in counted if run.counted_class),
        corrected=Counter(correction for run in counted for correction in run.corrections),
        stage_success=Counter(fact.key.stage for fact in stages if fact.outcome.good),
        stage_failed=Counter((fact.key.stage, _class_of(fact)) for fact in stages if fact.outcome.bad),
        attempts=Counter(fact.outcome for fact in facts if fact.key.kind is Kind.RUN),
        reruns=_decisions(facts),
        consecutive_failures=_consecutive_failures(runs),
        last_run_ms=max((run.completed_ms for run in runs if run.completed_ms is not None), default=None),
        first_seen_ms=min(fact.observed_at_ms for fact in facts),
        last_stages=newest,
    )


def _class_of(fact: Fact) -> ErrorClass:
    return fact.failure.error_class if fact.failure else ErrorClass.UNKNOWN


def _decisions(facts: list[Fact]) -> Counter[Action]:
    """Count one decision for each job attempt that failed: that of its first failed stage, else of its run."""
    failed = sorted((fact for fact in facts if fact.failure), key=lambda f: (f.key.kind is Kind.RUN, f.order))
    first: dict[tuple[RunRef, int, str], Action] = {}
    for fact in failed:
        if fact.failure:
            first.setdefault((run_of(fact), fact.key.attempt, fact.key.job), fact.failure.decision)
    return Counter(first.values())


def _consecutive_failures(runs: list[RunResult]) -> int:
    streak = 0
    for run in runs:
        if run.outcome and run.outcome.counted:
            streak = streak + 1 if run.outcome.bad else 0
    return streak


def _days(
    runs: list[tuple[RunResult, History]], missing: set[str], now_ms: int, calendar: Calendar
) -> tuple[DayState, ...]:
    """Decide every day; one that was found missing stays so, whatever comes later: a counter may never go down."""
    by_day: dict[str, list[tuple[RunResult, History]]] = defaultdict(list)
    for run in runs:
        by_day[run[0].day].append(run)
    decided = {day: _day(day, group, now_ms, calendar.closes_ms(day)) for day, group in by_day.items()}
    for day in missing:
        decided[day] = replace(decided.get(day, DayState(day, None)), outcome=Outcome.MISSING, winner="")
    return tuple(decided[day] for day in sorted(decided))


def _day(day: str, runs: list[tuple[RunResult, History]], now_ms: int, closes_ms: int) -> DayState:
    """Elect the day: the first success before it closes wins it, closing without one loses it."""
    wins = [(past.first_success_ms, run.region) for run, past in runs if past.first_success_ms is not None]
    first = min(wins, default=None)
    outcome, winner = None, ""
    if first and first[0] <= closes_ms:
        outcome, winner = Outcome.SUCCESS, first[1]
    elif now_ms >= closes_ms and any(run.counted for run, _ in runs):
        outcome = Outcome.FAILURE
    regions: dict[str, Outcome | None] = {}
    for run, _ in runs:
        regions[run.region] = Outcome.SUCCESS if regions.get(run.region) is Outcome.SUCCESS else run.outcome
    return DayState(day=day, outcome=outcome, winner=winner, regions=dict(sorted(regions.items())))


def _checks(facts: list[Fact]) -> dict[str, Outcome]:
    """Return the newest answer of every check."""
    checks = sorted((fact for fact in facts if fact.key.kind is Kind.CHECK), key=attrgetter("order"))
    return {fact.key.stage: fact.outcome for fact in checks}
