"""A small language for the life of a pipeline: what happens to it, and when.

Minutes count from the start of the clock. What is published of it comes from the publisher's own code, so that rules
are held against what a Pushgateway really shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lumen_action.model import Action, ErrorClass, Outcome
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.state import DayState, PipelineState, RegionState, StageResult, State

HOUR, DAY = 60, 24 * 60
REGION = "eu"

_RUNS: Mapping[str, ErrorClass | None] = {
    ".": None,
    "2": None,
    "F": ErrorClass.NETWORK,
    "B": ErrorClass.BUILD,
    "X": ErrorClass.EXTERNAL_API,
}
_DAYS = {".": Outcome.SUCCESS, "F": Outcome.FAILURE, "M": Outcome.MISSING}

Series = tuple[str, tuple[tuple[str, str], ...]]
Shown = dict[Series, float]


@dataclass(frozen=True)
class Now:
    """What is known of a pipeline at one minute; `beside` are series that are no fold of facts."""

    state: PipelineState
    facts: PublishFacts
    beside: Mapping[Series, float] = field(default_factory=dict)

    def shown(self) -> Shown:
        """Return every series as it is published."""
        found = dict(self.beside)
        pipelines = {self.state.pipeline: self.state} if self.state.regions else {}
        for group in families(State(pipelines=pipelines), self.facts):
            for family in group.families:
                for sample in family.samples:
                    found[_series(family.name, **group.labels, **sample.labels)] = sample.value
        return found


Change = Callable[[Now], Now]


@dataclass(frozen=True)
class Plan:
    """What is promised for a pipeline; `threshold` None is a publisher that names none."""

    runs_per_day: float | None = None
    threshold: int | None = 2
    objectives: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Life:
    """A pipeline; every method tells of something that happens to it."""

    pipeline: str
    plan: Plan
    _changes: list[tuple[int, Change]] = field(default_factory=list)

    def past(self, region: str, *, good: int, failed: int, born: int, days: int = 0) -> Life:
        """Tell of runs before the clock starts; `born` is the minute of the first, below 0."""
        state = RegionState(
            region,
            runs=good + failed,
            success=good,
            failed={ErrorClass.NETWORK: failed},
            stage_success={},
            last_run_ms=0,
            first_seen_ms=born * 60_000,
        )
        decided = tuple(DayState(f"before {day}", Outcome.FAILURE) for day in range(days))
        return self._at(0, lambda now: _knowing(replace(now, state=replace(now.state, days=decided)), state))

    def runs(self, minutes: Iterable[int], outcomes: str, *, region: str = REGION, stage: str = "") -> Life:
        """Tell of runs by their outcomes: `.` is good, `2` at the second try, `F`, `B` and `X` failed of causes."""
        for minute, sign in zip(minutes, outcomes, strict=False):
            self._at(minute, _run(minute, region, _RUNS[sign], stage, first_try=sign == "."))
        return self

    def turned(self, minute: int, before: Outcome, now: Outcome, *, region: str = REGION) -> Life:
        """Tell that the latest run turned out to be another one than was counted."""

        def change(known: Now) -> Now:
            state = known.state.regions[region]
            row = 0 if now is Outcome.SUCCESS else state.consecutive_failures + 1
            corrected = Counter(state.corrected)
            corrected[before, now] += 1
            return _knowing(known, replace(state, corrected=corrected, consecutive_failures=row))

        return self._at(minute, change)

    def days(self, outcomes: str, *, closing: int = HOUR) -> Life:
        """Tell how one day after the other closed, so many minutes after its end."""
        for number, sign in enumerate(outcomes, start=1):
            self._at(number * DAY + closing, _closed(DayState(f"day {number}", _DAYS[sign])))
        return self

    def day_turned_good(self, minute: int, number: int) -> Life:
        """Tell that a day was not lost after all."""

        def change(now: Now) -> Now:
            days = [
                replace(day, outcome=Outcome.SUCCESS, turned_from=day.outcome) if day.day == f"day {number}" else day
                for day in now.state.days
            ]
            return replace(now, state=replace(now.state, days=tuple(days)))

        return self._at(minute, change)

    def deadline(self, minute: int, due: int) -> Life:
        """Tell of the next deadline, known from a minute on."""
        return self._at(minute, lambda now: replace(now, facts=replace(now.facts, deadline=lambda _: due * 60_000)))

    def suppressed(self, minute: int, until: int) -> Life:
        """Tell that its alerts are to be silent until a minute."""
        span = (minute * 60_000, until * 60_000)
        return self._at(minute, lambda now: replace(now, state=replace(now.state, quiet=(span,), at_ms=span[0])))

    def checked(self, minute: int, check: str, outcome: Outcome) -> Life:
        """Tell how a check ended."""
        return self._at(
            minute,
            lambda now: replace(now, state=replace(now.state, checks={**now.state.checks, check: outcome})),
        )

    def reruns(self, minutes: Iterable[int], decision: Action = Action.RETRY_NOW, *, region: str = REGION) -> Life:
        """Tell of decisions to run again."""

        def change(now: Now) -> Now:
            state = now.state.regions[region]
            return _knowing(now, replace(state, reruns=Counter(state.reruns) + Counter([decision])))

        for minute in minutes:
            self._at(minute, change)
        return self

    def beside(self, minute: int, metric: str, value: float, **labels: str) -> Life:
        """Tell of a series that is set from a minute on, whatever is folded."""
        return self._at(minute, lambda now: replace(now, beside={**now.beside, _series(metric, **labels): value}))

    def seen_at(self, minutes: Iterable[int]) -> Iterator[Shown]:
        """Return what is published at one minute after the other."""
        facts = PublishFacts("1", 1, objectives=self.plan.objectives, expected_runs_per_day=self.plan.runs_per_day)
        now = Now(PipelineState(self.pipeline), facts)
        later = sorted(self._changes, key=lambda change: change[0])
        shown: Shown = {}
        for minute in minutes:
            due = [change for at, change in later if at <= minute]
            later = later[len(due) :]
            for change in due:
                now = change(now)
            if due:
                shown = self._as_configured(now.shown())
            yield shown

    def _as_configured(self, shown: Shown) -> Shown:
        threshold = _series("lumen_consecutive_failures_threshold", pipeline=self.pipeline)
        if shown.pop(threshold, None) is not None and self.plan.threshold is not None:
            shown[threshold] = self.plan.threshold
        return shown

    def _at(self, minute: int, change: Change) -> Life:
        self._changes.append((minute, change))
        return self


def _series(metric: str, **labels: str) -> Series:
    return metric, tuple(sorted((label, value) for label, value in labels.items() if value))


def _knowing(now: Now, region: RegionState) -> Now:
    return replace(now, state=replace(now.state, regions={**now.state.regions, region.region: region}))


def _closed(day: DayState) -> Change:
    return lambda now: replace(now, state=replace(now.state, days=(*now.state.days, day)))


def _run(minute: int, region: str, cause: ErrorClass | None, stage: str, *, first_try: bool) -> Change:
    def change(now: Now) -> Now:
        state = now.state.regions.get(region) or RegionState(region, first_seen_ms=minute * 60_000)
        failed = cause is not None
        state = replace(
            state,
            runs=state.runs + 1,
            success=state.success + (not failed),
            failed=Counter(state.failed) + Counter([cause] if cause else []),
            consecutive_failures=state.consecutive_failures + 1 if failed else 0,
            last_run_ms=minute * 60_000,
        )
        if stage:
            state = _staged(state, minute, stage, cause, first_try=first_try)
        return _knowing(_told(now, minute, region, stage, cause) if cause else now, state)

    return change


def _staged(state: RegionState, minute: int, stage: str, cause: ErrorClass | None, *, first_try: bool) -> RegionState:
    outcome = Outcome.FAILURE if cause else Outcome.SUCCESS
    return replace(
        state,
        stage_success=Counter(state.stage_success) + Counter([] if cause else [stage]),
        stage_failed=Counter(state.stage_failed) + Counter([(stage, cause)] if cause else []),
        first_try=Counter(state.first_try) + Counter([stage] if first_try else []),
        last_stages={**state.last_stages, stage: StageResult(stage, outcome, 1, minute * 60_000)},
    )


def _told(now: Now, minute: int, region: str, stage: str, cause: ErrorClass) -> Now:
    """Show the latest failed run in place of the one before."""
    metric, pipeline = "lumen_last_failed_run_timestamp_seconds", now.state.pipeline
    place = {("pipeline", pipeline), ("region", region)}
    others = {key: value for key, value in now.beside.items() if key[0] != metric or not place <= set(key[1])}
    told = _series(
        metric,
        pipeline=pipeline,
        region=region,
        run_id=f"{pipeline}-{minute}",
        stage=stage,
        error_class=cause.value,
        fingerprint=f"{pipeline}:{cause.value}",
        url=f"https://ci.example/{pipeline}/{minute}",
    )
    return replace(now, beside={**others, told: minute * 60})
