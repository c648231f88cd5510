"""`lumen silence`: keep alerts quiet for a time, with an end, a reason and an author."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "set": ("setting", "keep a pipeline's alerts quiet, all or some, now or later; may be left out"),
    "end": ("ending", "end a silence before its time"),
    "list": ("listing", "show which hold, which are to come and which are over"),
    "sync": ("syncing", "bring the silences to the Alertmanager, where it was away"),
}


def _short(first: str) -> str:
    """Read words that begin with an option as those of `set`."""
    return "set" if first.startswith("-") and first not in ("-h", "--help") else ""


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    return parser_of(
        "silence",
        "Keep alerts quiet for a time: a maintenance of the whole pipeline, or alerts with certain labels.",
        "lumen silence --pipeline nightly --for 2h --reason 'the database moves'",
        SUBCOMMANDS,
        _short,
    )


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
