"""Sealed streams for tests: made, taken apart into chunks and read."""

from __future__ import annotations

import io
from collections.abc import Iterator

from lumen_action.crypto.sealing import Opener, Sealer

KEY, SALT, CONTEXT = bytes(range(32)), bytes(range(24)), b"lumen-archive-v1"
CHUNK, SEALED_CHUNK, BATCH = 16 * 1024, 16 * 1024 + 16, 1024 * 1024
START = 24 + 32


def plaintext(size: int) -> bytes:
    """Return bytes as the known answers have them: each is its place modulo 251."""
    turn = bytes(range(251))
    return (turn * (size // 251 + 1))[:size]


def sealed(plain: bytes, *, key: bytes = KEY, context: bytes = CONTEXT, salt: bytes | None = SALT) -> bytes:
    """Seal bytes."""
    sink = io.BytesIO()
    sealer = Sealer(sink, key, context, salt)
    sealer.write(plain)
    sealer.close()
    return sink.getvalue()


def chunks_of(stream: bytes) -> list[bytes]:
    """Return the sealed chunks of a stream, without what stands before them."""
    return [stream[at : at + SEALED_CHUNK] for at in range(START, len(stream), SEALED_CHUNK)]


def pieces_of(stream: bytes, size: int = 1 << 16) -> Iterator[bytes]:
    """Yield a stream as a store would."""
    return (stream[at : at + size] for at in range(0, len(stream), size))


def read(stream: bytes, *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    """Open a stream and read it to its end."""
    with Opener(pieces_of(stream), key, context) as opener:
        return opener.readall()


def let_out(stream: bytes, *, key: bytes = KEY, context: bytes = CONTEXT) -> tuple[bytes, Exception | None]:
    """Return all that comes out of a stream before what ended it: None for a proven end."""
    out = bytearray()
    try:
        with Opener(pieces_of(stream), key, context) as opener:
            while piece := opener.read(CHUNK):
                out += piece
    except Exception as fault:  # noqa: BLE001 - whatever it is, the test looks at it
        return bytes(out), fault
    return bytes(out), None
