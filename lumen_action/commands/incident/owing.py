"""Postmortems that nobody has written in time: put on record once a working day, and told."""

from __future__ import annotations

from lumen_action.commands.incident.telling import tell_event
from lumen_action.commands.session import Session
from lumen_action.incidents.words import Event
from lumen_action.response.incidents import Incidents
from lumen_action.response.postmortem import remind, term_of


def remind_people(session: Session, desk: Incidents) -> None:
    """Ask for every postmortem that is overdue."""
    term = term_of(session.settings)
    for each in remind(desk, term.working_days, term.holidays):
        tell_event(session, each, Event.REMINDED)
