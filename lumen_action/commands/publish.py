"""`lumen publish`: bring every sink up to the ledger."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.incident.publishing import open_on_publish
from lumen_action.commands.lasting import deliver_waiting
from lumen_action.commands.ledger.compacting import close_past_days
from lumen_action.commands.options import SINKS, command_parser
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError, LumenError, RemoteError


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "publish",
        "Deliver waiting facts, fold the ledger and replace the totals in every sink. Once a day it also closes the\n"
        "facts of past days, as `lumen ledger compact` does.",
        "lumen publish --ledger sqlite:/var/lib/lumen/ledger.db --pushgateway-url http://push:9091",
        ("pipeline", "ledger", *SINKS, "config"),
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Publish all pipelines, or the one that was named; a sink that failed makes the exit code 75."""
    session = session_of(arguments, world)
    if not session.sinks:
        raise ConfigError(
            "pushgateway-url: neither it nor remote-write-url, otlp-url or textfile-dir is set, "
            "so there is nowhere to publish; write `--pushgateway-url http://push:9091`"
        )
    ledger = session.ledger()
    if not ledger.durable:
        raise ConfigError(session.ephemeral_note)
    deliver_waiting(session, world.tell)
    publisher = session.publisher()
    names = [session.settings.pipeline] if session.settings.pipeline else ledger.pipelines()
    # What they open is published with the rest.
    open_on_publish(session, names)
    # The schedule of `lumen.yml` is that of one pipeline.
    schedule = session.settings.schedule if len(names) == 1 else None
    results = [(name, result) for name in names for result in publisher.publish(name, schedule=schedule)]
    if arguments.json:
        rows = [
            {"pipeline": name, "sink": r.sink, "samples": r.samples, "fault": r.fault or None} for name, r in results
        ]
        world.answer_json({"published": rows, "head": ledger.head()})
    for name, result in results:
        world.tell(f"{name}: {result.describe()}")
        for line in result.untold:
            world.tell(f"warning: {name}: {line}")
    try:
        closed = close_past_days(ledger, world)
    except LumenError as fault:
        world.tell(f"warning: the past days were not closed: {fault}")
    else:
        if closed:
            world.tell(f"{closed} facts of past days were closed")
    return 0 if all(result.ok for _, result in results) else RemoteError.exit_code
