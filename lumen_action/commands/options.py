"""Command-line options made from the one table of settings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from lumen_action.commands.parsers import plain_parser
from lumen_action.settings import OPTIONS

# What several commands take together.
JOB = ("job-id", "matrix", "run-id", "pipeline-version")
SINKS = ("pushgateway-url", "remote-write-url", "otlp-url", "textfile-dir")


def command_parser(name: str, description: str, example: str, names: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser of a command that takes these settings as options."""
    parser = plain_parser(name, description, example)
    for option in map(OPTIONS.__getitem__, names):
        metavar = "|".join(option.choices) if option.choices else option.name.rpartition("-")[2].upper()
        parser.add_argument(f"--{option.name}", help=f"{option.help} (e.g. {option.example})", metavar=metavar)
    return parser


def given(arguments: argparse.Namespace) -> Mapping[str, str | None]:
    """Return the settings that were given as options."""
    return {name: getattr(arguments, name.replace("-", "_"), None) for name in OPTIONS}
