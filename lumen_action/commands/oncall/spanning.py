"""The span of time that a sub-command is asked about."""

from __future__ import annotations

import argparse
from datetime import timedelta

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.oncall.common import moment_asked
from lumen_action.errors import shown
from lumen_action.oncall.roster import Roster
from lumen_action.oncall.spans import Span
from lumen_action.oncall.walltime import moment_ms, wall_clock

_MOST_DAYS = 3660
_DEFAULT_DAYS = 28


def add_span(parser: argparse.ArgumentParser, days: int = _DEFAULT_DAYS) -> None:
    """Let a span of time be named."""
    parser.add_argument("--from", dest="from_", metavar="DAY", help="the first day, or a moment (default today)")
    parser.add_argument("--to", metavar="DAY", help="the last day, or a moment")
    parser.add_argument("--days", metavar="N", help=f"how many days, in place of --to (default {days})")


def span_asked(
    arguments: argparse.Namespace, world: World, roster: Roster, problems: list[str], days: int = _DEFAULT_DAYS
) -> Span | None:
    """Return the span that was named: from today on where nothing else is said."""
    zone = roster.timezone
    first, last, number = (
        word(arguments, world, "from_", "FROM"),
        word(arguments, world, "to"),
        word(arguments, world, "days"),
    )
    if last and number:
        problems.append("to: there is --days too; write one of them")
    if number and not (number.isdecimal() and number.isascii() and 0 < int(number[:6]) <= _MOST_DAYS):
        problems.append(f"days: {shown(number)} is not from 1 to {_MOST_DAYS}; write `--days 14`")
        number = ""
    today = moment_ms(zone, wall_clock(zone, world.clock_ms()).date(), 0)
    start_ms = moment_asked(first, "from", zone, problems) if first else today
    if start_ms is None:
        return None
    if not last:
        wall = wall_clock(zone, start_ms)
        minutes = wall.hour * 60 + wall.minute
        return Span(start_ms, moment_ms(zone, wall.date() + timedelta(days=int(number or days)), minutes))
    end_ms = moment_asked(last, "to", zone, problems)
    if end_ms is None:
        return None
    if len(last) == len("2026-12-31"):
        # A day that is named is meant whole.
        end_ms = moment_ms(zone, wall_clock(zone, end_ms).date() + timedelta(days=1), 0)
    if not start_ms < end_ms <= start_ms + _MOST_DAYS * 86_400_000:
        problems.append(f"to: {shown(last)} is not after --from, or over {_MOST_DAYS} days after it")
        return None
    return Span(start_ms, end_ms)
