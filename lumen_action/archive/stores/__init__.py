"""Stores: where archives are kept, each behind one protocol, and none of them trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from lumen_action.errors import LumenError, RemoteError

Tick = Callable[[int], None]
"""Hears how many bytes have moved since it was last called; what is sent again is taken back with a negative number."""


class StoreError(RemoteError):
    """A store that did not answer as it should; asking later may help."""


class BusyError(StoreError):
    """One request without an answer, or answered with "later"; the store's own module asks again."""

    def __init__(self, told: str, *, retry_after_seconds: float | None = None) -> None:
        """Keep when the store wants to be asked again."""
        super().__init__(told)
        self.retry_after_seconds = retry_after_seconds


class RefusedError(StoreError):
    """A store that will not let us, now or later: credentials, permission, quota; the message says what to set."""

    exit_code = 2


class TakenError(LumenError):
    """A name that holds other content, which is never replaced."""

    exit_code = 2


class GoneError(LumenError):
    """An object that is not there."""

    exit_code = 3


class LockedError(LumenError):
    """An object that may not be removed yet."""

    exit_code = 2


@dataclass(frozen=True)
class Content:
    """Bytes that are to be stored: where they are read from, as often as needed, and what they have to be."""

    open: Callable[[], BinaryIO] = field(repr=False)
    size: int
    sha256: str
    """In hex, known before the first byte is sent."""


@dataclass(frozen=True)
class Stored:
    """What a store says of an object it holds."""

    name: str
    size: int
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """By algorithm (see archive/fingerprints.py), only what the store itself computed from the bytes it holds."""
    claimed: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints it only repeats as they were sent to it: no proof of anything."""
    version: str = ""
    stored_at_ms: int | None = None
    locked_until_ms: int | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of an upload."""

    stored: Stored
    existed: bool
    """The same bytes stood there before."""
    checked: str
    """The algorithm whose value the store confirmed for the bytes it took; empty where it confirmed nothing."""
    note: str = ""
    """What a person should know of it, such as that there is no SHA-256 of the whole."""


class Store(Protocol):
    """One place for whole objects by name. Names are those of ArchiveId, with `/` between their parts.

    Each method but `read` tries again by itself while that makes sense, then raises a StoreError. A method that needs
    an object which is not there raises a GoneError.
    """

    url: str
    """As it was configured, without any secret; receipts are kept under it."""

    def put(self, name: str, content: Content, tick: Tick) -> Receipt:
        """Store bytes under a name that is free or holds the same bytes; a TakenError when it holds others."""

    def stat(self, name: str) -> Stored | None:
        """Return what the store says of an object, None when there is none."""

    def read(self, name: str, offset: int = 0) -> AbstractContextManager[Iterator[bytes]]:
        """Give the bytes of an object from an offset on; one try: `reading.whole` tries again."""

    def names(self, prefix: str) -> Iterator[Stored]:
        """Yield the objects whose names begin so, in any order, with name and size at least."""

    def delete(self, name: str) -> None:
        """Remove an object, which may be gone already; a LockedError when it may not be removed."""

    def close(self) -> None:
        """Let go of connections."""


def content_of(path: Path, size: int, sha256: str) -> Content:
    """Return the content of a file whose hash is known."""
    return Content(lambda: path.open("rb"), size, sha256)


def content_of_bytes(body: bytes) -> Content:
    """Return bytes as content."""
    import hashlib
    import io

    return Content(lambda: io.BytesIO(body), len(body), hashlib.sha256(body).hexdigest())
