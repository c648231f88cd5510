"""What incidents cost, by the objectives of the team."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from lumen_action.commands.rules.documents import read_files, tell
from lumen_action.commands.rules.exporting import book_of
from lumen_action.commands.session import Session
from lumen_action.commands.slo.asked import Asked, words
from lumen_action.commands.slo.places import places
from lumen_action.incidents.incident import Incident
from lumen_action.response.spending import Cost, spent
from lumen_action.slo.objective import LedgerSource, SloBook


def add_objectives(parser: argparse.ArgumentParser) -> None:
    """Let documents of objectives be named."""
    about = "documents of objectives, or folders of them, beside `slo:` of lumen.yml"
    parser.add_argument("--slo", metavar="FILE", nargs="+", action="extend", help=about)


def book_asked(arguments: argparse.Namespace, session: Session) -> SloBook:
    """Return the objectives of the settings and of the documents that were named; there may be none."""
    settings, world = session.settings, session.world
    slos = book_of(settings).slos if settings.objectives and settings.pipeline else ()
    files = words(arguments, world, "slo")
    if files:
        taken = read_files(files, world.folder)
        tell(taken.notes, world)
        slos += taken.book.slos
    left_out = [slo.name for slo in slos if not isinstance(slo.source, LedgerSource)]
    if left_out:
        world.tell(f"note: only what the ledger counts has a cost for an incident; left out: {', '.join(left_out)}")
    return SloBook(tuple(slo for slo in slos if isinstance(slo.source, LedgerSource)))


def costs(session: Session, book: SloBook, known: Sequence[Incident], wanted: Iterable[Incident]) -> dict[str, Cost]:
    """Return what some of the known incidents cost, by their names."""
    now_ms = session.world.clock_ms()
    where = places(Asked(session, book, now_ms))
    return spent(known, (each.name for each in wanted), book.slos, where, now_ms)
