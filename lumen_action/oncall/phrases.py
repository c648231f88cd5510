"""Moments and lengths of time as people read them."""

from __future__ import annotations

from fractions import Fraction

from lumen_action.oncall.spans import Span
from lumen_action.oncall.walltime import UTC, utc_offset_minutes, wall_clock

_MINUTES = 60


def length(minutes: int) -> str:
    """Return how long: `80 h`, `12 h 30 min`, `45 min`."""
    hours, rest = divmod(minutes, _MINUTES)
    parts = [f"{hours} h"] if hours or not rest else []
    return " ".join([*parts, f"{rest} min"] if rest else parts)


def moment(zone: str, at_ms: int) -> str:
    """Return a moment on the clock of a zone: `Fri 2026-01-02 17:00`."""
    return f"{wall_clock(zone, at_ms):%a %Y-%m-%d %H:%M}"


def day(zone: str, at_ms: int) -> str:
    """Return the day on the clock of a zone."""
    return f"{wall_clock(zone, at_ms):%Y-%m-%d}"


def both(zone: str, at_ms: int) -> str:
    """Return a moment on the clock of a zone and in UTC."""
    if zone == UTC:
        return f"{moment(zone, at_ms)} UTC"
    there, here = wall_clock(zone, at_ms), wall_clock(UTC, at_ms)
    same_day = there.date() == here.date()
    return f"{moment(zone, at_ms)} {offset(zone, at_ms)} ({here:{'%H:%M' if same_day else '%a %H:%M'}} UTC)"


def offset(zone: str, at_ms: int) -> str:
    """Return how far a clock is ahead of UTC: `+09:00`."""
    minutes = utc_offset_minutes(zone, at_ms)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // _MINUTES:02}:{abs(minutes) % _MINUTES:02}"


def span(zone: str, found: Span) -> str:
    """Return a span with its dates."""
    begins, ends = wall_clock(zone, found.start_ms), wall_clock(zone, found.end_ms)
    last = f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends:%a %Y-%m-%d %H:%M}"
    return f"{begins:%a %Y-%m-%d %H:%M} - {last}, {length(found.minutes)}"


def weekly(zone: str, found: Span) -> str:
    """Return a span of a week that could be any."""
    begins, ends = wall_clock(zone, found.start_ms), wall_clock(zone, found.end_ms)
    last = f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends:%a %H:%M}"
    return f"{begins:%a %H:%M} - {last}, {length(found.minutes)}"


def amount(measure: str, value: Fraction) -> str:
    """Return how much of a measure: hours for minutes, with one digit where it is not whole."""
    shown = value / _MINUTES if measure == "minutes" else value
    return str(shown.numerator) if shown.denominator == 1 else f"{float(shown):.1f}"
