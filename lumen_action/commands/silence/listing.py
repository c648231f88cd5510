"""`lumen silence list`: which silences hold, which are to come and which are over."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from lumen_action.commands import World
from lumen_action.commands.asked import telling
from lumen_action.commands.session import session_of
from lumen_action.commands.silence.common import desk_of, plain, raise_problems, scope, server_of, subcommand_parser
from lumen_action.errors import LumenError
from lumen_action.incidents.silences import Silence
from lumen_action.model.instants import stamp
from lumen_action.ops.silences.alertmanager import AlertmanagerSilences
from lumen_action.response.mutes import there

_STATES = ("active", "coming", "over")
_MOST_OVER = 10


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "list", "Show which silences hold, which are to come and which are over.", "--pipeline nightly"
    )
    made.add_argument("--all", action="store_true", help=f"all that are over, not only the last {_MOST_OVER}")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Show them, the ones that hold first."""
    session, problems = session_of(arguments, world), list[str]()
    server = server_of(arguments, session, problems)
    raise_problems(problems)
    now_ms = world.clock_ms()
    silences = desk_of(session).all()
    over = [each for each in silences if each.state(now_ms) == "over"]
    left_out = {each.name for each in ([] if arguments.all else over[:-_MOST_OVER])}
    shown = [
        each for state in _STATES for each in silences if each.state(now_ms) == state and each.name not in left_out
    ]
    ended = _ended_there(shown, server, world, now_ms)
    if arguments.json:
        world.answer_json([{**plain(each, now_ms), "ended_in_alertmanager": ended.get(each.name)} for each in shown])
        return 0
    lines = [line for each in shown for line in _lines(each, now_ms, ended=ended.get(each.name, False))]
    world.answer("\n".join(lines) or f"no silence was ever set in the pipeline {session.pipeline}")
    return 0


def _ended_there(
    silences: list[Silence], server: AlertmanagerSilences | None, world: World, now_ms: int
) -> Mapping[str, bool]:
    """Tell of what is not over, and was set in the Alertmanager, whether somebody ended it there."""
    mirrored = tuple(
        each for each in silences if server and server.place in dict(each.mirrors) and each.state(now_ms) != "over"
    )
    if not server or not mirrored:
        return {}
    try:
        return {each.silence.name: not each.left for each in there(mirrored, server)}
    except LumenError as fault:
        telling(world)(f"warning: what the Alertmanager knows cannot be told: {fault}")
        return {}


def _lines(silence: Silence, now_ms: int, *, ended: bool) -> Iterator[str]:
    until = stamp(silence.over_ms)
    early = f", ended by {silence.ended_by or 'somebody'}" if silence.ended_ms is not None else ""
    yield f"{silence.name}  {silence.state(now_ms):<6}  {stamp(silence.from_ms)} to {until}{early}  {scope(silence)}"
    yield f"  {silence.author}: {silence.reason}"
    if ended:
        yield "  somebody ended it in the Alertmanager, or that lost it: alerts are told there"
