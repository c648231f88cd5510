"""Sending a file to Dropbox: in one call or in a session of many, resumed where the session stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from lumen_action.archive.stores import Content, StoreError, Tick
from lumen_action.archive.stores.dropboxcalls import Calls, DeclinedError
from lumen_action.archive.stores.outgoing import changed

BLOCK_BYTES = 4 << 20
"""What Dropbox hashes by; pieces of a session are whole blocks but for the last."""
PIECE_BYTES = 2 * BLOCK_BYTES
_MOST_SESSIONS = 3
_MOST_STEPS_BACK = 20
_NO_BYTES = hashlib.sha256().hexdigest()
_GONE_SESSION = frozenset({"not_found", "closed", "not_closed"})


@dataclass(frozen=True)
class Survey:
    """The hashes of the blocks of a file, taken from all of it before the first byte is sent."""

    content: Content
    blocks: tuple[bytes, ...]

    @property
    def content_hash(self) -> str:
        """Return what Dropbox has to say of the whole."""
        return hashlib.sha256(b"".join(self.blocks)).hexdigest()

    def piece(self, file: BinaryIO, offset: int, size: int) -> tuple[bytes, str]:
        """Return some whole blocks of the file, which have to be what they were, and their hash."""
        file.seek(offset)
        body = _read(file, size)
        first = offset // BLOCK_BYTES
        blocks = [hashlib.sha256(body[at : at + BLOCK_BYTES]).digest() for at in range(0, len(body), BLOCK_BYTES)]
        if blocks != list(self.blocks[first : first + -(-size // BLOCK_BYTES)]):
            raise changed("a part is another")
        return body, hashlib.sha256(b"".join(blocks)).hexdigest()


def survey(content: Content) -> Survey:
    """Read a file and make sure that it is what it has to be."""
    digest, size, blocks = hashlib.sha256(), 0, []
    with content.open() as file:
        while block := _read(file, BLOCK_BYTES):
            digest.update(block)
            blocks.append(hashlib.sha256(block).digest())
            size += len(block)
    if (size, digest.hexdigest()) != (content.size, content.sha256):
        raise changed("its size or its SHA-256 is another")
    return Survey(content, tuple(blocks))


class Sending:
    """One file on its way; it is created under a free name or not at all."""

    def __init__(self, calls: Calls, path: str, surveyed: Survey, tick: Tick, piece_bytes: int = PIECE_BYTES) -> None:
        """Take how much goes with one call, in whole blocks."""
        self._calls = calls
        self._surveyed = surveyed
        self._content = surveyed.content
        self._tick = tick
        self._piece_bytes = piece_bytes
        self._steps_back = 0
        # A strict create: without it the same bytes under the same name pass for a new file.
        self._commit = {"path": path, "mode": "add", "autorename": False, "strict_conflict": True, "mute": True}

    def send(self) -> Mapping[str, Any]:
        """Return what Dropbox says of the file; a DeclinedError when the name is taken."""
        if self._content.size <= self._piece_bytes:
            return self._at_once()
        for _ in range(_MOST_SESSIONS):
            made = self._in_session()
            if made is not None:
                return made
        raise StoreError(f"{self._calls.url}: Dropbox forgot {_MOST_SESSIONS} upload sessions before their end")

    def _at_once(self) -> Mapping[str, Any]:
        with self._content.open() as file:
            body, content_hash = self._surveyed.piece(file, 0, self._content.size)
        made = self._calls.send("upload", {**self._commit, "content_hash": content_hash}, body)
        self._tick(len(body))
        return made

    def _in_session(self) -> Mapping[str, Any] | None:
        """Send all pieces; None when Dropbox knows nothing of the session any more."""
        opened = self._calls.send("upload_session/start", {"close": False, "content_hash": _NO_BYTES}, b"")
        session, offset = opened.get("session_id"), 0
        stands: int | None
        if not isinstance(session, str):
            raise StoreError(f"{self._calls.url}: Dropbox opened an upload session without a name")
        with self._content.open() as file:
            while True:
                cursor = {"session_id": session, "offset": offset}
                try:
                    if offset == self._content.size:
                        finish = {"cursor": cursor, "commit": self._commit, "content_hash": _NO_BYTES}
                        return self._calls.send("upload_session/finish", finish, b"")
                    body, content_hash = self._surveyed.piece(
                        file, offset, min(self._piece_bytes, self._content.size - offset)
                    )
                    append = {"cursor": cursor, "close": False, "content_hash": content_hash}
                    self._calls.send("upload_session/append_v2", append, body)
                    stands = offset + len(body)
                except DeclinedError as fault:
                    stands = self._where(fault, offset)
                self._tick(stands - offset if stands is not None else -offset)
                if stands is None:
                    return None
                offset = stands

    def _where(self, fault: DeclinedError, offset: int) -> int | None:
        """Return where the session stands, None when a new one is needed."""
        if fault.tags[-1:] == ("incorrect_offset",):
            stands = fault.details.get("correct_offset")
            size = self._content.size
            if type(stands) is not int or not 0 <= stands <= size or (stands % self._piece_bytes and stands != size):
                return None
            self._steps_back += stands <= offset
            if self._steps_back > _MOST_STEPS_BACK:
                raise StoreError(f"{self._calls.url}: Dropbox keeps losing pieces that it had taken") from fault
            return stands
        finished = offset == self._content.size and fault.after_silence
        if _GONE_SESSION.intersection(fault.tags[-1:]) and fault.tags[0] != "path" and not finished:
            return None
        raise fault


def _read(file: BinaryIO, size: int) -> bytes:
    """Read so many bytes, fewer only at the end."""
    pieces = []
    while size and (piece := file.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
