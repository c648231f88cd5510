"""`lumen oncall ics`: the shifts as a calendar that phones read."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.oncall.common import add_span, asked, only_known, span_asked, subcommand_parser
from lumen_action.errors import ConfigError
from lumen_action.files import write_as_told
from lumen_action.oncall.ics import calendar, shifts_for
from lumen_action.slo.phrases import counted

_DAYS = 182


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "ics",
        "Write the shifts as a calendar (iCalendar, RFC 5545) to a file or to stdout. The same shift keeps its\n"
        "identity, so a calendar that is imported again is updated, not doubled.",
        "--roster oncall.yml --person Ada --output ada.ics",
    )
    add_span(made, _DAYS)
    made.add_argument("--person", metavar="NAME", help="only the shifts of one person")
    made.add_argument("--layer", metavar="NAME", help="only this layer")
    made.add_argument("--output", metavar="FILE", help="where to write it (default stdout)")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Write."""
    _, roster = asked(arguments, world)
    problems: list[str] = []
    whole = span_asked(arguments, world, roster, problems, _DAYS)
    person, layer = word(arguments, world, "person"), word(arguments, world, "layer")
    only_known(person, "person", roster.people, problems)
    only_known(layer, "layer", [each.name for each in roster.layers], problems)
    if problems or whole is None:
        raise ConfigError(problems)
    found = shifts_for(roster, whole, layer=layer, person=person)
    if not found:
        world.tell("warning: there is no shift in this time; some calendars refuse a file without any")
    title = " ".join(("On call", *(each for each in (layer, person) if each)))
    text = calendar(found, title, world.clock_ms())
    output = word(arguments, world, "output")
    if output:
        write_as_told("output", world.folder / output, text)
        world.tell(f"{counted(len(found), 'shift')} in {output}")
    elif arguments.json:
        world.answer_json({"shifts": len(found), "calendar": text})
    else:
        world.answer(text)
    return 0
