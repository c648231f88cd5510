"""`lumen ledger`: look after the facts: count them, verify, close, copy and fold them again."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping

from lumen_action.commands import World

# Name, module, and what it does in a line; a module is imported only when its sub-command is called.
SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "stats": ("stats", "count the facts by kind, pipeline and day, the segments and what waits in the spool"),
    "verify": ("verifying", "find every damaged fact, segment, checkpoint and signature"),
    "compact": ("compacting", "close the facts of past days into segments and write their checkpoint"),
    "copy": ("copying", "bring all facts of one ledger into another"),
    "rebuild": ("rebuilding", "fold again from all facts and compare with what `lumen state` says"),
    "prune": ("pruning", "remove what is left over beside the facts; facts are never removed"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    width = max(map(len, SUBCOMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {what}" for name, (_, what) in SUBCOMMANDS.items())
    made = argparse.ArgumentParser(
        prog="lumen ledger",
        description=f"Look after the facts of a ledger.\n\n{rows}",
        epilog="`lumen ledger SUBCOMMAND --help` explains one.\n\n"
        "example:\n  lumen ledger verify --ledger sqlite:/var/lib/lumen/ledger.db",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("subcommand", choices=SUBCOMMANDS, metavar="SUBCOMMAND", help=", ".join(SUBCOMMANDS))
    made.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="what the sub-command takes")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    module = importlib.import_module(f"{__name__}.{SUBCOMMANDS[arguments.subcommand][0]}")
    return int(module.run(module.parser().parse_args(arguments.words), world))
