"""Reports of what is broken, by whomever: a new incident, or one more voice for one that goes on."""

from __future__ import annotations

from dataclasses import dataclass

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.machine import after
from lumen_action.incidents.words import Event, Severity
from lumen_action.response.incidents import Incidents, Opening


@dataclass(frozen=True)
class Reported:
    """The incident of a report, whether it is new, and whether it is worse than it was."""

    incident: Incident
    created: bool = False
    escalated: bool = False


def reported(desk: Incidents, opening: Opening, at_ms: int | None = None) -> Reported:
    """Report what is broken; of two severities the worse one holds, whichever came first."""
    opened = desk.report(opening, at_ms)
    if opened.created:
        return Reported(opened.incident, created=True)
    return worsened(desk, opened.incident, opening.severity, opening.actor, at_ms)


def worsened(desk: Incidents, incident: Incident, severity: Severity, actor: str, at_ms: int | None = None) -> Reported:
    """Raise the severity of an incident where it is worse than was known, once for each."""
    if severity.rank >= incident.severity.rank or after(Event.SEVERITY, incident.state) is None:
        return Reported(incident)
    told = {"actor": actor, "severity": severity.value, "text": f"reported as {severity.shown}"}
    worse = desk.happened(incident, Event.SEVERITY, told, at_ms=at_ms, mark=f"reported {severity.value}")
    return Reported(worse, escalated=worse.severity is severity)
