"""Command-line options made from the one table of settings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from lumen_action.settings import OPTIONS


def command_parser(name: str, description: str, example: str, names: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser of a command that takes these settings as options."""
    parser = argparse.ArgumentParser(
        prog=f"lumen {name}",
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for option in map(OPTIONS.__getitem__, names):
        metavar = "|".join(option.choices) if option.choices else option.name.rpartition("-")[2].upper()
        parser.add_argument(f"--{option.name}", help=f"{option.help} (e.g. {option.example})", metavar=metavar)
    return parser


def given(arguments: argparse.Namespace) -> Mapping[str, str | None]:
    """Return the settings that were given as options."""
    return {name: getattr(arguments, name.replace("-", "_"), None) for name in OPTIONS}
