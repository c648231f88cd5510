"""`lumen signatures`: look at the signatures, try them, check them."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "list": ("listing", "show the signatures as a table"),
    "show": ("showing", "show all there is to know about one signature"),
    "test": ("testing", "say which signatures match a text, or try all on their own examples"),
    "lint": ("linting", "find signatures that are dead, shadowed, slow or careless"),
    "backtest": ("backtesting", "classify saved logs, and say what other rules change"),
    "import": ("importing", "turn the rule file of another project into signatures"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Look at the signatures that say why a log failed, try them on texts, check and import them."
    example = "lumen signatures test 'curl: (6) Could not resolve host: a.example'"
    return parser_of("signatures", what, example, SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
