"""`lumen incident show`: one incident with all that happened."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import telling, word
from lumen_action.commands.incident.common import add_incident, desk_of, incident_of, subcommand_parser
from lumen_action.commands.incident.telling import incident_plain
from lumen_action.commands.session import session_of
from lumen_action.summary.incidents import as_markdown, as_text


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "show", "Show an incident with its timeline, and its times against the deadlines.", "INC-20260304-031200-K7QD"
    )
    add_incident(made)
    made.add_argument("--markdown", action="store_true", help="print Markdown, for a ticket or a summary")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Show it."""
    session = session_of(arguments, world)
    desk = desk_of(session, "incidents are shown from the ledger that keeps them")
    incident = incident_of(desk, word(arguments, world, "incident"), telling(world))
    now_ms, zone = world.clock_ms(), session.settings.calendar.zone
    if arguments.json:
        world.answer_json(incident_plain(incident, now_ms))
    elif arguments.markdown:
        world.answer(as_markdown(incident, now_ms, zone))
    else:
        world.answer(as_text(incident, now_ms, zone))
    return 0
