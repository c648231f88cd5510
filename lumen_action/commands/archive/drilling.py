"""`lumen archive drill`: restore a sample and throw it away, so that "we can restore" is known and not hoped."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from lumen_action.archive import ArchiveId, is_day
from lumen_action.archive.drilling import restoring, sample, store_in_turn
from lumen_action.archive.facts import RESTORE, Event
from lumen_action.archive.holdings import order
from lumen_action.archive.progress import Progress, size
from lumen_action.archive.stores import Store, Tick
from lumen_action.archive.verdicts import Finding, Level, doubted
from lumen_action.archive.verifying import Expected, Means, verify
from lumen_action.commands import World
from lumen_action.commands.archive.common import Speaker, add_folder, folder_of, subcommand_parser
from lumen_action.commands.archive.gathering import Asked, Gathered, asked_of, gather
from lumen_action.commands.archive.judging import Judgement, conclude
from lumen_action.commands.asked import telling, word
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError, shown


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "drill",
        "Take an archive, restore it whole into a folder that is thrown away, read the files back from the disk and\n"
        "compare them. The store is the one that was drilled longest ago, the archive is drawn by the id of the run;\n"
        "the answer says how to drill the same once more. Exit codes as of `lumen archive verify`.",
        "--store s3://evidence/lumen --store file:/mnt/archive",
    )
    made.add_argument("--day", metavar="DAY", help="only archives of this day (default any)")
    made.add_argument("--at", metavar="VERSION", help="only this version (default any)")
    add_folder(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Drill."""
    session = session_of(arguments, world)
    problems: list[str] = []
    day = word(arguments, world, "day")
    if day and not is_day(day):
        problems.append(f"day: {shown(day)} is no day; write `--day 2026-03-04`")
    asked = asked_of(arguments, session, problems)
    warnings: list[str] = []
    gathered = gather(asked, day, folder_of(arguments, session), warnings)
    store, id_ = _drawn(asked, gathered, day, word(arguments, world, "at", "VERSION"))
    counting = _Counting(Progress(f"{id_} from {store.url}", 0, telling(world), asked.session.timing.clock))
    began = asked.session.timing.clock()
    finding = doubted(_drilled(asked, gathered.expected(id_), store, counting), gathered.silent.get(store.url))
    seconds = asked.session.timing.clock() - began
    again = f"lumen archive drill --day {id_.day} --region {id_.region} --at {id_.version} --store {store.url}"
    judgement = Judgement(
        f"drill {id_}",
        Event.DRILL,
        RESTORE,
        asked.pipeline,
        Level.CONTENT,
        [finding],
        {"store": store.url, "duration_seconds": round(seconds, 3), "size_bytes": counting.bytes},
        [f"It took {seconds:.1f} s for {size(counting.bytes)}. Again: `{again}`"],
    )
    return conclude(judgement, session, warnings, as_json=arguments.json)


def _drawn(asked: Asked, gathered: Gathered, day: str, version: str) -> tuple[Store, ArchiveId]:
    """Return the store whose turn it is, and one of the archives that it has or should have."""
    run = Speaker(asked.session).like().key.run
    stores = {store.url: store for store in asked.stores}
    candidates = {url: found for url in stores if (found := _candidates(gathered, url, version))}
    if not candidates:
        if gathered.silent:
            raise next(iter(gathered.silent.values()))
        what = " ".join(each for each in (asked.pipeline, day, asked.region, version) if each)
        raise ConfigError(
            f"store: there is no archive of {what} to restore in {', '.join(stores)}; freeze and upload one"
        )
    url = store_in_turn(list(candidates), gathered.known, run)
    return stores[url], sample(candidates[url], lambda id_: id_.name, run)


def _candidates(gathered: Gathered, url: str, version: str) -> list[ArchiveId]:
    held = gathered.held.get(url)
    there = {id_ for id_, each in held.archives.items() if each.whole} if held else set()
    uploaded = {id_ for id_, known in gathered.known.items() if url in known.uploads}
    return sorted((id_ for id_ in there | uploaded if version in ("", id_.version)), key=order)


def _drilled(asked: Asked, expected: Expected, store: Store, tick: Tick) -> Finding:
    scratch = next((folder for folder in asked.session.host.scratch_dirs if folder.is_dir()), None)
    with tempfile.TemporaryDirectory(prefix="lumen-drill-", dir=scratch) as folder:
        means = Means(asked.keys, asked.session.timing, restoring(Path(folder) / "restored"))
        return verify(expected, store, Level.CONTENT, means, tick)


class _Counting:
    """A tick that also remembers how much there was."""

    def __init__(self, tick: Tick) -> None:
        self.bytes = 0
        self._tick = tick

    def __call__(self, moved: int) -> None:
        self.bytes += moved
        self._tick(moved)
