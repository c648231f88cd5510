"""`lumen report`: what happened in a period, made and sent."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

FOLDER = "lumen-reports"
"""Where reports are, unless told otherwise."""

SUBCOMMANDS: Subcommands = {
    "build": ("building", "make the report of a day, week or month: Markdown, HTML, PDF, JSON, CSV and an index"),
    "send": ("sending", "bring a report that was built to the people who should read it, once"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Make a report of what happened in a day, week or month, and send it."
    return parser_of("report", what, "lumen report build --period week", SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
