"""`lumen oncall who`: who is on call now, or at another moment, and who is next."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.oncall.common import (
    asked,
    moment_asked,
    only_known,
    person_json,
    shown_lines,
    subcommand_parser,
)
from lumen_action.errors import ConfigError
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.oncall.phrases import both, moment
from lumen_action.oncall.roster import Person, Roster
from lumen_action.oncall.shifts import Duty, LayerDuty, Stretch, Why, on_call

_WHY = {
    Why.OVERRIDE: "by an override",
    Why.STAND_IN: "stands in for {instead_of}, who is away",
    Why.FALLBACK: "takes over for {instead_of}: all of {layer} are away",
    Why.WEEKEND: "has the weekend",
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "who",
        "Say who is on call, layer by layer: how to reach them, until when, and who comes next. Where nobody is on\n"
        "call it says so, and when somebody will be again.",
        "--roster oncall.yml --at 2026-12-25T03:00",
    )
    made.add_argument("--at", metavar="TIME", help="the moment, on the roster's clock or with an offset (default now)")
    made.add_argument("--layer", metavar="NAME", help="only this layer")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Answer."""
    _, roster = asked(arguments, world)
    problems: list[str] = []
    said, layer = word(arguments, world, "at"), word(arguments, world, "layer")
    at_ms = moment_asked(said, "at", roster.timezone, problems) if said else world.clock_ms()
    only_known(layer, "layer", [each.name for each in roster.layers], problems)
    if problems or at_ms is None:
        raise ConfigError(problems)
    duty = on_call(roster, at_ms)
    if layer:
        duty = Duty(at_ms, tuple(each for each in duty.layers if each.layer == layer))
    if arguments.json:
        world.answer_json(duty_json(roster, duty))
    else:
        world.answer(shown_lines(_lines(roster, duty)))
    return 0


def duty_json(roster: Roster, duty: Duty) -> dict[str, Any]:
    """Return who is on call for machines."""
    return {
        "at": stamp(duty.at_ms),
        "timezone": roster.timezone,
        "nobody": duty.nobody,
        "cover_begins_at": stamp_of(duty.resumes_ms),
        "layers": [_layer_json(roster, each) for each in duty.layers],
    }


def _layer_json(roster: Roster, duty: LayerDuty) -> dict[str, Any]:
    zone = roster.layer(duty.layer).timezone
    return {
        "layer": duty.layer,
        "person": person_json(duty.person) if duty.person else None,
        "why": duty.stretch.why.value if duty.stretch else None,
        "instead_of": (duty.stretch.instead_of or None) if duty.stretch else None,
        "reason": (duty.stretch.reason or None) if duty.stretch else None,
        "since": stamp_of(duty.since_ms),
        "until": stamp_of(duty.until_ms),
        "until_local": moment(zone, duty.until_ms) if duty.until_ms else None,
        "resumes_at": stamp_of(duty.resumes_ms),
        "next": {**person_json(duty.next), "at": stamp_of(duty.next_ms)} if duty.next else None,
    }


def _lines(roster: Roster, duty: Duty) -> Iterator[str]:
    yield f"{both(roster.timezone, duty.at_ms)}, {roster.timezone}"
    if duty.nobody:
        comes = min(
            (each for each in duty.layers if each.resumes_ms), key=lambda each: each.resumes_ms or 0, default=None
        )
        again = (
            f"cover begins again {both(roster.timezone, comes.resumes_ms)} with {comes.next.name} ({comes.layer})"
            if comes and comes.resumes_ms and comes.next
            else "and nobody will be: no layer has anybody within two years"
        )
        yield f"NOBODY IS ON CALL: {again}"
    for each in duty.layers:
        yield from _layer_lines(roster, each)


def _layer_lines(roster: Roster, duty: LayerDuty) -> Iterator[str]:
    zone = roster.layer(duty.layer).timezone
    if duty.person is None or duty.stretch is None:
        comes = f"; {duty.next.name} from {both(zone, duty.next_ms)}" if duty.next and duty.next_ms else ""
        yield f"{duty.layer}: nobody{comes}"
        return
    yield f"{duty.layer}: {duty.person.name}{_why(duty.stretch)}"
    yield f"  {_reach(roster, duty.person)}"
    if duty.until_ms is None:
        yield "  with no end in sight"
        return
    later = ""
    if duty.resumes_ms and duty.resumes_ms > duty.until_ms:
        later = f", then nobody until {both(zone, duty.resumes_ms)}"
    yield f"  until {both(zone, duty.until_ms)}{later}"
    if duty.next and duty.next_ms:
        yield f"  next {duty.next.name} from {both(zone, duty.next_ms)}"


def _why(stretch: Stretch) -> str:
    told = _WHY[stretch.why].format(instead_of=stretch.instead_of, layer=stretch.layer) if stretch.why in _WHY else ""
    reason = f": {stretch.reason}" if stretch.reason else ""
    return f" ({told}{reason})" if told else ""


def _reach(roster: Roster, person: Person) -> str:
    ways = ", ".join(f"{way} {address}" for way, address in person.contacts.items()) or "NO CONTACT is written"
    lives = person.timezone
    return f"{ways}; lives in {lives}" if lives and lives != roster.timezone else ways
