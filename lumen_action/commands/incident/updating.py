"""`lumen incident update`: what is known by now, and who takes part."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lumen_action.commands import World
from lumen_action.commands.incident.common import add_text, listed
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.incidents.words import Event, State


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser(
        "update",
        "Note what is known, begin to investigate, bring somebody in.",
        "--text 'the disk of the cache is full'",
    )
    add_text(made, "what is known by now")
    made.add_argument("--state", metavar=State.INVESTIGATING.value, help="the search for the cause has begun")
    made.add_argument("--responder", metavar="NAME", action="append", help="who joins; as often as needed")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put it on record."""
    return move(arguments, world, _deeds)


def _deeds(case: Case) -> Sequence[Deed]:
    text, state = case.word("text"), case.word("state")
    joining = listed(case.arguments, case.session.world, "responder")
    if state and state != State.INVESTIGATING:
        case.problems.append(
            f"state: `{state[:40]}` is not {State.INVESTIGATING}; the others have commands of their own, such as `ack`"
        )
    if not (text or state or joining):
        case.problems.append(
            "text: is missing; write `--text 'what is known'`, `--state investigating` or `--responder`"
        )
    deeds = [Deed(Event.JOINED, {"responder": name}, mark=f"joined {name}") for name in joining]
    if state:
        return [*deeds, Deed(Event.INVESTIGATING, {"text": text})]
    return [*deeds, *([Deed(Event.UPDATED, {"text": text})] if text else [])]
