"""A restore drill: an archive of a store's choice is restored whole, compared and thrown away."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from lumen_action.archive import ArchiveId
from lumen_action.archive.container import Header
from lumen_action.archive.facts import Known
from lumen_action.archive.fingerprints import SHA256, fingerprint
from lumen_action.archive.manifest import Entry, Tally
from lumen_action.archive.unpacking import Contents, Reader, unpack
from lumen_action.errors import IntegrityError

_T = TypeVar("_T")


def store_in_turn(urls: Sequence[str], known: Mapping[ArchiveId, Known], seed: str) -> str:
    """Return the store that was drilled longest ago; of those that never were, the one that the seed chooses."""
    last = {url: max((each.drilled.get(url, 0) for each in known.values()), default=0) for url in urls}
    return min(urls, key=lambda url: (last[url], _drawn(seed, url)))


def sample(things: Sequence[_T], name: Callable[[_T], str], seed: str) -> _T:
    """Return the one that a seed draws, the same in whatever order they are given."""
    return min(things, key=lambda each: _drawn(seed, name(each)))


def _drawn(seed: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode(errors="surrogatepass")).digest()


def restoring(target: Path) -> Callable[[Header, Reader], Contents]:
    """Return what restores an archive to a folder that is not there yet, and reads the files back from the disk."""

    def take(header: Header, reader: Reader) -> Contents:
        contents = unpack(header, reader, target, lambda _: True)
        require_restored(contents, target)
        return contents

    return take


def require_restored(contents: Contents, folder: Path) -> None:
    """Raise an IntegrityError unless a folder holds, read back from the disk, what an archive was found to hold."""
    there = _on_disk(folder)
    if (there.files, there.root) != (contents.files, contents.root):
        raise IntegrityError(
            f"the files on the disk are not those of the archive: {there.files} with the root {there.root[:12]} were "
            f"restored, {contents.files} with {contents.root[:12]} are in it"
        )


def _on_disk(folder: Path) -> Tally:
    tally = Tally()
    for path, file in sorted(_files(folder)):
        told = file.stat()
        with file.open("rb") as opened:
            digest = fingerprint(SHA256, opened)
        tally.add(Entry(os.fsdecode(path), told.st_size, told.st_mode & 0o777, digest))
    return tally


def _files(folder: Path) -> Iterator[tuple[bytes, Path]]:
    """Yield every file by the bytes of its path, whose order is that of the archive."""
    for where, _, names in os.walk(folder):
        for name in names:
            file = Path(where, name)
            yield os.fsencode(file.relative_to(folder).as_posix()), file
