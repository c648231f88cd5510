"""`lumen incident --create '{…}'`, `--ack ID --responder NAME` and `--report`: as older scripts write it."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import telling, word
from lumen_action.commands.incident import reporting
from lumen_action.commands.incident.acking import taking
from lumen_action.commands.incident.answering import hand_on
from lumen_action.commands.incident.common import acting, acting_parser, actor_of, cleaner_of, desk_of, moment_read
from lumen_action.commands.incident.moving import moved
from lumen_action.commands.incident.opening import opening_of, report
from lumen_action.commands.incident.telling import incident_plain
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.seedjson import created_of
from lumen_action.incidents.words import Event
from lumen_action.summary.markdown import visible


def parser() -> argparse.ArgumentParser:
    """Say what the older forms take."""
    made = acting_parser(
        "seed",
        "The forms that older scripts use; all of them answer in JSON.",
        """--create '{"title": "uploads fail", "severity": "Sev2", "components": ["upload"]}'""",
        "region",
        "summary",
    )
    forms = made.add_mutually_exclusive_group(required=True)
    forms.add_argument("--create", metavar="JSON", help="open an incident, as `open` does")
    forms.add_argument("--ack", metavar="ID", dest="incident", help="take an incident, as `ack` does")
    forms.add_argument("--report", action="store_true", help="show times and costs, as `report --json` does")
    made.add_argument("--responder", metavar="NAME", help="who takes it")
    made.set_defaults(text=None)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Do what the form asks for."""
    if arguments.report:
        given = [f"--{name}={said}" for name in ("pipeline", "ledger", "config") if (said := getattr(arguments, name))]
        return reporting.run(reporting.parser().parse_args(["--json", *given]), world)
    return acting(arguments, world, lambda session: _done(arguments, session))


def _done(arguments: argparse.Namespace, session: Session) -> int:
    incident, created = (
        _created(arguments, session) if arguments.create is not None else (moved(arguments, session, taking), False)
    )
    plain = incident_plain(incident, session.world.clock_ms())
    session.world.answer_json(
        {"incident_id": incident.name, "status": incident.state.value, "created": created, **plain}
    )
    hand_on(session, incident, created=created)
    return 0


def _created(arguments: argparse.Namespace, session: Session) -> tuple[Incident, bool]:
    """Open what a script reports; whoever it says has it has taken it."""
    clean, problems = cleaner_of(session), list[str]()
    made = created_of(arguments.create)
    for warning in made.unknown:
        telling(session.world)(f"warning: {visible(clean(warning))}")
    at_ms = moment_read(word(arguments, session.world, "at"), session, problems, "at")
    detected_ms = moment_read(made.detected_at, session, problems, "detected_at")
    if problems:
        raise ConfigError(problems)
    opening = opening_of(
        clean,
        title=made.title,
        severity=made.severity,
        actor=made.detected_by or actor_of(arguments, session.world),
        text=made.text,
        detected_ms=detected_ms,
        region=made.region or session.settings.region,
        components=made.components,
        key=made.key,
    )
    desk = desk_of(session)
    found = report(session, desk, opening, at_ms)
    responder = made.responder or word(arguments, session.world, "responder")
    if responder and found.incident.acked_ms is None:
        told = {"actor": opening.actor, "responder": clean(responder)}
        return desk.happened(found.incident, Event.ACKNOWLEDGED, told), found.created
    return found.incident, found.created
