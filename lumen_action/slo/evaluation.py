"""What an objective came to in its window: budget, evidence and outlook, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from lumen_action.slo.evidence import fewest_runs
from lumen_action.slo.objective import CalendarWindow, Objective, Slo


class Status(str, Enum):
    """How much of the budget is left: over 20 %, up to that, nothing; or nothing is known."""

    HEALTHY = "healthy"
    WARNING = "warning"
    EXHAUSTED = "exhausted"
    NO_DATA = "no_data"


class Judgement(str, Enum):
    """What the events show of the promise."""

    MET = "met"
    VIOLATED = "violated"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


@dataclass(frozen=True)
class Span:
    """Events after `begin_ms` and up to `end_ms`, the moment that is asked about.

    `closes_ms` is when the window is over: the end of a calendar period, and the end itself where it rolls.
    """

    begin_ms: int
    end_ms: int
    closes_ms: int

    @property
    def rolls(self) -> bool:
        """Tell whether the window moves on with time."""
        return self.closes_ms == self.end_ms

    @property
    def length_ms(self) -> int:
        """Return how long the whole window is."""
        return self.closes_ms - self.begin_ms


@dataclass(frozen=True)
class Tick:
    """Events that happened at a moment, or by then since the tick before it."""

    at_ms: int
    total: int
    bad: int
    ended_ms: int | None = None
    """When it really happened, where it counts for a day that was over by then."""

    @property
    def happened_ms(self) -> int:
        """Return when it really happened."""
        return self.at_ms if self.ended_ms is None else self.ended_ms


@dataclass(frozen=True)
class Measured:
    """What a source gave for a span, in the order of time.

    `newest_ms` is when anything was last heard of the source by the end of the span, good, bad or before it; None if
    never.
    """

    ticks: tuple[Tick, ...] = ()
    newest_ms: int | None = None
    notes: tuple[str, ...] = ()
    """What a reader of the numbers has to know, such as that they are estimates and why."""
    timed: bool = True
    """Whether the source says when its events happened; without that there is no pace."""


@dataclass(frozen=True)
class Budget:
    """Bad events that a window allows, and those that there were."""

    allowed: Fraction
    used: int | Fraction
    """Whole, but for the mean of ratios."""

    @property
    def used_percent(self) -> float | None:
        """Return the share that is used, None where there is no budget because nothing happened."""
        return float(100 * self.used / self.allowed) if self.allowed else None

    @property
    def left(self) -> float:
        """Return the bad events that still fit; below 0 where there were too many."""
        return float(self.allowed - self.used)

    @property
    def left_percent(self) -> float | None:
        """Return the share that is left, below 0 where more than all is used."""
        used = self.used_percent
        return None if used is None else 100 - used


@dataclass(frozen=True)
class Burn:
    """How fast a window burned the budget: 1 is the pace that uses up exactly all of it."""

    window: str
    total: int
    bad: int | Fraction
    rate: float | None


@dataclass(frozen=True)
class Outlook:
    """When the budget is used up at the present pace, and when it is back if nothing more fails; None is never."""

    exhausts_ms: int | None = None
    recovers_ms: int | None = None
    pace: str = ""
    """The window whose pace it is."""


def name_of(slo: Slo, objective: Objective) -> str:
    """Return the name of an objective, which no other one of a book has."""
    return f"{slo.name} {objective.target!r}" if len(slo.objectives) > 1 else slo.name


@dataclass(frozen=True)
class Evaluation:
    """One objective at one moment."""

    slo: Slo
    objective: Objective
    span: Span
    total: int
    bad: int | Fraction
    """Whole, but for the mean of ratios."""
    planned: float | None
    """The events that the whole window is expected to have, where that is known."""
    budget: Budget
    status: Status
    judgement: Judgement
    clean_needed: int | None
    """How many more events, all good, show the promise; 0 where it is shown, None where it is broken."""
    actual_low: float | None
    """The Wilson bounds of the ratio of good events, one-sided 95 % each."""
    actual_high: float | None
    burns: tuple[Burn, ...] = ()
    outlook: Outlook = field(default_factory=Outlook)
    newest_ms: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the objective, which no other one of a book has."""
        return name_of(self.slo, self.objective)

    @property
    def good(self) -> int | Fraction:
        """Return the good events."""
        return self.total - self.bad

    @property
    def actual(self) -> float | None:
        """Return the ratio of good events, None without events: nothing is never 100 %."""
        return float(self.good / self.total) if self.total else None

    @property
    def weighed(self) -> float:
        """Return the events that the promise is weighed by: while a calendar period goes on, those that are planned."""
        return max(self.total, self.planned or 0) if isinstance(self.slo.window, CalendarWindow) else self.total

    @property
    def enough(self) -> bool:
        """Tell whether there are so many events that one of them may be bad."""
        return self.weighed >= fewest_runs(self.objective.target)

    @property
    def burn(self) -> Mapping[str, float | None]:
        """Return the burn rate by window."""
        return {each.window: each.rate for each in self.burns}
