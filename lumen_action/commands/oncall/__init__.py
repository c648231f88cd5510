"""`lumen oncall`: who is on call, who was and will be, and which hours nobody has."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "who": ("asking", "say who is on call now, or at another moment, and who is next"),
    "schedule": ("scheduling", "show the shifts of a span of time, for people and machines"),
    "handoff": ("handing", "make the sheet for who comes next: open incidents, budget, recent alerts"),
    "lint": ("linting", "find uncovered hours, double cover and unfair load"),
    "ics": ("exporting", "write the shifts as a calendar that phones read"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Say who is on call, find the hours that nobody has, and hand over."
    return parser_of("oncall", what, "lumen oncall who --roster oncall.yml", SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
