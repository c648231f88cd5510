"""A report as values: what every form of it, from Markdown to PDF, is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lumen_action.model import ErrorClass, Outcome
from lumen_action.slo.evaluation import Evaluation

SNAPSHOT = "snapshot"
"""The link to the dashboard as it was."""


class PeriodKind(str, Enum):
    """How long a report reaches."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Period:
    """Whole days of the pipeline's zone, both ends included; `name` is `2026-03-04`, `2026-W10` or `2026-03`."""

    kind: PeriodKind
    name: str
    first: str
    last: str
    begin_ms: int
    end_ms: int
    zone: str


@dataclass(frozen=True)
class Counted:
    """Runs by how they stand after their latest attempt; `other` were cancelled or skipped, `open` have no result."""

    good: int = 0
    bad: int = 0
    other: int = 0
    open: int = 0

    @property
    def total(self) -> int:
        """Return the runs that count."""
        return self.good + self.bad

    @property
    def ratio(self) -> float | None:
        """Return the share of good runs, None where none counts."""
        return self.good / self.total if self.total else None


@dataclass(frozen=True)
class Point:
    """How much of a budget was left at a moment, in percent; None where nothing had happened yet."""

    at_ms: int
    left_percent: float | None


@dataclass(frozen=True)
class Promise:
    """An objective at the end of the period, one period earlier, and its budget in between."""

    now: Evaluation
    left_before_percent: float | None
    burn_down: tuple[Point, ...] = ()
    stale: bool = False
    """Whether its data was too old at that moment to say anything, as the gate has it."""


@dataclass(frozen=True)
class DayRow:
    """One day of the period, with every region's runs; a day on which nothing was recorded is there too."""

    day: str
    outcome: Outcome | None
    regions: Mapping[str, Counted]
    expected: bool
    """Whether the schedule expects a run, where there is one."""

    @property
    def runs(self) -> Counted:
        """Return the runs of all regions."""
        of = self.regions.values()
        return Counted(
            sum(each.good for each in of),
            sum(each.bad for each in of),
            sum(each.other for each in of),
            sum(each.open for each in of),
        )


@dataclass(frozen=True)
class RunLink:
    """A run to look at."""

    run_id: str
    region: str
    day: str
    url: str
    stage: str = ""


@dataclass(frozen=True)
class Cause:
    """Why runs failed: by class, or by signature where one recognised it. The newest runs come first."""

    error_class: ErrorClass
    name: str
    """The class for a row of classes; class and subclass for a row of signatures."""
    signature: str
    count: int
    before: int
    """How many it were in the period before."""
    lost_ms: int
    """How long the failed runs took."""
    evidence: str = ""
    line: int | None = None
    runs: tuple[RunLink, ...] = ()


@dataclass(frozen=True)
class StageRow:
    """One stage over the period."""

    stage: str
    total: int
    failed: int
    again: int
    """How many succeeded, but not at the first try."""
    median_ms: int | None
    p95_ms: int | None
    before_median_ms: int | None


@dataclass(frozen=True)
class Reruns:
    """What trying again came to."""

    tried: int = 0
    helped: int = 0
    undecided: int = 0
    masked: int = 0
    saved_ms: int = 0
    wasted_ms: int = 0
    by_signature: tuple[tuple[str, int, int], ...] = ()
    """Signature or class, tried, helped; the most tried first."""


@dataclass(frozen=True)
class IncidentRow:
    """An incident of the period."""

    name: str
    opened_ms: int
    title: str
    severity: str = ""
    state: str = ""
    url: str = ""
    acknowledged_after_ms: int | None = None
    """From the detection; None while nobody has taken it."""


@dataclass(frozen=True)
class GateRow:
    """One decision of the gate, or an override."""

    at_ms: int
    decision: str
    kind: str
    reason: str
    override_by: str = ""
    url: str = ""


@dataclass(frozen=True)
class Completeness:
    """How much of the period the ledger has heard of; without a schedule nothing is expected."""

    days: int
    days_heard: int
    days_expected: int | None
    days_missing: tuple[str, ...] = ()
    deadlines_missed: tuple[int, ...] = ()
    """The expected starts, in milliseconds, after which no run reported in time."""
    runs_open: int = 0
    conflicts: int = 0
    newest_ms: int | None = None
    late: int = 0
    """Facts of the period that came after the day had closed."""


@dataclass(frozen=True)
class Report:
    """Everything that a report of one pipeline says."""

    pipeline: str
    period: Period
    before: Period
    as_of_ms: int
    """The moment that it speaks of: the end of the period, or now while that goes on."""
    finished: bool
    """Whether the period is over and its last day closed: the report will not change but by late facts."""
    runs: Counted
    runs_before: Counted
    days_by: Mapping[Outcome, int]
    promises: tuple[Promise, ...] = ()
    days: tuple[DayRow, ...] = ()
    regions: Mapping[str, Counted] = field(default_factory=dict)
    regions_before: Mapping[str, Counted] = field(default_factory=dict)
    classes: tuple[Cause, ...] = ()
    """By class, the most frequent first; with those that only the period before had."""
    signatures: tuple[Cause, ...] = ()
    slowest: tuple[StageRow, ...] = ()
    flakiest: tuple[StageRow, ...] = ()
    reruns: Reruns = field(default_factory=Reruns)
    incidents: tuple[IncidentRow, ...] = ()
    gates: tuple[GateRow, ...] = ()
    completeness: Completeness = field(default_factory=lambda: Completeness(0, 0, None))
    links: Mapping[str, str] = field(default_factory=dict)
    """Where to look further, such as `dashboard`, or SNAPSHOT."""
    notes: tuple[str, ...] = ()
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    """Objectives whose source did not answer, and why."""
