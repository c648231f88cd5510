"""`lumen runbook`: what is to be done, step by step, each step a fact."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "list": ("listing", "show the runbooks, what starts them, and when each was drilled"),
    "show": ("showing", "show one runbook, or where a run of it stands"),
    "run": ("starting", "run one, or say what it would do with --dry-run"),
    "resume": ("resuming", "go on where a run waits for a person, or died"),
    "lint": ("linting", "find faults, alerts without a runbook, and runbooks that nobody drills"),
    "drill": ("drilling", "try one without changing anything outside, and put that on record"),
    "render": ("rendering", "write RUNBOOK.md from the runbooks"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Run what is to be done about an alert, step by step; waits for people across jobs."
    return parser_of("runbook", what, "lumen runbook run token-expired --input pipeline=nightly", SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
