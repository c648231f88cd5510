"""`lumen notify flush`: send what quiet hours or a digest have held back."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import flag, telling, word
from lumen_action.commands.notify.common import of_fork, sender_of, subcommand_parser, subject_of
from lumen_action.commands.notify.telling import exit_code, receipt_json, receipt_line, show
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError
from lumen_action.ops.notify.sender import Sender


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "flush",
        "Send what quiet hours or a digest have held back: to people as one message with counts and the worst first,\n"
        "to machines each by itself. In quiet hours nothing leaves. Run it at the end of a workflow, or on a schedule.",
        "--ledger git:https://github.com/org/app",
    )
    made.add_argument("--now", action="store_true", help="also in quiet hours")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Send it, for the pipeline that is named, else for all of the ledger."""
    problems: list[str] = []
    now = flag(arguments, world, "now", problems)
    session = session_of(arguments, world)
    if problems:
        raise ConfigError(problems)
    if of_fork(session, world):
        return 0
    sender = sender_of(session, telling(world), word(arguments, world, "channel"))
    pipelines = [session.settings.pipeline] if session.settings.pipeline else _all(sender)
    subjects = [subject_of(session, pipeline, "digest") for pipeline in pipelines]
    receipts = [receipt for subject in subjects for receipt in sender.flush(subject, at_once=now)]
    waiting = sum(count for subject in subjects for count in sender.waiting(subject).values())
    lines = [(receipt_line(receipt), receipt.ok) for receipt in receipts]
    if arguments.json:
        world.answer_json({"sent": [receipt_json(each) for each in receipts], "waiting": waiting})
    else:
        rest = [f"{waiting} still wait"] if waiting else [] if receipts else ["nothing is held back"]
        world.answer("\n".join([*(line for line, _ in lines), *rest]))
    if receipts:
        show(session, "What was held back", lines)
    return exit_code(session, receipts)


def _all(sender: Sender) -> list[str]:
    return sender.receipts.ledger.pipelines() if sender.receipts.ledger else []
