"""Tickets for what trying again cannot mend: one a fingerprint, in one tracker.

TrackerError                 the tracker did not do what it was asked
├── NotAllowedError          it will not let us at all; a person has to paste the text
├── DeclinedError            it will not make this change; nothing was done
├── UnsureError              nobody knows whether it made the change; look before doing it again
└── BusyError                it wants to be asked later than we can wait
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lumen_action.errors import RemoteError


@dataclass(frozen=True)
class Draft:
    """What a ticket should say."""

    fingerprint: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    news: str = ""
    """What changed since somebody last looked, as a comment says it."""
    occasion: str = ""
    """The same for every try of one message, and another for the next."""


@dataclass(frozen=True)
class Ticket:
    """A ticket as it was found; `rejected` when a person closed it as nothing to be done."""

    reference: str
    open: bool
    fingerprint: str
    url: str = ""
    body: str = ""
    created_ms: int = 0
    rejected: bool = False

    @property
    def age(self) -> tuple[int, int, str]:
        """Return what sorts tickets, the oldest first."""
        return (self.created_ms, len(self.reference), self.reference)


class Tracker(Protocol):
    """Where tickets are kept. One that does not `remember` is only told; the ledger remembers for it."""

    kind: str
    host: str
    project: str
    remembers: bool

    def tickets(self) -> Iterator[Ticket]:
        """Yield every ticket that carries our label, open or closed."""

    def find(self, fingerprint: str) -> list[Ticket]:
        """Return the tickets of one fingerprint, open or closed."""

    def get(self, reference: str) -> Ticket | None:
        """Return one ticket, None when it is no longer there."""

    def create(self, draft: Draft) -> Ticket:
        """Open a ticket."""

    def turn(self, ticket: Ticket, draft: Draft, *, to_open: bool) -> None:
        """Open a ticket again, or close it, and bring its text up to date."""

    def rewrite(self, ticket: Ticket, body: str) -> None:
        """Bring the text of a ticket up to date."""

    def comment(self, ticket: Ticket, draft: Draft) -> None:
        """Tell those who follow a ticket what is new."""


class TrackerError(RemoteError):
    """The tracker did not do what it was asked."""


class NotAllowedError(TrackerError):
    """The tracker will not let us write at all."""


class DeclinedError(TrackerError):
    """The tracker will not make this change; nothing was done."""


class UnsureError(TrackerError):
    """Nobody knows whether the change was made."""


class BusyError(TrackerError):
    """The tracker wants to be asked later than we can wait."""
