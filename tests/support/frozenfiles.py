"""Archives for tests: files that are frozen, and archives that freezing would never write, with the right key."""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lumen_action.archive import ArchiveId
from lumen_action.archive.container import Header, begin, opened
from lumen_action.archive.freezing import Order, freeze
from lumen_action.archive.keys import Keys, read_keys
from lumen_action.archive.local import Frozen
from lumen_action.archive.manifest import Entry, Origin, Tally
from lumen_action.archive.tarform import END, FILES, MANIFEST, MANIFEST_MODE, member_header, padding
from lumen_action.archive.unpacking import Contents, Seen, examine, unpack
from lumen_action.archive.walking import found_files
from lumen_action.crypto.sealing import Sealer

KEY_TEXT = base64.b64encode(bytes(range(32))).decode()
KEYS = read_keys({"LUMEN_ARCHIVE_KEY": KEY_TEXT}, [], [])
ID = ArchiveId.of("nightly", "2026-01-02", "eu", "1")
FROZEN_AT = 1_767_355_200_000


def quiet(_: int) -> None:
    """Hear of progress and say nothing."""


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its path."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
    }


def frozen(
    folder: Path,
    archives: Path,
    paths: Sequence[str] = (".",),
    *,
    id_: ArchiveId = ID,
    at: int = FROZEN_AT,
    keys: Keys = KEYS,
) -> Frozen:
    """Freeze what is below a folder."""
    found = found_files(paths, folder, (), archives)
    order = Order(id_, found.files, archives, at, "run 7", "20260102-eu-1a2b3c4", "ab" * 16, "sqlite 5", "lumen test")
    return freeze(order, keys, quiet)


def pieces_of(file: Path, size: int = 1 << 16) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with file.open("rb") as read:
        while piece := read.read(size):
            yield piece


def examined(file: Path, keys: Keys = KEYS, seen: Seen | None = None) -> Contents:
    """Read a sealed file to its end."""
    header, reader = opened(pieces_of(file), keys)
    with reader:
        return examine(header, reader, seen=seen)


def unpacked(
    file: Path,
    target: Path,
    wanted: Callable[[str], bool] = lambda _: True,
    *,
    keys: Keys = KEYS,
    overwrite: bool = False,
) -> Contents:
    """Unpack a sealed file."""
    header, reader = opened(pieces_of(file), keys)
    with reader:
        return unpack(header, reader, target, wanted, overwrite=overwrite)


def plaintext_of(file: Path, keys: Keys = KEYS) -> bytes:
    """Return the bytes that were sealed."""
    _, reader = opened(pieces_of(file), keys)
    with reader:
        return reader.readall()


def member(name: str, content: bytes = b"", *, mode: int = 0o644, **told: object) -> bytes:
    """Return a member as Python's own tar writes it: of any kind, with any name."""
    made = tarfile.TarInfo(name)
    made.size, made.mode = len(content), mode
    for field, value in told.items():
        setattr(made, field, value)
    return made.tobuf(tarfile.PAX_FORMAT) + content + padding(len(content))


def manifest_of(files: Mapping[str, bytes], *, name: str = ID.name, at: int = FROZEN_AT, mode: int = 0o644) -> bytes:
    """Return the right manifest of files."""
    import hashlib

    tally = Tally()
    lines = [Origin(name, at).line]
    for path in sorted(files, key=str.encode):
        content = files[path]
        lines.append(tally.add(Entry(path, len(content), mode, hashlib.sha256(content).hexdigest())))
    return b"".join(line + b"\n" for line in [*lines, tally.line])


def manifest_member(manifest: bytes) -> bytes:
    """Return a manifest as the member it is."""
    return member_header(MANIFEST, len(manifest), MANIFEST_MODE) + manifest + padding(len(manifest))


def plain_archive(files: Mapping[str, bytes], manifest: bytes | None = None) -> bytes:
    """Return the bytes of an archive before sealing, with the right manifest unless another is given."""
    members = [member(FILES + path, files[path]) for path in sorted(files, key=str.encode)]
    return b"".join([*members, manifest_member(manifest or manifest_of(files)), END])


def sealed_by_hand(plaintext: bytes, file: Path, id_: ArchiveId = ID, at: int = FROZEN_AT) -> Path:
    """Seal any bytes with the right key, as whoever had it could."""
    lock = KEYS.sealing()
    sink = io.BytesIO()
    context = begin(sink, Header(id_, lock.key_id, at, lock.wrapped))
    sealer = Sealer(sink, lock.content_key, context)
    sealer.write(plaintext)
    sealer.close()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(sink.getvalue())
    return file
