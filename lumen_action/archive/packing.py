"""Files as one stream of bytes that is the same whoever owns them, whenever they were written and in any order."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from lumen_action.archive.ahead import PIECE
from lumen_action.archive.manifest import Entry, Origin, Tally
from lumen_action.archive.stores import Tick
from lumen_action.archive.tarform import END, FILES, MANIFEST, MANIFEST_MODE, member_header, padding
from lumen_action.archive.walking import Found
from lumen_action.errors import ConfigError, LumenError

# A file that became a pipe must not hold us up, and one that became a link must not lead elsewhere.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_PERMISSIONS = 0o777
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
"""What is answered for a file that was one when it was found, and is there no more or became something else."""


class UnsteadyError(LumenError):
    """A file that is still being written; later it may be done."""

    exit_code = 75


def packed(files: Iterable[Found], origin: Origin, tally: Tally, tick: Tick, scratch: Path) -> Iterator[bytes]:
    """Yield the bytes of an archive of files, which are sorted; the tally then says what they came to.

    The lines of the manifest wait in a nameless file of the folder `scratch`, since it is the last member.
    """
    with tempfile.TemporaryFile(dir=scratch) as manifest:
        manifest.write(origin.line + b"\n")
        for found in files:
            entry = yield from _member(found, tick)
            manifest.write(tally.add(entry) + b"\n")
        manifest.write(tally.line + b"\n")
        yield member_header(MANIFEST, manifest.tell(), MANIFEST_MODE)
        yield from _rewound(manifest)
        yield padding(manifest.tell())
    yield END


def _rewound(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def _member(found: Found, tick: Tick) -> Generator[bytes, None, Entry]:
    """Yield a file as a member and return what it was."""
    try:
        descriptor = os.open(found.file, _FLAGS)
    except OSError as fault:
        raise (_changed(found) if fault.errno in _GONE else _unreadable(found, fault)) from None
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise _changed(found)
        yield member_header(FILES + found.path, before.st_size, before.st_mode)
        digest, left = hashlib.sha256(), before.st_size
        while left and (piece := os.read(descriptor, min(left, PIECE))):
            digest.update(piece)
            left -= len(piece)
            tick(len(piece))
            yield piece
        after = os.fstat(descriptor)
        if left or _state(before) != _state(after):
            raise _changed(found)
    except OSError as fault:
        raise _unreadable(found, fault) from None
    finally:
        os.close(descriptor)
    yield padding(before.st_size)
    return Entry(found.path, before.st_size, before.st_mode & _PERMISSIONS, digest.hexdigest())


def _state(told: os.stat_result) -> tuple[int, ...]:
    return told.st_size, told.st_mode, told.st_mtime_ns


def _changed(found: Found) -> UnsteadyError:
    return UnsteadyError(
        f"{found.path}: it changed while it was read, so nothing was frozen; freeze after whatever writes it has ended"
    )


def _unreadable(found: Found, fault: OSError) -> ConfigError:
    return ConfigError(
        f"{found.path}: it cannot be read ({fault.strerror}), so nothing was frozen; let us read it, or leave it out "
        f"with `--exclude`"
    )
