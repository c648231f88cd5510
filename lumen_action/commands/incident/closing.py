"""`lumen incident close`: nothing is left to do for it but the postmortem."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lumen_action.commands import World
from lumen_action.commands.incident.common import add_text
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.incidents.words import Event


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser(
        "close",
        "End an incident that is resolved. Cause and resolution have to be known: from `cause` and `resolve`, or said\n"
        "here. Sev1 and Sev2 then owe a postmortem.",
        "--cause 'nobody removed old reports' --resolution 'a job removes them'",
    )
    made.add_argument("--cause", metavar="TEXT", help="the cause, where it was not said before")
    made.add_argument("--resolution", metavar="TEXT", help="what ended it, where it was not said before")
    add_text(made, "what else is to be said")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put it on record."""
    return move(arguments, world, _deeds)


def _deeds(case: Case) -> Sequence[Deed]:
    said = {name: case.word(name) for name in ("cause", "resolution")}
    told = {name: text for name, text in said.items() if text}
    return [Deed(Event.CLOSED, {**told, "text": case.word("text")})]
