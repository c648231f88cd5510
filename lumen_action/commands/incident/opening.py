"""`lumen incident open`: something is broken."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.incident.answering import answer
from lumen_action.commands.incident.common import (
    acting,
    acting_parser,
    actor_of,
    add_text,
    cleaner_of,
    desk_of,
    listed,
    moment_of,
)
from lumen_action.commands.incident.linking import add_links, link_deeds, links_of
from lumen_action.commands.incident.telling import tell_event, tell_standing
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, shown
from lumen_action.failure.fingerprint import normalised
from lumen_action.incidents.aliases import WANTED, severity_of
from lumen_action.incidents.incident import LinkKind
from lumen_action.incidents.words import Event, Severity
from lumen_action.ops.notify.message import one_line
from lumen_action.response.incidents import Incidents, Opening
from lumen_action.response.reporting import Reported, reported

_MOST_TITLE = 200


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = acting_parser(
        "open",
        "Say that something is broken. The same twice, by title, components and region or by --key, is one incident\n"
        "as long as it is not over.",
        "'uploads fail in eu-west-1' --severity 2 --component upload --region eu-west-1",
        "region",
        "summary",
    )
    made.add_argument("title", metavar="TITLE", nargs="?", help="what is broken, in a few words")
    made.add_argument(
        "--severity", metavar="SEV", help=f"{WANTED}; default sev3, and who is unsure takes the worse one"
    )
    made.add_argument("--component", metavar="NAME", action="append", help="what it hits; as often as needed")
    add_text(made, "what is known")
    made.add_argument("--detected-at", metavar="TIME", help="when it began to show, if not now")
    made.add_argument("--key", metavar="K", help="the same for all that is one incident")
    add_links(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Open it, or say which it is already."""
    return acting(arguments, world, lambda session: _open(arguments, session))


def _open(arguments: argparse.Namespace, session: Session) -> int:
    world = session.world
    problems: list[str] = []
    title, said = word(arguments, world, "title"), word(arguments, world, "severity")
    if not one_line(title):
        problems.append("title: is missing; write `lumen incident open 'uploads fail in eu-west-1' --severity 2`")
    severity = severity_of(said) if said else Severity.SEV3
    if severity is None:
        problems.append(f"severity: {shown(said)} is none; write {WANTED}")
    at_ms = moment_of(arguments, session, problems)
    detected_ms = moment_of(arguments, session, problems, "detected-at")
    links = links_of(arguments, session, problems)
    if problems or severity is None:
        raise ConfigError(problems)
    opening = opening_of(
        cleaner_of(session),
        title=title,
        severity=severity,
        actor=actor_of(arguments, world),
        text=word(arguments, world, "text"),
        detected_ms=detected_ms,
        region=session.settings.region,
        components=listed(arguments, world, "component"),
        key=word(arguments, world, "key"),
    )
    desk = desk_of(session)
    first, *more = [*_own_run(session), *links] or [{}]
    # With the opening itself, so that whoever hears of it can read on.
    found = report(session, desk, replace(opening, told=first), at_ms)
    incident = found.incident
    for deed in link_deeds(more):
        incident = desk.happened(incident, deed.event, {"actor": opening.actor, **deed.told}, mark=deed.mark)
    answer(arguments, session, incident, "" if found.created else _ALREADY, created=found.created)
    return 0


def _own_run(session: Session) -> Iterator[Mapping[str, str]]:
    """Yield a link to the run that reports it."""
    identity = session.host.identity()
    if identity.in_job and identity.url:
        yield {"link_kind": LinkKind.RUN.value, "link_name": identity.run, "link_url": identity.url}


_ALREADY = "it is open already and was noted as seen once more; whoever means another writes --key"


def opening_of(  # noqa: PLR0913 - what somebody reports
    clean: Callable[[str], str],
    *,
    title: str,
    severity: Severity,
    actor: str,
    text: str,
    detected_ms: int | None,
    region: str,
    components: tuple[str, ...],
    key: str,
) -> Opening:
    """Return what is reported by hand, without secrets; the same twice is the same by title, components and region."""
    title = one_line(clean(title))[:_MOST_TITLE]
    parts = tuple(map(clean, components))
    same = f"key {clean(key)}" if key else f"{normalised(title.casefold())} in {','.join(sorted(parts))} of {region}"
    return Opening(
        title,
        severity,
        sameness=f"hand {same}",
        actor=actor,
        text=clean(text),
        detected_ms=detected_ms,
        region=region,
        components=parts,
    )


def report(session: Session, desk: Incidents, opening: Opening, at_ms: int | None = None) -> Reported:
    """Report it and tell people what they have to hear of."""
    found = reported(desk, opening, at_ms)
    if found.created:
        tell_event(session, found.incident, Event.OPENED)
    elif found.escalated:
        tell_event(session, found.incident, Event.SEVERITY)
    else:
        tell_standing(session, [found.incident])
    return found
