"""`lumen archive restore`: get a day's files back, from any store that still has them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lumen_action.archive import ArchiveId
from lumen_action.archive.container import read_header
from lumen_action.archive.facts import Event, event_fact
from lumen_action.archive.keys import Keys, read_keys
from lumen_action.archive.manifest import Entry
from lumen_action.archive.patterns import Patterns
from lumen_action.archive.progress import Progress
from lumen_action.archive.restoring import Copy, choose, copies_of, copy_in, fetch
from lumen_action.archive.staging import Shelf, in_the_way, staged
from lumen_action.archive.stores import Tick
from lumen_action.archive.unpacking import Keep, Seen
from lumen_action.commands import World
from lumen_action.commands.archive.common import Speaker, add_day, asked_day, stores_asked, subcommand_parser
from lumen_action.commands.archive.restored import Restored, answer, told
from lumen_action.commands.asked import flag, telling, word
from lumen_action.commands.listed import listed
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, IntegrityError, LumenError
from lumen_action.http import Timing
from lumen_action.model import Outcome
from lumen_action.summary.markdown import visible

_MOST_WHY = 300


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "restore",
        "Get a day's files back from the first store that has them and whose bytes prove right. Nothing is written to\n"
        "DIR before the whole archive has proved right, and no file is replaced without --overwrite. A day of one\n"
        "region goes to DIR itself, a day of several to a folder of each in DIR; --region names one. A sealed file\n"
        "needs no store: --file, and the key.",
        "2026-03-04 --to restored --store s3://evidence/lumen",
    )
    add_day(made, "the day to get back; by default the one that was frozen in this job, else the newest there is")
    made.add_argument("--to", metavar="DIR", help="where to write the files")
    made.add_argument("--at", metavar="VERSION", help="the version (default the newest)")
    made.add_argument("--only", metavar="PATTERN", nargs="+", action="extend", help="only files that are called so")
    made.add_argument("--overwrite", action="store_true", help="replace files that are there")
    made.add_argument("--file", metavar="SEALED", help="a sealed archive on this machine, in place of stores")
    made.add_argument("--dry-run", action="store_true", help="read and prove everything, list it, write nothing")
    return made


@dataclass(frozen=True)
class _Wanted:
    """What was asked for, looked at."""

    session: Session
    copies: Mapping[ArchiveId, Sequence[Copy]]
    """What there is to restore, and where each can be had."""
    keys: Keys
    target: Path | None
    only: Patterns
    overwrite: bool
    dry_run: bool


def run(arguments: argparse.Namespace, world: World) -> int:
    """Restore."""
    wanted = _wanted(arguments, world)
    blocked: Sequence[str] = ()
    if wanted.target is None or wanted.dry_run:
        restored = [_Archive(wanted, id_).fetch(None) for id_ in wanted.copies]
        _require_used(wanted.only)
        if wanted.target:
            paths = [each.path_of(entry) for each in restored for entry in each.entries]
            blocked = in_the_way(wanted.target.resolve(), paths, overwrite=wanted.overwrite)
    else:
        restored = _written(wanted, wanted.target)
    answer(arguments, wanted.session, restored, blocked, wanted.target, dry_run=wanted.dry_run)
    return ConfigError.exit_code if blocked else 0


def _written(wanted: _Wanted, target: Path) -> list[Restored]:
    """Bring everything to the target, once all of it has proved right."""
    tell = telling(wanted.session.world)
    with staged(target) as staging:
        for each in staging.left_over:
            tell(f"{visible(str(each))} was left by a restore that was cut off; remove it unless one is under way")
        restored = [_Archive(wanted, id_).fetch(staging.shelf) for id_ in wanted.copies]
        _require_used(wanted.only)
        staging.settle(overwrite=wanted.overwrite)
    warnings: list[str] = []
    speaker = Speaker(wanted.session)
    like = speaker.like()
    speaker.keep([event_fact(like, Event.RESTORE, each.fetched.id, told(each)) for each in restored], warnings)
    for warning in warnings:
        wanted.session.host.notice("warning", "lumen", warning)
    return restored


@dataclass
class _Archive:
    """One archive on its way."""

    wanted: _Wanted
    id: ArchiveId
    _entries: list[Entry] = field(default_factory=list)

    def fetch(self, shelf_of: Callable[[str], Shelf] | None) -> Restored:
        """Read it from the first copy that proves right, onto a shelf; without one nothing is written."""
        wanted, only = self.wanted, self.wanted.only
        world, below = wanted.session.world, self._below

        def chosen(path: str) -> bool:
            return not only.told or only.match(path)

        def begin() -> tuple[Keep | None, Seen | None]:
            self._entries.clear()
            shelf = shelf_of(below) if shelf_of else None
            keep: Keep | None = (lambda path, mode: shelf.keep(path, mode) if chosen(path) else None) if shelf else None
            return keep, lambda entry: self._entries.append(entry) if chosen(entry.path) else None

        def tick(copy: Copy) -> Tick:
            return Progress(f"{self.id} from {copy.where}", copy.size, telling(world), Timing().clock)

        try:
            fetched = fetch(self.id, wanted.copies[self.id], wanted.keys, begin, tick, telling(world))
        except LumenError as fault:
            if shelf_of:
                self._say_failed(fault)
            raise
        return Restored(fetched, below, self._entries)

    @property
    def _below(self) -> str:
        """Return the folder of the target that it goes to, which is none of its own when it is alone."""
        return "" if len(self.wanted.copies) == 1 else self.id.name.split("/")[2]

    def _say_failed(self, fault: LumenError) -> None:
        speaker = Speaker(self.wanted.session)
        made = event_fact(speaker.like(), Event.RESTORE, self.id, {"why": str(fault)[:_MOST_WHY]}, Outcome.FAILURE)
        speaker.keep([made], [])


def _require_used(only: Patterns) -> None:
    """Raise a ConfigError that names the patterns which nothing has matched."""
    if only.unused:
        raise ConfigError(
            [
                *(f"only: nothing in the archive is called `{visible(each)}`" for each in only.unused),
                "only: nothing was written; `--dry-run` without `--only` lists what there is",
            ]
        )


def _wanted(arguments: argparse.Namespace, world: World) -> _Wanted:
    """Return what was asked for; a ConfigError tells every mistake."""
    session = session_of(arguments, world)
    problems: list[str] = []
    file, to = word(arguments, world, "file"), word(arguments, world, "to")
    day = asked_day(arguments, world, problems)
    dry_run, overwrite = (flag(arguments, world, name, problems) for name in ("dry-run", "overwrite"))
    if not to and not dry_run:
        problems.append("to: is missing; write `--to restored`, or `--dry-run` to see what there is")
    keys = read_keys(world.env, session.settings.archive.get("recipients", ()), problems)
    copies: Mapping[ArchiveId, Sequence[Copy]] = {}
    try:
        copies = (
            _in_file(arguments, world.folder / file, day) if file else _in_stores(arguments, session, day, problems)
        )
    except ConfigError as fault:
        problems += fault.problems
    if problems:
        raise ConfigError(problems)
    target = world.folder / to if to else None
    return _Wanted(session, copies, keys, target, Patterns(listed(arguments, world, "only")), overwrite, dry_run)


def _in_file(arguments: argparse.Namespace, file: Path, day: str) -> Mapping[ArchiveId, Sequence[Copy]]:
    """Look whose archive a file is; a ConfigError when it is not the one that was asked for."""
    copy = copy_in(file)
    try:
        id_ = read_header(copy.pieces()).header.id
    except IntegrityError as fault:
        raise IntegrityError(f"{file}: {fault}") from None
    asked = (
        ("day", day, id_.day),
        ("at", arguments.at, id_.version),
        ("region", arguments.region, id_.region),
        ("pipeline", arguments.pipeline, id_.pipeline),
    )
    problems = [
        f"{name}: {file} is the archive of {id_}, not of {word}; leave the {name} away, or name another file"
        for name, word, found in asked
        if word and word != found
    ]
    if arguments.store:
        problems.append("store: is for what is not in `--file`; name the one or the other")
    if problems:
        raise ConfigError(problems)
    return {id_: [copy]}


def _in_stores(
    arguments: argparse.Namespace, session: Session, day: str, problems: Sequence[str]
) -> Mapping[ArchiveId, Sequence[Copy]]:
    """Ask the stores for the archives that are meant; with other problems only their URLs are looked at."""
    world, pipeline = session.world, session.pipeline
    stores = stores_asked(arguments, session)
    if problems:
        return {}
    timing = session.timing
    found = copies_of(stores, pipeline, day, telling(world), timing)
    version = word(arguments, world, "at", "VERSION")
    chosen = choose(found, session.settings.region, version)
    if not chosen:
        there = f"; there are {', '.join(map(str, found))}" if found else ""
        asked = " ".join(each for each in (pipeline, day, session.settings.region, version) if each)
        raise ConfigError(
            f"day: no store has an archive of {asked}{there}. `lumen archive list` shows all; name another DAY, "
            "`--pipeline`, `--region`, `--at` or `--store`"
        )
    return {id_: found[id_] for id_ in chosen}
