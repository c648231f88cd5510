"""What an event has to say to count, whatever state the incident is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lumen_action.incidents.incident import Incident, LinkKind
from lumen_action.incidents.machine import command_of
from lumen_action.incidents.words import Event, Severity

Told = Mapping[str, str]

SEVERITIES: Mapping[str, Severity] = {severity.value: severity for severity in Severity}
LINKS: Mapping[str, LinkKind] = {kind.value: kind for kind in LinkKind}


def amiss(incident: Incident, event: Event, told: Told) -> str:
    """Return what is wrong with what an event says of an incident, nothing where all is well."""
    check = _CHECKS.get(event)
    return check(incident, told) if check else ""


def _closing(incident: Incident, told: Told) -> str:
    ways = {
        "a cause": (told.get("cause") or incident.cause, command_of(Event.CAUSE, incident.name)),
        "a resolution": (told.get("resolution") or incident.resolution, command_of(Event.RESOLVED, incident.name)),
    }
    wanting = [what for what, (said, _) in ways.items() if not said.strip()]
    if not wanting:
        return ""
    commands = " and ".join(command for _, command in ways.values())
    return (
        f"needs a cause and a resolution before it is closed, and has not {' and '.join(wanting)}; say it with "
        f"{command_of(Event.CLOSED, incident.name)} itself, or before by {commands}"
    )


def _grading(_: Incident, told: Told) -> str:
    if told.get("severity", "") in SEVERITIES:
        return ""
    return f"cannot become `{told.get('severity', '')[:20]}`; write one of {', '.join(SEVERITIES)}"


def _linking(_: Incident, told: Told) -> str:
    if told.get("link_kind", "") in LINKS and (told.get("link_name") or told.get("link_url")):
        return ""
    return f"is linked to nothing; a link has a name or an address and is one of {', '.join(LINKS)}"


def _merging(incident: Incident, told: Told) -> str:
    into = told.get("into", "")
    if not into:
        return "is merged into nothing; name the other incident"
    return "cannot be merged into itself; name the other incident" if into == incident.name else ""


def _acting(_: Incident, told: Told) -> str:
    return "" if told.get("action", "") else "has an action without a name"


_CHECKS: Mapping[Event, Callable[[Incident, Told], str]] = {
    Event.CLOSED: _closing,
    Event.SEVERITY: _grading,
    Event.LINKED: _linking,
    Event.MERGED: _merging,
    Event.ACTION: _acting,
}
