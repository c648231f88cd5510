"""What each event changes of an incident beside its state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from lumen_action.incidents.guards import LINKS, SEVERITIES, Told
from lumen_action.incidents.incident import Action, Incident, Link
from lumen_action.incidents.words import Event


def changed(incident: Incident, event: Event, told: Told, at_ms: int) -> Incident:
    """Return the incident after an event that counts."""
    change = _CHANGES.get(event)
    return linked(change(incident, told, at_ms) if change else incident, told)


def linked(incident: Incident, told: Told) -> Incident:
    """Return it with the link that a fact names, once."""
    kind = LINKS.get(told.get("link_kind", ""))
    link = Link(kind, told.get("link_name", ""), told.get("link_url", "")) if kind else None
    if link is None or not (link.name or link.url):
        return incident
    return replace(incident, links=tuple(dict.fromkeys((*incident.links, link))))


def alerted(incident: Incident, told: Told, *, firing: bool) -> Incident:
    """Return it with the alert that a fact names firing, or not any more."""
    alert = told.get("alert", "")
    if not alert:
        return incident
    others = tuple(each for each in incident.firing if each != alert)
    return replace(incident, firing=(*others, alert) if firing else others)


def listed(text: str) -> tuple[str, ...]:
    """Return what a comma separates, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def whole(text: str, default: int) -> int:
    """Return a number that a fact tells of."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else default


_DIGITS = 15


def _acknowledged(incident: Incident, told: Told, at_ms: int) -> Incident:
    return replace(_joined(incident, told, at_ms), acked_ms=at_ms)


def _joined(incident: Incident, told: Told, _: int) -> Incident:
    names = (*incident.responders, told.get("responder") or told.get("actor", ""))
    return replace(incident, responders=tuple(dict.fromkeys(name for name in names if name)))


def _graded(incident: Incident, told: Told, at_ms: int) -> Incident:
    """Change the severity, and with it by when somebody has to take the incident, if nobody has.

    A worse one leaves its own time from now on, never more than there was; a milder one leaves the time it would have
    left from the detection on, unless it is too late already: what was missed stays missed.
    """
    severity = SEVERITIES[told["severity"]]
    due_ms = incident.ack_due_ms
    if incident.acked_ms is None and severity.rank < incident.severity.rank:
        due_ms = min(due_ms, at_ms + severity.response_ms)
    elif incident.acked_ms is None and severity.rank > incident.severity.rank and at_ms <= due_ms:
        due_ms = max(due_ms, incident.detected_ms + severity.response_ms)
    return replace(incident, severity=severity, ack_due_ms=due_ms)


def _seen(incident: Incident, told: Told, _: int) -> Incident:
    components = (*incident.components, *listed(told.get("components", "")))
    seen = incident.seen + whole(told.get("times", ""), 1)
    # An alert that began before those that opened it may be told of after them.
    earlier_ms = max(0, incident.detected_ms - whole(told.get("detected_ms", ""), incident.detected_ms))
    met = replace(
        incident,
        seen=seen,
        components=tuple(dict.fromkeys(components)),
        detected_ms=incident.detected_ms - earlier_ms,
        ack_due_ms=incident.ack_due_ms - earlier_ms,
    )
    return alerted(met, told, firing=True)


def _recovered(incident: Incident, told: Told, _: int) -> Incident:
    return alerted(incident, told, firing=False)


def _resolved(incident: Incident, told: Told, at_ms: int) -> Incident:
    return replace(incident, resolved_ms=at_ms, resolution=told.get("text", "") or incident.resolution)


def _closed(incident: Incident, told: Told, at_ms: int) -> Incident:
    return replace(
        incident,
        closed_ms=at_ms,
        cause=told.get("cause", "") or incident.cause,
        resolution=told.get("resolution", "") or incident.resolution,
    )


def _reopened(incident: Incident, told: Told, _: int) -> Incident:
    """Go on: what was to end it did not, and whoever called it a false alarm had looked at it then."""
    dismissed = [each.at_ms for each in incident.moments if each.event is Event.FALSE_ALARM and each.counted]
    known = incident.acked_ms is not None or not dismissed
    again = incident if known else _acknowledged(incident, told, dismissed[-1])
    return replace(again, mitigated_ms=None, resolved_ms=None, closed_ms=None, postmortem_ms=None, resolution="")


def _acted(incident: Incident, told: Told, _: int) -> Incident:
    before = {action.name: action for action in incident.actions}
    name = told["action"]
    known = before.get(name, Action(name, told.get("text", "")))
    said = {word: told[word] for word in ("owner", "due", "ticket") if word in told}
    done = told["done"] == "true" if "done" in told else known.done
    now = replace(known, what=told.get("text", "") or known.what, done=done, **said)
    return replace(incident, actions=tuple({**before, name: now}.values()))


_CHANGES: Mapping[Event, Callable[[Incident, Told, int], Incident]] = {
    Event.ACKNOWLEDGED: _acknowledged,
    Event.JOINED: _joined,
    Event.SEVERITY: _graded,
    Event.SEEN: _seen,
    Event.RECOVERED: _recovered,
    Event.MITIGATED: lambda incident, _, at_ms: replace(incident, mitigated_ms=at_ms),
    Event.CAUSE: lambda incident, told, _: replace(incident, cause=told.get("text", "") or incident.cause),
    Event.RESOLVED: _resolved,
    Event.CLOSED: _closed,
    Event.REOPENED: _reopened,
    Event.BREACHED: lambda incident, _, __: replace(incident, breach_told=True),
    Event.MERGED: lambda incident, told, _: replace(incident, merged_into=told["into"]),
    Event.ACTION: _acted,
    Event.POSTMORTEM: lambda incident, told, at_ms: replace(
        incident, postmortem_ms=at_ms, postmortem=told.get("url", "") or incident.postmortem
    ),
}
