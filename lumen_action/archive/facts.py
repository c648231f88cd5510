"""What happens to archives as facts, and what the facts of a day tell of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from lumen_action.archive import SEALED, ArchiveId, Label
from lumen_action.archive.stores import Receipt
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details

INTEGRITY, RESTORE = "integrity", "restore"
"""The checks that verifying and drilling set."""
_FINGERPRINT = "fingerprint."


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


@dataclass(frozen=True)
class Known:
    """What the ledger tells of one archive."""

    id: ArchiveId
    frozen: Label | None = None
    uploads: Mapping[str, Uploaded] = field(default_factory=dict)
    """By the URL of the store; what was pruned there is left out."""
    verified: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """The newest verdict of each store, and when."""


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


def check_fact(like: Fact, check: str, id_: ArchiveId, told: Mapping[str, str], outcome: Outcome) -> Fact:
    """Return the fact that a check of a day's archives came out so; the newest of its name is what is published."""
    made = event_fact(like, Event.VERIFY, id_, told, outcome)
    return replace(made, key=replace(made.key, kind=Kind.CHECK, stage=check))


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
    told = [fact for fact in facts if fact.key.kind is Kind.ARTIFACT and fact.trust is Trust.TRUSTED]
    for fact in sorted(told, key=lambda each: each.order):
        id_ = ArchiveId.of_name(fact.told.get("archive", "") + SEALED)
        reader = _READERS.get(fact.key.stage)
        if id_ and reader:
            found[id_] = reader(found.get(id_) or Known(id_), fact)
    return found


def _frozen(known: Known, fact: Fact) -> Known:
    told = fact.told
    label = Label(
        id=known.id,
        frozen_at_ms=int(told["frozen_at_ms"]),
        size=int(told["size"]),
        sha256=told["sha256"],
        key_id=told["key_id"],
        root=told["root"],
        files=int(told["files"]),
        content_bytes=int(told["content_bytes"]),
        run=told.get("run", ""),
        trace_id=fact.trace_id,
        checkpoint=told.get("checkpoint", ""),
        tool=told.get("tool", ""),
        mac=told.get("mac", ""),
    )
    return replace(known, frozen=label)


def _uploaded(known: Known, fact: Fact) -> Known:
    told = fact.told
    made = Uploaded(
        size=int(told["size"]),
        sha256=told["sha256"],
        fingerprints={
            name.removeprefix(_FINGERPRINT): value for name, value in told.items() if name.startswith(_FINGERPRINT)
        },
        version=told.get("version", ""),
        at_ms=fact.ended_ms,
    )
    return replace(known, uploads={**known.uploads, told["store"]: made}) if fact.outcome.good else known


def _verified(known: Known, fact: Fact) -> Known:
    return replace(known, verified={**known.verified, fact.told["store"]: (fact.told["verdict"], fact.ended_ms)})


def _pruned(known: Known, fact: Fact) -> Known:
    store = fact.told["store"]
    return replace(known, uploads={url: each for url, each in known.uploads.items() if url != store})


_READERS = {
    Event.FREEZE.value: _frozen,
    Event.UPLOAD.value: _uploaded,
    Event.VERIFY.value: _verified,
    Event.PRUNE.value: _pruned,
}
