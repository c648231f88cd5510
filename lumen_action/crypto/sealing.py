"""Sealing and opening streams: Cobblestone-256 of c2sp.org/chunked-encryption, in bounded memory."""

from __future__ import annotations

import hmac
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, BinaryIO

from lumen_action.crypto import library
from lumen_action.crypto.behind import MOST_STEPS, Behind
from lumen_action.crypto.derivation import expanded
from lumen_action.errors import IntegrityError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
CHUNK_BYTES = 16 << 10
_TAG_BYTES = 16
_SEALED_BYTES = CHUNK_BYTES + _TAG_BYTES
_SALT_BYTES = 24
_NONCE_BYTES = 12
_COMMITMENT_BYTES = 32
_PREFIX = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
# As much as is worth the way to another thread and back, and little enough to have several of it in memory.
_BATCH_CHUNKS = 64
_MOST_CHUNKS = 1 << 38
_BATCH_BYTES = _BATCH_CHUNKS * CHUNK_BYTES


@dataclass(frozen=True)
class _Stream:
    """What one stream is sealed with."""

    commitment: bytes
    _aead: AESGCM = field(repr=False)
    _nonce: int = field(repr=False)

    @classmethod
    def of(cls, key: bytes, context: bytes, salt: bytes) -> _Stream:
        """Derive everything from a key that may seal many streams."""
        with library("sealed archives"):
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        if len(key) != KEY_BYTES or len(salt) != _SALT_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes and a salt {_SALT_BYTES}")
        length = KEY_BYTES + _NONCE_BYTES + _COMMITMENT_BYTES
        made = expanded(key, _PREFIX + salt + context, length, "sha512")
        nonce = int.from_bytes(made[KEY_BYTES:-_COMMITMENT_BYTES], "big")
        return cls(made[-_COMMITMENT_BYTES:], AESGCM(made[:KEY_BYTES]), nonce)

    def nonce(self, number: int) -> bytes:
        """Return the nonce of a chunk."""
        if number >= _MOST_CHUNKS:
            raise OverflowError("a sealed stream holds at most 4 PiB")
        return (self._nonce ^ number).to_bytes(_NONCE_BYTES, "big")

    def seal(self, text: ReadableBuffer, number: int, sealed: memoryview) -> int:
        """Seal chunks into a buffer, the first of them by its number; return how much of the buffer is filled."""
        view, encrypt_into, nonce = memoryview(text), self._aead.encrypt_into, self.nonce
        filled = 0
        # An empty text is one empty chunk.
        for start in range(0, len(view) or 1, CHUNK_BYTES):
            chunk = view[start : start + CHUNK_BYTES]
            room = sealed[filled : filled + len(chunk) + _TAG_BYTES]
            filled += encrypt_into(nonce(number), chunk, None, room)
            number += 1
        return filled

    def open(self, batch: ReadableBuffer, number: int, *, last: bool) -> bytes:
        """Open whole chunks, of which the last is shorter; nothing comes out when one is not what was sealed."""
        from cryptography.exceptions import InvalidTag

        view, decrypt, nonce = memoryview(batch), self._aead.decrypt, self.nonce
        opened = []
        for start in range(0, len(view) + last, _SEALED_BYTES):
            chunk = view[start : start + _SEALED_BYTES]
            if len(chunk) < _TAG_BYTES:
                raise IntegrityError(f"the sealed stream ends too early, within or after {number} chunks")
            try:
                opened.append(decrypt(nonce(number), chunk, None))
            except InvalidTag:
                told = f"chunk {number} of the sealed stream is not what was written, or the rest of it is missing"
                raise IntegrityError(told) from None
            number += 1
        return b"".join(opened)


class Sealer:
    """Seal what is written; the sink is written to in another thread, a few steps behind."""

    def __init__(self, sink: BinaryIO, key: bytes, context: bytes, salt: bytes | None = None) -> None:
        """Begin a stream; a salt is never used twice with a key, so only tests give one."""
        salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
        self._stream = _Stream.of(key, context, salt)
        self._sink = sink
        self._writing: Behind[int] = Behind("sealing")
        # What is being written is not filled anew: two wait at most, and one is filled.
        self._rooms = cycle([memoryview(bytearray(_BATCH_CHUNKS * _SEALED_BYTES)) for _ in range(MOST_STEPS + 1)])
        self._held = bytearray()
        self._number = 0
        self._closed = False
        sink.write(salt + self._stream.commitment)

    def write(self, data: ReadableBuffer) -> int:
        """Take bytes; what the sink refuses is raised here, by a later call or when it is closed."""
        if self._closed:
            raise ValueError("the sealed stream has its end already")
        view = memoryview(data).cast("B")
        taken = 0
        while taken < len(view):
            piece = view[taken : taken + _BATCH_BYTES - len(self._held)]
            self._held += piece
            taken += len(piece)
            if len(self._held) == _BATCH_BYTES:
                self._seal_held()
        return taken

    def close(self) -> None:
        """Write the end; the sink stays open."""
        if self._closed:
            return
        self._closed = True
        # The last chunk is always shorter than the others, if need be empty, so that no other can be taken for it.
        if self._held and len(self._held) % CHUNK_BYTES == 0:
            self._seal_held()
        self._seal_held()
        self._writing.finish()

    def abandon(self) -> None:
        """Leave the stream without its end, so that nobody takes it for whole."""
        self._closed = True
        self._writing.abandon()

    def _seal_held(self) -> None:
        if self._writing.full:
            self._writing.first()
        room = next(self._rooms)
        filled = self._stream.seal(self._held, self._number, room)
        self._writing.add(partial(self._sink.write, room[:filled]))
        self._number += len(self._held) // CHUNK_BYTES
        self._held = bytearray()


class Opener(io.RawIOBase):
    """Read a sealed stream; every byte that comes out is authenticated, and b"" comes only after the proven end.

    The source is read in another thread, a few steps ahead; close this before closing what the source reads from.
    """

    def __init__(self, source: Iterator[bytes], key: bytes, context: bytes) -> None:
        """Begin to read; an IntegrityError when the key is not that of the stream or the context is another."""
        self._source = source
        self._piece = memoryview(b"")
        self._ended = False
        self._room = memoryview(bytearray(_BATCH_CHUNKS * _SEALED_BYTES))
        start = bytes(self._taken(_SALT_BYTES + _COMMITMENT_BYTES))
        if len(start) < _SALT_BYTES + _COMMITMENT_BYTES:
            raise IntegrityError("the sealed stream ends before it begins")
        self._stream = _Stream.of(key, context, start[:_SALT_BYTES])
        if not hmac.compare_digest(self._stream.commitment, start[_SALT_BYTES:]):
            raise IntegrityError("the key is not the one that this was sealed with, or its header was changed")
        self._number = 0
        self._ready = memoryview(b"")
        self._opening: Behind[bytes] = Behind("opening")

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` authenticated bytes, none only at the end."""
        if size is None or size < 0:
            return self.readall()
        if self.closed:
            raise ValueError("the sealed stream is closed")
        if size and not self._ready:
            while not self._opening.full:
                self._opening.add(self._open_next)
            self._ready = memoryview(self._opening.first())
        read, self._ready = self._ready[:size], self._ready[size:]
        return bytes(read)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into a buffer."""
        view = memoryview(buffer).cast("B")
        read = self.read(len(view))
        view[: len(read)] = read
        return len(read)

    def close(self) -> None:
        """Stop reading the source."""
        if hasattr(self, "_opening"):
            self._opening.abandon()
        super().close()

    def _open_next(self) -> bytes:
        if self._ended:
            return b""
        batch = self._taken(len(self._room))
        opened = self._stream.open(batch, self._number, last=self._ended)
        self._number += _BATCH_CHUNKS
        return opened

    def _taken(self, size: int) -> memoryview:
        """Take so many bytes from the source, fewer only at its end; they are good until the next are taken."""
        taken = 0
        while taken < size:
            if not self._piece:
                piece = next(self._source, None)
                if piece is None:
                    self._ended = True
                    break
                self._piece = memoryview(piece)
            part = self._piece[: size - taken]
            self._room[taken : taken + len(part)] = part
            taken += len(part)
            self._piece = self._piece[len(part) :]
        return self._room[:taken]
