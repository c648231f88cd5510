"""When each incident went on that cost anything, and in which pipelines."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.merging import leading
from lumen_action.incidents.words import State
from lumen_action.measuring.events import day_tick
from lumen_action.sli.days import Calendar
from lumen_action.slo.objective import LedgerSource

_DAY_MS = 86_400_000
_NO_COST = (State.MERGED, State.FALSE_ALARM)
_DAY_LOST = "rule:day-lost"


@dataclass(frozen=True)
class Time:
    """When an incident went on, both ends included, and in which pipelines something is lost by it."""

    incident: Incident
    begin_ms: int
    end_ms: int
    pipelines: frozenset[str]

    def touches(self, source: LedgerSource) -> bool:
        """Tell whether what a source counts can be lost by it."""
        return not source.pipeline or source.pipeline in self.pipelines

    def meets(self, other: Time) -> bool:
        """Tell whether both went on at one moment, or within a day of each other, which may be the same lost day."""
        return self.begin_ms <= other.end_ms + _DAY_MS and other.begin_ms <= self.end_ms + _DAY_MS


def times_of(incidents: Iterable[Incident], pipelines: Iterable[str], calendar: Calendar, now_ms: int) -> list[Time]:
    """Return when each incident went on that cost anything, the one that was detected first before the others."""
    known, names = list(incidents), frozenset(pipelines)
    earliest_ms: dict[str, int] = {}
    for each in known:
        whose = leading(known, each).name if each.merged_into else each.name
        earliest_ms[whose] = min(each.detected_ms, earliest_ms.get(whose, each.detected_ms))
    return [
        Time(
            each,
            min([earliest_ms[each.name], *_lost_since(each, calendar)]),
            max(each.detected_ms, now_ms if each.resolved_ms is None else each.resolved_ms),
            names.intersection(each.components) | {each.pipeline},
        )
        for each in sorted(known, key=lambda each: (earliest_ms.get(each.name, 0), each.name))
        # Of before there were events nobody knows when they ended.
        if each.state not in _NO_COST and not each.older
    ]


def _lost_since(incident: Incident, calendar: Calendar) -> tuple[int, ...]:
    """Return when the day began for whose loss a rule opened an incident; nothing for another one."""
    day = dict(incident.moments[0].told).get("about", "") if incident.opened_by == _DAY_LOST else ""
    with suppress(ValueError):
        return (day_tick(day, calendar, good=False).at_ms,)
    return ()
