"""`lumen ledger`: look after the facts: count them, verify, close, copy and fold them again."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "stats": ("stats", "count the facts by kind, pipeline and day, the segments and what waits in the spool"),
    "verify": ("verifying", "find every damaged fact, segment, checkpoint and signature"),
    "compact": ("compacting", "close the facts of past days into segments and write their checkpoint"),
    "copy": ("copying", "bring all facts of one ledger into another"),
    "rebuild": ("rebuilding", "fold again from all facts and compare with what `lumen state` says"),
    "prune": ("pruning", "remove what is left over beside the facts; facts are never removed"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    example = "lumen ledger verify --ledger sqlite:/var/lib/lumen/ledger.db"
    return parser_of("ledger", "Look after the facts of a ledger.", example, SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
