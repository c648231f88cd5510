"""`lumen oncall lint`: uncovered hours, double cover and unfair load."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.oncall.common import (
    edges_json,
    moment_asked,
    roster_file,
    shown_lines,
    subcommand_parser,
    text_of,
)
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError, shown
from lumen_action.oncall.linting import Level, Linted
from lumen_action.oncall.load import MEASURES, Carried, Load
from lumen_action.oncall.phrases import amount, day, length, weekly
from lumen_action.oncall.reading import Read, read
from lumen_action.oncall.spans import minutes_of
from lumen_action.oncall.timetable import table
from lumen_action.oncall.walltime import UTC
from lumen_action.slo.phrases import counted

_WEEKS = 12
_MOST_WEEKS = 520
_WEEK_HOURS = 168


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "lint",
        "Find what is wrong with a roster: hours that nobody has, in a typical week and in the weeks that come; one\n"
        "person in two layers at once; who carries more than their share of hours, nights, weekends and holidays;\n"
        "people nobody can reach. Exit code 1 when there are faults, 0 when there are only notes.",
        "--roster oncall.yml --weeks 26",
    )
    made.add_argument("--weeks", metavar="N", help=f"how many weeks to look at, at least (default {_WEEKS})")
    made.add_argument("--at", metavar="TIME", help="the moment to look from (default now)")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Look."""
    session = session_of(arguments, world)
    problems: list[str] = []
    named = roster_file(arguments, session)
    found = read(text_of(world, named), named)
    zone = found.roster.timezone if found.roster else UTC
    said, weeks = word(arguments, world, "at"), word(arguments, world, "weeks") or str(_WEEKS)
    at_ms = moment_asked(said, "at", zone, problems) if said else world.clock_ms()
    if not (weeks.isdecimal() and weeks.isascii() and 0 < int(weeks[:6]) <= _MOST_WEEKS):
        problems.append(f"weeks: {shown(weeks)} is not from 1 to {_MOST_WEEKS}; write `--weeks 26`")
    if problems or at_ms is None:
        raise ConfigError(problems)
    if found.roster is None:
        return _unreadable(found, world, as_json=arguments.json)
    linted = Linted(found.roster, at_ms, int(weeks))
    if arguments.json:
        world.answer_json(_json(linted))
    else:
        world.answer(shown_lines(_lines(linted)))
    return int(any(finding.level is Level.FAULT for finding in linted.findings))


def _unreadable(found: Read, world: World, *, as_json: bool) -> int:
    if as_json:
        told = [{"level": Level.FAULT.value, "about": "roster", "what": each, "fix": None} for each in found.problems]
        world.answer_json({"findings": told, "faults": len(told), "notes": 0})
    else:
        told_lines = [f"fault: {each}" for each in found.problems]
        world.answer(shown_lines([*told_lines, counted(len(told_lines), "fault")]))
    return 1


def _lines(linted: Linted) -> Iterator[str]:
    roster, zone = linted.roster, linted.roster.timezone
    empty = minutes_of(linted.typical_gaps)
    yield f"typical week: {length(_WEEK_HOURS * 60 - empty)} of {_WEEK_HOURS} h are covered, {length(empty)} are not"
    yield from (f"  nobody {weekly(zone, gap)}" for gap in linted.typical_gaps)
    whole = linted.whole
    yield (
        f"{day(zone, whole.start_ms)} to {day(zone, whole.end_ms - 1)} ({counted(linted.weeks, 'week')}): "
        f"{length(whole.minutes - minutes_of(linted.gaps))} of {length(whole.minutes)} are covered"
    )
    yield ""
    yield "what everybody carries in these weeks, of an equal share of their layers:"
    yield from table([("person", "hours", "nights", "weekends", "holidays"), *map(_cells, linted.loads)])
    yield ""
    for finding in linted.findings:
        yield f"{finding.level.value}: {finding.what}; {finding.fix}"
    faults, notes = _numbers(linted)
    yield f"{counted(len(roster.layers), 'layer')}: {counted(faults, 'fault')}, {counted(notes, 'note')}"


def _cells(load: Load) -> Sequence[str]:
    told = [load.person]
    for name in MEASURES:
        carried, share = getattr(load.carried, name), getattr(load.share, name)
        told.append(f"{amount(name, carried)} of {amount(name, share)}")
    return told


def _numbers(linted: Linted) -> tuple[int, int]:
    faults = sum(finding.level is Level.FAULT for finding in linted.findings)
    return faults, len(linted.findings) - faults


def _json(linted: Linted) -> dict[str, Any]:
    faults, notes = _numbers(linted)
    whole = linted.whole
    typical = minutes_of(linted.typical_gaps)
    return {
        "timezone": linted.roster.timezone,
        "typical_week": {
            "covered_minutes": _WEEK_HOURS * 60 - typical,
            "uncovered_minutes": typical,
            "uncovered": [weekly(linted.roster.timezone, gap) for gap in linted.typical_gaps],
        },
        "weeks": linted.weeks,
        "cycle_weeks": linted.cycle_weeks,
        **edges_json(whole),
        "uncovered_minutes": minutes_of(linted.gaps),
        "uncovered": [edges_json(gap) for gap in linted.gaps],
        "lost_cover": [edges_json(gap) for gap in linted.lost],
        "load": [
            {"person": load.person, "carried": _carried(load.carried), "share": _carried(load.share)}
            for load in linted.loads
        ],
        "findings": [
            {"level": each.level.value, "about": each.about, "what": each.what, "fix": each.fix}
            for each in linted.findings
        ],
        "faults": faults,
        "notes": notes,
    }


def _carried(carried: Carried) -> dict[str, float]:
    return {name: _plain(float(getattr(carried, name))) for name in MEASURES}


def _plain(value: float) -> float:
    return int(value) if value.is_integer() else round(value, 2)
