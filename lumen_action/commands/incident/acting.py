"""`lumen incident action`: what has to be done so that it does not happen again, and how far that is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from lumen_action.commands import World
from lumen_action.commands.asked import flag, telling
from lumen_action.commands.incident.common import cleaner_of
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.commands.ticket import tracker_of
from lumen_action.errors import RemoteError, shown
from lumen_action.incidents.incident import Action
from lumen_action.incidents.machine import after
from lumen_action.incidents.words import Event
from lumen_action.ops.tickets.options import TicketOptions
from lumen_action.response.actions import name_of, tracked


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser(
        "action",
        "Note what has to be done after an incident, by whom and until when, and later that it is done. The same\n"
        "words are the same action; --action names one by what `lumen incident show --json` calls it. With --ticket\n"
        "it has a ticket where `lumen ticket` opens them, which is closed when it is done.",
        "INC-20260304-031200-A2B3 --what 'alert at 90 % of the disk' --owner alice --due 2026-03-20",
    )
    made.add_argument("--what", metavar="TEXT", help="what has to be done")
    made.add_argument("--action", metavar="NAME", help="which one, in place of its words (e.g. A-3f2a91)")
    made.add_argument("--owner", metavar="NAME", help="who sees to it")
    made.add_argument("--due", metavar="DAY", help="until when (e.g. 2026-03-20)")
    made.add_argument("--done", action="store_true", help="say that it is done")
    made.add_argument("--ticket", action="store_true", help="open a ticket for it, once")
    made.add_argument("--repository", metavar="OWNER/NAME", help="whose issues; default: the repository of the job")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Note it, and see to its ticket."""
    return move(arguments, world, _deeds)


def _deeds(case: Case) -> Sequence[Deed]:
    """Return what is new of an action; nothing where all of it is on record."""
    world = case.session.world
    done, ticket = (flag(case.arguments, world, name, case.problems) for name in ("done", "ticket"))
    before = _known(case)
    if before is None or case.problems:
        return ()
    if after(Event.ACTION, case.incident.state) is None:
        # The desk says what can happen, before a ticket is opened for what cannot.
        return [Deed(Event.ACTION)]
    now = replace(
        before,
        owner=case.word("owner") or before.owner,
        due=case.word("due") or before.due,
        done=before.done or done,
    )
    if ticket or now.ticket:
        now = replace(now, ticket=_ticket(case, now) or now.ticket)
    if now in case.incident.actions or case.problems:
        return ()
    # Only what is new: what another says of it at the same time stays.
    told = {"action": now.name, "text": now.what} | {
        name: text for name, text in _said(now).items() if text != _said(before)[name]
    }
    changes = sum(dict(each.told).get("action") == now.name for each in case.incident.moments)
    return [Deed(Event.ACTION, told, mark=f"{changes} {sorted(told.items())}")]


def _said(action: Action) -> dict[str, str]:
    done = "true" if action.done else "false"
    return {"owner": action.owner, "due": action.due, "ticket": action.ticket, "done": done}


def _known(case: Case) -> Action | None:
    """Return the action as it stands, or a new one; None where none is meant that there is or can be."""
    name, what, due = case.word("action"), " ".join(case.word("what").split()), case.word("due")
    known = {each.name: each for each in case.incident.actions}
    if due and not _is_day(due):
        case.problems.append(f"due: {shown(due)} is no day; write `--due 2026-03-20`")
    if name and name not in known:
        there = ", ".join(f"{each.name} ({each.what[:40]})" for each in known.values()) or "none yet"
        case.problems.append(f"action: {shown(name)} is not known; there are: {there}")
        return None
    if name:
        return replace(known[name], what=what or known[name].what)
    if not what:
        case.problems.append("what: is missing; write `--what 'alert at 90 % of the disk'`, or name one with --action")
        return None
    if name_of(what) in known:
        return known[name_of(what)]
    case.problems.extend(
        f"{word}: is missing; an action that nobody has, or that is never due, is not done: write `--{word} {example}`"
        for word, example in (("owner", "alice"), ("due", "2026-03-20"))
        if not case.word(word)
    )
    return Action(name_of(what), what)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _ticket(case: Case, action: Action) -> str:
    """Return the ticket of an action; where none can be had, that is told, and the action stands without."""
    session = case.session
    tell, options = telling(session.world), session.settings.tickets or TicketOptions()
    tracker = tracker_of(session, options, case.word("repository"), tell, case.problems)
    if tracker is None:
        return ""
    try:
        return tracked(tracker, case.incident, action, labels=options.labels, clean=cleaner_of(session))
    except RemoteError as fault:
        tell(f"warning: its ticket could not be brought up to date; the same command again does it: {fault}")
        return ""
