"""What Alertmanager's webhook sends, from whichever door it comes: to incidents, and to whoever has to hear of them."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import telling
from lumen_action.commands.incident.common import cleaner_of, desk_of, tell_undone
from lumen_action.commands.incident.telling import tell_event, tell_standing
from lumen_action.commands.session import PATIENT_SECONDS, Session, open_session
from lumen_action.errors import ConfigError, LumenError
from lumen_action.incidents.silences import Silence
from lumen_action.incidents.words import Event, State
from lumen_action.model.fact import canonical
from lumen_action.response.alerts import MOST_BYTES, Alert, alerts_of
from lumen_action.response.incidents import Incidents
from lumen_action.response.silences import known_silences
from lumen_action.response.storms import Taken, take_alerts
from lumen_action.summary.markdown import visible

TOKEN = "LUMEN_ALERT_TOKEN"  # noqa: S105 - the name of the variable that holds it
_LATELY_MS = timedelta(hours=1) // timedelta(milliseconds=1)
_OK, _WRONG, _STRANGER, _CLOSED, _LARGE, _AWAY = 200, 400, 401, 403, 413, 503


def received(session: Session, body: bytes) -> tuple[Taken, ...]:
    """Do with the alerts of a payload as `taken_in` does, and wait for the runbooks."""
    return taken_in(session, alerts_of(body, session.world.clock_ms(), cleaner_of(session)), waiting=True)


def taken_in(session: Session, alerts: Sequence[Alert], *, waiting: bool = False) -> tuple[Taken, ...]:
    """Bring alerts to their incidents, tell people what they have to hear of, and start what may start by itself."""
    own = desk_of(session)

    def desk(pipeline: str) -> Incidents:
        return replace(own, pipeline=pipeline or own.pipeline)

    @cache
    def silences(pipeline: str) -> Sequence[Silence]:
        return known_silences(own.ledger, pipeline or own.pipeline)

    found = take_alerts(desk, alerts, silences)
    for taken in found:
        _tell(session, taken)
        _start(session, taken, waiting=waiting)
    for pipeline in {taken.incident.pipeline for taken in found} - {own.pipeline}:
        tell_undone(session, desk(pipeline))
    return found


def _tell(session: Session, taken: Taken) -> None:
    incident = taken.incident
    news = (
        (taken.created, Event.OPENED),
        (taken.escalated, Event.SEVERITY),
        (taken.reopened, Event.REOPENED),
        (taken.ended, Event.RECOVERED),
    )
    for due, event in news:
        if due:
            tell_event(session, incident, event)
    if not any(due for due, _ in news):
        tell_standing(session, [incident])


def _start(session: Session, taken: Taken, *, waiting: bool) -> None:
    """Start the runbooks that a team lets alerts start; repeats of an alert start none."""
    if not session.settings.runbooks.get("automatic"):
        return
    from lumen_action.commands.runbook.launching import launch_for_alert

    # Of many of one name, as of every host, one starts it; the worst is the first.
    called = {alert.name: alert for alert in (*_unanswered(session, taken), *reversed(taken.fresh))}
    for alert in called.values():
        for name in launch_for_alert(session, alert.name, alert.labels, taken.incident, waiting=waiting):
            telling(session.world)(f"{alert.name} starts the runbook {name}, unless it ran too lately or too often")


def _unanswered(session: Session, taken: Taken) -> Iterable[Alert]:
    """Return the alerts that began lately and started nothing: who was to start it may have died before they could."""
    incident, since_ms = taken.incident, session.world.clock_ms() - _LATELY_MS
    lately = {alert.name: alert for alert in taken.known if alert.starts_ms > since_ms}
    if not lately or incident.state is not State.DETECTED:
        return ()
    from lumen_action.response.runbooks.automatic import Cause
    from lumen_action.runbooks.board import board_run, rows_of

    rows = rows_of(incident.pipeline, session.ledger().scan(run=board_run(incident.pipeline)))
    begun = {(row.trigger, row.started_ms) for row in rows}
    return [
        alert
        for alert in lately.values()
        if not any(word == Cause(alert.name).word and at_ms >= alert.starts_ms for word, at_ms in begun)
    ]


def taken_plain(taken: Taken) -> dict[str, Any]:
    """Return what became of alerts for machines."""
    incident = taken.incident
    return {
        "incident": incident.name,
        "pipeline": incident.pipeline,
        "title": incident.title,
        "severity": incident.severity.value,
        "state": incident.state.value,
        "created": taken.created,
        "escalated": taken.escalated,
        "reopened": taken.reopened,
        "ended": taken.ended,
        "firing": len(incident.firing),
    }


@dataclass(frozen=True)
class Receiver:
    """Takes payloads from the network, one after the other, each with a session of its own."""

    given: Mapping[str, str | None]
    world: World
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def most_bytes(self) -> int:
        """Return how much a body may have: more need not be read."""
        return MOST_BYTES

    def take(self, body: bytes, authorization: str) -> tuple[int, bytes]:
        """Return the status and the JSON to answer; Alertmanager tries again after 5xx only."""
        token = self.world.env.get(TOKEN, "")
        if not token:
            return _said(_CLOSED, f"alerts are taken once {TOKEN} is set")
        if not hmac.compare_digest(authorization.encode(errors="replace"), f"Bearer {token}".encode()):
            return _said(_STRANGER, f"send the token of {TOKEN} as `Authorization: Bearer …`")
        if len(body) > MOST_BYTES:
            return _said(_LARGE, f"more than {MOST_BYTES >> 20} MiB; set `max_alerts` in the webhook's config")
        world = replace(self.world, closing=ExitStack())
        with self._turn, world.closing:
            return self._received(world, body)

    def _received(self, world: World, body: bytes) -> tuple[int, bytes]:
        try:
            session = open_session(self.given, world, patience_seconds=PATIENT_SECONDS)
            try:
                alerts = alerts_of(body, world.clock_ms(), cleaner_of(session))
            except ConfigError as fault:
                return _said(_WRONG, *fault.problems)
            found = taken_in(session, alerts)
        except LumenError as fault:
            # What is wrong on our side may be mended before the next try.
            world.tell(f"warning: alerts were not taken: {fault}")
            return _said(_AWAY, "the ledger does not answer")
        return _OK, canonical({"incidents": [taken_plain(taken) for taken in found]})


def _said(status: int, *problems: str) -> tuple[int, bytes]:
    return status, canonical({"error": "; ".join(problems)})


def lines_of(found: Sequence[Taken]) -> str:
    """Return what became of alerts in a line for each incident."""
    how = {"created": "opened", "escalated": "got worse", "reopened": "is back", "ended": "none of its alerts fires"}
    lines = []
    for taken in found:
        incident = taken.incident
        said = [words for name, words in how.items() if getattr(taken, name)] or ["goes on"]
        lines.append(f"{incident.name}  {incident.severity.shown}  {visible(incident.title)}: {', '.join(said)}")
    return "\n".join(lines) or "no alert of it is an incident"
