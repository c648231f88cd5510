"""An archive read to its end: every file, the manifest and the root, before anything of it counts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lumen_action.archive.ahead import PIECE
from lumen_action.archive.container import Header
from lumen_action.archive.manifest import Entry, Origin, Tally
from lumen_action.archive.safenames import MOST_BYTES, unsafe
from lumen_action.archive.staging import staged
from lumen_action.archive.tarform import END, FILES, MANIFEST, MANIFEST_MODE, padding, read_header
from lumen_action.errors import IntegrityError

_MOST_LINE_BYTES = 8 * MOST_BYTES

Write = Callable[[bytes], None]
Keep = Callable[[str, int], AbstractContextManager[Write] | None]
"""Gets the path and the permissions of a file; returns what takes its bytes, None for a file that nobody wants."""
Seen = Callable[[Entry], None]


class Reader(Protocol):
    """What gives the authenticated bytes of an archive; nothing only at their end."""

    def read(self, size: int, /) -> bytes | None:
        """Return some of the next bytes."""


@dataclass(frozen=True)
class Contents:
    """What a whole archive was found to hold."""

    origin: Origin
    files: int
    bytes: int
    root: str


def examine(header: Header, reader: Reader, keep: Keep | None = None, seen: Seen | None = None) -> Contents:
    """Read an archive to its end; an IntegrityError says that it is not what freezing writes.

    What `keep` and `seen` get on the way is authentic, but is only known to be whole and as it should be at the end.
    """
    source = _Source(iter(lambda: reader.read(PIECE) or b"", b""))
    try:
        return _read(header, source, keep or (lambda _path, _mode: None), seen or (lambda _entry: None))
    except ValueError as fault:
        raise IntegrityError(f"{header.id}: the archive is not one that freezing writes: {fault}") from fault


def unpack(
    header: Header, reader: Reader, target: Path, wanted: Callable[[str], bool], *, overwrite: bool = False
) -> Contents:
    """Write the files that are wanted to a folder, once the whole archive has proved right; before that, nothing."""
    with staged(target) as staging:
        shelf = staging.shelf()
        contents = examine(header, reader, lambda path, mode: shelf.keep(path, mode) if wanted(path) else None)
        staging.settle(overwrite=overwrite)
    return contents


def _read(header: Header, source: _Source, keep: Keep, seen: Seen) -> Contents:
    order, tally = _Order(), Tally()
    while member := read_header(source.take):
        name, size, mode = member
        if name == MANIFEST:
            if mode != MANIFEST_MODE:
                raise ValueError("the manifest is not written as it should be")
            origin = _manifest(header, _lines(source.content(size)), tally)
            source.skip_padding(size)
            source.require_end()
            return Contents(origin, tally.files, tally.content_bytes, tally.root)
        path = name.removeprefix(FILES)
        if path == name:
            raise ValueError(f"{name!r} stands where only files may")
        order.require_next(path)
        digest = hashlib.sha256()
        place = keep(path, mode)
        if place is None:
            for piece in source.content(size):
                digest.update(piece)
        else:
            with place as write:
                for piece in source.content(size):
                    digest.update(piece)
                    write(piece)
        source.skip_padding(size)
        entry = Entry(path, size, mode, digest.hexdigest())
        tally.add(entry)
        seen(entry)
    raise ValueError("there is no manifest")


def _manifest(header: Header, lines: Iterator[bytes], tally: Tally) -> Origin:
    """Hold the manifest against the files that stood before it."""
    origin = Origin.of_line(next(lines, b""))
    if (origin.name, origin.frozen_at_ms) != (header.id.name, header.frozen_at_ms):
        raise ValueError(f"its manifest is of {origin.name!r}, frozen at {origin.frozen_at_ms}")
    digest = hashlib.sha256()
    last = next(lines, b"")
    for line in lines:
        digest.update(last + b"\n")
        last = line
    if digest.digest() != tally.lines_digest:
        raise ValueError("its manifest tells of other files than there are")
    if last != tally.line:
        raise ValueError("the root or the sums of its manifest are not those of its files")
    return origin


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends; each has one."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > _MOST_LINE_BYTES:
            raise ValueError("a line of its manifest is too long")
    if rest:
        raise ValueError("its manifest ends within a line")


class _Order:
    """What paths have come; in their order a small part of them tells whether the next may."""

    def __init__(self) -> None:
        self._last = b""
        self._above: list[str] = []

    def require_next(self, path: str) -> None:
        """Raise a ValueError unless a path is safe, comes after those before it and lies below no file."""
        if why := unsafe(path):
            raise ValueError(f"{path!r}: {why}")
        encoded = path.encode()
        if encoded <= self._last:
            raise ValueError(f"{path!r} comes twice or out of order")
        # Paths that begin alike stand together, so these are all that a path can lie below.
        self._above = [each for each in self._above if path.startswith(each)]
        if any(path.startswith(f"{each}/") for each in self._above):
            raise ValueError(f"{path!r} lies below a file")
        self._above.append(path)
        self._last = encoded


class _Source:
    """Bytes in the amounts that are asked for; a ValueError when there are fewer."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = memoryview(b"")

    def take(self, size: int) -> bytes:
        """Return exactly so many bytes."""
        if len(self._held) >= size:
            taken, self._held = self._held[:size], self._held[size:]
            return bytes(taken)
        return b"".join(self.content(size))

    def content(self, size: int) -> Iterator[bytes]:
        """Yield exactly so many bytes in pieces."""
        while size:
            if not self._held:
                piece = next(self._pieces, None)
                if not piece:
                    raise ValueError("it ends too early")
                self._held = memoryview(piece)
            taken, self._held = self._held[:size], self._held[size:]
            size -= len(taken)
            yield bytes(taken)

    def skip_padding(self, size: int) -> None:
        """Take what follows so many bytes of content."""
        expected = padding(size)
        if self.take(len(expected)) != expected:
            raise ValueError("something is hidden between its files")

    def require_end(self) -> None:
        """Raise a ValueError unless only the end is left."""
        if self.take(len(END)) != END or self._held or next(self._pieces, None):
            raise ValueError("something stands behind its manifest")
