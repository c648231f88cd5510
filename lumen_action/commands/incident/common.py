"""What the sub-commands have in common: the ledger's incidents, who speaks, when, of which, and what is told."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from lumen_action.commands import World
from lumen_action.commands.asked import telling, who_acts, word
from lumen_action.commands.channels import message_secrets
from lumen_action.commands.incident.telling import incident_plain, tell_event
from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.notify.common import of_fork
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import BRIEF_SECONDS, Session, session_of
from lumen_action.commands.showing import show_totals
from lumen_action.errors import ConfigError, LedgerError, RemoteError, shown
from lumen_action.failure.redaction import redact
from lumen_action.gate.overriding import instant_of
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event
from lumen_action.model import Trust
from lumen_action.ops.notify.message import one_line
from lumen_action.response.incidents import Incidents
from lumen_action.summary.markdown import visible

__all__ = ["incident_plain", "tell_event"]

WHY = "an incident outlives the job that met it"
"""Why a ledger is needed that does so too."""
_NAMES = ("pipeline", "ledger", "fail-on-error", "config")
_MOST_ACTOR = 100
_AHEAD_MS = timedelta(minutes=1) // timedelta(milliseconds=1)


def subcommand_parser(name: str, description: str, example: str, *names: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command."""
    made = command_parser(
        f"incident {name}", description, f"lumen incident {name} {example}".strip(), (*names, *_NAMES)
    )
    made.add_argument("--json", action="store_true", help="print one JSON object or list")
    return made


def acting_parser(name: str, description: str, example: str, *names: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command by which somebody does something, now or earlier."""
    made = subcommand_parser(name, description, example, *names)
    made.add_argument("--actor", metavar="NAME", help="who does it (default: who runs the job, or this terminal)")
    made.add_argument("--at", metavar="TIME", help="when it was done, if not now (e.g. 2026-03-04T03:12 or …:12Z)")
    return made


def add_incident(parser: argparse.ArgumentParser) -> None:
    """Let an incident be named."""
    parser.add_argument("incident", metavar="ID", nargs="?", help="which; may be left out when only one is open")


def add_text(parser: argparse.ArgumentParser, what: str) -> None:
    """Let something be said."""
    parser.add_argument("--text", metavar="TEXT", help=what)


def listed(arguments: argparse.Namespace, world: World, name: str) -> tuple[str, ...]:
    """Return what was said about an option that may be given several times, or once with commas between."""
    given_here: list[str] | None = getattr(arguments, name)
    told = given_here or [word(arguments, world, name)]
    parts = (part.strip() for each in told for part in each.replace("\n", ",").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def desk_of(session: Session, why: str = WHY) -> Incidents:
    """Return the incidents of the session's pipeline, after what nobody did in time was put on record and told."""
    world = session.world
    desk = Incidents(
        lasting_ledger(session, why, evidence=True),
        session.pipeline,
        session.settings.calendar,
        world.clock_ms,
        world.new_token,
    )
    tell_undone(session, desk)
    return desk


def tell_undone(session: Session, desk: Incidents) -> None:
    """Put on record and tell what nobody did in time; forks put nothing on record."""
    # Both read the objectives, of which a parser knows nothing.
    from lumen_action.commands.incident.owing import remind_people

    if session.host.identity().trust is Trust.FORK:
        return
    try:
        for each in desk.tell_breaches():
            tell_event(session, each, Event.BREACHED)
        remind_people(session, desk)
    except LedgerError as fault:
        # Who may only read sees everything all the same.
        telling(session.world)(f"warning: what was not done in time could not be put on record: {fault}")


def acting(arguments: argparse.Namespace, world: World, act: Callable[[Session], int]) -> int:
    """Do something about incidents; forks do nothing, and in a job a service that is away only makes a warning."""
    session = session_of(arguments, world)
    if of_fork(session, world):
        return 0
    try:
        code = act(session)
    except RemoteError as fault:
        if not session.host.identity().in_job or session.settings.fail_on_error:
            raise
        session.host.notice("warning", "lumen incident", f"nothing was put on record: {fault}")
        return 0
    if session.settings.incidents.get("mirror") == "github":
        from lumen_action.commands.incident.mirroring import also_mirrored

        also_mirrored(session)
    _show(session)
    return code


def _show(session: Session) -> None:
    """Show what changed where alerts are made; a sink that is away holds nobody up, the next publish shows the same."""
    session.patience_seconds = BRIEF_SECONDS
    warnings: list[str] = []
    show_totals(session, session.pipeline, warnings)
    for warning in warnings:
        session.host.notice("warning", "lumen incident", warning)


def actor_of(arguments: argparse.Namespace, world: World) -> str:
    """Return who does it: who was named, else who runs the job, else who sits at this terminal."""
    return one_line(word(arguments, world, "actor") or who_acts(world))[:_MOST_ACTOR] or "somebody"


def moment_of(arguments: argparse.Namespace, session: Session, problems: list[str], name: str = "at") -> int | None:
    """Return when it was, None where nothing was said; what lies ahead was not yet done."""
    return moment_read(word(arguments, session.world, name), session, problems, name)


def moment_read(text: str, session: Session, problems: list[str], name: str) -> int | None:
    """Read when something was, in the pipeline's zone where it names none; None where nothing was said."""
    if not text:
        return None
    at_ms, now_ms = instant_of(text, session.settings.calendar.zone), session.world.clock_ms()
    if at_ms is None:
        problems.append(f"{name}: {shown(text)} is no time; write `--{name} 2026-03-04T03:12:00Z`")
    elif at_ms > now_ms + _AHEAD_MS:
        problems.append(f"{name}: {shown(text)} lies ahead; write when it was, such as `--{name} 2026-03-04T03:12:00Z`")
    else:
        return min(at_ms, now_ms)
    return None


def cleaner_of(session: Session) -> Callable[[str], str]:
    """Return what takes secrets out of a text before it is kept or sent."""
    return partial(redact, secrets=message_secrets(session))


def incident_of(desk: Incidents, name: str, tell: Callable[[str], None], *, owing: bool = False) -> Incident:
    """Return the incident that was named, in whatever pipeline it is, else the only one that is not over.

    With `owing` it is the only one whose postmortem is owed, where there are any.
    """
    if name:
        there = desk.holding(name)
        if there.pipeline != desk.pipeline:
            tell(f"{name.strip().upper()} is of the pipeline {visible(there.pipeline)}")
        return there.find(name)
    owed = [each for each in desk.all() if each.postmortem_owed] if owing else []
    found, are = (owed, "owe a postmortem") if owed else (desk.open(), "are open")
    if len(found) == 1:
        tell(f"{found[0].name} is the only one that {'owes a postmortem' if owed else 'is open'}")
        return found[0]
    if not found:
        raise ConfigError(
            f"incident: none is open in the pipeline {desk.pipeline}; `lumen incident list` shows those that were, "
            "write the name of one"
        )
    names = ", ".join(each.name for each in found)
    raise ConfigError(f"incident: {len(found)} {are}; write one of {names}")
