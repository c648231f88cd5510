"""`lumen oncall schedule`: the shifts of a span of time."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.oncall.common import (
    add_span,
    asked,
    edges_json,
    only_known,
    shown_lines,
    span_asked,
    subcommand_parser,
)
from lumen_action.errors import ConfigError, shown
from lumen_action.oncall import coverage
from lumen_action.oncall.phrases import length, moment
from lumen_action.oncall.roster import Roster
from lumen_action.oncall.shifts import Why
from lumen_action.oncall.spans import Span, minutes_of
from lumen_action.oncall.timetable import Row, hours_by_person, month_of, month_page, rows, table

_NOT_WITH_MONTH = {"from_": "from", "to": "to", "days": "days", "person": "person", "layer": "layer"}
_MONTH = re.compile(r"(2[01]\d\d)-(0[1-9]|1[0-2])")


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "schedule",
        "Show the shifts of a span of time, by default of four weeks from today, and how long everybody is on call.\n"
        "A row is what one person has of a turn; hours that a layer leaves out do not count.",
        "--roster oncall.yml --from 2026-12-21 --days 14",
    )
    add_span(made)
    made.add_argument("--month", metavar="YYYY-MM", help="show this month as a calendar instead")
    made.add_argument("--person", metavar="NAME", help="only the shifts of one person")
    made.add_argument("--layer", metavar="NAME", help="only this layer")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Show."""
    _, roster = asked(arguments, world)
    problems: list[str] = []
    month = _month(word(arguments, world, "month"), problems)
    whole = month_of(roster, month) if month else span_asked(arguments, world, roster, problems)
    person, layer = word(arguments, world, "person"), word(arguments, world, "layer")
    only_known(person, "person", roster.people, problems)
    only_known(layer, "layer", [each.name for each in roster.layers], problems)
    if month:
        problems += [
            f"{option}: is of no use beside --month, which shows all of it; remove one of them"
            for name, option in _NOT_WITH_MONTH.items()
            if word(arguments, world, name, option.upper())
        ]
    if problems or whole is None:
        raise ConfigError(problems)
    found = [row for row in rows(roster, whole) if person in ("", row.person) and layer in ("", row.layer)]
    empty = coverage.uncovered(roster, whole)
    if arguments.json:
        world.answer_json(_json(roster, whole, found, empty))
        return 0
    lines = month_page(roster, month) if month else list(_lines(roster, found))
    total = f"nobody is on call in {length(minutes_of(empty))} of {length(whole.minutes)}" if empty else ""
    told = [*lines, "", *_hours(found), *([total] if total else [])]
    world.answer(shown_lines(told))
    return 0


def _month(said: str, problems: list[str]) -> date | None:
    match = _MONTH.fullmatch(said)
    if said and not match:
        problems.append(f"month: {shown(said)} is none; write `--month 2026-12`")
    return date(int(match[1]), int(match[2]), 1) if match else None


def _lines(roster: Roster, found: Sequence[Row]) -> Iterator[str]:
    if not found:
        yield "no shifts"
        return
    yield f"times of {roster.timezone}"
    head = ("from", "to", "layer", "person", "on call", "")
    cells = [
        (
            moment(roster.timezone, row.start_ms),
            moment(roster.timezone, row.end_ms),
            row.layer,
            row.person,
            length(row.on_call_minutes),
            _why(row),
        )
        for row in found
    ]
    yield from table([head, *cells])


def _why(row: Row) -> str:
    instead = f" for {row.instead_of}" if row.instead_of else ""
    reason = f": {row.reason}" if row.reason else ""
    plain = row.why is Why.ROTATION
    return "" if plain else f"{row.why.value.replace('_', ' ')}{instead}{reason}"


def _hours(found: Sequence[Row]) -> Iterator[str]:
    told = hours_by_person(found)
    if told:
        yield "on call: " + ", ".join(f"{person} {length(minutes)}" for person, minutes in told.items())


def _json(roster: Roster, whole: Span, found: Sequence[Row], empty: Sequence[Span]) -> dict[str, Any]:
    return {
        "timezone": roster.timezone,
        **edges_json(whole),
        "shifts": [
            {
                "layer": row.layer,
                "person": row.person,
                **edges_json(row),
                "on_call_minutes": row.on_call_minutes,
                "why": row.why.value,
                "instead_of": row.instead_of or None,
                "reason": row.reason or None,
                "stretches": [edges_json(each) for each in row.stretches],
            }
            for row in found
        ],
        "on_call_minutes": dict(hours_by_person(found)),
        "uncovered_minutes": minutes_of(empty),
        "uncovered": [edges_json(each) for each in empty],
    }
