"""What facts about incidents come to: the same facts in any order give the same incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from lumen_action.incidents.incident import Action, Incident, Link, LinkKind, Moment
from lumen_action.incidents.machine import after
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.model import Fact, Kind, Trust

_EVENTS: Mapping[str, Event] = {event.value: event for event in Event}
_SEVERITIES: Mapping[str, Severity] = {severity.value: severity for severity in Severity}
_LINKS: Mapping[str, LinkKind] = {kind.value: kind for kind in LinkKind}


def incidents_in(facts: Iterable[Fact]) -> tuple[Incident, ...]:
    """Return every incident that trusted facts tell of, the one that was opened last at the end."""
    told: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.key.kind is Kind.INCIDENT and fact.trust is Trust.TRUSTED and "incident" in fact.told:
            told[fact.pipeline, fact.told["incident"]].append(fact)
    found = [incident for group in told.values() if (incident := _incident(group))]
    return tuple(sorted(found, key=lambda incident: (incident.opened_ms, incident.name)))


def _incident(facts: Iterable[Fact]) -> Incident | None:
    """Play the events in the order in which they happened; nothing happens before the opening."""
    ordered = sorted(facts, key=lambda fact: (fact.told.get("event") != Event.OPENED.value, fact.ended_ms, fact.key))
    incident = _opened(ordered[0])
    for fact in ordered[1:] if incident else ():
        event = _EVENTS.get(fact.told.get("event", ""))
        if incident and event:
            incident = _met(incident, event, fact)
    return incident


def _opened(fact: Fact) -> Incident | None:
    told = fact.told
    severity = _SEVERITIES.get(told.get("severity", ""))
    if told.get("event") != Event.OPENED.value or severity is None:
        return None
    detected_ms = min(_whole(told.get("detected_ms", ""), fact.ended_ms), fact.ended_ms)
    first = Moment(
        fact.ended_ms, Event.OPENED, told.get("actor", ""), told.get("text", ""), State.DETECTED, told=fact.details
    )
    incident = Incident(
        name=told["incident"],
        pipeline=fact.pipeline,
        title=told.get("title", told["incident"]),
        severity=severity,
        state=State.DETECTED,
        opened_ms=fact.ended_ms,
        detected_ms=detected_ms,
        ack_due_ms=detected_ms + severity.response_ms,
        day=fact.day,
        region=told.get("region", ""),
        opened_by=told.get("by", "hand"),
        sameness=told.get("same", ""),
        summary=told.get("text", ""),
        components=_listed(told.get("components", "")),
        moments=(first,),
    )
    return _linked(_alerted(incident, told, firing=True), told)


def _met(incident: Incident, event: Event, fact: Fact) -> Incident:
    told, at_ms = fact.told, max(fact.ended_ms, incident.opened_ms)
    state = after(event, incident.state)
    counted = state is not None
    moment = Moment(
        at_ms, event, told.get("actor", ""), told.get("text", ""), state or incident.state, counted, fact.details
    )
    incident = replace(incident, moments=(*incident.moments, moment))
    if state is None:
        return incident
    change = _CHANGES.get(event)
    moved = replace(incident, state=state)
    return _linked(change(moved, told, at_ms) if change else moved, told)


Told = Mapping[str, str]


def _acknowledged(incident: Incident, told: Told, at_ms: int) -> Incident:
    return replace(_joined(incident, told, at_ms), acked_ms=at_ms)


def _joined(incident: Incident, told: Told, _: int) -> Incident:
    names = (*incident.responders, told.get("responder") or told.get("actor", ""))
    return replace(incident, responders=tuple(dict.fromkeys(name for name in names if name)))


def _graded(incident: Incident, told: Told, at_ms: int) -> Incident:
    """Change the severity: worse leaves the time of the worse one from now, milder its time since detection."""
    severity = _SEVERITIES.get(told.get("severity", ""), incident.severity)
    due_ms = incident.ack_due_ms
    if incident.acked_ms is None and severity.rank < incident.severity.rank:
        due_ms = min(due_ms, at_ms + severity.response_ms)
    elif incident.acked_ms is None and severity.rank > incident.severity.rank and at_ms <= due_ms:
        due_ms = max(due_ms, incident.detected_ms + severity.response_ms)
    return replace(incident, severity=severity, ack_due_ms=due_ms)


def _seen(incident: Incident, told: Told, _: int) -> Incident:
    components = (*incident.components, *_listed(told.get("components", "")))
    again = replace(incident, seen=incident.seen + 1, components=tuple(dict.fromkeys(components)))
    return _alerted(again, told, firing=True)


def _recovered(incident: Incident, told: Told, _: int) -> Incident:
    return _alerted(incident, told, firing=False)


def _resolved(incident: Incident, told: Told, at_ms: int) -> Incident:
    return replace(incident, resolved_ms=at_ms, resolution=told.get("text", "") or incident.resolution)


def _closed(incident: Incident, told: Told, at_ms: int) -> Incident:
    return replace(
        incident,
        closed_ms=at_ms,
        cause=told.get("cause", "") or incident.cause,
        resolution=told.get("resolution", "") or incident.resolution,
    )


def _reopened(incident: Incident, _: Told, __: int) -> Incident:
    return replace(incident, mitigated_ms=None, resolved_ms=None, closed_ms=None, postmortem_ms=None)


def _acted(incident: Incident, told: Told, _: int) -> Incident:
    name = told.get("action", "")
    before = {action.name: action for action in incident.actions}
    known = before.get(name, Action(name, told.get("text", "")))
    said = {word: told[word] for word in ("owner", "due", "ticket") if word in told}
    now = replace(known, what=told.get("text", "") or known.what, done=told.get("done", "") == "true", **said)
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
    Event.MERGED: lambda incident, told, _: replace(incident, merged_into=told.get("into", "")),
    Event.ACTION: _acted,
    Event.POSTMORTEM: lambda incident, told, at_ms: replace(
        incident, postmortem_ms=at_ms, postmortem=told.get("url", "") or incident.postmortem
    ),
}


def _alerted(incident: Incident, told: Told, *, firing: bool) -> Incident:
    alert = told.get("alert", "")
    if not alert:
        return incident
    others = tuple(each for each in incident.firing if each != alert)
    return replace(incident, firing=(*others, alert) if firing else others)


def _linked(incident: Incident, told: Told) -> Incident:
    kind = _LINKS.get(told.get("link_kind", ""))
    if kind is None:
        return incident
    link = Link(kind, told.get("link_name", ""), told.get("link_url", ""))
    return replace(incident, links=tuple(dict.fromkeys((*incident.links, link))))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _whole(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default
