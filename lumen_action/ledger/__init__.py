"""Where facts live: one protocol, one module a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol

from lumen_action.model import Fact


class Put(str, Enum):
    """What a ledger answers to a fact."""

    CREATED = "created"
    SAME = "same"
    CONFLICT = "conflict"


class Ledger(Protocol):
    """An append-only set of facts: the first writer of a key wins."""

    url: str
    durable: bool

    def put(self, fact: Fact) -> Put:
        """Keep the fact unless its key is taken; `same` when the stored one states the same."""

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest."""

    def head(self) -> int:
        """Return a number that grows whenever a fact is created."""

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day, in no promised order."""

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""

    def publishing(self, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock of the one publisher; a LedgerError when it is not free in time."""

    def published_head(self, sink: str) -> int:
        """Return the head that was last published to a sink, 0 if never."""

    def mark_published(self, sink: str, head: int) -> None:
        """Remember the head that a sink now shows."""

    def close(self) -> None:
        """Let go of files and connections."""
