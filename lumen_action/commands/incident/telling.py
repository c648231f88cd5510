"""Incidents as people and machines hear of them: one message for each thing that matters, one form in JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from lumen_action.commands.asked import telling
from lumen_action.commands.incident.called import called_at
from lumen_action.commands.notify.common import sender_of, subject_of
from lumen_action.commands.notify.telling import receipt_line
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, LumenError
from lumen_action.incidents.incident import Incident, Moment
from lumen_action.incidents.words import Event, State
from lumen_action.incidents.words import Severity as Grade
from lumen_action.model import Trust
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify import State as Became
from lumen_action.ops.notify.message import Link, Message, Row, Severity, digest
from lumen_action.summary.markdown import visible

SEVERITIES: Mapping[Grade, Severity] = {
    Grade.SEV1: Severity.CRITICAL,
    Grade.SEV2: Severity.ERROR,
    Grade.SEV3: Severity.WARNING,
    Grade.SEV4: Severity.INFO,
}
_SENTENCES: Mapping[Event, str] = {
    Event.OPENED: "{severity} was opened: {title}",
    Event.SEVERITY: "it is {severity} now: {title}",
    Event.BREACHED: "nobody took this {severity} until {due}: {title}",
    Event.RECOVERED: "every alert of it has ended, and nobody has resolved it yet: {title}",
    Event.RESOLVED: "it is resolved: {title}",
    Event.REOPENED: "it is back: {title}",
    Event.FALSE_ALARM: "it was a false alarm: {title}",
    Event.MERGED: "it is part of {into}: {title}",
    Event.REMINDED: "its postmortem is overdue: {title}",
}
"""What people must hear of, and how it is said."""
_ENDS = frozenset({Event.RESOLVED, Event.FALSE_ALARM, Event.MERGED})
_ONCE = frozenset({Event.OPENED, Event.BREACHED})
# No quiet hours and no digest hold back that something waits for a person.
_AT_ONCE = frozenset({Event.BREACHED, Event.SEVERITY})
# What nobody was told for so long is no news.
_NEWS_MS = timedelta(days=1) // timedelta(milliseconds=1)
_SAID = frozenset({Became.ALREADY, Became.COUNTED, Became.UNKNOWN, Became.UNTOLD})
"""What becomes of a message whose first try did not die."""


def tell_event(
    session: Session, incident: Incident, event: Event, text: str = "", *, again: bool = False
) -> tuple[Receipt, ...]:
    """Tell what happened to everybody who has to hear of it, who is on call first; what goes wrong is only said.

    `again` says that somebody was to tell it before: no word is lost where they did, or where nobody can be told.
    """
    if event not in _SENTENCES or session.host.identity().trust is Trust.FORK:
        return ()
    tell = telling(session.world)
    # What ends goes to who was told that it began.
    called = called_at(session, incident.opened_ms if event in _ENDS else session.world.clock_ms())
    if called.warning and not again:
        tell(f"warning: {called.warning}")
    message = message_of(session, incident, event, text, "" if event in _ENDS else called.shown)
    try:
        sender = sender_of(session, tell, to=called.to)
        subject = subject_of(session, incident.pipeline, message.subject)
        # Who was woken hears as soon that it is quiet; of the others it may be counted with what was told before.
        at_once = event in _AT_ONCE or (event is Event.RECOVERED and incident.blocking)
        receipts = sender.tell(message, subject, at_once=at_once)
    except (ConfigError, LumenError) as fault:
        # What may be set for each channel is said at length by `lumen notify test`.
        why = visible(str(fault).partition(";")[0])
        if not again:
            tell(f"nobody was told of {incident.name}: {why}; see `lumen notify test`")
        return ()
    for receipt in receipts:
        if not again or receipt.state not in _SAID:
            tell(receipt_line(receipt))
    return receipts


def tell_standing(session: Session, incidents: Iterable[Incident]) -> None:
    """Tell what people have to know of incidents as they stand: who was to tell it may have died before they could."""
    since_ms = session.world.clock_ms() - _NEWS_MS
    for incident in incidents:
        for event in _standing(incident):
            moment = _moment(incident, event)
            if moment and moment.at_ms > since_ms:
                tell_event(session, incident, event, again=True)


def _standing(incident: Incident) -> Iterator[Event]:
    last = incident.last_move
    if incident.state is State.DETECTED:
        yield Event.OPENED
        if _worse(incident):
            yield Event.SEVERITY
        if incident.breach_told:
            yield Event.BREACHED
    elif last:
        yield last.event
    ended = _moment(incident, Event.RECOVERED)
    if incident.open and not incident.firing and ended and dict(ended.told).get("alert"):
        yield Event.RECOVERED


def _worse(incident: Incident) -> bool:
    """Tell whether the last change of its severity was one for the worse."""
    grading = [each for each in incident.moments if each.counted and each.event in (Event.OPENED, Event.SEVERITY)]
    grades = [dict(each.told)["severity"] for each in grading[-2:]]
    return len(grades) > 1 and grades[1] < grades[0]


def _moment(incident: Incident, event: Event) -> Moment | None:
    return next((each for each in reversed(incident.moments) if each.event is event), None)


def message_of(session: Session, incident: Incident, event: Event, text: str = "", on_call: str = "") -> Message:
    """Return what is told of an event."""
    said = _SENTENCES[event].format(
        severity=incident.severity.shown,
        title=incident.title,
        due=stamp(incident.ack_due_ms),
        into=incident.merged_into,
    )
    sentence = f"{incident.name}: {said}"
    moment = _moment(incident, event)
    rows = tuple(Row(name, value) for name, value in _rows(incident, moment, on_call) if value)
    links = tuple(_links(session, incident))
    rest = text or (moment.text if moment else "")
    parts = (
        sentence,
        "\n".join(f"{row.name}: {row.text}" for row in rows),
        rest,
        "\n".join(f"{link.text}: {link.url}" for link in links),
    )
    mark = "" if event in _ONCE or moment is None else str(moment.at_ms)
    return Message(
        subject=f"{incident.pipeline}: {incident.title} ({incident.name})",
        sentence=sentence,
        rows=rows,
        text="\n\n".join(part for part in parts if part),
        key=digest("incident", incident.name, event.value, mark),
        thread=digest("incident", incident.name),
        at_ms=session.world.clock_ms(),
        links=links,
        kind="incident",
        details={
            "pipeline": incident.pipeline,
            "region": incident.region,
            "incident": incident.name,
            "event": event.value,
            "state": incident.state.value,
            "severity": incident.severity.value,
            "components": list(incident.components),
        },
        severity=SEVERITIES[incident.severity],
        resolves=event in _ENDS,
    )


def _rows(incident: Incident, moment: Moment | None, on_call: str) -> Iterator[tuple[str, str]]:
    yield "Incident", incident.name
    yield "Severity", incident.severity.shown
    yield "State", incident.state.value
    yield "Components", ", ".join(incident.components)
    yield "Region", incident.region
    yield "Detected", stamp(incident.detected_ms)
    yield "To be taken until", stamp(incident.ack_due_ms) if incident.acked_ms is None and incident.open else ""
    yield "On call", on_call
    yield "Taken by", ", ".join(incident.responders)
    yield "Told by", moment.actor if moment else ""
    take = f"lumen incident ack {incident.name} --pipeline {shlex.quote(incident.pipeline)}"
    yield "Take it", take if incident.acked_ms is None and incident.open else ""


def _links(session: Session, incident: Incident) -> Iterator[Link]:
    yield from (Link(f"{link.kind.value} {link.name}".strip(), link.url) for link in incident.links if link.url)
    if url := session.host.identity().url:
        yield Link("Open the run", url)
    if dashboard := session.settings.links.get("dashboard", ""):
        yield Link("Open the dashboard", dashboard)


def incident_plain(incident: Incident, now_ms: int, *, timeline: bool = True) -> dict[str, Any]:
    """Return an incident for machines."""
    times = {
        "seconds_to_acknowledge": incident.acked_ms,
        "seconds_to_mitigate": incident.mitigated_ms,
        "seconds_to_resolve": incident.resolved_ms,
    }
    return {
        "name": incident.name,
        "pipeline": incident.pipeline,
        "title": incident.title,
        "severity": incident.severity.value,
        "state": incident.state.value,
        "open": incident.open,
        "region": incident.region or None,
        "opened_by": incident.opened_by,
        "summary": incident.summary,
        "detected_at": stamp(incident.detected_ms),
        "opened_at": stamp(incident.opened_ms),
        "ack_due_at": stamp(incident.ack_due_ms),
        "acknowledged_at": stamp_of(incident.acked_ms),
        "mitigated_at": stamp_of(incident.mitigated_ms),
        "resolved_at": stamp_of(incident.resolved_ms),
        "closed_at": stamp_of(incident.closed_ms),
        "breached": incident.breached(now_ms),
        **{
            name: None if at_ms is None else max(0, at_ms - incident.detected_ms) // 1000
            for name, at_ms in times.items()
        },
        "responders": list(incident.responders),
        "components": list(incident.components),
        "links": [{"kind": each.kind.value, "name": each.name, "url": each.url or None} for each in incident.links],
        "firing": list(incident.firing),
        "seen": incident.seen,
        "cause": incident.cause or None,
        "resolution": incident.resolution or None,
        "merged_into": incident.merged_into or None,
        "postmortem": incident.postmortem or None,
        "postmortem_owed": incident.postmortem_owed,
        "actions": [
            {
                "name": each.name,
                "what": each.what,
                "owner": each.owner or None,
                "due": each.due or None,
                "ticket": each.ticket or None,
                "done": each.done,
            }
            for each in incident.actions
        ],
        **({"timeline": [_moment_plain(each) for each in incident.moments]} if timeline else {}),
    }


def _moment_plain(moment: Moment) -> dict[str, Any]:
    return {
        "at": stamp(moment.at_ms),
        "event": moment.event.value,
        "actor": moment.actor or None,
        "text": moment.text,
        "state": moment.state.value,
        "counted": moment.counted,
    }
