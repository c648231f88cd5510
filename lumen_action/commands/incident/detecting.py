"""`lumen incident detect`: open what lost days, spreading failures, spent budgets and missed deadlines call for."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from dataclasses import replace

from lumen_action.commands import World
from lumen_action.commands.incident.answering import hand_on
from lumen_action.commands.incident.common import acting, desk_of, listed, subcommand_parser
from lumen_action.commands.incident.telling import incident_plain, tell_event, tell_standing
from lumen_action.commands.rules.documents import read_files
from lumen_action.commands.rules.exporting import book_of
from lumen_action.commands.session import Session
from lumen_action.commands.slo.asked import Asked
from lumen_action.commands.slo.places import evaluated
from lumen_action.errors import ConfigError, shown
from lumen_action.incidents.words import Event
from lumen_action.response.detecting import RULES, Evidence, detect, recent_facts
from lumen_action.response.incidents import Opened
from lumen_action.slo.evaluation import Evaluation
from lumen_action.summary.incidents import as_line

_OF_BUDGETS = "budget-exhausted"


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "detect",
        "Open what the rules of `incidents.open-on` find: day-lost, widespread, budget-exhausted, sla-breach; all of\n"
        "them where nothing is said. Each finds a thing once, so a schedule may run it as often as it likes;\n"
        "`lumen publish` does it too where `incidents.open-on` is set.",
        "--pipeline nightly",
        "summary",
    )
    made.add_argument("--rules", metavar="NAMES", action="append", help=f"only these of {', '.join(RULES)}")
    made.add_argument(
        "--slo", metavar="FILE", action="append", help="documents of objectives, beside `slo:` of lumen.yml"
    )
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Look, open and tell."""
    return acting(arguments, world, lambda session: _detect(arguments, session))


def _detect(arguments: argparse.Namespace, session: Session) -> int:
    world = session.world
    rules = listed(arguments, world, "rules") or session.settings.incidents.get("open-on") or tuple(RULES)
    problems = [f"rules: {shown(name)} is none of {', '.join(RULES)}" for name in rules if name not in RULES]
    if problems:
        raise ConfigError(problems)
    found = detected(session, rules, listed(arguments, world, "slo"))
    now_ms = world.clock_ms()
    if arguments.json:
        world.answer_json([{**incident_plain(each.incident, now_ms), "created": each.created} for each in found])
    else:
        lines = [f"{'new' if each.created else 'known'}  {as_line(each.incident, now_ms)}" for each in found]
        world.answer("\n".join(lines) or f"nothing of {session.pipeline} calls for an incident")
    for each in [each for each in found if each.created][:1]:
        hand_on(session, each.incident, created=True)
    return 0


def detected(session: Session, rules: Collection[str], documents: Sequence[str] = ()) -> tuple[Opened, ...]:
    """Return what the rules find, after it was opened and told."""
    desk = desk_of(session)
    evaluations = _evaluations(session, documents) if _OF_BUDGETS in rules else ()
    tell_standing(session, desk.all())
    found = detect(desk, rules, Evidence(recent_facts(desk), evaluations, session.settings.schedule))
    for each in found:
        if each.created:
            tell_event(session, each.incident, Event.OPENED)
        elif each.incident.pipeline != desk.pipeline:
            tell_standing(session, [each.incident])
    return found


def _evaluations(session: Session, documents: Sequence[str]) -> Sequence[Evaluation]:
    """Return what the objectives came to; what is promised nowhere cannot be broken."""
    settings = replace(session.settings, pipeline=session.pipeline)
    if documents:
        book = read_files(list(documents), session.world.folder).book
    elif settings.objectives:
        book = book_of(settings)
    else:
        return ()
    return evaluated(Asked(session, book, session.world.clock_ms())).evaluations
