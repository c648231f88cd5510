"""The sealed file: a name, a header that everybody may read, and the stream that the header is bound to."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from lumen_action.archive import LAST_MS, SEALED, ArchiveId
from lumen_action.archive.keys import Keys
from lumen_action.crypto.sealing import Opener
from lumen_action.errors import IntegrityError
from lumen_action.model import canonical

MAGIC = b"lumen-archive-1\n"
MOST_HEADER_BYTES = 1 << 16
_FORMAT = 1
_SUITE = "cobblestone-256"
_LENGTH_BYTES = 4
_KEY_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class Header:
    """What stands before the sealed stream, and cannot be changed without the key."""

    id: ArchiveId
    key_id: str
    frozen_at_ms: int
    wrapped: bytes = b""
    """The content key for the recipients, as an age file."""

    def encode(self) -> bytes:
        """Return the bytes that a sealed file begins with."""
        said = {
            "format": _FORMAT,
            "suite": _SUITE,
            "name": self.id.name,
            "key_id": self.key_id,
            "frozen_at_ms": self.frozen_at_ms,
        }
        if self.wrapped:
            said["wrapped"] = base64.b64encode(self.wrapped).decode()
        encoded = canonical(said)
        if len(encoded) > MOST_HEADER_BYTES:
            raise ValueError(f"a header has at most {MOST_HEADER_BYTES} bytes")
        return MAGIC + len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded

    @classmethod
    def decode(cls, encoded: bytes) -> Header:
        """Read the JSON of a header; an IntegrityError says what is wrong with it."""
        try:
            made = cls._made(json.loads(encoded))
            # Every header has one encoding, so that nothing can hide in a second one.
            sound = made.encode()[len(MAGIC) + _LENGTH_BYTES :] == encoded
        except (ValueError, KeyError, TypeError, RecursionError) as fault:
            raise IntegrityError("the header of the archive cannot be read") from fault
        if not sound:
            raise IntegrityError("the header of the archive is not written as headers are")
        return made

    @classmethod
    def _made(cls, said: dict[str, Any]) -> Header:
        if (said["format"], said["suite"]) != (_FORMAT, _SUITE):
            raise IntegrityError(
                f"the archive is not of format {_FORMAT} and suite {_SUITE}: it was changed, or a newer "
                "lumen-sli-action made it"
            )
        id_ = ArchiveId.of_name(f"{said['name']}{SEALED}")
        key_id, frozen_at_ms = said["key_id"], said["frozen_at_ms"]
        dated = type(frozen_at_ms) is int and 0 <= frozen_at_ms <= LAST_MS
        if id_ is None or not dated or not _KEY_ID.fullmatch(key_id):
            raise ValueError("a field is not what it has to be")
        return cls(id_, key_id, frozen_at_ms, base64.b64decode(said.get("wrapped", ""), validate=True))


@dataclass(frozen=True)
class Opening:
    """The beginning of a sealed file, read."""

    header: Header
    context: bytes
    rest: Iterator[bytes]
    """The sealed stream."""


def begin(sink: BinaryIO, header: Header) -> bytes:
    """Write the beginning of a sealed file; return the context to seal the rest with."""
    encoded = header.encode()
    sink.write(encoded)
    return hashlib.sha256(encoded).digest()


def read_header(pieces: Iterator[bytes]) -> Opening:
    """Read the beginning of a sealed file; an IntegrityError when it is none."""
    held = bytearray()

    def first(size: int) -> bytes:
        while len(held) < size:
            piece = next(pieces, None)
            if piece is None:
                raise IntegrityError("this is no sealed archive: it ends within its header")
            held.extend(piece)
        return bytes(held[:size])

    if first(len(MAGIC)) != MAGIC:
        raise IntegrityError("this is no sealed archive: it does not begin as one")
    start = len(MAGIC) + _LENGTH_BYTES
    length = int.from_bytes(first(start)[len(MAGIC) :], "big")
    if length > MOST_HEADER_BYTES:
        raise IntegrityError("the header of the archive is longer than headers are")
    encoded = first(start + length)

    def rest() -> Iterator[bytes]:
        yield bytes(held[start + length :])
        yield from pieces

    return Opening(Header.decode(encoded[start:]), hashlib.sha256(encoded).digest(), rest())


def opened(pieces: Iterator[bytes], keys: Keys) -> tuple[Header, Opener]:
    """Open a sealed file; a NoKeyError says that there is no key for it, an IntegrityError that it was changed."""
    opening = read_header(pieces)
    return opening.header, Opener(opening.rest, keys.opening(opening.header), opening.context)
