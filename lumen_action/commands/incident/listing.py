"""`lumen incident list`: which incidents there are."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import flag, instant, word
from lumen_action.commands.incident.common import desk_of, listed, subcommand_parser
from lumen_action.commands.incident.telling import incident_plain
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError, shown
from lumen_action.incidents.aliases import WANTED, severity_of
from lumen_action.summary.incidents import as_table


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser("list", "Show the incidents of a pipeline, the newest first.", "--open")
    made.add_argument("--open", action="store_true", help="only those that are not over")
    made.add_argument("--severity", metavar="SEV", action="append", help="only these; as often as needed")
    made.add_argument("--since", metavar="TIME", help="only those opened since (e.g. 7d, 36h or 2026-01-02)")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """List them."""
    session = session_of(arguments, world)
    problems: list[str] = []
    now_ms = world.clock_ms()
    going_on = flag(arguments, world, "open", problems)
    since = word(arguments, world, "since")
    since_ms = instant(since, now_ms, problems) if since else None
    wanted = {name: severity_of(name) for name in listed(arguments, world, "severity")}
    problems += [f"severity: {shown(name)} is none; write {WANTED}" for name, found in wanted.items() if not found]
    if problems:
        raise ConfigError(problems)
    desk = desk_of(session, "incidents are listed from the ledger that keeps them")
    found = [
        each
        for each in desk.all()
        if not (going_on and each.over)
        and (not wanted or each.severity in wanted.values())
        and (since_ms is None or each.opened_ms >= since_ms)
    ]
    if arguments.json:
        world.answer_json([incident_plain(each, now_ms, timeline=False) for each in found])
    else:
        world.answer(as_table(found, now_ms) if found else f"no incident of {desk.pipeline} fits")
    return 0
