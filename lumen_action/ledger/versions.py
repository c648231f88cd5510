"""A value that changes, where an object never does: its numbered versions, of which the last two are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lumen_action.errors import LedgerError
from lumen_action.ledger.objects import Creation, Patient

# A version that is gone when it is read has two successors; so often in a row this does not happen.
_MOST_OVERTAKEN = 20


@dataclass(frozen=True)
class Version:
    """One of them as it was read."""

    name: str
    number: int
    body: bytes


@dataclass(frozen=True)
class Versions:
    """The versions below one prefix."""

    store: Patient
    prefix: str

    def newest(self, read: Callable[[str], bytes | None] | None = None) -> Version | None:
        """Return the last one, None when there is none."""
        for _ in range(_MOST_OVERTAKEN):
            name = max(self.store.names(self.prefix), default="")
            if not name:
                return None
            body = (read or self.store.get)(name)
            if body is not None:
                return Version(name, int(name.removeprefix(self.prefix).partition(".")[0]), body)
        raise LedgerError(f"ledger {self.store.url}: {self.prefix} changes faster than it can be read")

    def append(self, number: int, body: bytes) -> bool:
        """Write the version after the last; tell whether it was written."""
        name = f"{self.prefix}{number:012d}.json"
        if self.store.create(name, body) is Creation.TAKEN:
            return False
        names = list(self.store.names(self.prefix))
        for old in names[:-2]:
            self.store.delete(old)
        # A writer that slept may take a number again once it was removed, which needs two later ones to be there.
        return name in names[-2:]
