"""Freezing: files become one sealed archive with a label, once, and nothing half-written ever has their names."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.ahead import ahead, gathered
from lumen_action.archive.container import Header, begin
from lumen_action.archive.keys import Keys, label_mac
from lumen_action.archive.local import Frozen, frozen_as
from lumen_action.archive.manifest import Origin, Tally
from lumen_action.archive.packing import packed
from lumen_action.archive.placing import flush_folder, place_new, telling
from lumen_action.archive.stores import TakenError, Tick
from lumen_action.archive.walking import Found
from lumen_action.crypto.sealing import Sealer

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_SCRATCH = ".part"
_SETTLING_SECONDS = 60.0
"""Between the name of the sealed file and that of its label lie milliseconds."""
_ABANDONED_SECONDS = 3600.0
"""Whoever has not written for so long is dead."""


@dataclass(frozen=True)
class Order:
    """What is to be frozen, as what, and for whom."""

    id: ArchiveId
    files: Sequence[Found]
    folder: Path
    """Where archives are; its layout is that of a store."""
    frozen_at_ms: int
    run: str = ""
    run_id: str = ""
    trace_id: str = ""
    checkpoint: str = ""
    tool: str = ""

    @property
    def origin(self) -> Origin:
        """Return what the manifest says of it."""
        return Origin(
            name=self.id.name,
            frozen_at_ms=self.frozen_at_ms,
            run=self.run,
            run_id=self.run_id,
            trace_id=self.trace_id,
            checkpoint=self.checkpoint,
            tool=self.tool,
        )


def freeze(order: Order, keys: Keys, tick: Tick) -> Frozen:
    """Seal the files of an order; a TakenError when its id has been given to something."""
    lock = keys.sealing()
    sealed, label_file = order.folder / order.id.sealed, order.folder / order.id.label
    header = Header(order.id, lock.key_id, order.frozen_at_ms, lock.wrapped)
    tally = Tally()
    with telling(order.folder), _scratch(sealed) as scratch:
        _sweep(sealed, label_file)
        with _HashedFile(scratch) as file:
            context = begin(file, header)
            _seal(order, tally, tick, Sealer(file, lock.content_key, context))
            os.fsync(file.fileno())
            # Its age counts from here: bringing much to a slow disk may have taken minutes.
            os.utime(scratch)
        label = Label(
            id=order.id,
            frozen_at_ms=order.frozen_at_ms,
            size=file.size,
            sha256=file.digest.hexdigest(),
            key_id=lock.key_id,
            root=tally.root,
            files=tally.files,
            content_bytes=tally.content_bytes,
            run=order.run,
            trace_id=order.trace_id,
            checkpoint=order.checkpoint,
            tool=order.tool,
        )
        label = replace(label, mac=label_mac(lock.content_key, label))
        _settle(scratch, sealed, label, label_file)
    return Frozen(label, sealed, label_file)


def standing(order: Order, tick: Tick) -> Frozen | None:
    """Return the archive that was frozen from the same files under this id before, None when there is none.

    Another content under the id is a TakenError, an archive that is damaged an IntegrityError.
    """
    before = frozen_as(order.folder, order.id)
    if not before:
        return None
    before.require_whole()
    tally = Tally()
    with telling(order.folder):
        _sweep(before.sealed, before.label_file)
        for _ in packed(order.files, order.origin, tally, tick, before.sealed.parent):
            pass
    if tally.root != before.label.root:
        raise _taken(order.id, before.label, tally)
    return before


def _seal(order: Order, tally: Tally, tick: Tick, sealer: Sealer) -> None:
    scratch = (order.folder / order.id.sealed).parent
    with contextlib.closing(ahead(gathered(packed(order.files, order.origin, tally, tick, scratch)))) as pieces:
        try:
            for piece in pieces:
                sealer.write(piece)
            sealer.close()
        except BaseException:
            sealer.abandon()
            raise


class _HashedFile(io.FileIO):
    """A new file that knows the hash of what was written to it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "xb")
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, piece: ReadableBuffer, /) -> int:
        """Write all of a piece."""
        view = memoryview(piece).cast("B")
        self.digest.update(view)
        self.size += len(view)
        while view:
            view = view[super().write(view) or 0 :]
        return len(memoryview(piece))


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """Give a name beside a file's own for while it is written; it is gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_SCRATCH}")
    try:
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)


def _settle(scratch: Path, sealed: Path, label: Label, label_file: Path) -> None:
    """Give both files their names, the label last; whoever comes second changes nothing."""
    now = scratch.stat().st_mtime
    with _scratch(label_file) as waiting:
        with waiting.open("xb") as file:
            file.write(label.encode())
            file.flush()
            os.fsync(file.fileno())
        if label_file.exists():
            raise _under_way(label.id)
        try:
            place_new(scratch, sealed)
        except FileExistsError:
            # Without a label it counts for nothing, unless somebody is just about to write that.
            if sealed.stat().st_mtime > now - _SETTLING_SECONDS:
                raise _under_way(label.id) from None
            scratch.replace(sealed)
        flush_folder(sealed.parent)
        try:
            place_new(waiting, label_file)
        except FileExistsError:
            raise _under_way(label.id) from None
        flush_folder(sealed.parent)


def _sweep(*files: Path) -> None:
    """Remove what was left beside files by freezing that was killed long ago, by the clock of their disk."""
    for file in files:
        with _scratch(file) as probe:
            probe.touch()
            now = probe.stat().st_mtime
        for each in file.parent.glob(f".{file.name}.*{_SCRATCH}"):
            with contextlib.suppress(OSError):
                if each.stat().st_mtime < now - _ABANDONED_SECONDS:
                    each.unlink()


def _under_way(id_: ArchiveId) -> TakenError:
    return TakenError(
        f"{id_}: it is being frozen by somebody else, or that was cut off a moment ago; nothing was written. Freeze it "
        "again in a minute, or as another `--version`"
    )


def _taken(id_: ArchiveId, before: Label, now: Tally) -> TakenError:
    version = str(int(id_.version) + 1) if id_.version.isdecimal() else f"{id_.version}-2"
    return TakenError(
        f"{id_}: it was frozen before with other content (root {before.root[:12]} of {before.files} files, now "
        f"{now.root[:12]} of {now.files}); what was frozen is never replaced. Freeze this as `--version {version}`"
    )
