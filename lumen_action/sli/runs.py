"""What became of every run in every region, from the facts of its stages and attempts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from lumen_action.model import ErrorClass, Fact, Kind, Outcome
from lumen_action.sli.attempts import History, history
from lumen_action.sli.state import RunRef, RunResult, StageResult

_RUN = Kind.RUN
Cause = tuple[Outcome, ErrorClass | None]


@dataclass(frozen=True)
class RegionRun:
    """The facts of one run in one region, oldest observation first, and what they amount to.

    `day` is the one that the run's first fact names, in whatever region that was.
    """

    ref: RunRef
    region: str
    day: str
    facts: list[Fact]
    past: History
    began_ms: int

    @property
    def place(self) -> tuple[str, int, str, str]:
        """Return what sorts the runs of a pipeline: the day first, so that days can be looked at one by one."""
        return (self.day, self.began_ms, self.ref.run, self.region)


def run_of(fact: Fact) -> RunRef:
    """Return the run a fact belongs to."""
    return RunRef(fact.key.provider, fact.key.host, fact.key.repo, fact.key.run)


def class_of(fact: Fact) -> ErrorClass:
    """Return why it failed, as the counters say it."""
    return fact.failure.error_class if fact.failure else ErrorClass.UNKNOWN


def cause_of(fact: Fact) -> Cause:
    """Return how it ended, and why where it failed."""
    return fact.outcome, class_of(fact) if fact.outcome.bad else None


def runs_in(facts: Iterable[Fact]) -> list[RegionRun]:
    """Return every run and region of one pipeline's stage and run facts, in order."""
    whole: dict[tuple[str, str, str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        key = fact.key
        whole[key.provider, key.host, key.repo, key.run].append(fact)
    found = [run for names, group in whole.items() for run in _regions(RunRef(*names), group)]
    return sorted(found, key=attrgetter("place"))


def _regions(ref: RunRef, facts: list[Fact]) -> Iterable[RegionRun]:
    facts.sort(key=attrgetter("order"))
    regions: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        regions[fact.key.region].append(fact)
    for region, group in regions.items():
        past = history([fact for fact in group if fact.key.kind is _RUN])
        began_ms = min([fact.ended_ms for fact in group])
        yield RegionRun(ref, region, facts[0].day, group, past, began_ms)


def result_of(pipeline: str, run: RegionRun) -> RunResult:
    """Return what people are told of a run."""
    now = run.past.current
    # An old attempt that is only reported now must not name the run's commit and address.
    latest = max(run.facts, key=lambda fact: (fact.key.attempt, fact.order))
    stages = stages_of(run.facts)
    failed = next((stage for stage in stages if stage.outcome.bad and stage.failure), None)
    return RunResult(
        ref=run.ref,
        pipeline=pipeline,
        region=run.region,
        day=run.day,
        run_id=min(fact.run_id for fact in run.facts),
        attempt=latest.key.attempt,
        outcome=run.past.outcome,
        counted=run.past.counted.outcome if run.past.counted else None,
        counted_class=class_of(run.past.counted) if run.past.counted and run.past.counted.outcome.bad else None,
        corrections=run.past.corrections,
        failure=(now.failure if now else None) or (failed.failure if failed else None),
        stages=stages,
        first_seen_ms=run.began_ms,
        completed_ms=now.ended_ms if now else None,
        duration_ms=now.duration_ms if now else None,
        sha=latest.sha,
        url=latest.url,
    )


def stages_of(facts: list[Fact]) -> tuple[StageResult, ...]:
    """Return the latest attempt of every stage and leg in the order they ended; not every CI numbers attempts."""
    latest: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        place = (fact.key.stage, fact.leg)
        if fact.key.kind is Kind.STAGE and (place not in latest or fact.key.attempt >= latest[place].key.attempt):
            latest[place] = fact
    return tuple(stage_of(fact) for fact in sorted(latest.values(), key=lambda fact: (fact.ended_ms, fact.key)))


def stage_of(fact: Fact) -> StageResult:
    """Return what a stage fact says."""
    return StageResult(
        stage=fact.key.stage,
        outcome=fact.outcome,
        attempt=fact.key.attempt,
        observed_at_ms=fact.ended_ms,
        duration_ms=fact.duration_ms,
        failure=fact.failure,
        leg=fact.leg,
    )
