"""`lumen notify`: tell people and machines, each once, and of the end too."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "send": ("sending", "tell what went wrong, or that it is over, in every channel that is set up"),
    "test": ("testing", "send a sample to every channel and show the answers"),
    "flush": ("flushing", "send what quiet hours or a digest have held back"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Tell people and machines by mail, Slack, Teams, PagerDuty, Alertmanager and webhooks."
    return parser_of("notify", what, "lumen notify send --title 'disk is full' --severity error", SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
