"""Where output goes: whole, also to a place that does not wait, and without a fault where nobody takes it."""

from __future__ import annotations

import os
import select
import sys


def write_all(outlet: int, data: bytes) -> bool:
    """Write everything; tell whether it was taken: a reader may have gone, a disk may be full."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(outlet, rest) :]
        except BlockingIOError:
            # Somebody who has the same pipe or terminal has told it not to wait.
            ready = select.poll()
            ready.register(outlet, select.POLLOUT)
            ready.poll()
        except OSError:
            return False
    return True


def open_closed_streams() -> None:
    """Give the numbers 0 to 2 to nobody else: a pipe of ours that got one would be taken for what it is not."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken, which is this one.
            null = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(null, "w" if number else "r", encoding="utf-8"))
