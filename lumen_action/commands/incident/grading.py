"""`lumen incident escalate`: it is worse, or less bad, than it was thought to be."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.incident.common import add_text
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.errors import shown
from lumen_action.incidents.aliases import WANTED, severity_of
from lumen_action.incidents.words import Event


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser(
        "escalate",
        "Raise or lower the severity. A worse one leaves its response time from now on; a milder one that since\n"
        "detection, unless it was missed already. Who is unsure takes the worse one.",
        "--severity 1 --text 'no region uploads any more'",
    )
    made.add_argument("--severity", metavar="SEV", help=WANTED)
    add_text(made, "why")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put it on record; people hear of what got worse."""
    return move(arguments, world, _deeds)


def _deeds(case: Case) -> Sequence[Deed]:
    said = word(case.arguments, case.session.world, "severity")
    severity, before = severity_of(said), case.incident.severity
    if severity is None:
        what = f"{shown(said)} is none" if said else "is missing"
        case.problems.append(f"severity: {what}; write {WANTED}")
        return []
    if severity is before:
        case.problems.append(f"severity: {case.incident.name} is {before.shown} already; write another")
        return []
    told = {"severity": severity.value, "text": case.word("text")}
    return [Deed(Event.SEVERITY, told, heard=severity.rank < before.rank)]
