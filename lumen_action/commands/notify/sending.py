"""`lumen notify send`: tell what went wrong, or that it is over, in every channel that is set up."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import telling, word
from lumen_action.commands.notify.common import of_fork, sender_of, subject_of
from lumen_action.commands.notify.telling import exit_code, receipt_json, receipt_line, show
from lumen_action.commands.notify.wish import Wish, parser, read_wish
from lumen_action.commands.notify.writing import Writer
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.message import Message
from lumen_action.ops.notify.redacting import redacted
from lumen_action.ops.notify.sender import Sender

__all__ = ["parser", "run"]


@dataclass(frozen=True)
class _Told:
    """One message and what became of it; in a dry run with what would be sent."""

    message: Message
    receipts: tuple[Receipt, ...]
    previews: Mapping[str, Mapping[str, object]]


def run(arguments: argparse.Namespace, world: World) -> int:
    """Tell it; a channel that failed makes the exit code 75, in a job only where failing was asked for."""
    problems: list[str] = []
    tell = telling(world)
    wish = read_wish(arguments, world, problems)
    try:
        session = session_of(arguments, world)
    except ConfigError as fault:
        raise ConfigError([*problems, *fault.problems]) from None
    if of_fork(session, world):
        return 0
    try:
        sender = sender_of(session, tell, word(arguments, world, "channel"))
    except ConfigError as fault:
        problems += fault.problems
    if problems:
        raise ConfigError(problems)
    told = [_told(session, sender, message, wish) for message in _messages(session, sender, wish)]
    _answer(arguments, session, told, dry_run=wish.dry_run)
    return exit_code(session, [receipt for each in told for receipt in each.receipts])


def _messages(session: Session, sender: Sender, wish: Wish) -> Sequence[Message]:
    writer = Writer(session, wish)
    if not wish.resolve:
        return [writer.alert()]
    run = "" if wish.key else subject_of(session, writer.pipeline, "").run
    return writer.recoveries(sender.open_threads(writer.pipeline, run))


def _told(session: Session, sender: Sender, message: Message, wish: Wish) -> _Told:
    message = redacted(message, sender.secrets)
    subject = subject_of(session, message.label("pipeline"), message.subject)
    receipts = sender.tell(message, subject, again=wish.again, at_once=wish.now, dry_run=wish.dry_run)
    previews = {each.name: each.preview(message) for each in sender.channels} if wish.dry_run else {}
    return _Told(message, receipts, previews)


def _answer(arguments: argparse.Namespace, session: Session, told: Sequence[_Told], *, dry_run: bool) -> None:
    """Print the receipts, and put them where people look."""
    world = session.world
    if arguments.json:
        world.answer_json({"dry_run": dry_run, "messages": [_plain(each) for each in told]})
    elif not told:
        world.answer("nothing is open here, so there is nobody to tell that it is over")
    for each in told:
        lines = [(receipt_line(receipt), receipt.ok) for receipt in each.receipts]
        if not arguments.json:
            shown = f"Subject: {each.message.title}\n\n{each.message.text}\n\n" if dry_run else ""
            world.answer(shown + "\n".join(line for line, _ in lines))
        show(session, each.message.title, lines)


def _plain(told: _Told) -> dict[str, Any]:
    message = told.message
    return {
        "title": message.title,
        "severity": message.severity,
        "resolves": message.resolves,
        "thread": message.thread,
        "key": message.key,
        "channels": [
            {**receipt_json(each), **({"would_send": told.previews.get(each.channel)} if told.previews else {})}
            for each in told.receipts
        ],
    }
