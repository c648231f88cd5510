"""`lumen archive verify`: whether every store still has what was frozen."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lumen_action.archive import ArchiveId
from lumen_action.archive.facts import INTEGRITY, Event
from lumen_action.archive.progress import Progress
from lumen_action.archive.stores import Store
from lumen_action.archive.verdicts import Finding, Level, doubted
from lumen_action.archive.verifying import Means, verify
from lumen_action.commands import World
from lumen_action.commands.archive.common import add_day, add_folder, asked_day, folder_of, subcommand_parser
from lumen_action.commands.archive.gathering import Asked, Gathered, asked_of, gather, versions_of
from lumen_action.commands.archive.judging import Judgement, conclude
from lumen_action.commands.asked import telling, word
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError
from lumen_action.record import DEFAULT_REGION

_LEVELS = tuple(str(int(level)) for level in Level if level >= 0)


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "verify",
        "Say of every archive of a day, in every store, whether it still is what was frozen: ok, mismatch, missing,\n"
        "or unverifiable with the reason. Level 0 asks whether it is there and was confirmed at the upload, 1\n"
        "compares what the store computes of it, 2 reads all bytes back (the default; each store sends each archive\n"
        "once), 3 also decrypts and compares every file. Exit code 3 for mismatch or missing, 75 or 2 for what is\n"
        "unverifiable.",
        "2026-03-04 --level 2 --store s3://evidence/lumen",
    )
    add_day(made, "the day; by default the one that freezing handed on, else the newest that anybody knows of")
    made.add_argument("--level", metavar="0|1|2|3", help="how thoroughly (default 2)")
    made.add_argument("--at", metavar="VERSION", help="this version (default the newest of each region)")
    add_folder(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Verify."""
    session = session_of(arguments, world)
    problems: list[str] = []
    day = asked_day(arguments, world, problems)
    said = word(arguments, world, "level") or str(int(Level.BYTES))
    if said not in _LEVELS:
        problems.append(f"level: `{said[:40]}` is none; write `--level 0`, 1, 2 or 3")
    asked = asked_of(arguments, session, problems)
    warnings: list[str] = []
    gathered = gather(asked, day, folder_of(arguments, session), warnings)
    wanted = _wanted(asked, gathered, day, word(arguments, world, "at", "VERSION"))
    level = Level(int(said))
    findings = verified(asked, gathered, wanted, level)
    title = f"verify {wanted[0].day}"
    lines = [
        f"{id_} was pruned from {store.url}"
        for id_ in wanted
        for store in asked.stores
        if gathered.was_pruned(id_, store.url)
    ]
    if not findings:
        raise ConfigError(f"day: there is nothing to verify: {'; '.join(lines)}")
    judgement = Judgement(title, Event.VERIFY, INTEGRITY, asked.pipeline, level, findings, lines=lines)
    return conclude(judgement, session, warnings, as_json=arguments.json)


def _wanted(asked: Asked, gathered: Gathered, day: str, version: str) -> list[ArchiveId]:
    """Return the archives of a day; one that was named is looked for even where nobody knows of it."""
    newest = day or max((id_.day for id_ in gathered.ids), default="")
    if not newest:
        if gathered.silent:
            raise next(iter(gathered.silent.values()))
        raise ConfigError(
            f"day: nobody knows of any archive of {asked.pipeline}: not the ledger, not the folder, not "
            f"{', '.join(store.url for store in asked.stores)}. Freeze and upload one, or write the day"
        )
    found = versions_of([id_ for id_ in gathered.ids if id_.day == newest], version)
    pruned = [id_ for id_, known in gathered.known.items() if id_.day == newest and known.pruned]
    return found or pruned or [ArchiveId.of(asked.pipeline, newest, asked.region or DEFAULT_REGION, version or "1")]


def verified(asked: Asked, gathered: Gathered, wanted: Sequence[ArchiveId], level: Level) -> list[Finding]:
    """Verify archives in all stores at once, one after the other in each."""
    means = Means(asked.keys, asked.session.timing)
    tell = telling(asked.session.world)

    def of_store(store: Store) -> list[Finding]:
        return [
            doubted(
                verify(gathered.expected(id_), store, level, means, progress(id_, store)),
                gathered.silent.get(store.url),
            )
            for id_ in wanted
            if not gathered.was_pruned(id_, store.url)
        ]

    def progress(id_: ArchiveId, store: Store) -> Progress:
        held = gathered.held.get(store.url)
        there = held.archives.get(id_) if held else None
        size = there.sealed.size if there and there.sealed else 0
        return Progress(f"{id_} from {store.url}", size, tell, means.timing.clock)

    with ThreadPoolExecutor(len(asked.stores)) as workers:
        return [each for found in workers.map(of_store, asked.stores) for each in found]
