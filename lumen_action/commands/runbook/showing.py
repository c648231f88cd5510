"""`lumen runbook show`: one runbook with its steps, or where a run of it stands."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.options import command_parser
from lumen_action.commands.runbook.crew import runbook_named, runbooks_of
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError
from lumen_action.runbooks.markdown import section

_EXECUTION = "RB-"


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = command_parser(
        "runbook show",
        "Show what a runbook does step by step, what it asks for and what starts it; or of a run, named RB-…, where\n"
        "it stands, what was done and what it waits for.",
        "lumen runbook show token-expired",
        ("pipeline", "ledger", "config"),
    )
    made.add_argument("name", metavar="NAME", nargs="?", help="a runbook, or a run: RB-20260304-021500-ABCD")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print it."""
    name = word(arguments, world, "name", "RUNBOOK")
    if not name:
        raise ConfigError("runbook: none is named; write `lumen runbook show NAME`, `lumen runbook list` has the names")
    session = session_of(arguments, world)
    runbooks = runbooks_of(session)
    if name.upper().startswith(_EXECUTION):
        from lumen_action.commands.runbook.executions import show_execution

        return show_execution(session, name, runbooks, as_json=arguments.json)
    runbook = runbook_named(runbooks, name)
    if arguments.json:
        world.answer_json(asdict(runbook))
    else:
        world.answer(section(runbook))
    return 0
