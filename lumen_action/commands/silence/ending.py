"""`lumen silence end`: end a silence before its time."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.incident.common import actor_of
from lumen_action.commands.session import Session
from lumen_action.commands.silence.common import (
    acting,
    desk_of,
    plain,
    raise_problems,
    server_of,
    spread,
    subcommand_parser,
)
from lumen_action.errors import ConfigError
from lumen_action.incidents.silences import Silence
from lumen_action.model.instants import stamp
from lumen_action.response.silences import Silences


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "end", "End a silence before its time; alerts speak again at once.", "SIL-20260304-160000-ABCD"
    )
    made.add_argument("silence", metavar="NAME", nargs="?", help="which; may be left out when only one is not over")
    made.add_argument("--actor", metavar="NAME", help="who ends it (default: who runs the job, or this terminal)")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put the end on record, show it and tell it."""
    return acting(arguments, world, lambda session: _end(arguments, session))


def _end(arguments: argparse.Namespace, session: Session) -> int:
    world, problems = session.world, list[str]()
    server = server_of(arguments, session, problems)
    raise_problems(problems)
    desk = desk_of(session)
    silence = _named(desk, word(arguments, world, "silence"))
    over = silence.state(world.clock_ms()) == "over"
    ended = desk.end(silence, actor_of(arguments, world))
    spread(session, desk, server)
    if arguments.json:
        world.answer_json(plain(ended, world.clock_ms()))
    else:
        world.answer(f"{ended.name}: {'was over already' if over else 'ended'} at {stamp(ended.over_ms)}")
    return 0


def _named(desk: Silences, name: str) -> Silence:
    if name:
        return desk.find(name)
    now_ms = desk.clock_ms()
    left = [each for each in desk.all() if each.state(now_ms) != "over"]
    if len(left) == 1:
        return left[0]
    names = ", ".join(each.name for each in left)
    raise ConfigError(
        f"silence: {len(left)} are not over; write one of {names}"
        if left
        else f"silence: none holds or is to come in the pipeline {desk.pipeline}, so there is none to end"
    )
