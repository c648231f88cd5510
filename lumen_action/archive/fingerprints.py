"""Fingerprints: the hashes by which stores say what they hold, computed here from the bytes themselves."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

SHA256, MD5, DROPBOX = "sha256", "md5", "dropbox"
_WORDS: Mapping[str, str] = {SHA256: "SHA-256", MD5: "MD5", DROPBOX: "content hash of Dropbox"}
_PARTS = "sha256-parts/"
_DROPBOX_BLOCK = 4 << 20
_PIECE = 1 << 20


def parts_of(part_bytes: int) -> str:
    """Name the fingerprint of an object that S3 took in parts of this size: the hash of the hashes of its parts."""
    return f"{_PARTS}{part_bytes}"


def named(algorithm: str) -> str:
    """Name a fingerprint to people."""
    parts = f"SHA-256 of the hashes of its parts of {algorithm.removeprefix(_PARTS)} bytes"
    return parts if algorithm.startswith(_PARTS) else _WORDS.get(algorithm, algorithm)


def fingerprint(algorithm: str, file: BinaryIO) -> str:
    """Return the fingerprint of a file from here to its end; a ValueError for an algorithm nobody knows."""
    if algorithm in (SHA256, MD5):
        digest = hashlib.new(algorithm, usedforsecurity=False)
        while piece := file.read(_PIECE):
            digest.update(piece)
        return digest.hexdigest()
    if algorithm == DROPBOX:
        return hashlib.sha256(b"".join(_blocks(file, _DROPBOX_BLOCK))).hexdigest()
    if algorithm.startswith(_PARTS) and algorithm.removeprefix(_PARTS).isdecimal():
        parts = list(_blocks(file, int(algorithm.removeprefix(_PARTS)))) or [hashlib.sha256().digest()]
        return f"{base64.b64encode(hashlib.sha256(b''.join(parts)).digest()).decode()}-{len(parts)}"
    raise ValueError(f"no such fingerprint: {algorithm}")


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the SHA-256 of each block of a size; the last may be shorter."""
    while True:
        digest, left = hashlib.sha256(), size
        while left and (piece := file.read(min(left, _PIECE))):
            digest.update(piece)
            left -= len(piece)
        if left == size:
            return
        yield digest.digest()
        if left:
            return
