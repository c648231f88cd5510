"""`lumen incident receive`: take a payload of Alertmanager's webhook from a file or stdin."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.incident.answering import hand_on
from lumen_action.commands.incident.common import acting, subcommand_parser
from lumen_action.commands.incident.receiving import lines_of, received, taken_plain
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, shown
from lumen_action.response.alerts import MOST_BYTES


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "receive",
        "Take what Alertmanager's webhook sends (version 4): alerts of a pipeline are one incident while it goes on,\n"
        "repeats are noted once, worse ones escalate it, and what ended is noted; a person resolves it.\n"
        "`lumen serve` takes the same as POST /alerts.",
        "payload.json",
        "summary",
    )
    made.add_argument("payload", metavar="FILE|-", nargs="?", help="the payload, `-` or nothing for stdin")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Take it."""
    return acting(arguments, world, lambda session: _take(arguments, session))


def _take(arguments: argparse.Namespace, session: Session) -> int:
    world = session.world
    found = received(session, _read(world, word(arguments, world, "payload")))
    if arguments.json:
        world.answer_json([taken_plain(taken) for taken in found])
    else:
        world.answer(lines_of(found))
    for taken in found[:1]:
        hand_on(session, taken.incident, created=taken.created)
    return 0


def _read(world: World, place: str) -> bytes:
    try:
        if place in ("", "-"):
            return world.stdin.read(MOST_BYTES + 1)
        with (world.folder / place).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or "is no path"
        raise ConfigError(f"payload: cannot read {shown(place)}: {why}; give a file, or `-` and stdin") from None
