"""`lumen runbook list`: the runbooks, what starts them, and when each was drilled."""

from __future__ import annotations

import argparse
from collections.abc import Collection

from lumen_action.commands import World
from lumen_action.commands.asked import flag
from lumen_action.commands.options import command_parser
from lumen_action.commands.runbook.crew import runbooks_of
from lumen_action.commands.runbook.drills import drills_of
from lumen_action.commands.runbook.executions import show_running
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError
from lumen_action.model.instants import stamp
from lumen_action.runbooks.linting import Drills
from lumen_action.runbooks.runbook import Runbook
from lumen_action.summary.markdown import visible


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = command_parser(
        "runbook list",
        "Show the runbooks, ours and the team's own, what starts each, and when it was drilled; or with --running,\n"
        "the runs that go on or wait for a person.",
        "lumen runbook list --running",
        ("pipeline", "ledger", "config"),
    )
    made.add_argument("--running", action="store_true", help="show the runs of the pipeline that are not over")
    made.add_argument("--json", action="store_true", help="print one JSON list")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print one entry a runbook."""
    session = session_of(arguments, world)
    problems: list[str] = []
    if flag(arguments, world, "running", problems):
        return show_running(session, as_json=arguments.json)
    if problems:
        raise ConfigError(problems)
    runbooks, drills = runbooks_of(session), drills_of(session)
    automatic = session.settings.runbooks.get("automatic", ())
    if arguments.json:
        world.answer_json([_row(each, drills, automatic) for each in runbooks.values()])
        return 0
    for runbook in runbooks.values():
        world.answer("\n".join(_lines(runbook, drills, automatic)))
    if drills.last_ms is None:
        world.tell(f"when each was drilled cannot be known: {drills.why}")
    return 0


def _row(runbook: Runbook, drills: Drills, automatic: Collection[str]) -> dict[str, object]:
    last = (drills.last_ms or {}).get(runbook.name)
    return {
        "name": runbook.name,
        "title": runbook.title,
        "alerts": [each.alert for each in runbook.triggers if each.alert],
        "error_classes": [each.error_class for each in runbook.triggers if each.error_class],
        "steps": len(runbook.steps),
        "automatic": runbook.name in automatic,
        "last_drill": stamp(last) if last is not None else None,
        "own": runbook.own,
    }


def _lines(runbook: Runbook, drills: Drills, automatic: Collection[str]) -> list[str]:
    last = (drills.last_ms or {}).get(runbook.name)
    drilled = "" if drills.last_ms is None else f"drilled {stamp(last)}" if last is not None else "never drilled"
    notes = [
        "the team's own" if runbook.own else "",
        "starts by itself" if runbook.name in automatic else "",
        drilled,
    ]
    started = ", ".join(each.name for each in runbook.triggers) or "a person only"
    said = "; ".join(note for note in notes if note)
    return [f"{runbook.name}: {visible(runbook.title)}{f' ({said})' if said else ''}", f"    started by {started}"]
