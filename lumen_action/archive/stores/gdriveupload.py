"""One resumable upload to Drive: after every fault it asks how much has arrived, and goes on from there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, BinaryIO

from lumen_action.archive.stores import BusyError, Content, StoreError, Tick
from lumen_action.archive.stores.gdrivecalls import EVERY_DRIVE, UPLOADS, Calls
from lumen_action.archive.stores.outgoing import changed
from lumen_action.http import Request, Response

_INCOMPLETE, _MISSING, _IN_USE, _GONE = 308, 404, 409, 410
_MOST_LOSSES = 5
_RANGE = re.compile(r"bytes=0-(\d+)")


class Upload:
    """What has arrived of one object; its id was chosen beforehand, so that it can come to be only once."""

    def __init__(self, calls: Calls, description: Mapping[str, Any], content: Content, tick: Tick) -> None:
        """Send nothing yet."""
        self._calls = calls
        self._description = description
        self._content = content
        self._tick = tick
        self._address = ""
        """A secret: whoever knows it may write there."""
        self._at = self._hashed = 0
        self._digest = hashlib.sha256()
        self._unsure = self._done = False
        self._losses = 0

    def run(self) -> None:
        """Send the bytes, as often as needed, until Drive says that it has all of them."""
        with self._content.open() as source:
            while not self._done:
                self._calls.patience.ask(lambda: self._advance(source))

    def _advance(self, source: BinaryIO) -> None:
        """Bring the upload on by an answer; one that brings nothing is a BusyError."""
        before = self._at
        if not self._address:
            self._begin()
            return
        size = self._content.size
        if size and (self._unsure or self._at == size):
            self._hear(self._put(b"", f"bytes */{size}"))
            if self._done or not self._address or self._at > before:
                return
            if self._at == size:
                raise BusyError("Drive has all that was sent and does not finish it")
            before = self._at
        chunk = self._chunk(source)
        self._unsure = True
        self._hear(self._put(chunk, f"bytes {self._at}-{self._at + len(chunk) - 1}/{size}" if size else ""))
        if self._address and not self._done and self._at <= before:
            raise BusyError("Drive took nothing of what was sent")

    def _begin(self) -> None:
        query = {"uploadType": "resumable", **EVERY_DRIVE}
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Upload-Content-Type": "application/octet-stream",
            "X-Upload-Content-Length": str(self._content.size),
        }
        body = json.dumps(self._description).encode()
        answer = self._calls.answer(Request("POST", self._calls.address(UPLOADS, query), body, headers), {_IN_USE})
        if answer.status == _IN_USE:  # it is whole; only the answer that said so was lost
            self._finish()
            return
        address = answer.headers.get("location", "")
        if not self._calls.is_ours(address):
            raise StoreError(f"{self._calls.url}: Drive gave no address of its own to send the bytes to")
        self._address, self._unsure = address, False

    def _chunk(self, source: BinaryIO) -> bytes:
        """Return the next bytes; the last only when all are those that were frozen."""
        wanted = min(self._calls.limits.chunk_bytes, self._content.size - self._at)
        source.seek(self._at)
        chunk = source.read(wanted)
        end = self._at + wanted
        if end > self._hashed:
            self._digest.update(chunk[self._hashed - self._at :])
            self._hashed = end
        if len(chunk) < wanted:
            raise changed("it is shorter")
        if end == self._content.size:
            if source.read(1):
                raise changed("it is longer")
            if self._digest.hexdigest() != self._content.sha256:
                raise changed("its SHA-256 is another")
        return chunk

    def _put(self, chunk: bytes, place: str) -> Response:
        headers = {"Content-Type": "application/octet-stream", **({"Content-Range": place} if place else {})}
        return self._calls.answer(Request("PUT", self._address, chunk, headers), {_INCOMPLETE, _MISSING, _GONE})

    def _hear(self, answer: Response) -> None:
        """Learn from an answer how much has arrived."""
        if answer.status in (_MISSING, _GONE):
            self._lose(0)
            self._address = ""
        elif answer.status != _INCOMPLETE:
            self._finish()
        else:
            said = _RANGE.fullmatch(answer.headers.get("range", ""))
            arrived = int(said[1]) + 1 if said else 0  # it names no range while it has nothing
            if arrived > self._hashed:
                raise StoreError(f"{self._calls.url}: Drive says that it has more than was sent")
            if arrived < self._at:
                self._lose(arrived)
            self._move(arrived)
            self._unsure = False

    def _lose(self, left: int) -> None:
        self._losses += 1
        self._move(left)
        if self._losses > _MOST_LOSSES:
            raise StoreError(f"{self._calls.url}: Drive lost what was sent {self._losses} times")

    def _move(self, to: int) -> None:
        if to != self._at:
            self._tick(to - self._at)
            self._at = to

    def _finish(self) -> None:
        self._move(self._content.size)
        self._done = True
