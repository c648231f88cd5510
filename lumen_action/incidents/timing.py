"""When an event is said to have happened, so that it counts and undoes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.machine import MOVING
from lumen_action.incidents.words import Event
from lumen_action.model import Fact

_LAST_WINS = frozenset({Event.SEVERITY, Event.CAUSE, Event.ACTION})


def timely(fact: Fact, incident: Incident, facts: Sequence[Fact], said_ms: int | None, clock_ms: int) -> Fact | None:
    """Return the fact of an event with a time at which it counts, None without one.

    What happens now happens after all that is known, whatever the clocks of other machines were; what a person says
    happened at a moment stays there.
    """
    last, event = incident.last_move, fact.told["event"]
    # Only a merge has to do with other incidents.
    if event != Event.MERGED.value:
        facts = [each for each in facts if each.told.get("incident") == incident.name]
    alike = (each.at_ms + 1 for each in incident.moments if event in _LAST_WINS and each.event.value == event)
    now_ms = max(clock_ms, last.at_ms if last else 0, *alike) if said_ms is None else said_ms
    later_ms = now_ms + 1 if said_ms is not None else max(now_ms, *(each.at_ms for each in incident.moments)) + 1
    for at_ms in (now_ms, later_ms):
        told = replace(fact, observed_at_ms=at_ms)
        with_it = next(each for each in incidents_in([*facts, told]) if each.name == incident.name)
        early = last is not None and at_ms < last.at_ms
        if _counted(with_it) > _counted(incident) and (early or _leads(with_it, told)):
            return told
    return None


def _leads(incident: Incident, fact: Fact) -> bool:
    """Tell whether a move is the last one: of the same moment, what is said later happened later."""
    last = incident.last_move
    return fact.told["event"] not in MOVING or (last is not None and last.told == fact.details)


def _counted(incident: Incident) -> int:
    return sum(moment.counted for moment in incident.moments)
