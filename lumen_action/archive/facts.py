"""What happens to archives as facts, and what the facts of a day tell of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from lumen_action.archive import HEX, SEALED, ArchiveId, Label
from lumen_action.archive.stores import Receipt
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details

INTEGRITY, RESTORE = "integrity", "restore"
"""The checks that verifying and drilling set."""
_FINGERPRINT = "fingerprint."
_Value = TypeVar("_Value")


class Event(str, Enum):
    """What happens to an archive."""

    FREEZE = "freeze"
    UPLOAD = "upload"
    VERIFY = "verify"
    RESTORE = "restore"
    DRILL = "drill"
    PRUNE = "prune"


@dataclass(frozen=True)
class Uploaded:
    """What an upload left in a store."""

    size: int
    sha256: str
    fingerprints: Mapping[str, str]
    """By algorithm, as computed from our own bytes; what the store says is held against these."""
    version: str
    at_ms: int
    checked: str = ""
    """The algorithm whose value the store confirmed; empty where it confirmed nothing."""
    root: str = ""


@dataclass(frozen=True)
class Verified:
    """What the newest verification or drill found in a store."""

    verdict: str
    level: int
    at_ms: int


@dataclass(frozen=True)
class Sealing:
    """One sealed file as freezing made it."""

    label: Label
    """As far as a fact tells it, whose words may have been cut."""
    label_sha256: str
    """Of all bytes of the label."""


@dataclass(frozen=True)
class Known:
    """What the ledger tells of one archive."""

    id: ArchiveId
    sealings: Mapping[str, Sealing] = field(default_factory=dict)
    """By the SHA-256 of the sealed file, the newest last: who freezes on a fresh machine knows of none before."""
    uploads: Mapping[str, Uploaded] = field(default_factory=dict)
    """By the URL of the store; what was pruned there is left out."""
    verified: Mapping[str, Verified] = field(default_factory=dict)
    """By the URL of the store."""
    pruned: Mapping[str, int] = field(default_factory=dict)
    """When it was removed on purpose, by the URL of the store; what came back since is left out."""
    drilled: Mapping[str, int] = field(default_factory=dict)
    """When it was last restored to try that, by the URL of the store."""

    @property
    def frozen(self) -> Label | None:
        """Return the label of what was uploaded; of what was frozen last where no upload is known."""
        uploaded = {each.sha256 for each in self.uploads.values()}
        labels = [each.label for each in self.sealings.values()]
        return next(reversed([each for each in labels if each.sha256 in uploaded] or labels), None)


def event_fact(
    like: Fact, event: Event, id_: ArchiveId, told: Mapping[str, str], outcome: Outcome = Outcome.SUCCESS
) -> Fact:
    """Return the fact that something happened to an archive; `like` says who did it and when."""
    # A job may do the same to several archives and stores, and again a minute later.
    mark = hashlib.sha256(f"{id_.name}\n{told.get('store', '')}\n{like.observed_at_ms}".encode()).hexdigest()[:12]
    key = replace(
        like.key, kind=Kind.ARTIFACT, stage=event.value, region=id_.region, job=f"{like.key.job} archive {mark}"
    )
    said = details({"archive": id_.name, **told})
    return replace(like, key=key, pipeline=id_.pipeline, day=id_.day, outcome=outcome, details=said)


def check_fact(like: Fact, check: str, pipeline: str, told: Mapping[str, str], outcome: Outcome) -> Fact:
    """Return the fact that a check came out so; the newest of its name is what is published.

    Its day is the day of the check, whatever the day of the archives: it is counted when it happens.
    """
    job = f"{like.key.job} archive {like.observed_at_ms}"
    key = replace(like.key, kind=Kind.CHECK, stage=check, job=job)
    return replace(like, key=key, pipeline=pipeline, outcome=outcome, details=details(told))


def freeze_told(label: Label) -> Mapping[str, str]:
    """Return what a fact tells of a label."""
    return {
        "frozen_at_ms": str(label.frozen_at_ms),
        "size": str(label.size),
        "sha256": label.sha256,
        "key_id": label.key_id,
        "root": label.root,
        "files": str(label.files),
        "content_bytes": str(label.content_bytes),
        "run": label.run,
        "checkpoint": label.checkpoint,
        "tool": label.tool,
        "mac": label.mac,
        "label_sha256": hashlib.sha256(label.encode()).hexdigest(),
    }


def upload_told(store: str, label: Label, receipt: Receipt, fingerprints: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a fact tells of an upload; `fingerprints` are ours."""
    return {
        "store": store,
        "size": str(label.size),
        "sha256": label.sha256,
        "root": label.root,
        "version": receipt.stored.version,
        "checked": receipt.checked,
        "existed": "true" if receipt.existed else "",
        **{f"{_FINGERPRINT}{algorithm}": value for algorithm, value in fingerprints.items()},
    }


def known_in(facts: Iterable[Fact]) -> dict[ArchiveId, Known]:
    """Return what facts tell of archives; what forks say counts for nothing."""
    found: dict[ArchiveId, Known] = {}
    ids: dict[str, ArchiveId | None] = {}
    told = [fact for fact in facts if fact.key.kind is Kind.ARTIFACT and fact.trust is Trust.TRUSTED]
    for fact in sorted(told, key=lambda each: (each.observed_at_ms, each.key.parts)):
        name = fact.told.get("archive", "")
        # A year of verifying names each archive hundreds of times.
        id_ = ids[name] if name in ids else ids.setdefault(name, ArchiveId.of_name(name + SEALED))
        reader = _READERS.get(fact.key.stage)
        # A name that was cut to fit may be that of another archive.
        if id_ and reader and (id_.pipeline, id_.day, id_.region) == (fact.pipeline, fact.day, fact.key.region):
            # What was cut to fit, or is written otherwise one day, tells nothing; it must not tell something wrong.
            with suppress(KeyError, ValueError):
                found[id_] = reader(found.get(id_) or Known(id_), fact)
    return found


def _hash(text: str) -> str:
    if not HEX.fullmatch(text):
        raise ValueError("not a hash")
    return text


def _frozen(known: Known, fact: Fact) -> Known:
    told = fact.told
    label = Label(
        id=known.id,
        frozen_at_ms=int(told["frozen_at_ms"]),
        size=int(told["size"]),
        sha256=_hash(told["sha256"]),
        key_id=told["key_id"],
        root=_hash(told["root"]),
        files=int(told["files"]),
        content_bytes=int(told["content_bytes"]),
        run=told.get("run", ""),
        trace_id=fact.trace_id,
        checkpoint=told.get("checkpoint", ""),
        tool=told.get("tool", ""),
        mac=told.get("mac", ""),
    )
    sealing = Sealing(label, _hash(told["label_sha256"]))
    return replace(known, sealings={**_without(known.sealings, label.sha256), label.sha256: sealing})


def _uploaded(known: Known, fact: Fact) -> Known:
    if not fact.outcome.good:
        return known
    told = fact.told
    made = Uploaded(
        size=int(told["size"]),
        sha256=_hash(told["sha256"]),
        fingerprints={
            name.removeprefix(_FINGERPRINT): value for name, value in told.items() if name.startswith(_FINGERPRINT)
        },
        version=told.get("version", ""),
        at_ms=fact.ended_ms,
        checked=told.get("checked", ""),
        root=told.get("root", ""),
    )
    store = told["store"]
    return replace(known, uploads={**known.uploads, store: made}, pruned=_without(known.pruned, store))


def _verified(known: Known, fact: Fact) -> Known:
    told = fact.told
    made = Verified(told["verdict"], int(told.get("level", "-1")), fact.ended_ms)
    return replace(known, verified={**known.verified, told["store"]: made})


def _drilled(known: Known, fact: Fact) -> Known:
    verified = _verified(known, fact)
    return replace(verified, drilled={**known.drilled, fact.told["store"]: fact.ended_ms})


def _pruned(known: Known, fact: Fact) -> Known:
    store = fact.told["store"]
    return replace(known, uploads=_without(known.uploads, store), pruned={**known.pruned, store: fact.ended_ms})


def _without(named: Mapping[str, _Value], gone: str) -> Mapping[str, _Value]:
    return {name: each for name, each in named.items() if name != gone}


_READERS = {
    Event.FREEZE.value: _frozen,
    Event.UPLOAD.value: _uploaded,
    Event.VERIFY.value: _verified,
    Event.DRILL.value: _drilled,
    Event.PRUNE.value: _pruned,
}
