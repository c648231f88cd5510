"""What is wrong with a roster, and what somebody should know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from itertools import combinations

from lumen_action.incidents.words import RESPONSE_MINUTES, Severity
from lumen_action.oncall import coverage
from lumen_action.oncall.load import LONGEST_CYCLE_DAYS, Load, cycle_days, loads
from lumen_action.oncall.phrases import amount, length, moment, span
from lumen_action.oncall.roster import MINUTE_MS, Layer, Roster
from lumen_action.oncall.shifts import Stretch
from lumen_action.oncall.spans import Span, merged, minutes_of, within
from lumen_action.oncall.turns import cover_spans, hand_off_ms
from lumen_action.oncall.walltime import wall_clock

_WEEK_DAYS = 7
_NIGHT_BEGINS, _NIGHT_ENDS = 22, 6
_TOO_MUCH = Fraction(5, 4)
_MOST_SHOWN = 3
_MEASURES: tuple[tuple[str, str, int], ...] = (
    ("minutes", "hours", 8 * 60),
    ("nights", "nights", 2),
    ("weekends", "weekends", 2),
    ("holidays", "holidays", 2),
)
"""What is carried, its name, and by how much somebody has to be above their share to be told."""


class Level(str, Enum):
    """How much a finding matters."""

    FAULT = "fault"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    level: Level
    about: str
    """A word for machines."""
    what: str
    fix: str


@dataclass(frozen=True)
class Linted:
    """A roster seen over some weeks from a moment on."""

    roster: Roster
    at_ms: int
    fewest_weeks: int

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Return what was found, the faults first."""
        found = [finding for rule in _RULES for finding in rule(self)]
        return tuple(sorted(found, key=lambda each: each.level is Level.NOTE))

    @cached_property
    def cycle_weeks(self) -> int:
        """Return after how many weeks the roster begins anew."""
        return cycle_days(self.roster) // _WEEK_DAYS

    @cached_property
    def weeks(self) -> int:
        """Return how many weeks are looked at: as many whole cycles as it takes, but no more than two years."""
        whole = -(-self.fewest_weeks // self.cycle_weeks) * self.cycle_weeks
        return min(whole, max(LONGEST_CYCLE_DAYS // _WEEK_DAYS, self.fewest_weeks))

    @cached_property
    def whole(self) -> Span:
        """Return the time that is looked at, from the beginning of this week."""
        zone = self.roster.timezone
        return Span(coverage.monday_ms(zone, self.at_ms), coverage.monday_ms(zone, self.at_ms, self.weeks))

    @cached_property
    def typical_gaps(self) -> list[Span]:
        """Return when nobody is on call in a typical week; what goes over its end is one."""
        week = coverage.typical_week(self.roster, self.at_ms)
        found = coverage.uncovered(coverage.plan_of(self.roster), week)
        if len(found) > 1 and found[0].start_ms == week.start_ms and found[-1].end_ms == week.end_ms:
            return [*found[1:-1], Span(found[-1].start_ms, found[-1].end_ms + found[0].end_ms - found[0].start_ms)]
        return found

    @cached_property
    def by_layer(self) -> dict[str, list[Stretch]]:
        """Return who is on call when."""
        return coverage.by_layer(self.roster, self.whole)

    @cached_property
    def gaps(self) -> list[Span]:
        """Return when nobody is on call in the time that is looked at."""
        return coverage.uncovered(self.roster, self.whole)

    @cached_property
    def lost(self) -> list[Span]:
        """Return when nobody is on call although the plan has somebody."""
        return coverage.lost_cover(self.roster, self.whole)

    @cached_property
    def loads(self) -> list[Load]:
        """Return what everybody carries."""
        return loads(self.roster, self.whole)


def _typical_hours(linted: Linted) -> Iterator[Finding]:
    minutes = minutes_of(linted.typical_gaps)
    if not minutes:
        return
    accepted = linted.roster.accepted_uncovered_minutes
    answer = RESPONSE_MINUTES[Severity.SEV1]
    told = f"nobody is on call in {length(minutes)} of the 168 h of a typical week"
    if minutes <= accepted:
        what = f"{told}, as accepted: what happens then waits, also a Sev1 that is to be answered within {answer} min"
        yield Finding(Level.NOTE, "uncovered", what, "say so to those who rely on it")
        return
    more = f", {length(minutes - accepted)} more than accepted" if accepted else ""
    yield Finding(
        Level.FAULT,
        "uncovered",
        f"{told}{more}: a Sev1 that is to be answered within {answer} min cannot be",
        "widen `cover`, add a layer, or accept it with `accepted-uncovered-hours`",
    )


def _clock_hours(linted: Linted) -> Iterator[Finding]:
    found = coverage.clock_gaps(linted.roster, linted.at_ms)
    if found:
        told = f"nobody is on call in {length(minutes_of(found))} of the coming year that a typical week covers"
        what = f"{told}, for clocks are changed: {_first(linted.roster.timezone, found)}"
        yield Finding(Level.FAULT, "clock_gap", what, "let the `cover` of layers in different zones overlap by an hour")


def _first(zone: str, found: Sequence[Span]) -> str:
    shown = "; ".join(span(zone, each) for each in found[:_MOST_SHOWN])
    return f"{shown}; and {len(found) - _MOST_SHOWN} more times" if len(found) > _MOST_SHOWN else shown


def _lost_hours(linted: Linted) -> Iterator[Finding]:
    for gap in linted.lost:
        if gap.end_ms <= linted.at_ms:
            continue
        names = [f"{day} {linted.roster.holidays[day]}".strip() for day in coverage.holidays_in(linted.roster, gap)]
        why = f"holiday {', '.join(names)}" if names else "all whose turn it could be are away"
        fix = (
            "add an override, a window for `holidays`, or a `fallback`" if names else "add an override or a `fallback`"
        )
        what = f"nobody is on call {span(linted.roster.timezone, gap)} ({why})"
        yield Finding(Level.FAULT, "cover_lost", what, fix)


def _twice(linted: Linted) -> Iterator[Finding]:
    for (first, upper), (second, lower) in combinations(linted.by_layer.items(), 2):
        for person in dict.fromkeys(each.person for each in upper):
            own, other = (merged(each for each in found if each.person == person) for found in (upper, lower))
            both = [each for each in within(own, other) if each.end_ms > linted.at_ms]
            if both:
                shown = _first(linted.roster.timezone, both)
                told = f"{person} is on call in {first} and {second} at once for {length(minutes_of(both))}"
                fix = "shift one rotation, or add an override: nobody else would be called"
                yield Finding(Level.FAULT, "double", f"{told}: {shown}", fix)


def _unfair(linted: Linted) -> Iterator[Finding]:
    for load in linted.loads:
        for name, noun, margin in _MEASURES:
            carried, share = getattr(load.carried, name), getattr(load.share, name)
            if share and carried > share * _TOO_MUCH and carried - share >= margin:
                percent = round((carried / share - 1) * 100)
                told, equal = amount(name, carried), amount(name, share)
                yield Finding(
                    Level.FAULT,
                    "unfair",
                    f"{load.person} carries {told} {noun} in {linted.weeks} weeks where an equal share is {equal} "
                    f"({percent} % more)",
                    "change the rotation, or let somebody else take an override",
                )


def _contacts(linted: Linted) -> Iterator[Finding]:
    roster = linted.roster
    named = {person for layer in roster.layers for person in layer.people} | {each.person for each in roster.overrides}
    for person in roster.people.values():
        if person.name not in named:
            what = f"{person.name} is in no rotation and no override"
            yield Finding(Level.NOTE, "unused", what, "add them to a layer, or remove them")
        elif not person.contacts:
            what = f"{person.name} has neither phone nor slack nor mail"
            yield Finding(Level.FAULT, "no_contact", what, "write how to reach them")
        elif set(person.contacts) == {"mail"}:
            what = f"{person.name} can be reached by mail only, which wakes nobody"
            yield Finding(Level.NOTE, "mail_only", what, "add `phone` or `slack`")
        elif not person.mail:
            what = f"{person.name} has no mail address, where incidents tell who is on call"
            yield Finding(Level.NOTE, "no_mail", what, "add `mail`")


def _alone(linted: Linted) -> Iterator[Finding]:
    for layer in linted.roster.layers:
        if len(layer.people) == 1:
            what = f"the layer {layer.name} has one person: {layer.people[0]} is never off, and nobody steps in"
            yield Finding(Level.NOTE, "alone", what, "add somebody to `rotation`")


def _hand_offs(linted: Linted) -> Iterator[Finding]:
    for layer in linted.roster.layers:
        at_ms = _next_hand_off(layer, linted.at_ms)
        around = Span(at_ms - MINUTE_MS, at_ms + MINUTE_MS)
        if len(layer.people) == 1 or minutes_of(cover_spans(layer, {}, around)) < around.minutes:
            continue
        homes: dict[str, list[str]] = {}
        for person in layer.people:
            homes.setdefault(linted.roster.people[person].timezone or layer.timezone, []).append(person)
        for zone, people in homes.items():
            hour = wall_clock(zone, at_ms).hour
            if hour >= _NIGHT_BEGINS or hour < _NIGHT_ENDS:
                what = f"{layer.name} is handed over at night for {', '.join(people)}: {moment(zone, at_ms)} {zone}"
                yield Finding(Level.NOTE, "night_hand_off", what, "choose another `hand-off`")


def _overrides(linted: Linted) -> Iterator[Finding]:
    roster = linted.roster
    for each in roster.overrides:
        layer = roster.layer(each.layer)
        whole = Span(each.start_ms, each.end_ms)
        told = f"the override of {each.layer} {span(layer.timezone, whole)}"
        if any(away.start_ms < each.end_ms and away.end_ms > each.start_ms for away in roster.people[each.person].away):
            what = f"{told} needs {each.person}, who is away then"
            yield Finding(Level.FAULT, "override_away", what, "choose somebody else")
        outside = whole.minutes - minutes_of(cover_spans(layer, roster.holidays, whole))
        if outside and each.end_ms > linted.at_ms:
            what = f"{told} has {length(outside)} outside the hours of the layer: {each.person} is on call then too"
            yield Finding(Level.NOTE, "override_outside", what, "split it, if that is not meant")
    over = [each for each in roster.overrides if each.end_ms <= linted.at_ms]
    if over:
        what = f"{len(over)} of {len(roster.overrides)} overrides are over"
        yield Finding(Level.NOTE, "override_over", what, "remove them when no report needs them any more")


def _long_cycle(linted: Linted) -> Iterator[Finding]:
    if linted.cycle_weeks > linted.weeks:
        what = f"the roster begins anew only after {linted.cycle_weeks} weeks; {linted.weeks} were looked at"
        yield Finding(Level.NOTE, "long_cycle", what, "give the layers rotations whose lengths fit each other")


_RULES: tuple[Callable[[Linted], Iterator[Finding]], ...] = (
    _typical_hours,
    _clock_hours,
    _lost_hours,
    _twice,
    _unfair,
    _contacts,
    _overrides,
    _alone,
    _hand_offs,
    _long_cycle,
)


def _next_hand_off(layer: Layer, at_ms: int) -> int:
    number = (wall_clock(layer.timezone, at_ms).date() - layer.anchor).days // layer.days
    return next(found for step in range(3) if (found := hand_off_ms(layer, number + step)) > at_ms)
