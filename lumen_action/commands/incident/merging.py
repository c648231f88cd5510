"""`lumen incident merge`: an incident is part of another."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.incident.common import add_text
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.incidents.words import Event


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser(
        "merge",
        "Say that an incident is part of another, which goes on; it is counted once, as the other.",
        "INC-20260304-031200-K7QD INC-20260304-030100-AAAA",
    )
    made.add_argument("into", metavar="INTO", nargs="?", help="the incident that goes on")
    add_text(made, "why they are one")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put it on record; the other gets its links, components and alerts."""
    return move(arguments, world, _deeds)


def _deeds(case: Case) -> Sequence[Deed]:
    name = word(case.arguments, case.session.world, "into")
    if not name:
        case.problems.append("into: is missing; write `lumen incident merge ID INTO`")
        return []
    return [Deed(Event.MERGED, {"into": case.desk.find(name).name, "text": case.word("text")})]
