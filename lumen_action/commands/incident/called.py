"""Whom an incident calls first: who is on call, beside those who read the team's mail."""

from __future__ import annotations

from dataclasses import dataclass

from lumen_action.commands.oncall.common import roster_of_session
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError
from lumen_action.oncall.phrases import both
from lumen_action.oncall.roster import Person, Roster
from lumen_action.oncall.shifts import Duty, on_call
from lumen_action.ops.notify.options import mail_options


@dataclass(frozen=True)
class Called:
    """Who has to come when something happens; nothing of it without a roster."""

    shown: str = ""
    """Who is on call, in the order in which they are called, or loudly that nobody is."""
    to: str = ""
    """Whom mail goes to; empty: to whom it always goes."""
    warning: str = ""
    """Why who is on call may not hear of it."""


def called_at(session: Session, at_ms: int) -> Called:
    """Return who was on call at a moment, and whom mail goes to: to them, and to who reads the team's mail."""
    try:
        roster = roster_of_session(session)
    except ConfigError as fault:
        return Called(warning=f"nobody on call is told by mail: {fault.problems[0]}")
    if roster is None:
        return Called()
    duty = on_call(roster, at_ms)
    names = [f"{each.person.name} ({each.layer})" for each in duty.layers if each.person]
    shown = _nobody(roster, duty) if duty.nobody else ", then ".join(names)
    # Who comes next finds the mail when their time begins.
    people = duty.people or tuple(person for _, person in _coming(duty))
    # Who is called second hears of it when the first does not come.
    reached = next((person for person in people if person.mail), None)
    warning = shown if duty.nobody else ""
    usual = mail_options(session.settings.mail, session.world.env, "", [])
    # Without a mail server there is nothing to say of mail: a channel that is not set up tells nobody.
    if usual is None:
        return Called(shown, warning=warning)
    if people and not people[0].mail:
        also = f": {reached.name} gets the mail" if reached else ""
        warning = "; ".join(
            part for part in (warning, f"{people[0].name} has no mail address in the roster{also}") if part
        )
    to = ",".join([reached.mail, *(each.address for each in usual.to)]) if reached else ""
    return Called(shown, to, warning)


def _coming(duty: Duty) -> list[tuple[int, Person]]:
    """Return who is on call next in each layer, the soonest first."""
    found = [(each.next_ms, each.next) for each in duty.layers if each.next and each.next_ms]
    return sorted(found, key=lambda pair: pair[0])


def _nobody(roster: Roster, duty: Duty) -> str:
    coming = _coming(duty)
    until = f" until {both(roster.timezone, coming[0][0])}, then {coming[0][1].name}" if coming else ""
    return f"NOBODY IS ON CALL{until}"
