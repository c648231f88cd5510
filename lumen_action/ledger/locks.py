"""A lock between processes that ends with its holder, however that dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lumen_action.errors import LedgerError

_POLL_SECONDS = 0.02

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """An advisory lock on a file of its own; the file stays, since removing it would let two in at once."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is created when first held."""
        self.path = path

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Hold the lock, waiting at most `timeout` seconds."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as fault:
            raise LedgerError(f"cannot open the lock {self.path}: {fault.strerror}") from fault
        try:
            self._wait(descriptor, timeout)
            yield
        finally:
            with suppress(OSError):
                os.close(descriptor)

    def _wait(self, descriptor: int, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                return _try(descriptor)
            except OSError as fault:
                if time.monotonic() >= deadline:
                    raise LedgerError(f"{self.path} was held by another process for {timeout:.0f} s") from fault
                time.sleep(_POLL_SECONDS)
