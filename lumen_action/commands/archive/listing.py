"""`lumen archive list`: which archives there are, where, and whether there is a key for them."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lumen_action.archive import ArchiveId, Label, is_day
from lumen_action.archive.facts import Uploaded, Verified
from lumen_action.archive.holdings import Held, label_bytes, label_of
from lumen_action.archive.keys import Keys
from lumen_action.archive.progress import size
from lumen_action.archive.verdicts import Verdict
from lumen_action.commands import World
from lumen_action.commands.archive.common import add_folder, folder_of, said_by, subcommand_parser
from lumen_action.commands.archive.gathering import Asked, Gathered, asked_of, gather
from lumen_action.commands.asked import telling, word
from lumen_action.commands.session import session_of
from lumen_action.errors import LumenError, shown
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.slo.phrases import counted
from lumen_action.summary.markdown import visible


@dataclass(frozen=True)
class Place:
    """One archive in one store, as far as anybody knows."""

    url: str
    held: Held | None
    """What the store itself says; None where it was not asked or has nothing."""
    asked: bool
    uploaded: Uploaded | None = None
    verified: Verified | None = None
    pruned_ms: int | None = None

    @property
    def state(self) -> str:
        """Say it in a word."""
        if self.held:
            return "there" if self.held.whole else "incomplete"
        if self.asked:
            return "pruned" if self.pruned_ms is not None else "missing" if self.uploaded else "never uploaded"
        return "uploaded" if self.uploaded else "pruned"

    @property
    def poorness(self) -> str:
        """Say why a person should look at it; empty when nothing is known against it."""
        verdict = self.verified.verdict if self.verified else ""
        if self.state in ("incomplete", "missing", "never uploaded"):
            return self.state
        return verdict if self.state != "pruned" and verdict != Verdict.OK.value else ""

    @property
    def locked_until_ms(self) -> int | None:
        """Return until when the store keeps it, where its list tells."""
        return self.held.sealed.locked_until_ms if self.held and self.held.sealed else None


@dataclass(frozen=True)
class Listed:
    """One archive and where it is."""

    id: ArchiveId
    label: Label | None
    key: str
    """`yes`, `no`, `identity` where only that may open it, or empty where nobody knows its key."""
    in_folder: bool
    places: Sequence[Place]


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "list",
        "Show the archives of a pipeline by day: versions, regions, sizes, the stores that have them, until when they\n"
        "are locked, whether their key is at hand, and how they were last verified. The ledger, the folder and the\n"
        "stores are asked; without a store only the first two.",
        "--store s3://evidence/lumen",
    )
    made.add_argument("--day", metavar="DAY", help="only this day (default all)")
    add_folder(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """List."""
    session = session_of(arguments, world)
    problems: list[str] = []
    day = word(arguments, world, "day")
    if day and not is_day(day):
        problems.append(f"day: {shown(day)} is no day; write `--day 2026-03-04`")
    asked = asked_of(arguments, session, problems, stores_needed=False)
    warnings: list[str] = []
    gathered = gather(asked, day, folder_of(arguments, session), warnings)
    warnings += [f"{url} was not listed: {said_by(url, fault)}" for url, fault in gathered.silent.items()]
    listed = [_listed(asked, gathered, id_, warnings) for id_ in gathered.ids]
    if arguments.json:
        foreign = {url: list(each.foreign) for url, each in gathered.held.items()}
        world.answer_json({"archives": [_plain(each) for each in listed], "foreign": foreign, "warnings": warnings})
    else:
        world.answer("\n".join(map(visible, _lines(asked, gathered, listed))))
    for warning in warnings:
        telling(world)(f"warning: {visible(warning)}")
    codes = {fault.exit_code for fault in gathered.silent.values()}
    # What somebody has to act on comes before what may pass by itself.
    return min(codes, default=0)


def _listed(asked: Asked, gathered: Gathered, id_: ArchiveId, warnings: list[str]) -> Listed:
    known = gathered.known.get(id_)
    urls = dict.fromkeys([*gathered.held, *(known.uploads if known else ())])
    places = []
    for url in urls:
        held = gathered.held.get(url)
        places.append(
            Place(
                url,
                held.archives.get(id_) if held else None,
                held is not None,
                known.uploads.get(url) if known else None,
                known.verified.get(url) if known else None,
                known.pruned.get(url) if known else None,
            )
        )
    label = (known.frozen if known else None) or gathered.local.get(id_) or _label_there(asked, gathered, id_, warnings)
    return Listed(id_, label, _key(asked.keys, label), id_ in gathered.local, places)


def _label_there(asked: Asked, gathered: Gathered, id_: ArchiveId, warnings: list[str]) -> Label | None:
    """Read the label of an archive that only stores know, from the first that has it."""
    for store in asked.stores:
        held = gathered.held.get(store.url)
        if held and id_ in held.archives and held.archives[id_].label:
            try:
                body = label_bytes(store, id_, asked.session.timing)
                return label_of(id_, body) if body else None
            except (LumenError, ValueError) as fault:
                warnings.append(f"{store.url}: the label of {id_} cannot be read: {fault}")
    return None


def _key(keys: Keys, label: Label | None) -> str:
    if not label:
        return ""
    if keys.proves(label) is not None:
        return "yes"
    return "identity" if keys.identities else "no"


def _lines(asked: Asked, gathered: Gathered, listed: Sequence[Listed]) -> Iterator[str]:
    poor = Counter(poorness for each in listed for place in each.places if (poorness := place.poorness))
    worth = f"; to look at: {', '.join(f'{number} {what}' for what, number in poor.most_common())}" if poor else ""
    yield f"{counted(len(listed), 'archive')} of {asked.pipeline}{worth}"
    for each in listed:
        label = each.label
        told = (
            f", {size(label.size)}, {counted(label.files, 'file')}, frozen {stamp(label.frozen_at_ms)}" if label else ""
        )
        key = f", key {label.key_id} {_KEYS[each.key]}" if label else ""
        yield f"{each.id}{told}{key}{', in the folder' if each.in_folder else ''}"
        alike: dict[tuple[str, str, str], list[str]] = {}
        for place in each.places:
            alike.setdefault(("!" if place.poorness else "-", place.state, _more(place)), []).append(place.url)
        yield from (f"{mark} {state} in {', '.join(urls)}{more}" for (mark, state, more), urls in alike.items())
    for url, held in gathered.held.items():
        yield from (f"{url}: {name} is none of ours" for name in held.foreign)


_KEYS: Mapping[str, str] = {"yes": "at hand", "no": "not at hand", "identity": "perhaps by an identity", "": "unknown"}


def _more(place: Place) -> str:
    told = [""]
    if place.held and not place.held.whole:
        told.append(place.held.lacks)
    if place.locked_until_ms is not None:
        told.append(f"locked until {stamp(place.locked_until_ms)}")
    if place.pruned_ms is not None and not place.held:
        told.append(f"removed {stamp(place.pruned_ms)}")
    if place.verified:
        found = place.verified
        level = f" at level {found.level}" if found.verdict == Verdict.OK.value else ""
        told.append(f"last verdict {stamp(found.at_ms)}: {found.verdict}{level}")
    return ", ".join(told)


def _plain(listed: Listed) -> Mapping[str, Any]:
    label = listed.label
    return {
        "archive": listed.id.name,
        "day": listed.id.day,
        "region": listed.id.region,
        "version": listed.id.version,
        "frozen_at": stamp(label.frozen_at_ms) if label else None,
        "size_bytes": label.size if label else None,
        "files": label.files if label else None,
        "content_bytes": label.content_bytes if label else None,
        "sha256": label.sha256 if label else None,
        "root": label.root if label else None,
        "key_id": label.key_id if label else None,
        "key_at_hand": listed.key or None,
        "in_folder": listed.in_folder,
        "stores": [
            {
                "store": place.url,
                "state": place.state,
                "locked_until": stamp_of(place.locked_until_ms),
                "uploaded_at": stamp_of(place.uploaded.at_ms) if place.uploaded else None,
                "pruned_at": stamp_of(place.pruned_ms),
                "verified_at": stamp_of(place.verified.at_ms) if place.verified else None,
                "verdict": place.verified.verdict if place.verified else None,
                "level": place.verified.level if place.verified else None,
            }
            for place in listed.places
        ],
    }
