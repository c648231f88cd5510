"""`lumen slo`: what the objectives came to."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "report": ("reporting", "show what was promised, what came of it, and how much of the budget is left"),
    "check": ("checking", "say in a line each which objectives are kept; exit code 1 when one is violated"),
    "explain": ("explaining", "show how each number came about, with the numbers in the formulas"),
    "lint": ("linting", "refuse targets that cannot be measured with so few events, and propose some that can"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    example = "lumen slo report --slo slo/ --ledger sqlite:/var/lib/lumen/ledger.db"
    return parser_of("slo", "Are we within what we promised?", example, SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
