"""`lumen archive upload`: bring what was frozen to every store, once."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.facts import Event, Known, event_fact, upload_told
from lumen_action.archive.keys import Keys
from lumen_action.archive.local import Frozen, frozen_as, ids_in
from lumen_action.archive.progress import Progress
from lumen_action.archive.stores import Store, Tick
from lumen_action.archive.uploading import Upload, upload, worst_code
from lumen_action.commands import World
from lumen_action.commands.archive.common import (
    Speaker,
    add_day,
    add_folder,
    annotate,
    asked_day,
    folder_of,
    said_by,
    subcommand_parser,
)
from lumen_action.commands.archive.gathering import asked_of
from lumen_action.commands.asked import telling, word
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError
from lumen_action.model import Fact, Outcome
from lumen_action.slo.phrases import counted
from lumen_action.summary.markdown import plain


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "upload",
        "Bring a day's frozen archives to every store at once and ask each what it has taken. What is there already\n"
        "is left alone; a name that holds something else is never replaced. One store that fails does not stop the\n"
        "others: run it again, and only what is missing is sent. The exit code is then 75, 2 for what only a person\n"
        "can mend, 3 for damaged bytes.",
        "2026-03-04 --store s3://evidence/lumen --store file:/mnt/archive",
    )
    add_day(made, "the day that was frozen; by default the one that freezing handed on, or the only one in the folder")
    add_folder(made)
    made.add_argument("--version", metavar="NAME", help="only this version (by default all that are in the folder)")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Upload."""
    session = session_of(arguments, world)
    problems: list[str] = []
    day = asked_day(arguments, world, problems)
    asked = asked_of(arguments, session, problems)
    found = _frozen(folder_of(arguments, session), day, word(arguments, world, "version"), session)
    warnings: list[str] = []
    uploads = [each for frozen in found for each in _brought(session, frozen, asked.stores, asked.keys, warnings)]
    _answer(arguments, session, uploads, warnings)
    return worst_code(uploads)


def _frozen(folder: Path, day: str, version: str, session: Session) -> list[Frozen]:
    """Return what is to be uploaded; a ConfigError says what there is instead."""
    pipeline, region = session.pipeline, session.settings.region
    there = [each for each in ids_in(folder) if each.pipeline == pipeline]
    days = sorted({each.day for each in there})
    if not day and len(days) == 1:
        (day,) = days
    chosen = [
        each for each in there if each.day == day and region in ("", each.region) and version in ("", each.version)
    ]
    if not chosen:
        what = f"day: {folder} holds no archive of {pipeline} {day or 'without a day'}".rstrip()
        if not day:
            what = f"day: is missing, and {folder} holds archives of {pipeline} of {len(days)} days"
        listed = f"; there are {', '.join(map(str, there[:5]))}" if there else "; freeze one first"
        raise ConfigError(f"{what}{listed}. Write `lumen archive upload {days[-1] if days else '2026-03-04'}`")
    return [found for each in chosen if (found := frozen_as(folder, each))]


def _brought(
    session: Session, frozen: Frozen, stores: Sequence[Store], keys: Keys, warnings: list[str]
) -> list[Upload]:
    world, speaker, id_ = session.world, Speaker(session), frozen.label.id
    known = speaker.known(id_.pipeline, id_.day, warnings).get(id_)
    timing = session.timing

    def proves(label: Label) -> bool:
        proved = keys.proves(label)
        # The ledger speaks where no key does; a proof that is wrong stays wrong.
        return _remembered(known, label) if proved is None else proved

    def tick(store: Store) -> Tick:
        return Progress(f"{id_} to {store.url}", frozen.label.size, telling(world), timing.clock)

    uploads = upload(frozen, stores, proves, tick, timing)
    like = speaker.like()
    speaker.keep([_fact(like, id_, each) for each in uploads], warnings)
    return uploads


def _remembered(known: Known | None, label: Label) -> bool:
    """Tell whether the ledger has seen an archive with this hash under this name."""
    return known is not None and label.sha256 in {*known.sealings, *(each.sha256 for each in known.uploads.values())}


def _fact(like: Fact, id_: ArchiveId, done: Upload) -> Fact:
    if done.receipt:
        return event_fact(like, Event.UPLOAD, id_, upload_told(done.store, done.label, done.receipt, done.fingerprints))
    told = {"store": done.store, "why": done.told[:300]}
    return replace(event_fact(like, Event.UPLOAD, id_, told), outcome=Outcome.FAILURE)


def _answer(
    arguments: argparse.Namespace, session: Session, uploads: Sequence[Upload], warnings: Sequence[str]
) -> None:
    host, world = session.host, session.world
    for warning in warnings:
        host.notice("warning", "lumen", warning)
    lines = [f"{each.label.id} to {each.store}: {said_by(each.store, each.told)}" for each in uploads]
    for each, line in zip(uploads, lines, strict=True):
        if each.fault:
            annotate(session, "error", line)
    if arguments.json:
        world.answer_json({"uploads": [_plain(each) for each in uploads]})
    else:
        world.answer("\n".join(lines))
    failed = sum(each.fault is not None for each in uploads)
    heading = f"❌ {failed} of {counted(len(uploads), 'upload')} failed" if failed else "✅ Archives uploaded"
    summary = f"### {heading}\n\n" + "".join(f"- {plain(line)}\n" for line in lines) + "\n"
    if len(summary.encode()) <= host.summary_room():
        host.write_summary(summary)


def _plain(done: Upload) -> Mapping[str, Any]:
    receipt = done.receipt
    return {
        "archive": done.label.id.name,
        "store": done.store,
        "ok": receipt is not None,
        "existed": receipt.existed if receipt else None,
        "confirmed_by": (receipt.checked or None) if receipt else None,
        "size_bytes": done.label.size,
        "sha256": done.label.sha256,
        "root": done.label.root,
        "version": (receipt.stored.version or None) if receipt else None,
        "fingerprints": dict(done.fingerprints),
        "told": done.told,
    }
