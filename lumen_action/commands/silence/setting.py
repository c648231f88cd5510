"""`lumen silence set`: keep alerts quiet from now or from later on, until an end."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches

from lumen_action.alerting.alerts import NEVER_MUTED
from lumen_action.alerting.matchers import Matcher, read_matchers
from lumen_action.commands import World
from lumen_action.commands.asked import telling, who_acts, word
from lumen_action.commands.incident.common import cleaner_of
from lumen_action.commands.session import Session
from lumen_action.commands.silence.common import (
    acting,
    desk_of,
    plain,
    raise_problems,
    scope,
    server_of,
    spread,
    subcommand_parser,
)
from lumen_action.errors import ConfigError, shown
from lumen_action.gate.overriding import instant_of
from lumen_action.gate.policy import length_ms
from lumen_action.incidents.silences import (
    FURTHEST_DAYS,
    FURTHEST_MS,
    LONGEST_DAYS,
    LONGEST_MS,
    MOST_AUTHOR,
    MOST_MATCHERS,
    MOST_REASON,
)
from lumen_action.model.instants import stamp
from lumen_action.ops.notify.message import one_line
from lumen_action.promql.regex import RegexFault, matches_empty
from lumen_action.response.silences import Asked

_LATE_MS = 60_000


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "set",
        "Keep all alerts of a pipeline quiet, or those with certain labels, with an end, a reason and an author.\n"
        f"Never quiet: {', '.join(NEVER_MUTED)}, and what says severity sev1.",
        "--pipeline nightly --for 2h --reason 'the database moves'",
    )
    made.add_argument("--for", metavar="LENGTH", help="how long (e.g. 90m, 2h, 3d; at most 30d)")
    made.add_argument("--until", metavar="TIME", help="until when, in place of how long (e.g. 2026-03-04T18:00)")
    made.add_argument("--from", metavar="TIME", help="from when on (e.g. 2026-03-04T16:00, or 6h: in six hours)")
    made.add_argument("--reason", metavar="TEXT", help="why, for whoever asks at night")
    made.add_argument("--author", metavar="NAME", help="who wants it (default: who runs the job, or this terminal)")
    made.add_argument(
        "--match",
        metavar="MATCHERS",
        action="append",
        help="only alerts with these labels, as Alertmanager writes it; may be repeated (e.g. 'region=~\"eu-.*\"')",
    )
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put the silence on record, show it and tell it."""
    return acting(arguments, world, lambda session: _set(arguments, session))


def _set(arguments: argparse.Namespace, session: Session) -> int:
    world, problems = session.world, list[str]()
    asked = _asked(arguments, session, problems)
    server = server_of(arguments, session, problems)
    raise_problems(problems)
    desk = desk_of(session)
    _look_for(desk.pipeline, desk.ledger.pipelines(), telling(world))
    silence = desk.set(asked)
    spread(session, desk, server)
    if arguments.json:
        world.answer_json(plain(desk.find(silence.name), world.clock_ms()))
    else:
        world.answer(
            f"{silence.name}: {scope(silence)} quiet from {stamp(silence.from_ms)} until {stamp(silence.until_ms)}"
        )
    return 0


def _look_for(pipeline: str, known: Collection[str], tell: Callable[[str], None]) -> None:
    """Refuse a slip of the keyboard: alerts would go on, and whoever silenced them would not know why."""
    if pipeline in known:
        return
    if near := get_close_matches(pipeline, known, n=3):
        raise ConfigError(f"pipeline: nothing is known of {shown(pipeline)}; write one of {', '.join(near)}")
    tell(f"warning: nothing is known yet of a pipeline {shown(pipeline)}")


def _asked(arguments: argparse.Namespace, session: Session, problems: list[str]) -> Asked:
    world, clean = session.world, cleaner_of(session)
    author = word(arguments, world, "author") or who_acts(world)
    author, reason = one_line(author).strip(), one_line(clean(word(arguments, world, "reason"))).strip()
    if not author:
        problems.append("author: is missing; a silence is somebody's: write `--author alice`")
    if not reason:
        problems.append(
            "reason: is missing; whoever asks at night wants to know: write `--reason 'the database moves'`"
        )
    from_ms, until_ms = _span(arguments, session, problems)
    return Asked(author[:MOST_AUTHOR], reason[:MOST_REASON], from_ms, until_ms, _matchers(arguments, world, problems))


def _span(arguments: argparse.Namespace, session: Session, problems: list[str]) -> tuple[int, int]:
    """Return from when until when."""
    world, zone = session.world, session.settings.calendar.zone
    lasting, until, start = (word(arguments, world, name) for name in ("for", "until", "from"))
    now_ms = world.clock_ms()
    ahead = length_ms(start)
    from_ms = now_ms if not start else instant_of(start, zone) if ahead is None else now_ms + ahead
    if from_ms is None:
        problems.append(f"from: {shown(start)} is no time; write `--from 2026-03-04T16:00` or `--from 6h`")
        return 0, 0
    if not now_ms - _LATE_MS <= from_ms <= now_ms + FURTHEST_MS:
        wrong = "lies in the past" if from_ms < now_ms else f"is more than {FURTHEST_DAYS} days ahead"
        problems.append(f"from: {shown(start)} {wrong}; write a time to come, or leave it out for now")
        return 0, 0
    from_ms = max(from_ms, now_ms)
    if bool(lasting) is bool(until):
        both = "both are given" if until else "an end is missing"
        problems.append(f"for, until: {both}; write `--for 2h` or `--until 2026-03-04T18:00`")
        return 0, 0
    length = length_ms(lasting) if lasting else None
    until_ms = (None if length is None else from_ms + length) if lasting else instant_of(until, zone)
    name, text = ("for", lasting) if lasting else ("until", until)
    if until_ms is None:
        problems.append(
            f"{name}: {shown(text)} is no {'length of ' if lasting else ''}time; write `--for 2h`, `90m`, `3d`"
        )
    elif until_ms <= from_ms:
        problems.append(f"{name}: {shown(text)} is over before the silence begins; write a later time")
    elif until_ms > from_ms + LONGEST_MS:
        problems.append(
            f"{name}: {shown(text)} is more than {LONGEST_DAYS} days; what is quiet for longer is forgotten: mend the "
            "alert, or set the silence anew when it ends"
        )
    return from_ms, until_ms or 0


def _matchers(arguments: argparse.Namespace, world: World, problems: list[str]) -> str:
    """Return the matchers as Alertmanager writes them, empty for the whole pipeline."""
    texts: Iterable[str] = arguments.match or filter(None, [word(arguments, world, "match")])
    found: list[Matcher] = []
    for text in texts:
        read = read_matchers(text)
        if not read:
            problems.append(f"match: {shown(text)} is no matcher; write `--match 'alertname=\"LumenDayLost\"'`")
        found += read
    for matcher in found:
        problems += _faults(matcher)
    written = ", ".join(map(str, found))
    if len(written.encode()) > MOST_MATCHERS:
        problems.append(f"match: is longer than {MOST_MATCHERS} bytes; match by fewer labels or a pattern")
    return written


def _faults(matcher: Matcher) -> Iterable[str]:
    if matcher.label == "pipeline":
        yield "match: the pipeline is given apart; write `--pipeline nightly`"
    if matcher.label == "alertname" and matcher.operator == "=" and matcher.value in NEVER_MUTED:
        yield f"match: {matcher.value} is never quiet: it says that a promise is broken or that somebody is waited for"
    if matcher.of_pattern:
        try:
            matches_empty(matcher.value)
            re.compile(matcher.value)
        except RegexFault as fault:
            yield f"match: {fault.found} in the pattern of `{matcher.label}`; {fault.fix}"
        except re.error as fault:
            yield f"match: the pattern of `{matcher.label}` cannot be read ({fault}); write a simpler one"
