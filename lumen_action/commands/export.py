"""`lumen export`: the totals in a format another tool reads."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping

from lumen_action.commands import World
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.session import open_session
from lumen_action.commands.state import state_in
from lumen_action.sinks import Group
from lumen_action.sinks.exposition import csv_text, json_text, openmetrics_text, prometheus_text
from lumen_action.sinks.series import families

FORMATS: Mapping[str, Callable[[Iterable[Group]], str]] = {
    "prometheus": prometheus_text,
    "openmetrics": openmetrics_text,
    "json": json_text,
    "csv": csv_text,
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "export",
        "Print every series the sinks would show.",
        "lumen export --format openmetrics > totals.om",
        ("pipeline", "ledger", "config"),
    )
    made.add_argument("--format", choices=sorted(FORMATS), default="prometheus", help="default: prometheus")
    made.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the series of all pipelines, or of the one that was named."""
    session = open_session(given(arguments), world)
    state = state_in(session, session.settings.pipeline or None)
    groups = families(state, session.constants(session.ledger().head()))
    world.write(FORMATS[arguments.format](groups))
    return 0
