"""Bytes on their way out: counted, and never sent to their end when they are not those that were promised."""

from __future__ import annotations

import hashlib
import io
from types import TracebackType

from lumen_action.archive.stores import Content, Tick
from lumen_action.errors import IntegrityError

PIECE_BYTES = 1 << 20


def changed(told: str) -> IntegrityError:
    """Return the error about content that is not what was hashed before."""
    return IntegrityError(f"the file changed since it was hashed ({told}); nothing was kept of it, freeze anew")


class Outgoing(io.RawIOBase):
    """A stretch of content for a client that reads it to send it, and may rewind it first to read it again.

    The last piece is given away only when all of it has the right hash, so a store never has the whole of wrong bytes.
    """

    def __init__(self, content: Content, tick: Tick, *, start: int = 0, size: int, sha256: str) -> None:
        """Take where the stretch begins, how long it is and the SHA-256 it has to have."""
        super().__init__()
        self.fault: IntegrityError | None = None
        """Why reading was refused; a client may wrap it in an error of its own."""
        self.counting = False
        """Whether what is read is being sent; clients that sign read everything once before."""
        self._file, self._tick = content.open(), tick
        self._start, self._size, self._sha256 = start, size, sha256
        self._moved = 0
        self.seek(0)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be rewound."""
        return True

    def tell(self) -> int:
        """Return how much was read since the last rewinding."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Rewind it; what was sent will be sent again."""
        if offset or whence:
            raise io.UnsupportedOperation("only to the beginning")
        self._file.seek(self._start)
        self._at, self._digest = 0, hashlib.sha256()
        self.take_back()
        return 0

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes; an IntegrityError when they are not what was promised."""
        left = self._size - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        piece = self._file.read(wanted)
        self._digest.update(piece)
        self._at += len(piece)
        if wanted and not piece:
            raise self._refused("it is shorter")
        if self._at == self._size and self._digest.hexdigest() != self._sha256:
            raise self._refused("its SHA-256 is another")
        if self.counting and piece:
            self._moved += len(piece)
            self._tick(len(piece))
        return piece

    def _refused(self, told: str) -> IntegrityError:
        self.fault = changed(told)
        return self.fault

    def take_back(self) -> None:
        """Say that what moved counts for nothing."""
        if self._moved:
            self._tick(-self._moved)
            self._moved = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close it; when sending failed, take back what moved and say what was wrong with the bytes, if that was it."""
        if fault is not None:
            self.take_back()
        self.close()
        if self.fault is not None:
            raise self.fault from None
