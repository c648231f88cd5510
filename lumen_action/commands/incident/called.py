"""Whom an incident calls first: who is on call, beside those who read the team's mail."""

from __future__ import annotations

from lumen_action.commands.asked import telling
from lumen_action.commands.oncall.common import roster_of_session
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError
from lumen_action.oncall.shifts import on_call
from lumen_action.ops.notify.options import mail_options


def addresses_of(session: Session, at_ms: int) -> str:
    """Return whom mail goes to: who was on call at a moment and who reads the team's mail; nothing without a roster.

    Without a mail server there is nothing to say: a channel that is not set up tells nobody.
    """
    tell = telling(session.world)
    problems: list[str] = []
    usual = mail_options(session.settings.mail, session.world.env, "", problems)
    if usual is None:
        return ""
    try:
        roster = roster_of_session(session)
    except ConfigError as fault:
        tell(f"warning: nobody on call is told by mail: {fault.problems[0]}")
        return ""
    if roster is None:
        return ""
    # Who is called second hears of it when the first does not come.
    first = next((person.mail for person in on_call(roster, at_ms).people if person.mail), "")
    if not first:
        tell("warning: nobody who is on call has a mail address in the roster")
        return ""
    return ",".join([first, *(each.address for each in usual.to)])
