"""Parsers of commands: all look alike, and a sub-command's module is imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Mapping, Sequence

from lumen_action.commands import World

# Name, module, and what it does in a line.
Subcommands = Mapping[str, tuple[str, str]]
Unnamed = Callable[[str], str]


class CommandParser(argparse.ArgumentParser):
    """Reads words of which the first names no sub-command as those of one that need not be named."""

    unnamed: Unnamed | None = None

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Put the name of the sub-command before them."""
        words = list(args or ())
        name = self.unnamed(words[0]) if words and self.unnamed else ""
        return super().parse_known_args([name, *words] if name else words, namespace)


def plain_parser(name: str, description: str, *examples: str) -> CommandParser:
    """Make a parser that takes nothing yet."""
    title = "example" if len(examples) == 1 else "examples"
    return CommandParser(
        prog=f"lumen {name}",
        description=description,
        epilog="\n  ".join((f"{title}:", *examples)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def parser_of(
    name: str, description: str, example: str, subcommands: Subcommands, unnamed: Unnamed | None = None
) -> argparse.ArgumentParser:
    """Make the parser of a command that has sub-commands; each of them reads its own words.

    `unnamed` says of a first word which sub-command is meant although it is not named, if any.
    """
    width = max(map(len, subcommands))
    rows = "\n".join(f"  {each:<{width}}  {what}" for each, (_, what) in subcommands.items())
    made = plain_parser(name, f"{description}\n\n{rows}", example)
    made.unnamed = unnamed
    made.epilog = f"`lumen {name} SUBCOMMAND --help` explains one.\n\n{made.epilog}"
    made.add_argument("subcommand", choices=subcommands, metavar="SUBCOMMAND", help=", ".join(subcommands))
    made.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="what the sub-command takes")
    return made


def run_subcommand(arguments: argparse.Namespace, world: World, package: str, subcommands: Subcommands) -> int:
    """Run the sub-command that was named."""
    module = importlib.import_module(f"{package}.{subcommands[arguments.subcommand][0]}")
    return int(module.run(module.parser().parse_args(arguments.words), world))
