"""`lumen incident ack`: take an incident."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lumen_action.commands import World
from lumen_action.commands.incident.common import add_text
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.incidents.words import Event


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser("ack", "Take an incident: the time until then is measured.", "INC-20260304-031200-K7QD")
    made.add_argument("--responder", metavar="NAME", help="who takes it (default: who writes this)")
    add_text(made, "what is known already")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put on record who took it."""
    return move(arguments, world, taking)


def taking(case: Case) -> Sequence[Deed]:
    """Return what takes an incident."""
    told = {"responder": case.word("responder") or case.actor, "text": case.word("text")}
    return [Deed(Event.ACKNOWLEDGED, told)]
