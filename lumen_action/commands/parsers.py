"""Parsers of commands: all look alike, and a sub-command's module is imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping

from lumen_action.commands import World

# Name, module, and what it does in a line.
Subcommands = Mapping[str, tuple[str, str]]


def plain_parser(name: str, description: str, *examples: str) -> argparse.ArgumentParser:
    """Make a parser that takes nothing yet."""
    title = "example" if len(examples) == 1 else "examples"
    return argparse.ArgumentParser(
        prog=f"lumen {name}",
        description=description,
        epilog="\n  ".join((f"{title}:", *examples)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def parser_of(name: str, description: str, example: str, subcommands: Subcommands) -> argparse.ArgumentParser:
    """Make the parser of a command that has sub-commands; each of them reads its own words."""
    width = max(map(len, subcommands))
    rows = "\n".join(f"  {each:<{width}}  {what}" for each, (_, what) in subcommands.items())
    made = plain_parser(name, f"{description}\n\n{rows}", example)
    made.epilog = f"`lumen {name} SUBCOMMAND --help` explains one.\n\n{made.epilog}"
    made.add_argument("subcommand", choices=subcommands, metavar="SUBCOMMAND", help=", ".join(subcommands))
    made.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="what the sub-command takes")
    return made


def run_subcommand(arguments: argparse.Namespace, world: World, package: str, subcommands: Subcommands) -> int:
    """Run the sub-command that was named."""
    module = importlib.import_module(f"{package}.{subcommands[arguments.subcommand][0]}")
    return int(module.run(module.parser().parse_args(arguments.words), world))
