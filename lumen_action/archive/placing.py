"""Giving a finished file its name: never over another by accident, and for good."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from lumen_action.errors import RemoteError

_UNLINKED = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What file systems answer that know no hard links."""
_ADVICE: Mapping[int, str] = {
    errno.ENOSPC: "the disk is full; free some space or name another folder",
    errno.EDQUOT: "the quota is used up; free some space or name another folder",
    errno.EFBIG: "no file may grow to this size here; name another folder",
    errno.EROFS: "it is mounted read-only; name another folder",
    errno.ENAMETOOLONG: "its name, or that of a file on its way there, is too long for this system; name a shorter one",
    errno.EEXIST: "a file came there in the last moment; restore again",
    errno.EACCES: "let the user that runs this write there",
    errno.EPERM: "let the user that runs this write there",
}


class DiskError(RemoteError):
    """A disk that does not take what is to be written."""


@contextlib.contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Say of a folder in one error why nothing can be written there."""
    try:
        yield
    except OSError as fault:
        advice = _ADVICE.get(fault.errno or 0, "look at the disk")
        raise DiskError(f"{folder}: it cannot be written to ({fault.strerror or fault}): {advice}") from fault


def place_new(scratch: Path, path: Path) -> None:
    """Give a file a name that is free; a FileExistsError when it is not."""
    try:
        os.link(scratch, path)
    except OSError as fault:
        if fault.errno not in _UNLINKED:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        scratch.replace(path)
    else:
        scratch.unlink()


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
