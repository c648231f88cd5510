"""A sample month of three pipelines in two regions, as the facts that their runs would have left."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random

from lumen_action.model import Action, ErrorClass, Fact, FactKey, Failure, Kind, Outcome, Scope
from lumen_action.sli.schedule import Cron, Schedule

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
REGIONS = ("eu-west-1", "ap-northeast-2")
_SATURDAY = 5
_RERUN_AFTER_MS = 20 * MINUTE_MS
_SEED = 6


@dataclass(frozen=True)
class Pipeline:
    """What runs, when, how long, and what is promised of it; shares are of the runs in a region."""

    name: str
    stages: Sequence[str]
    starts: Sequence[int]
    """Minutes of the day."""
    stage_ms: int
    objectives: Mapping[str, float]
    weekdays_only: bool = False
    cron: str = ""
    retried: float = 0.03
    rerun: float = 0.01
    broken: float = 0.0
    cancelled: float = 0.0

    @property
    def schedule(self) -> Schedule | None:
        """Return when it is expected."""
        return Schedule((Cron.parse(self.cron),)) if self.cron else None

    @property
    def runs_per_day(self) -> float:
        """Return the mean over a week."""
        return len(self.starts) * (5 / 7 if self.weekdays_only else 1)


NIGHTLY = Pipeline(
    "nightly",
    ("build", "report", "upload"),
    (2 * 60,),
    4 * MINUTE_MS,
    {"run": 0.9, "day": 0.95, "first_try": 0.9},
    cron="0 2 * * *",
)
HOURLY = Pipeline(
    "hourly", ("fetch", "load"), tuple(range(5, 24 * 60, 60)), 2 * MINUTE_MS, {"run": 0.98, "stage": 0.99}
)
CI = Pipeline(
    "ci",
    ("build", "test"),
    tuple(7 * 60 + number * 7 for number in range(100)),
    3 * MINUTE_MS,
    {"run": 0.9, "first_try": 0.9},
    weekdays_only=True,
    broken=0.04,
    cancelled=0.02,
)
PIPELINES = (NIGHTLY, HOURLY, CI)


def _failure(cause: ErrorClass, kind: str, evidence: str, action: Action, scope: Scope = Scope.NONE) -> Failure:
    signature = f"{cause.value}.{kind}"
    fingerprint = hashlib.sha256(signature.encode()).hexdigest()[:12]
    return Failure(cause, kind, signature, fingerprint, line=120, evidence=evidence, decision=action, scope=scope)


RESET = _failure(
    ErrorClass.NETWORK, "reset", "connection reset by peer: artifacts.example:443", Action.RERUN_LATER, Scope.JOB
)
EXPIRED = _failure(ErrorClass.TOKEN_EXPIRED, "expired", "401: the client secret is expired", Action.TICKET)
DOWN = _failure(ErrorClass.EXTERNAL_API, "unavailable", "503 from api.example", Action.RERUN_LATER, Scope.JOB)
MISSING_PACKAGE = _failure(ErrorClass.DEPENDENCY, "not_found", "404: no package left-pad 9.9.9", Action.TICKET)
TEST = _failure(ErrorClass.BUILD, "test", "2 failed, 311 passed", Action.NOTHING)


@dataclass(frozen=True)
class Trouble:
    """A stretch of time in which every run of some pipelines fails; hours before the last midnight."""

    pipelines: Sequence[Pipeline]
    began_hours: float
    ended_hours: float
    stage: str
    failure: Failure
    regions: Sequence[str] = REGIONS

    def holds(self, pipeline: Pipeline, region: str, hours_before: float) -> bool:
        """Tell whether a run that starts then meets it."""
        return (
            pipeline in self.pipelines
            and region in self.regions
            and self.ended_hours < hours_before <= self.began_hours
        )


TROUBLES = (
    Trouble((NIGHTLY,), 20 * 24, 19 * 24, "build", MISSING_PACKAGE),
    Trouble((HOURLY, CI), 12 * 24 - 9, 12 * 24 - 13, "", DOWN),
    Trouble((HOURLY,), 6 * 24, 5 * 24 + 4, "load", EXPIRED, REGIONS[1:]),
    # Two nights, or three in the morning, so that the month ends with a page.
    Trouble((NIGHTLY,), 48, -24, "upload", EXPIRED),
)
# The CI forgot to start it in the night that begins the so many-th day before the end.
_DROPPED: Mapping[str, tuple[int, ...]] = {"nightly": (16,)}


@dataclass(frozen=True)
class Run:
    """One run of a pipeline in one region: what became of it."""

    pipeline: Pipeline
    number: str
    region: str
    started_ms: int
    failure: Failure | None = None
    stage: str = ""
    tries: int = 1
    mended: bool = False
    """Whether its second attempt was good."""
    cancelled: bool = False

    @property
    def day(self) -> str:
        """Return the day of the start."""
        return _utc(self.started_ms).date().isoformat()

    @classmethod
    def ended(cls, pipeline: Pipeline, number: str, region: str, now_ms: int, failure: Failure | None) -> Run:
        """Return a run that has just ended."""
        lasted_ms = max(fact.observed_at_ms for fact in cls(pipeline, number, region, 0, failure).facts())
        return cls(pipeline, number, region, now_ms - lasted_ms, failure)

    def facts(self) -> Iterator[Fact]:
        """Yield what its steps reported."""
        ended_ms = yield from self._attempt(1, self.started_ms, self.failure)
        if self.mended:
            ended_ms = yield from self._attempt(2, ended_ms + _RERUN_AFTER_MS, None)
        if self.pipeline is NIGHTLY and (self.mended or not self.failure):
            for check in ("integrity", "report"):
                yield self._fact(1, Kind.CHECK, check, ended_ms, None)

    def _attempt(self, attempt: int, began_ms: int, failure: Failure | None) -> Generator[Fact, None, int]:
        at_ms = began_ms
        for stage in self.pipeline.stages:
            at_ms += self._stage_ms(attempt, stage)
            fails = failure if stage == (self.stage or self.pipeline.stages[-1]) else None
            yield self._fact(attempt, Kind.STAGE, stage, at_ms, fails)
            if fails:
                break
        yield self._fact(attempt, Kind.RUN, "run", at_ms + 1000, failure, duration_ms=at_ms + 1000 - began_ms)
        return at_ms

    def _stage_ms(self, attempt: int, stage: str) -> int:
        drawn = hashlib.blake2b(f"{self.number}/{self.region}/{attempt}/{stage}".encode(), digest_size=2).digest()
        return self.pipeline.stage_ms * (70 + int.from_bytes(drawn, "big") % 60) // 100

    def _fact(
        self,
        attempt: int,
        kind: Kind,
        stage: str,
        at_ms: int,
        failure: Failure | None,
        *,
        duration_ms: int | None = None,
    ) -> Fact:
        sha = hashlib.sha256(self.number.encode()).hexdigest()[:40]
        outcome = Outcome.FAILURE if failure else Outcome.SUCCESS
        if self.cancelled and kind is Kind.RUN:
            outcome = Outcome.CANCELLED
        return Fact(
            key=FactKey("github", "github.com", "org/app", self.number, attempt, self.region, self.region, kind, stage),
            pipeline=self.pipeline.name,
            day=self.day,
            outcome=outcome,
            observed_at_ms=at_ms,
            leg=self.region,
            run_id=f"{self.day.replace('-', '')}-{self.region}-{sha[:7]}",
            failure=failure,
            duration_ms=self._stage_ms(attempt, stage) if duration_ms is None else duration_ms,
            sha=sha,
            url=f"https://ci.example/org/app/runs/{self.number}",
            tries=self.tries if kind is Kind.STAGE and not failure and stage == self.pipeline.stages[0] else 1,
        )


def month(now_ms: int, days: int) -> list[Fact]:
    """Return every fact of the days before now, the oldest first; the same day gives the same month."""
    facts = [fact for run in _runs(now_ms, days) for fact in run.facts() if fact.observed_at_ms <= now_ms]
    return sorted(facts, key=lambda fact: fact.order)


def _runs(now_ms: int, days: int) -> Iterator[Run]:
    first = _utc(now_ms - days * DAY_MS).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight_ms = int((first + timedelta(days=days)).timestamp() * 1000)
    number = 7000
    for back in range(days, -1, -1):
        day = first + timedelta(days=days - back)
        for pipeline in PIPELINES:
            if (pipeline.weekdays_only and day.weekday() >= _SATURDAY) or back in _DROPPED.get(pipeline.name, ()):
                continue
            for minute in pipeline.starts:
                number += 1
                started_ms = int((day + timedelta(minutes=minute)).timestamp() * 1000)
                for region in REGIONS:
                    yield _run(pipeline, str(number), region, started_ms, (midnight_ms - started_ms) / HOUR_MS)


def _run(pipeline: Pipeline, number: str, region: str, started_ms: int, hours_before: float) -> Run:
    for trouble in TROUBLES:
        if trouble.holds(pipeline, region, hours_before):
            return Run(pipeline, number, region, started_ms, trouble.failure, trouble.stage)
    drawn = Random(f"{_SEED}/{number}/{region}").random()  # noqa: S311 - a sample is no secret
    for share, run in (
        (pipeline.broken, Run(pipeline, number, region, started_ms, TEST)),
        (pipeline.rerun, Run(pipeline, number, region, started_ms, RESET, mended=True)),
        (pipeline.retried, Run(pipeline, number, region, started_ms, tries=2)),
        (pipeline.cancelled, Run(pipeline, number, region, started_ms, cancelled=True)),
    ):
        if drawn < share:
            return run
        drawn -= share
    return Run(pipeline, number, region, started_ms)


def _utc(instant_ms: int) -> datetime:
    return datetime.fromtimestamp(instant_ms / 1000, timezone.utc)
