"""What the sub-commands have in common: where archives are, who speaks in facts, and what the ledger knows."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lumen_action.archive import ArchiveId, is_day
from lumen_action.archive.facts import Known, known_in
from lumen_action.archive.stores import Store
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.commands import World
from lumen_action.commands.asked import telling, word
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, IntegrityError, LedgerError, shown
from lumen_action.jobmemory import JobMemory
from lumen_action.model import Fact, Kind, Outcome
from lumen_action.record import DEFAULT_REGION
from lumen_action.record.keeping import Keeper
from lumen_action.record.moment import Moment

FOLDER = "lumen-archives"
"""Where archives are frozen into, unless told otherwise."""
DAY = "LUMEN_ARCHIVE_DAY"
"""What freezing tells the later steps of a job, so that none of them asks the clock after midnight."""
_FILE = re.compile(r"^file:(?://(?:localhost)?(?=/))?")
_NAMES = ("ledger", "pipeline", "region", "config")


def subcommand_parser(name: str, description: str, example: str, *, stores: bool = True) -> argparse.ArgumentParser:
    """Make the parser of a sub-command that works on archives."""
    made = command_parser(f"archive {name}", description, f"lumen archive {name} {example}".strip(), _NAMES)
    if stores:
        made.add_argument("--store", metavar="URL", action="append", help="a store, as often as there are some")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def add_day(parser: argparse.ArgumentParser, what: str) -> None:
    """Let a day be named."""
    parser.add_argument("day", metavar="DAY", nargs="?", help=f"{what} (e.g. 2026-03-04)")


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Let the folder of frozen archives be named."""
    parser.add_argument("--folder", metavar="DIR", help=f"where archives were frozen into (default {FOLDER})")


def folder_of(arguments: argparse.Namespace, session: Session) -> Path:
    """Return the folder of frozen archives."""
    world = session.world
    return world.folder / (word(arguments, world, "folder") or session.settings.archive.get("folder", FOLDER))


def asked_day(arguments: argparse.Namespace, world: World, problems: list[str]) -> str:
    """Return the day that was named or handed on by freezing, nothing where none was."""
    day = word(arguments, world, "day") or world.env.get(DAY, "")
    if day and not is_day(day):
        problems.append(f"day: {shown(day)} is no day; write `2026-03-04`")
    return day


def stores_asked(arguments: argparse.Namespace, session: Session) -> list[Store]:
    """Open the stores that were named, else those of `archive.stores`; a ConfigError lists every mistake."""
    told = session.settings.archive
    world = session.world
    named = getattr(arguments, "store", None) or _words(word(arguments, world, "store", "STORE")) or told.get("stores")
    if not named:
        raise ConfigError(
            "store: none is named; write `--store s3://BUCKET/PREFIX`, or `archive: {stores: [s3://…]}` in lumen.yml"
        )
    options = StoreOptions(
        env=world.env,
        folder=world.folder,
        tell=telling(world),
        timing=session.timing,
        now_ms=world.clock_ms(),
        lock_days=told.get("lock-days", 0),
        s3_checksum=told.get("s3-checksum", "auto"),
    )
    problems: list[str] = []
    stores: dict[str, Store] = {}
    for url in dict.fromkeys(named):
        try:
            store = open_store(url, options)
        except ConfigError as fault:
            problems += fault.problems
        else:
            world.closing.callback(store.close)
            # What is named twice, also in two spellings, is one store.
            stores.setdefault(store.url, store)
    if problems:
        raise ConfigError(problems)
    return list(stores.values())


def store_folders(session: Session) -> list[Path]:
    """Return the folders of this machine that are stores: what is frozen must not take them in and grow each day."""
    env = session.world.env
    said = _words(env.get("LUMEN_INPUT_STORE") or env.get("LUMEN_STORE", ""))
    urls = said or session.settings.archive.get("stores", ())
    return [session.world.folder / _FILE.sub("", url, count=1) for url in urls if url.startswith("file:")]


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def said_by(url: str, text: object) -> str:
    """Return what is said of a store without its URL, which stands beside it."""
    return str(text).removeprefix(f"{url}: ")


def annotate(session: Session, level: str, line: str) -> None:
    """Put a line of the answer on the page of the run; on a terminal it would only stand there twice."""
    if session.host.identity().in_job:
        session.host.notice(level, "lumen archive", line)


@dataclass(frozen=True)
class Speaker:
    """Who speaks of archives in facts, and to which ledger."""

    session: Session

    def like(self) -> Fact:
        """Return who speaks, where and when."""
        session = self.session
        settings, now_ms = replace(session.settings, stage="archive"), session.world.clock_ms()
        identity = session.host.identity()
        if not identity.in_job and not settings.run_id:
            # On a terminal each call is an event of its own.
            identity = replace(identity, run=f"{identity.run}-{now_ms}")
        day, region = settings.calendar.day_of(now_ms), settings.region or DEFAULT_REGION
        moment = Moment(identity, session.pipeline, region, now_ms, day, JobMemory())
        return replace(moment.fact(settings, Kind.ARTIFACT, Outcome.SUCCESS, None), duration_ms=None)

    def keep(self, facts: Sequence[Fact], warnings: list[str]) -> None:
        """Keep facts; a ledger that is away makes a warning, and they wait."""
        session = self.session
        Keeper(session.spool, session.ledger, session.world.clock_ms).keep(facts, "", warnings)

    def known(self, pipeline: str, day: str, warnings: list[str]) -> Mapping[ArchiveId, Known]:
        """Return what the ledger tells of the archives of a day, of all days where none is named."""
        try:
            ledger = self.session.ledger()
            facts: Iterable[Fact] = ledger.scan(pipeline=pipeline, day=day or None)
            return known_in([*facts, *(fact for _, fact in self.session.spool.pending())])
        except (LedgerError, IntegrityError) as fault:
            warnings.append(f"what the ledger knows of archives cannot be read: {fault}")
            return {}
