"""What a sub-command says at its end: to people, to machines, to later steps and on the page of the run."""

from __future__ import annotations

import argparse
from typing import Any

from lumen_action.commands.incident.telling import incident_plain
from lumen_action.commands.session import Session
from lumen_action.incidents.incident import Incident
from lumen_action.summary.incidents import as_line, as_markdown


def answer(
    arguments: argparse.Namespace, session: Session, incident: Incident, said: str = "", *, created: bool = False
) -> None:
    """Say how an incident stands now."""
    world = session.world
    now_ms = world.clock_ms()
    if arguments.json:
        world.answer_json({**incident_plain(incident, now_ms), "created": created})
    else:
        world.answer("\n".join(line for line in (said, as_line(incident, now_ms)) if line))
    hand_on(session, incident, created=created)


def hand_on(session: Session, incident: Incident, *, created: bool) -> None:
    """Hand the incident to later steps and to the page of the run."""
    outputs: dict[str, Any] = {
        "incident": incident.name,
        "state": incident.state.value,
        "severity": incident.severity.value,
        "created": "true" if created else "false",
    }
    session.host.set_outputs(outputs)
    summarise(session, incident)


def summarise(session: Session, incident: Incident) -> None:
    """Put an incident on the page of the run, if it is wanted and there is room."""
    zone = session.settings.calendar.zone
    text = as_markdown(incident, session.world.clock_ms(), zone)
    if session.settings.summary != "off" and len(text.encode()) <= session.host.summary_room():
        session.host.write_summary(f"{text}\n")
