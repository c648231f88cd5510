"""What a fold of the ledger says: the one value that sinks, summary, page and commands read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lumen_action.model import Action, ErrorClass, Failure, Outcome
from lumen_action.sli.durations import Durations

if TYPE_CHECKING:
    from lumen_action.incidents.incident import Incident

Span = tuple[int, int]
"""From when until when, in milliseconds."""


@dataclass(frozen=True)
class RunRef:
    """One run of the CI, whatever its attempts."""

    provider: str
    host: str
    repo: str
    run: str


@dataclass(frozen=True)
class StageResult:
    """The latest word on one stage of one run in one region."""

    stage: str
    outcome: Outcome
    attempt: int
    observed_at_ms: int
    duration_ms: int | None = None
    failure: Failure | None = None
    leg: str = ""


@dataclass(frozen=True)
class RunResult:
    """One run in one region: its result now, how it was first counted, and its stages in the order they ended.

    `outcome` is None while no `run` fact has arrived. `counted` is the outcome that entered the counters.
    """

    ref: RunRef
    pipeline: str
    region: str
    day: str
    run_id: str
    attempt: int
    outcome: Outcome | None
    counted: Outcome | None = None
    counted_class: ErrorClass | None = None
    corrections: tuple[tuple[Outcome, Outcome], ...] = ()
    failure: Failure | None = None
    stages: tuple[StageResult, ...] = ()
    first_seen_ms: int = 0
    completed_ms: int | None = None
    duration_ms: int | None = None
    sha: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What adds up in one region of a pipeline.

    `first_try` are the stages that succeeded in the first try of a run's first attempt, `retries` the tries after the
    first in a step, by what became of each: they are counted from the stages that have ended, which know them all.
    """

    runs: int = 0
    success: int = 0
    failed: Mapping[ErrorClass, int] = field(default_factory=dict)
    corrected: Mapping[tuple[Outcome, Outcome], int] = field(default_factory=dict)
    stage_success: Mapping[str, int] = field(default_factory=dict)
    stage_failed: Mapping[tuple[str, ErrorClass], int] = field(default_factory=dict)
    attempts: Mapping[Outcome, int] = field(default_factory=dict)
    reruns: Mapping[Action, int] = field(default_factory=dict)
    first_try: Mapping[str, int] = field(default_factory=dict)
    retries: Mapping[tuple[str, Outcome], int] = field(default_factory=dict)


@dataclass(frozen=True)
class EndedRun:
    """The run that an alert or a dashboard names: the latest of a region, or the latest that failed."""

    run_id: str
    outcome: Outcome
    ended_ms: int
    url: str = ""
    stage: str = ""
    failure: Failure | None = None


@dataclass(frozen=True)
class RegionState(Counts):
    """Totals of one pipeline in one region since its first fact."""

    region: str
    consecutive_failures: int = 0
    last_run_ms: int | None = None
    first_seen_ms: int | None = None
    last_stages: Mapping[str, StageResult] = field(default_factory=dict)
    last_run: EndedRun | None = None
    last_failed_run: EndedRun | None = None

    @property
    def failed_total(self) -> int:
        """Return the failed runs of every class, as they were first counted."""
        return sum(self.failed.values())

    @property
    def success_now(self) -> int:
        """Return the runs that are good after their latest attempt."""
        turned_good = self.corrected.get((Outcome.FAILURE, Outcome.SUCCESS), 0)
        return self.success + turned_good - self.corrected.get((Outcome.SUCCESS, Outcome.FAILURE), 0)


@dataclass(frozen=True)
class DayState:
    """One day of a pipeline: good when any region succeeded. `outcome` is None until that is decided.

    `turned_from` is what entered the counters, where a late fact has turned the day since.
    """

    day: str
    outcome: Outcome | None
    winner: str = ""
    regions: Mapping[str, Outcome | None] = field(default_factory=dict)
    turned_from: Outcome | None = None

    @property
    def counted(self) -> Outcome | None:
        """Return the outcome that entered the counters, which stays."""
        return self.turned_from or self.outcome


@dataclass(frozen=True)
class Examined:
    """What the latest of a check found beyond good or bad, where it said so: when, in a word, and how thoroughly."""

    at_ms: int
    verdict: str
    level: int | None = None


HEALTH, DRILL = "health.", "drill."
"""Begin the names of checks that look at a component, and of those that drill a runbook."""


@dataclass(frozen=True)
class Checked:
    """What the latest check of a component in a region found."""

    status: str
    """`pass`, `warn` or `fail`."""
    at_ms: int
    latency_ms: int | None = None
    expires_at_ms: int | None = None
    """When a credential or a certificate that it looked at ends."""


@dataclass(frozen=True)
class PipelineState:
    """Everything known of one pipeline; of its runs those that were asked for, the newest at the end."""

    pipeline: str
    regions: Mapping[str, RegionState] = field(default_factory=dict)
    days: tuple[DayState, ...] = ()
    runs: tuple[RunResult, ...] = ()
    checks: Mapping[str, Outcome] = field(default_factory=dict)
    examined: Mapping[str, Examined] = field(default_factory=dict)
    durations: Mapping[tuple[Outcome, ErrorClass | None], Durations] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    """Those that go on, or whose postmortem is owed."""
    quiet: tuple[Span, ...] = ()
    """When the whole pipeline is silenced from now on; the first span may have begun."""
    health: Mapping[tuple[str, str], Checked] = field(default_factory=dict)
    """What was found, by region and component; what has not been looked at for a month is gone."""
    drills: Mapping[str, int] = field(default_factory=dict)
    """When each runbook was drilled last."""
    at_ms: int = 0
    """The moment of which all this is said."""

    def days_by(self, outcome: Outcome) -> int:
        """Count the days that are so now."""
        return sum(day.outcome is outcome for day in self.days)

    @property
    def days_counted(self) -> Mapping[Outcome, int]:
        """Return the days as they were first decided."""
        return Counter(day.counted for day in self.days if day.counted)

    @property
    def days_corrected(self) -> Mapping[tuple[Outcome, Outcome], int]:
        """Return the days that a late fact has turned, by what they were and are."""
        return Counter((day.turned_from, day.outcome) for day in self.days if day.turned_from and day.outcome)


@dataclass(frozen=True)
class State:
    """The fold of a whole ledger."""

    pipelines: Mapping[str, PipelineState] = field(default_factory=dict)
    facts: int = 0
    conflicts: int = 0
