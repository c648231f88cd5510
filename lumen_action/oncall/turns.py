"""Whose turn it is in a layer, and at which hours the layer has somebody on call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lumen_action.oncall.roster import DAY_MINUTES, HOLIDAY, SUNDAY, Layer, Weekend
from lumen_action.oncall.spans import Span, laid_over, merged, within
from lumen_action.oncall.walltime import moment_ms, wall_clock

_DAY = timedelta(days=1)
_WEEK_DAYS = 7


@dataclass(frozen=True)
class Turn(Span):
    """A time for which the same people are asked in the same order."""

    order: tuple[str, ...]
    """Whose turn it is, and then who steps in."""
    number: int
    weekend: bool = False


def turns(layer: Layer, holidays: Mapping[date, str], whole: Span) -> list[Turn]:
    """Return the turns of a layer, cut at both ends of the whole."""
    week = within(_week_turns(layer, whole), [whole])
    if not layer.weekend:
        return list(week)
    free_days = list(within(_holiday_turns(layer, layer.weekend, holidays, whole), [whole]))
    weekends = list(within(_weekend_turns(layer, layer.weekend, whole), [whole]))
    return laid_over(list(week), laid_over(free_days, weekends))


def cover_spans(layer: Layer, holidays: Mapping[date, str], whole: Span) -> list[Span]:
    """Return when a layer has somebody on call, cut at both ends of the whole."""
    if not layer.cover:
        return [whole]
    zone = layer.timezone
    found: list[Span] = []
    # A window that began the day before may go on until its end.
    for day in days_of(zone, whole, before=1):
        kind = kind_of(layer, day, holidays)
        found += [
            Span(moment_ms(zone, day, window.start), moment_ms(zone, day, window.end))
            for window in layer.cover
            if kind in window.days
        ]
    return list(within(merged(found), [whole]))


def kind_of(layer: Layer, day: date, holidays: Mapping[date, str]) -> int:
    """Return which day of the week counts: a holiday is a Sunday where the layer has no hours for holidays."""
    if day not in holidays:
        return day.weekday()
    return HOLIDAY if any(HOLIDAY in window.days for window in layer.cover) else SUNDAY


def days_of(zone: str, whole: Span, *, before: int = 0) -> Iterator[date]:
    """Yield the days that a clock in the zone shows during the whole, and as many before it."""
    day = wall_clock(zone, whole.start_ms).date() - before * _DAY
    last = wall_clock(zone, whole.end_ms).date()
    while day <= last:
        yield day
        day += _DAY


def hand_off_ms(layer: Layer, number: int) -> int:
    """Return when a turn begins."""
    return moment_ms(layer.timezone, layer.anchor + timedelta(days=number * layer.days), layer.hand_off)


def _week_turns(layer: Layer, whole: Span) -> Iterator[Turn]:
    day = wall_clock(layer.timezone, whole.start_ms).date()
    number = (day - layer.anchor).days // layer.days - 1
    start_ms = hand_off_ms(layer, number)
    while start_ms < whole.end_ms:
        end_ms = hand_off_ms(layer, number + 1)
        yield Turn(start_ms, end_ms, _order(layer.rotation, number), number)
        number, start_ms = number + 1, end_ms


def _weekend_turns(layer: Layer, weekend: Weekend, whole: Span) -> Iterator[Turn]:
    zone, monday = layer.timezone, _monday_of_anchor(layer)
    number = (wall_clock(zone, whole.start_ms).date() - monday).days // _WEEK_DAYS - 1
    last = (wall_clock(zone, whole.end_ms).date() - monday).days // _WEEK_DAYS
    while number <= last:
        first = monday + timedelta(weeks=number)
        start_ms, end_ms = (moment_ms(zone, first, minutes) for minutes in (weekend.start, weekend.end))
        yield Turn(start_ms, end_ms, _order(weekend.rotation, number), number, weekend=True)
        number += 1


def _holiday_turns(layer: Layer, weekend: Weekend, holidays: Mapping[date, str], whole: Span) -> Iterator[Turn]:
    zone, monday = layer.timezone, _monday_of_anchor(layer)
    for day in days_of(zone, whole):
        if day in holidays:
            # A Monday belongs to the weekend before it, any other day to the one after it.
            number = (day - _DAY - monday).days // _WEEK_DAYS
            start_ms, end_ms = (moment_ms(zone, day, minutes) for minutes in (0, DAY_MINUTES))
            yield Turn(start_ms, end_ms, _order(weekend.rotation, number), number, weekend=True)


def _monday_of_anchor(layer: Layer) -> date:
    return layer.anchor - timedelta(days=layer.anchor.weekday())


def _order(rotation: tuple[str, ...], number: int) -> tuple[str, ...]:
    first = number % len(rotation)
    return tuple(dict.fromkeys((*rotation[first:], *rotation[:first])))
