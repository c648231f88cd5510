"""Which hand-off is meant: whose shift ends, when, and who comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lumen_action.oncall.coverage import holidays_in
from lumen_action.oncall.phrases import moment, span
from lumen_action.oncall.roster import HOUR_MS, Layer, Override, Person, Roster
from lumen_action.oncall.shifts import stretches
from lumen_action.oncall.spans import Span

_JUST_NOW_MS = 12 * HOUR_MS
_DAY_MS = 24 * HOUR_MS
_FEWEST_DAYS = 60


@dataclass(frozen=True)
class HandOver:
    """The end of one person's time in a layer, and the beginning of another's."""

    layer: Layer
    shift: Span
    """The time of who goes; its end is the hand-off."""
    goes: Person | None
    comes: Person | None
    """None where nobody else takes turns."""
    until_ms: int | None
    """Until when who comes has it."""


def hand_over(roster: Roster, layer: Layer, at_ms: int) -> HandOver:
    """Return the hand-off that was in the last twelve hours, else the next one.

    Who shares a layer with nobody hands over to themselves when turns change.
    """
    reach = max(_FEWEST_DAYS, 3 * layer.days * len(layer.rotation)) * _DAY_MS
    found = stretches(roster, layer, Span(at_ms - reach, at_ms + reach))
    shared = len({stretch.person for stretch in found}) > 1
    times = [
        (group[0].person, Span(group[0].start_ms, group[-1].end_ms))
        for _, each in groupby(found, lambda stretch: (stretch.person, 0 if shared else stretch.turn))
        for group in [list(each)]
    ]
    return _chosen(roster, layer, times, at_ms)


def _chosen(roster: Roster, layer: Layer, times: Sequence[tuple[str, Span]], at_ms: int) -> HandOver:
    begun = [index for index, (_, time) in enumerate(times) if time.start_ms <= at_ms]
    last = begun[-1] if begun else None
    if last is None:
        comes = times[0] if times else None
        shift = Span(at_ms, comes[1].start_ms if comes else at_ms)
        return HandOver(
            layer, shift, None, roster.people[comes[0]] if comes else None, comes[1].end_ms if comes else None
        )
    # In a time that is short, the end of it is soon nearer than its beginning.
    now = times[last][1]
    if last and at_ms - now.start_ms < min(_JUST_NOW_MS, (now.end_ms - now.start_ms) // 2):
        last -= 1
    person, time = times[last]
    if last + 1 == len(times):
        return HandOver(layer, time, roster.people[person], None, None)
    name, following = times[last + 1]
    # Hours that the layer leaves out belong to who had it before.
    shift = Span(time.start_ms, following.start_ms)
    return HandOver(layer, shift, roster.people[person], roster.people[name], following.end_ms)


def changes_ahead(roster: Roster, found: HandOver) -> list[str]:
    """Return what is otherwise than usual in the time of who comes: overrides, holidays, people who are away."""
    begins_ms = found.shift.end_ms
    coming = Span(begins_ms, max(begins_ms + found.layer.days * _DAY_MS, found.until_ms or 0))
    told = [_override(roster, each) for each in roster.overrides if _touches(each.start_ms, each.end_ms, coming)]
    for day in holidays_in(roster, coming):
        name = roster.holidays[day]
        told.append(f"holiday {day:%a %Y-%m-%d}{f' {name}' if name else ''}")
    for person in roster.people.values():
        for away in person.away:
            if _touches(away.start_ms, away.end_ms, coming):
                reason = f" ({away.reason})" if away.reason else ""
                zone = roster.zone_of(person.name)
                told.append(f"{person.name} is away until {moment(zone, away.end_ms)} {zone}{reason}")
    return told


def _override(roster: Roster, override: Override) -> str:
    zone = roster.layer(override.layer).timezone
    reason = f": {override.reason}" if override.reason else ""
    return f"{override.person} takes {override.layer} {span(zone, Span(override.start_ms, override.end_ms))}{reason}"


def _touches(start_ms: int, end_ms: int, whole: Span) -> bool:
    return start_ms < whole.end_ms and end_ms > whole.start_ms
