"""Which hours somebody has and which nobody has: in a typical week, and in the weeks that come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from lumen_action.oncall.roster import HOUR_MS, MINUTE_MS, Roster
from lumen_action.oncall.shifts import Stretch, stretches
from lumen_action.oncall.spans import Span, gaps, merged, minutes_of, within
from lumen_action.oncall.walltime import moment_ms, utc_offset_minutes, wall_clock

_MOST_WEEKS = 106
_YEAR_WEEKS = 53
_WEEK_MS = 7 * 24 * HOUR_MS
_MILLISECOND = timedelta(milliseconds=1)


def plan_of(roster: Roster) -> Roster:
    """Return the roster as it was meant: without holidays, overrides and people who are away."""
    people = {name: replace(person, away=()) for name, person in roster.people.items()}
    return replace(roster, people=people, holidays={}, overrides=())


def by_layer(roster: Roster, whole: Span) -> dict[str, list[Stretch]]:
    """Return who is on call when, for each layer."""
    return {layer.name: stretches(roster, layer, whole) for layer in roster.layers}


def uncovered(roster: Roster, whole: Span) -> list[Span]:
    """Return when nobody is on call in any layer."""
    return gaps(merged(stretch for found in by_layer(roster, whole).values() for stretch in found), whole)


def lost_cover(roster: Roster, whole: Span) -> list[Span]:
    """Return when nobody is on call although the plan has somebody: by a holiday, or because all are away."""
    planned = gaps(uncovered(plan_of(roster), whole), whole)
    return list(within(uncovered(roster, whole), planned))


def monday_ms(zone: str, at_ms: int, weeks: int = 0) -> int:
    """Return when the week of a moment begins, or the one as many weeks later."""
    day = wall_clock(zone, at_ms).date()
    return moment_ms(zone, day - timedelta(days=day.weekday()) + timedelta(weeks=weeks), 0)


def typical_week(roster: Roster, at_ms: int) -> Span:
    """Return the next week in which no clock of the roster is changed."""
    zones = {roster.timezone, *(layer.timezone for layer in roster.layers)}
    weeks = (
        Span(monday_ms(roster.timezone, at_ms, number), monday_ms(roster.timezone, at_ms, number + 1))
        for number in range(_MOST_WEEKS)
    )
    first = Span(monday_ms(roster.timezone, at_ms), monday_ms(roster.timezone, at_ms, 1))
    return next((week for week in weeks if not any(_changes(zone, week) for zone in zones)), first)


def clock_gaps(roster: Roster, at_ms: int) -> list[Span]:
    """Return what the plan leaves empty in weeks of the coming year although it covers it in a typical one.

    Not all zones change their clocks, nor on the same day: hours of layers that fit now may then be apart.
    """
    zone, plan = roster.timezone, plan_of(roster)
    edges = [monday_ms(zone, at_ms, number) for number in range(_YEAR_WEEKS + 1)]
    typical = typical_week(roster, at_ms)
    usual = gaps(merged(_on_the_wall(zone, typical, uncovered(plan, typical))), Span(0, _WEEK_MS))
    found: list[Span] = []
    for week in map(Span, edges, edges[1:]):
        empty = uncovered(plan, week)
        if minutes_of(empty) > roster.accepted_uncovered_minutes:
            more = within(merged(_on_the_wall(zone, week, empty)), usual)
            found += [_in_week(zone, week, each) for each in more]
    # A time that clocks skip is empty on the wall only.
    return [each for each in found if each.minutes]


def _on_the_wall(zone: str, week: Span, spans: Iterable[Span]) -> list[Span]:
    """Return spans by what the clock shows, from the beginning of the week on."""
    monday = wall_clock(zone, week.start_ms)
    walls = [(wall_clock(zone, each.start_ms) - monday, wall_clock(zone, each.end_ms) - monday) for each in spans]
    return [Span(start // _MILLISECOND, end // _MILLISECOND) for start, end in walls]


def _in_week(zone: str, week: Span, shown: Span) -> Span:
    monday = wall_clock(zone, week.start_ms).date()
    return Span(*(moment_ms(zone, monday, at // MINUTE_MS) for at in (shown.start_ms, shown.end_ms)))


def holidays_in(roster: Roster, whole: Span) -> list[date]:
    """Return the holidays that the whole touches."""
    first, last = (wall_clock(roster.timezone, at_ms).date() for at_ms in (whole.start_ms, whole.end_ms - 1))
    return sorted(day for day in roster.holidays if first <= day <= last)


def _changes(zone: str, week: Span) -> bool:
    # A window that began before the week still counts in it.
    day_ms = (week.end_ms - week.start_ms) // 7
    offsets = {utc_offset_minutes(zone, week.start_ms + number * day_ms) for number in range(-1, 9)}
    return len(offsets) > 1
