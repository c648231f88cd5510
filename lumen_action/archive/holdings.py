"""What stores hold of a pipeline's archives, as far as the names of their objects tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lumen_action.archive import LABEL, MOST_LABEL_BYTES, ArchiveId, Label
from lumen_action.archive.stores import GoneError, Store, Stored
from lumen_action.archive.stores.reading import whole
from lumen_action.http import Timing

_ANY_DAY = "2000-01-01"
_NUMBER = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Held:
    """The objects of one archive in one store."""

    id: ArchiveId
    sealed: Stored | None = None
    label: Stored | None = None

    @property
    def whole(self) -> bool:
        """Tell whether both are there; the label is stored last and removed last."""
        return self.sealed is not None and self.label is not None

    @property
    def lacks(self) -> str:
        """Say what is not there, and how that can come about."""
        if not self.sealed:
            return "its label is there, the sealed archive is not: removing was cut off, or it was lost"
        return "the sealed archive is there, its label is not: an upload was cut off or is under way"


@dataclass(frozen=True)
class Holdings:
    """What one store holds of a pipeline."""

    archives: Mapping[ArchiveId, Held]
    foreign: tuple[str, ...] = ()
    """Names beside the archives that are none of ours."""


def held_in(store: Store, pipeline: str, day: str = "", region: str = "") -> Holdings:
    """Return what a store holds of a pipeline, or of one of its days and regions."""
    archives: dict[ArchiveId, Held] = {}
    foreign: list[str] = []
    for each in store.names(_prefix(pipeline, day)):
        id_ = ArchiveId.of_name(each.name)
        if id_ is None:
            foreign.append(each.name)
        elif region in ("", id_.region):
            held = archives.get(id_) or Held(id_)
            archives[id_] = replace(held, label=each) if each.name.endswith(LABEL) else replace(held, sealed=each)
    return Holdings({id_: archives[id_] for id_ in sorted(archives, key=order)}, tuple(sorted(foreign)))


def _prefix(pipeline: str, day: str) -> str:
    parts = ArchiveId(pipeline, day or _ANY_DAY, "any", "1").name.split("/")
    return "/".join(parts[: 2 if day else 1]) + "/"


def order(id_: ArchiveId) -> tuple[str, str, str, tuple[tuple[int, str], ...]]:
    """Return what sorts archives: version 10 comes after version 9, whatever any clock said."""
    numbered = _NUMBER.split(id_.version)
    version = tuple((int(part), "") if part.isdecimal() else (0, part) for part in numbered if part)
    return id_.pipeline, id_.region, id_.day, version


def newest_versions(ids: Iterable[ArchiveId]) -> list[ArchiveId]:
    """Return the newest version of each pipeline, region and day."""
    newest = {(id_.pipeline, id_.region, id_.day): id_ for id_ in sorted(ids, key=order)}
    return list(newest.values())


def label_bytes(store: Store, id_: ArchiveId, timing: Timing) -> bytes | None:
    """Return what a store has under the name of a label, None when it has nothing; no more than a label may have."""
    body = bytearray()
    try:
        for piece in whole(store, id_.label, timing):
            body += piece
            if len(body) > MOST_LABEL_BYTES:
                break
    except GoneError:
        return None
    return bytes(body)


def label_of(id_: ArchiveId, body: bytes) -> Label:
    """Read the label of an archive; a ValueError says why it is none."""
    label = Label.decode(body)
    if label.id != id_:
        raise ValueError(f"it is the label of {label.id}")
    if label.encode() != body:
        raise ValueError("it is not written as labels are")
    return label
