"""Files that appear as a whole under a name that was free, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat as modes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

Link = Callable[[Path, Path], None]

_ABANDONED_SECONDS = 3600.0
"""A writer that has written nothing for so long is dead; the file system's own clock counts."""
_SCRATCH = ".part"
_TRIES = 5
_NOT_FLUSHED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EISDIR})
"""What file systems answer that do not flush folders, or need not."""
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What file systems answer that know no hard links."""


def is_scratch(name: str) -> bool:
    """Tell whether a file is one that is still being written, or never was finished."""
    return name.startswith(".") and name.endswith(_SCRATCH)


@contextlib.contextmanager
def scratch(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Give a new file beside a place; it is gone when left."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_SCRATCH}")
    file = _opened(made)
    try:
        with file:
            yield made, file
    finally:
        made.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    for _ in range(_TRIES):
        make_folder(path.parent)
        with contextlib.suppress(FileNotFoundError):  # somebody removed the folder while it was empty
            return path.open("xb")
    return path.open("xb")


def make_folder(folder: Path) -> None:
    """Make a folder that survives a loss of power; a NotADirectoryError when a file stands in its place."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
    flush_names(folder.parent)


def flush(file: BinaryIO) -> None:
    """Write a file to the disk, and forget it where the system can, so that reading it asks the disk."""
    file.flush()
    os.fsync(file.fileno())
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def flush_names(folder: Path) -> None:
    """Write the names in a folder to the disk."""
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as fault:
        if fault.errno not in _NOT_FLUSHED:
            raise


def give_name(whole: Path, path: Path, link: Link) -> bool:
    """Give a finished file its name; False when the name is taken.

    Without hard links the name is claimed by an empty file, which the finished one then replaces.
    """
    try:
        link(whole, path)
    except FileExistsError:
        pass
    except OSError as fault:
        if fault.errno not in _NO_LINKS:
            raise
        with contextlib.suppress(FileExistsError):
            path.open("xb").close()
            whole.replace(path)
            return True
    else:
        return True
    if not _is_dead_claim(path, whole):
        return False
    whole.replace(path)
    return True


def sweep(path: Path, whole: Path) -> None:
    """Remove what dead writers left beside a place; the time is that of a file just written there."""
    for entry in list(os.scandir(path.parent)):
        if entry.name.startswith(f".{path.name}.") and is_scratch(entry.name):
            with contextlib.suppress(FileNotFoundError):
                if _is_older(Path(entry.path), whole):
                    Path(entry.path).unlink()


def _is_dead_claim(path: Path, whole: Path) -> bool:
    """Tell whether a name is held by nothing but the claim of a writer that died."""
    told = path.lstat()
    return modes.S_ISREG(told.st_mode) and told.st_size == 0 < whole.stat().st_size and _is_older(path, whole)


def _is_older(path: Path, whole: Path) -> bool:
    return path.lstat().st_mtime < whole.stat().st_mtime - _ABANDONED_SECONDS
