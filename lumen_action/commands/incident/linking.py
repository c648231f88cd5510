"""`lumen incident link`: what belongs to an incident."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from lumen_action.addresses import address_fault
from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.incident.common import cleaner_of
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.commands.session import Session
from lumen_action.incidents.incident import LinkKind
from lumen_action.incidents.words import Event

_OPTIONS: Mapping[str, tuple[LinkKind, str]] = {
    "run": (LinkKind.RUN, "a run of the pipeline"),
    "alert": (LinkKind.ALERT, "an alert"),
    "ticket": (LinkKind.TICKET, "a ticket"),
    "page": (LinkKind.OTHER, "anything else"),
}


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser(
        "link", "Add a run, an alert, a ticket or a page.", "--ticket OPS-17=https://tickets.example/OPS-17"
    )
    add_links(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Put the links on record, each once."""
    return move(arguments, world, _deeds)


def _deeds(case: Case) -> Sequence[Deed]:
    found = links_of(case.arguments, case.session, case.problems)
    if not found and not case.problems:
        case.problems.append("link: is missing; write `--ticket OPS-17=https://tickets.example/OPS-17`")
    return link_deeds(found)


def add_links(parser: argparse.ArgumentParser) -> None:
    """Let what belongs to an incident be named."""
    for name, (_, what) in _OPTIONS.items():
        help_ = f"{what} that belongs to it: a name, a URL or both; as often as needed"
        parser.add_argument(f"--{name}", metavar="[NAME=]URL", action="append", help=help_)


def links_of(arguments: argparse.Namespace, session: Session, problems: list[str]) -> list[Mapping[str, str]]:
    """Return what facts say of the links that were named."""
    found: list[Mapping[str, str]] = []
    clean = cleaner_of(session)
    for option, (kind, _) in _OPTIONS.items():
        said = getattr(arguments, option) or word(arguments, session.world, option).splitlines()
        for each in filter(None, map(str.strip, said)):
            name, between, url = each.partition("=")
            if "://" in name:
                name, url = each.rstrip("/").rpartition("/")[2], each
            fault = address_fault(url) if between or url else ""
            if not fault and clean(each) != each:
                fault = "it holds a secret, and whoever may read the ledger could read it"
            if fault:
                problems.append(f"{option}: {fault}; write `--{option} NAME=https://…`")
            found.append({"link_kind": kind.value, "link_name": name, "link_url": url})
    return found


def link_deeds(links: Sequence[Mapping[str, str]]) -> list[Deed]:
    """Return what puts links on record; the same link is one."""
    return [Deed(Event.LINKED, each, mark=" ".join(["link", *each.values()])) for each in links]
