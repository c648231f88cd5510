"""Why an event cannot happen to an incident, in words that name what can be done instead."""

from __future__ import annotations

from collections.abc import Mapping

from lumen_action.incidents.guards import Told, amiss
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.machine import after, command_of, legal
from lumen_action.incidents.words import Event
from lumen_action.model.instants import stamp

_SAID: Mapping[Event, str] = {
    Event.FALSE_ALARM: "a false alarm",
    Event.CAUSE: "given a cause",
    Event.SEVERITY: "given another severity",
    Event.POSTMORTEM: "given its postmortem",
    Event.ACTION: "given an action",
}
"""What an event makes of an incident, where its name does not say it."""


def refusal(incident: Incident, event: Event, told: Told) -> str:
    """Return why an event cannot happen now, nothing where it can."""
    if incident.older:
        return f"incident: {_untold(incident)}, so it cannot be {said(event)}"
    if after(event, incident.state) is not None:
        fault = amiss(incident, event, told)
        return f"incident: {incident.name} {fault}" if fault else ""
    able = ", ".join(command_of(each, incident.name) for each in legal(incident.state)) or "nothing any more"
    where = f"part of {incident.merged_into}" if incident.merged_into else str(incident.state)
    return (
        f"incident: {incident.name} is {where}{_by(incident)}, so it cannot be {said(event)}; what can happen now: "
        f"{able}"
    )


def into_what(incident: Incident, into: Incident) -> str:
    """Return why an incident cannot be merged into another one, nothing where it can."""
    if into.older:
        return f"incident: {_untold(into)}, so {incident.name} cannot be merged into it"
    if not into.over:
        return ""
    instead = (
        f"merge it into {into.merged_into}" if into.merged_into else f"first {command_of(Event.REOPENED, into.name)}"
    )
    return f"incident: {into.name} is {into.state}, so {incident.name} cannot be merged into it; {instead}"


def untimely(incident: Incident, event: Event, at_ms: int) -> str:
    """Return that an event cannot have happened at a moment."""
    return (
        f"incident: {incident.name} cannot have been {said(event)} at {stamp(at_ms)} by what is on record of it; "
        "write a later time, or none"
    )


def said(event: Event) -> str:
    """Return what an event makes of an incident."""
    return _SAID.get(event, event.value)


def _untold(incident: Incident) -> str:
    return (
        f"{incident.name} is known by facts that only name its state, and ends when whoever wrote them writes that it "
        "is closed"
    )


def _by(incident: Incident) -> str:
    """Say who brought an incident into its state, and when."""
    last = incident.last_move
    if last is None or last.event is Event.OPENED:
        return ""
    who = dict(last.told).get("responder") or last.actor or "somebody"
    return f" ({who}, {stamp(last.at_ms)})"
