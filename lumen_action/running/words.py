"""Our own words beside a command's output: where nobody takes them they are lost, and nothing else is."""

from __future__ import annotations

import io
from typing import TextIO

from lumen_action.running.outlets import write_all


class _Unfailing(io.RawIOBase):
    """A file that takes everything."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        write_all(self._number, data)
        return len(data)


def unfailing(stream: TextIO) -> TextIO:
    """Return a stream to the same place on which no write fails, line by line."""
    stream.flush()
    file: io.RawIOBase = _Unfailing(stream.fileno())
    return io.TextIOWrapper(
        io.BufferedWriter(file), encoding=stream.encoding, errors="backslashreplace", line_buffering=True
    )
