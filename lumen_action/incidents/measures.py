"""How long people took: medians and 90th percentiles with their number, never a mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Severity, State

TOO_FEW = 10
"""Below so many a percentile says little; whoever shows one says so beside it."""
_MEDIAN, _NINETIETH = 50, 90
_HUNDRED = 100


class Step(str, Enum):
    """What people do about an incident, the first thing first; its time runs from the detection."""

    ACKNOWLEDGE = "acknowledge"
    MITIGATE = "mitigate"
    RESOLVE = "resolve"


_DONE_MS: Mapping[Step, Callable[[Incident], int | None]] = {
    Step.ACKNOWLEDGE: lambda incident: incident.acked_ms,
    Step.MITIGATE: lambda incident: incident.mitigated_ms,
    Step.RESOLVE: lambda incident: incident.resolved_ms,
}


@dataclass(frozen=True)
class Times:
    """How long one step took in so many incidents; no time is known where there is none."""

    n: int = 0
    median_ms: int | None = None
    p90_ms: int | None = None

    @property
    def too_small(self) -> bool:
        """Tell whether there are too few to read much from them."""
        return self.n < TOO_FEW


@dataclass(frozen=True)
class Group:
    """What some incidents come to; merged ones and false alarms are counted, and have no part in the times."""

    count: int = 0
    open: int = 0
    false_alarms: int = 0
    merged: int = 0
    breached: int = 0
    """Those that nobody took in time."""
    acknowledge: Times = Times()
    mitigate: Times = Times()
    resolve: Times = Times()

    def times(self, step: Step) -> Times:
        """Return how long a step took."""
        found: Times = getattr(self, step.value)
        return found


@dataclass(frozen=True)
class Measures:
    """What all incidents come to, and those of each severity, the worst first."""

    whole: Group
    by_severity: Mapping[Severity, Group]


def measured(incidents: Iterable[Incident], now_ms: int) -> Measures:
    """Return what incidents come to as they stand, each under the severity that it has now."""
    known = list(incidents)
    by_severity = {word: _group([each for each in known if each.severity is word], now_ms) for word in Severity}
    return Measures(_group(known, now_ms), by_severity)


def taken_ms(incident: Incident, step: Step) -> int | None:
    """Return how long a step took since the detection, None while it is not done."""
    done_ms = _DONE_MS[step](incident)
    return None if done_ms is None else max(0, done_ms - incident.detected_ms)


def percentile(values: Sequence[int], percent: int) -> int:
    """Return the smallest value that so many percent of all do not exceed: one of them, never between two."""
    return sorted(values)[-(-percent * len(values) // _HUNDRED) - 1]


def _group(incidents: Sequence[Incident], now_ms: int) -> Group:
    # A duplicate has its time with the other one, and at a false alarm nothing had to be mended.
    real = [each for each in incidents if each.state not in (State.MERGED, State.FALSE_ALARM)]
    return Group(
        count=len(incidents),
        open=sum(each.open_at(now_ms) for each in incidents),
        false_alarms=sum(each.state is State.FALSE_ALARM for each in incidents),
        merged=sum(each.state is State.MERGED for each in incidents),
        breached=sum(each.breached(now_ms) for each in incidents),
        **{step.value: _times([ms for each in real if (ms := taken_ms(each, step)) is not None]) for step in Step},
    )


def _times(values: Sequence[int]) -> Times:
    if not values:
        return Times()
    return Times(len(values), percentile(values, _MEDIAN), percentile(values, _NINETIETH))
