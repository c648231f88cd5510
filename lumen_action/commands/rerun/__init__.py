"""`lumen rerun`: run a finished run's failed jobs again if that is worth it; its `report` tells whether it helped."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.rerun import attending, reporting


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = attending.parser()
    reporting.add_to(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Attend to a run, or report."""
    return reporting.run(arguments, world) if arguments.what == "report" else attending.run(arguments, world)
