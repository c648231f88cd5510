"""A service level objective, wherever it was written: what is counted, what is promised, over which window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from lumen_action.yamlite.writing import Writable

Labels: TypeAlias = Mapping[str, "str | tuple[str, ...]"]

WINDOW_PLACEHOLDER = "{{.window}}"
"""Stands in a PromQL query for the range that is asked about."""


@dataclass(frozen=True)
class About:
    """What a thing is called and said to be."""

    name: str
    display_name: str = ""
    description: str = ""
    labels: Labels = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Duration:
    """A number of minutes, hours, days, weeks, months, quarters or years: `30d`, `1M`."""

    count: int
    unit: str

    def __str__(self) -> str:
        """Write it as OpenSLO does."""
        return f"{self.count}{self.unit}"

    @property
    def seconds(self) -> int | None:
        """Return how long it is; months, quarters and years have no one length."""
        return self.count * UNIT_SECONDS[self.unit] if self.unit in UNIT_SECONDS else None


UNIT_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Events(Enum):
    """What a ledger counts.

    Runs, days, stages, stages that succeeded at once, checks; how long runs took; how old the last good one is.
    """

    RUN = "run"
    DAY = "day"
    STAGE = "stage"
    FIRST_TRY = "first_try"
    DURATION = "duration"
    FRESHNESS = "freshness"
    CHECK = "check"


MEASURED = frozenset({Events.DURATION, Events.FRESHNESS})
"""Good where a number of seconds is under a threshold; all others are good or bad by their outcome."""


class Comparison(Enum):
    """How a value is compared with the threshold under which, or over which, it is good."""

    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"


@dataclass(frozen=True)
class Threshold:
    """What makes a measured value good."""

    comparison: Comparison
    value: float


@dataclass(frozen=True)
class LedgerSource:
    """Events of the ledger; an empty selector takes all."""

    events: Events
    pipeline: str = ""
    region: str = ""
    stage: str = ""
    threshold: Threshold | None = None
    """In seconds, for what is measured."""
    data_source: str = ""
    check: str = ""
    """Which check is counted; there is no sum of different ones."""


@dataclass(frozen=True)
class RatioSource:
    """Good or bad events, and all events, as PromQL.

    With `counter` the queries give counters that only rise, to be compared at both ends of a window. Otherwise they
    count by themselves over the range that replaces WINDOW_PLACEHOLDER, or give a count of their own at each sample.
    """

    part: str
    total: str
    part_is_good: bool = field(kw_only=True)
    counter: bool = field(kw_only=True)
    data_source: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class ValueSource:
    """A value as PromQL, good while it keeps to the threshold."""

    query: str
    threshold: Threshold
    data_source: str = ""


@dataclass(frozen=True)
class CountsSource:
    """Two columns of a CSV file, or two keys of the rows of a JSON file."""

    file: str
    part: str
    total: str
    part_is_good: bool = field(kw_only=True)


Source: TypeAlias = LedgerSource | RatioSource | ValueSource | CountsSource


class Budgeting(Enum):
    """What is paid from the budget: bad events, bad slices of time, or the mean ratio of the slices."""

    OCCURRENCES = "Occurrences"
    TIMESLICES = "Timeslices"
    RATIO_TIMESLICES = "RatioTimeslices"


@dataclass(frozen=True)
class Objective:
    """The share that has to be good; slices of time have a length, and a share that makes each of them good."""

    target: float
    display_name: str = ""
    slice_target: float | None = None
    slice_window: Duration | None = None


@dataclass(frozen=True)
class RollingWindow:
    """The last so many hours, days or weeks."""

    duration: Duration


@dataclass(frozen=True)
class CalendarWindow:
    """Days, weeks, months, quarters or years that follow each other from a start in a time zone."""

    duration: Duration
    start: datetime
    """As a clock in the zone shows it."""
    zone: str


Window: TypeAlias = RollingWindow | CalendarWindow


@dataclass(frozen=True)
class NotificationTarget:
    """Where an alert goes."""

    about: About
    target: str


@dataclass(frozen=True)
class AlertCondition:
    """How fast the budget has to burn, over how long, and for how long."""

    about: About
    severity: str
    threshold: float
    lookback: Duration
    after: Duration | None = None
    """None where it alerts at once."""


@dataclass(frozen=True)
class AlertPolicy:
    """A condition, and who hears of it when."""

    about: About
    condition: AlertCondition
    targets: tuple[NotificationTarget, ...]
    when_breaching: bool = True
    when_resolved: bool = False
    when_no_data: bool = False


@dataclass(frozen=True)
class DataSource:
    """Where a source is asked, by a name that several objectives may use."""

    about: About
    type: str
    details: Mapping[str, Writable] = field(default_factory=dict)


@dataclass(frozen=True)
class Slo:
    """One indicator and what is promised of it."""

    about: About
    service: str
    indicator: About
    source: Source
    objectives: tuple[Objective, ...]
    window: Window
    budgeting: Budgeting = Budgeting.OCCURRENCES
    alert_policies: tuple[AlertPolicy, ...] = ()

    @property
    def name(self) -> str:
        """Return the name, which no other objective has."""
        return self.about.name


@dataclass(frozen=True)
class SloBook:
    """All objectives of a set of documents, and what they share."""

    slos: tuple[Slo, ...]
    services: tuple[About, ...] = ()
    data_sources: tuple[DataSource, ...] = ()
