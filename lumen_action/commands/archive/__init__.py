"""`lumen archive`: freeze a day's files, keep them in several places, verify them there and get them back."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "keygen": ("keygen", "make a key that archives are sealed with, or a pair whose public half can only write"),
    "freeze": ("freezing", "make one sealed archive of a day's files"),
    "upload": ("uploading", "bring a frozen archive to every store, once"),
    "verify": ("verifying", "say whether every store still has what was frozen"),
    "restore": ("restoring", "get files back, from any store that still has them"),
    "drill": ("drilling", "restore a sample and throw it away: can we?"),
    "list": ("listing", "show which archives there are, where, and whether there is a key for them"),
    "prune": ("pruning", "remove archives that nobody wants to keep; says first which"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Freeze a day's files as evidence, keep them in several places, verify them there and get them back."
    return parser_of("archive", what, "lumen archive freeze reports --day 2026-03-04", SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
