"""What the sub-commands have in common: who sends, to whom, by which rules, and what is remembered."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lumen_action.commands import World
from lumen_action.commands.channels import channels_of, message_secrets
from lumen_action.commands.lasting import remembering_ledger
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session
from lumen_action.model import Trust
from lumen_action.ops.notify.policy import rules_of
from lumen_action.ops.notify.receipts import Receipts, Subject
from lumen_action.ops.notify.sender import Sender

_NAMES = ("pipeline", "ledger", "fail-on-error", "config")


def subcommand_parser(name: str, description: str, example: str, *names: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command."""
    made = command_parser(f"notify {name}", description, f"lumen notify {name} {example}".strip(), (*names, *_NAMES))
    made.add_argument("--channel", metavar="NAMES", help="where to, with commas between; default: all that are set up")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def sender_of(
    session: Session, tell: Callable[[str], None], names: str = "", *, to: str = "", alarms: bool = True
) -> Sender:
    """Return what tells the channels of these names, or all that are set up; a ConfigError lists every mistake."""
    channels = channels_of(session, names, tell, to=to, alarms=alarms)
    rules = rules_of(session.settings.notify, session.settings.calendar.zone)
    receipts = Receipts(remembering_ledger(session, tell), session.world.clock_ms, tell, rules)
    return Sender(channels, receipts, message_secrets(session))


def subject_of(session: Session, pipeline: str, name: str) -> Subject:
    """Return what facts about a message say."""
    identity = session.host.identity()
    run = f"{identity.run}/{identity.attempt}" if identity.in_job else ""
    return Subject(pipeline, session.settings.calendar.day_of(session.world.clock_ms()), name, run)


def of_fork(session: Session, world: World) -> bool:
    """Tell whether a fork's job asks: it has no secrets, and may not make work for people."""
    if session.host.identity().trust is not Trust.FORK:
        return False
    world.tell("the job is a fork's: it has no secrets and may not make work for people, so nobody is told")
    return True
