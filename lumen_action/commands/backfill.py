"""`lumen backfill`: the history of the totals, for a Prometheus that was not there."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError
from lumen_action.files import write_atomically
from lumen_action.sinks.history import history, openmetrics_history
from lumen_action.sli.fold import collect


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "backfill",
        "Write every counter's history as OpenMetrics with timestamps: a sample a change, and one at each day's end.",
        "lumen backfill --output history.om && promtool tsdb create-blocks-from openmetrics history.om data/",
        ("pipeline", "ledger", "config"),
    )
    made.add_argument("--output", required=True, metavar="FILE", help="the file to write")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Write the history of all pipelines, or of the one that was named."""
    session = session_of(arguments, world)
    facts = collect(session.ledger().scan(pipeline=session.settings.pipeline or None))
    past = history(facts.values(), until_ms=world.clock_ms(), calendar=session.settings.calendar)
    output = world.folder / arguments.output
    try:
        write_atomically(output, b"".join(piece.encode() for piece in openmetrics_history(past)))
    except OSError as fault:
        raise ConfigError(f"output: cannot write {output}: {fault.strerror}; give another with --output") from fault
    samples = sum(map(len, past.values()))
    if arguments.json:
        world.answer_json({"output": str(output), "facts": len(facts), "series": len(past), "samples": samples})
    world.tell(f"wrote {samples} samples of {len(past)} series to {output}")
    return 0
