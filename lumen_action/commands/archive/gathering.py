"""What the ledger, the stores and the folder together know of a pipeline's archives."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.facts import Known
from lumen_action.archive.holdings import Holdings, held_in, newest_versions, order
from lumen_action.archive.keys import Keys, read_keys
from lumen_action.archive.local import frozen_as, ids_in
from lumen_action.archive.stores import Store
from lumen_action.archive.verifying import Expected
from lumen_action.commands.archive.common import Speaker, stores_asked
from lumen_action.commands.asked import word
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, IntegrityError, LumenError

_MOST_NAMED = 5


@dataclass(frozen=True)
class Asked:
    """What every look at stores needs."""

    session: Session
    pipeline: str
    region: str
    """Empty for all."""
    stores: Sequence[Store]
    keys: Keys

    def concerns(self, id_: ArchiveId, day: str) -> bool:
        """Tell whether an archive is one of those that are asked for; facts that wait may be of any."""
        return id_.pipeline == self.pipeline and day in ("", id_.day) and self.region in ("", id_.region)


@dataclass(frozen=True)
class Gathered:
    """What is known of some archives."""

    known: Mapping[ArchiveId, Known]
    local: Mapping[ArchiveId, Label]
    held: Mapping[str, Holdings]
    """By the URL of the store; one that could not be asked is left out."""
    silent: Mapping[str, LumenError] = field(default_factory=dict)
    """What the others said instead."""

    @property
    def ids(self) -> list[ArchiveId]:
        """Return all that anybody knows of, without those that were removed on purpose everywhere."""
        in_stores = {id_ for each in self.held.values() for id_ in each.archives}
        in_ledger = {id_ for id_, each in self.known.items() if each.uploads or (each.frozen and not each.pruned)}
        return sorted({*in_stores, *in_ledger, *self.local}, key=order)

    def expected(self, id_: ArchiveId) -> Expected:
        """Return what is known of one archive."""
        return Expected(id_, self.known.get(id_), self.local.get(id_))

    def was_pruned(self, id_: ArchiveId, url: str) -> bool:
        """Tell whether a store lacks an archive because somebody wanted that."""
        known, held = self.known.get(id_), self.held.get(url)
        return bool(known and url in known.pruned and not (held and id_ in held.archives))


def asked_of(
    arguments: argparse.Namespace, session: Session, problems: list[str], *, stores_needed: bool = True
) -> Asked:
    """Open the stores and read the keys; a ConfigError lists every mistake, also those found before."""
    stores: list[Store] = []
    named = word(arguments, session.world, "store") or session.settings.archive.get("stores")
    if stores_needed or named:
        try:
            stores = stores_asked(arguments, session)
        except ConfigError as fault:
            problems += fault.problems
    keys = read_keys(session.world.env, session.settings.archive.get("recipients", ()), problems)
    if problems:
        raise ConfigError(problems)
    return Asked(session, session.pipeline, session.settings.region, stores, keys)


def gather(asked: Asked, day: str, folder: Path, warnings: list[str]) -> Gathered:
    """Ask the ledger, the folder and all stores at once; one that is silent does not stop the others."""
    known = Speaker(asked.session).known(asked.pipeline, day, warnings)
    local = _local(asked, day, folder, warnings)
    held: dict[str, Holdings] = {}
    silent: dict[str, LumenError] = {}

    def ask(store: Store) -> Holdings | LumenError:
        try:
            return held_in(store, asked.pipeline, day, asked.region)
        except LumenError as fault:
            return fault

    with ThreadPoolExecutor(max(1, len(asked.stores))) as workers:
        for store, answer in zip(asked.stores, workers.map(ask, asked.stores), strict=True):
            if isinstance(answer, LumenError):
                silent[store.url] = answer
            else:
                held[store.url] = answer
    ours = {id_: each for id_, each in known.items() if asked.concerns(id_, day)}
    return Gathered(ours, local, held, silent)


def _local(asked: Asked, day: str, folder: Path, warnings: list[str]) -> Mapping[ArchiveId, Label]:
    found: dict[ArchiveId, Label] = {}
    for id_ in ids_in(folder):
        if asked.concerns(id_, day):
            try:
                frozen = frozen_as(folder, id_)
            except IntegrityError as fault:
                warnings.append(str(fault))
            else:
                found |= {id_: frozen.label} if frozen else {}
    return found


def versions_of(ids: Collection[ArchiveId], version: str) -> list[ArchiveId]:
    """Return the newest version of each day and region, or the one that was named."""
    if not version:
        return newest_versions(ids)
    found = [id_ for id_ in ids if id_.version == version]
    if ids and not found:
        there = ", ".join(map(str, list(ids)[:_MOST_NAMED]))
        raise ConfigError(f"at: there is no version `{version[:40]}`; there are {there}")
    return found
