"""`lumen silence sync`: bring the silences to the Alertmanager, where it was away."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.session import Session
from lumen_action.commands.silence.common import acting, desk_of, raise_problems, server_of, subcommand_parser
from lumen_action.ops.notify.options import ALERTMANAGER_URL
from lumen_action.response.mutes import brought


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    return subcommand_parser(
        "sync",
        "Set in the Alertmanager what holds or is to come, and end there what was ended; each once.",
        "--pipeline nightly --alertmanager http://alertmanager:9093",
    )


def run(arguments: argparse.Namespace, world: World) -> int:
    """Bring them there and say what was done."""
    return acting(arguments, world, lambda session: _sync(arguments, session))


def _sync(arguments: argparse.Namespace, session: Session) -> int:
    problems: list[str] = []
    server = server_of(arguments, session, problems)
    if server is None and not problems:
        problems.append(
            f"alertmanager: is missing; write `--alertmanager http://alertmanager:9093` or set {ALERTMANAGER_URL}"
        )
    raise_problems(problems)
    lines = list(brought(desk_of(session), server)) if server else []
    if arguments.json:
        session.world.answer_json({"done": lines})
    else:
        session.world.answer("\n".join(lines) or "the Alertmanager knows all of them")
    return 0
