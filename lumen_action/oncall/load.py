"""How much everybody carries: hours, nights, weekends and holidays, beside an equal share of their layers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction

from lumen_action.oncall.coverage import by_layer
from lumen_action.oncall.roster import DAY_MINUTES, Roster
from lumen_action.oncall.shifts import Stretch
from lumen_action.oncall.spans import Span, minutes_of
from lumen_action.oncall.turns import days_of
from lumen_action.oncall.walltime import moment_ms

_WEEK_DAYS = 7
_SATURDAY = 5
_NIGHT_ENDS = 6 * 60
LONGEST_CYCLE_DAYS = 104 * _WEEK_DAYS


@dataclass(frozen=True)
class Carried:
    """What is carried, or an equal share of it."""

    minutes: Fraction
    nights: Fraction
    """Nights of which any part between 00:00 and 06:00 is carried, on the clock where the person lives."""
    weekends: Fraction
    """Weekends of which any part of Saturday or Sunday is carried."""
    holidays: Fraction


MEASURES = tuple(field.name for field in fields(Carried))


@dataclass(frozen=True)
class Load:
    """What one person carries."""

    person: str
    carried: Carried
    share: Carried
    """What they would carry if everybody in their layers carried the same."""


def cycle_days(roster: Roster) -> int:
    """Return after how many days the whole roster begins anew."""
    found = _WEEK_DAYS
    for layer in roster.layers:
        weekends = len(layer.weekend.rotation) * _WEEK_DAYS if layer.weekend else 1
        found = math.lcm(found, layer.days * len(layer.rotation), weekends)
    return found


def loads(roster: Roster, whole: Span) -> list[Load]:
    """Return what everybody carries who is in a layer or an override, in the order of the roster."""
    carried: dict[str, list[Carried]] = {}
    shares: dict[str, list[Carried]] = {}
    for name, found in by_layer(roster, whole).items():
        members = roster.layer(name).people
        by_person = {person: _carried(roster, person, found) for person in {*members, *(each.person for each in found)}}
        equal = _divided(_sum(by_person.values()), len(members))
        for person, each in by_person.items():
            carried.setdefault(person, []).append(each)
        for person in members:
            shares.setdefault(person, []).append(equal)
    known = [person for person in roster.people if person in carried]
    return [Load(person, _sum(carried[person]), _sum(shares.get(person, ()))) for person in known]


def _carried(roster: Roster, person: str, found: Sequence[Stretch]) -> Carried:
    own = [stretch for stretch in found if stretch.person == person]
    home = roster.zone_of(person)
    nights = {day for stretch in own for day in _touched(home, stretch, _NIGHT_ENDS)}
    layer_zone = roster.layer(own[0].layer).timezone if own else roster.timezone
    days = {day for stretch in own for day in _touched(layer_zone, stretch, DAY_MINUTES)}
    weekends = {day.isocalendar()[:2] for day in days if day.weekday() >= _SATURDAY}
    holidays = days & set(roster.holidays)
    return Carried(*map(Fraction, (minutes_of(own), len(nights), len(weekends), len(holidays))))


def _touched(zone: str, stretch: Stretch, end: int) -> Iterator[date]:
    """Yield the days of which a stretch has a part of the time from midnight to an end."""
    for day in days_of(zone, stretch):
        if moment_ms(zone, day, 0) < stretch.end_ms and moment_ms(zone, day, end) > stretch.start_ms:
            yield day


def _sum(parts: Iterable[Carried]) -> Carried:
    told = list(parts)
    return Carried(*(sum((getattr(part, name) for part in told), Fraction(0)) for name in MEASURES))


def _divided(whole: Carried, among: int) -> Carried:
    return Carried(*(getattr(whole, name) / among for name in MEASURES))
