"""What the sub-commands have in common: the roster, the moment or span that is asked about, and how it is shown."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, shown
from lumen_action.files import read_as_told
from lumen_action.model.instants import stamp
from lumen_action.oncall.reading import roster_of
from lumen_action.oncall.roster import Person, Roster
from lumen_action.oncall.spans import Span
from lumen_action.oncall.walltime import moment_ms, wall_clock
from lumen_action.oncall.words import KNOWN_YEARS
from lumen_action.slo.reading import nearest
from lumen_action.summary.markdown import visible

_MOST_BYTES = 1 << 20
_MOST_DAYS = 3660
_DEFAULT_DAYS = 28
_BLANKS = re.compile(r"( +)")
_VARIABLES = ("LUMEN_INPUT_ROSTER", "LUMEN_ROSTER")


def subcommand_parser(name: str, description: str, example: str, *options: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command that reads a roster."""
    made = command_parser(f"oncall {name}", description, f"lumen oncall {name} {example}".strip(), (*options, "config"))
    made.add_argument("--roster", metavar="FILE", help="the roster (default `oncall.roster` of lumen.yml)")
    made.add_argument("--json", action="store_true", help="print JSON")
    return made


def roster_of_session(session: Session) -> Roster | None:
    """Return the roster that the environment or `oncall.roster` names; None where none is named."""
    env = session.world.env
    named = next((env[name] for name in _VARIABLES if env.get(name)), "") or session.settings.oncall.get("roster", "")
    return roster_of(text_of(session.world, named), named) if named else None


def roster_file(arguments: argparse.Namespace, session: Session) -> str:
    """Return the name of the roster's file; a ConfigError where none is named."""
    named = word(arguments, session.world, "roster") or session.settings.oncall.get("roster", "")
    if not named:
        raise ConfigError(
            "roster: none is named; write `--roster oncall.yml`, or `oncall: {roster: oncall.yml}` in lumen.yml"
        )
    return named


def roster_asked(arguments: argparse.Namespace, session: Session) -> Roster:
    """Return the roster that was named; a ConfigError lists everything that is wrong with it."""
    named = roster_file(arguments, session)
    return roster_of(text_of(session.world, named), named)


def text_of(world: World, named: str) -> str:
    """Return the text of a file."""
    return read_as_told("roster", world.folder / named, _MOST_BYTES, "keep one roster a file")


def moment_asked(text: str, option: str, zone: str, problems: list[str]) -> int | None:
    """Return a moment: ISO 8601, on the clock of the roster where no offset is written; a day is its beginning."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        found = None
    if found is None or found.year not in KNOWN_YEARS:
        problems.append(
            f"{option}: {shown(text)} is no time from 2000 to 2199; write `--{option} 2026-12-25T03:00`, which is on "
            "the clock of the roster, or with an offset or `Z`"
        )
        return None
    if found.tzinfo:
        return int(found.timestamp() * 1000)
    return moment_ms(zone, found.date(), found.hour * 60 + found.minute)


def person_json(person: Person) -> dict[str, str]:
    """Return who somebody is and how to reach them."""
    return {"name": person.name, **person.contacts, **({"timezone": person.timezone} if person.timezone else {})}


def edges_json(found: Span) -> dict[str, str]:
    """Return when something begins and ends."""
    return {"from": stamp(found.start_ms), "to": stamp(found.end_ms)}


def shown_lines(lines: Iterable[str]) -> str:
    """Return lines of a page or table with their blanks as they are, and of the rest what can be seen."""
    return "\n".join(
        "".join(part if part.isspace() else visible(part) for part in _BLANKS.split(line)) for line in lines
    )


def asked(arguments: argparse.Namespace, world: World) -> tuple[Session, Roster]:
    """Return the session, and the roster that was named."""
    session = session_of(arguments, world)
    return session, roster_asked(arguments, session)


def only_known(word_given: str, option: str, known: Collection[str], problems: list[str]) -> None:
    """Refuse a name that the roster does not have."""
    if word_given and word_given not in known:
        fix = f"write one of {', '.join(known)}{nearest(word_given, known)}"
        problems.append(f"{option}: {shown(word_given)} is not in the roster; {fix}")


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
    if len(last) <= len("2026-12-31"):
        # A day that is named is meant whole.
        end_ms = moment_ms(zone, wall_clock(zone, end_ms).date() + timedelta(days=1), 0)
    if not start_ms < end_ms <= start_ms + _MOST_DAYS * 86_400_000:
        problems.append(f"to: {shown(last)} is not after --from, or over {_MOST_DAYS} days after it")
        return None
    return Span(start_ms, end_ms)
