"""Where facts live: one protocol, one module a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class TakesMany(Protocol):
    """A ledger to which many facts at once cost little more than one."""

    def put_all(self, facts: Sequence[Fact]) -> list[Put]:
        """Keep many facts, and say of each what `put` would."""


@runtime_checkable
class Resumable(Protocol):
    """A ledger that can tell what came after a moment, so that nobody has to read all of it again."""

    def mark(self) -> str:
        """Return a word for this moment: `since` yields every fact that cannot be read yet."""

    def since(self, mark: str, pipeline: str) -> Iterator[Fact]:
        """Yield the facts of a pipeline that came after a mark, perhaps with some that came before."""

    def days(self, pipeline: str) -> list[str]:
        """Return the days of a pipeline's facts in order."""
