"""`lumen rules`: the alerts, and what they would do to a pipeline."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "render": ("render", "write rule files for Prometheus from lumen.yml and from documents of objectives"),
    "import": ("importing", "turn objectives of OpenSLO, sloth and pyrra into OpenSLO documents"),
    "export": ("exporting", "write the objectives of lumen.yml as OpenSLO documents"),
    "check": ("checking", "check rules, configurations, templates and dashboards before they are loaded"),
    "doctor": ("doctoring", "find what promtool and amtool let pass, in files and running servers"),
    "simulate": ("simulate", "say how often a pipeline would be paged for nothing, and how soon for something"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Make and check the rules for Prometheus and Alertmanager, and try them on a pipeline like yours."
    example = "lumen rules simulate --runs-per-day 24 --target 99% --failure-rate 10%"
    return parser_of("rules", what, example, SUBCOMMANDS)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)
