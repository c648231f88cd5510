"""Keys made from keys: HKDF (RFC 5869), which needs nothing but the standard library."""

from __future__ import annotations

import hashlib
import hmac


def derived(key: bytes, info: bytes, *, salt: bytes = b"", length: int = 32) -> bytes:
    """Return a key for one purpose, made from another one: extract and expand with SHA-256."""
    extracted = hmac.digest(salt or bytes(hashlib.sha256().digest_size), key, "sha256")
    return expanded(extracted, info, length, "sha256")


def expanded(key: bytes, info: bytes, length: int, digest: str) -> bytes:
    """Return bytes made from a key that is uniformly random already: expand only."""
    made = block = b""
    number = 0
    while len(made) < length:
        number += 1
        block = hmac.digest(key, block + info + bytes((number,)), digest)
        made += block
    return made[:length]
