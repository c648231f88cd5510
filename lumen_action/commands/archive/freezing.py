"""`lumen archive freeze`: make one sealed archive of a day's files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from lumen_action import __version__
from lumen_action.archive import ArchiveId
from lumen_action.archive.facts import Event, event_fact, freeze_told
from lumen_action.archive.freezing import Order, freeze, standing
from lumen_action.archive.keys import KEY, RECIPIENTS, Keys, read_keys
from lumen_action.archive.local import Frozen
from lumen_action.archive.progress import Progress, size
from lumen_action.archive.walking import Findings, found_files
from lumen_action.commands import World
from lumen_action.commands.archive.common import (
    DAY,
    Speaker,
    add_folder,
    asked_day,
    folder_of,
    store_folders,
    subcommand_parser,
)
from lumen_action.commands.asked import telling, word
from lumen_action.commands.listed import listed
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.jobmemory import memory_file, recall
from lumen_action.ledger.checkpoints import newest_kept
from lumen_action.ledger.notes import Notes
from lumen_action.model.instants import stamp
from lumen_action.record import DEFAULT_REGION
from lumen_action.summary.markdown import plain, visible

_FIRST_VERSION = "1"
_Made = TypeVar("_Made")


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "freeze",
        "Make one sealed archive of files and folders, with a label that everybody may read. Inside, a file is named\n"
        "by its way from the working folder, or by its own name when it lies elsewhere. The same files give the same\n"
        "root, whoever owns them and whenever they were written. A name is frozen once: freezing the same files again\n"
        "changes nothing, other files need another --version. Links and devices are refused. The key is in\n"
        "LUMEN_ARCHIVE_KEY.",
        "reports build/site --day 2026-03-04 --exclude '*.tmp'",
        stores=False,
    )
    made.add_argument("paths", metavar="PATH", nargs="*", help="a file or folder, as often as there are some")
    made.add_argument("--day", metavar="DAY", help="the day they belong to (default that of the run's creation)")
    made.add_argument("--version", metavar="NAME", help=f"of the archive (default {_FIRST_VERSION})")
    made.add_argument(
        "--exclude",
        metavar="PATTERN",
        action="append",
        help="leave out what is called so, or lies in a folder that is: `*.tmp`, `logs/debug-*`",
    )
    add_folder(made)
    return made


@dataclass(frozen=True)
class _Wanted:
    """What was asked for, looked at."""

    session: Session
    id: ArchiveId
    found: Findings
    keys: Keys


def run(arguments: argparse.Namespace, world: World) -> int:
    """Freeze."""
    wanted = _wanted(arguments, world)
    session, keys, tell = wanted.session, wanted.keys, telling(world)
    for each in wanted.found.spared:
        tell(f"left out: {visible(each)}, which is where archives are written")
    if keys.recipients and keys.newest:
        tell(f"sealed for the recipients of {RECIPIENTS} or lumen.yml; {KEY} opens older archives only")
    warnings: list[str] = []
    like = Speaker(session).like()
    order = Order(
        id=wanted.id,
        files=wanted.found.files,
        folder=folder_of(arguments, session),
        frozen_at_ms=world.clock_ms(),
        run=like.key.run,
        run_id=like.run_id,
        trace_id=like.trace_id,
        checkpoint=_checkpoint(session, warnings),
        tool=f"lumen {__version__}",
    )
    clock = Timing().clock

    def progress(what: str) -> Progress:
        return Progress(f"{what} {wanted.id}", wanted.found.size, tell, clock)

    before = standing(order, progress("comparing"))
    frozen = before or freeze(order, keys, progress("freezing"))
    if not before:
        told = event_fact(like, Event.FREEZE, wanted.id, freeze_told(frozen.label))
        Speaker(session).keep([told], warnings)
    _answer(arguments, wanted, frozen, warnings, existed=before is not None)
    return 0


def _wanted(arguments: argparse.Namespace, world: World) -> _Wanted:
    """Return what was asked for; a ConfigError tells every mistake."""
    session = session_of(arguments, world)
    problems: list[str] = []
    asked = asked_day(arguments, world, problems)
    # A day that is none was noted already.
    day = asked if asked and not problems else _day_of_run(session)
    region = session.settings.region or DEFAULT_REGION
    version = word(arguments, world, "version") or _FIRST_VERSION
    keys = read_keys(world.env, session.settings.archive.get("recipients", ()), problems)
    if not problems:
        _noted(problems, keys.sealing)
    id_ = _noted(problems, lambda: ArchiveId.of(session.pipeline, day, region, version))
    paths, exclude = listed(arguments, world, "paths"), listed(arguments, world, "exclude")
    if not all(paths):
        problems.append("paths: one is empty, as a variable that is not set; name each, and all that is here as `.`")
    if not paths:
        problems.append("paths: nothing is named; write `lumen archive freeze reports --day 2026-03-04`")
    spare = (folder_of(arguments, session), *store_folders(session))
    found = _noted(problems, lambda: found_files(paths, world.folder, exclude, *spare))
    if problems or not id_ or not found:
        raise ConfigError(problems)
    return _Wanted(session, id_, found, keys)


def _noted(problems: list[str], make: Callable[[], _Made]) -> _Made | None:
    """Return what could be made, noting why it could not."""
    try:
        return make()
    except ConfigError as fault:
        problems += fault.problems
        return None


def _day_of_run(session: Session) -> str:
    """Return the day of the run as the job has recorded it, else as the host tells it."""
    host, identity = session.host, session.host.identity()
    region = session.settings.region or DEFAULT_REGION
    remembered = recall(memory_file(host.state_dir, identity, region)).day if identity.in_job else ""
    created_ms = None if remembered else host.created_at_ms(identity)
    now_ms = session.world.clock_ms()
    return remembered or session.settings.calendar.day_of(now_ms if created_ms is None else created_ms)


def _checkpoint(session: Session, warnings: list[str]) -> str:
    """Return how far the ledger is: its newest checkpoint, else its kind and head."""
    try:
        ledger = session.ledger()
        kept = newest_kept(ledger) if isinstance(ledger, Notes) else None
        return kept.text.decode() if kept else f"{ledger.url.partition(':')[0]} {ledger.head()}"
    except (LedgerError, IntegrityError) as fault:
        warnings.append(f"the archive names no checkpoint of the ledger: {fault}")
        return ""


def _answer(
    arguments: argparse.Namespace, wanted: _Wanted, frozen: Frozen, warnings: Sequence[str], *, existed: bool
) -> None:
    host, world, label = wanted.session.host, wanted.session.world, frozen.label
    host.set_outputs(
        {
            "day": label.id.day,
            "archive": label.id.name,
            "file": str(frozen.sealed),
            "sha256": label.sha256,
            "root": label.root,
        }
    )
    host.export({DAY: label.id.day})
    for warning in warnings:
        host.notice("warning", "lumen", warning)
    done = "frozen before from the same files, nothing was written" if existed else "frozen"
    files = f"{label.files} {'file' if label.files == 1 else 'files'}"
    line = f"{label.id}: {done}: {files}, {size(label.content_bytes)}, key {label.key_id}, root {label.root}"
    if arguments.json:
        world.answer_json(_plain(frozen, wanted.found, warnings, existed=existed))
    else:
        world.answer(f"{line}\n{frozen.sealed}")
    summary = f"### ✅ Archive frozen\n\n- {plain(line)}\n\n"
    if len(summary.encode()) <= host.summary_room():
        host.write_summary(summary)


def _plain(frozen: Frozen, found: Findings, warnings: Sequence[str], *, existed: bool) -> dict[str, Any]:
    label = frozen.label
    return {
        "archive": label.id.name,
        "pipeline": label.id.pipeline,
        "day": label.id.day,
        "region": label.id.region,
        "version": label.id.version,
        "existed": existed,
        "file": str(frozen.sealed),
        "label": str(frozen.label_file),
        "size_bytes": label.size,
        "sha256": label.sha256,
        "root": label.root,
        "files": label.files,
        "content_bytes": label.content_bytes,
        "key_id": label.key_id,
        "frozen_at": stamp(label.frozen_at_ms),
        "checkpoint": label.checkpoint or None,
        "left_out": list(found.spared),
        "warnings": list(warnings),
    }
