"""Small named values beside the facts: heads that were published, checkpoints, and the lease of the one publisher."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from lumen_action.errors import LedgerError

_LEASE = "lease/publish"
# A publisher that died must not hold up the next for long; one that lives publishes in seconds.
_LEASE_SECONDS = 120.0
_POLL_SECONDS = 1.0


@runtime_checkable
class Notes(Protocol):
    """Where named values are kept; writing is compare-and-swap, so that two writers never both succeed."""

    def note(self, name: str) -> bytes | None:
        """Return the value, None when there is none."""

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write the value if the present one is `expected`, None for none at all; tell whether it was written."""


def published_head(notes: Notes, sink: str) -> int:
    """Return the head that was last published to a sink, 0 if never."""
    body = notes.note(_head_name(sink))
    return int(body) if body else 0


def mark_published(notes: Notes, sink: str, head: int) -> None:
    """Remember the head that a sink now shows; whoever comes second leaves the word to the other."""
    name = _head_name(sink)
    notes.put_note(name, str(head).encode(), expected=notes.note(name))


def _head_name(sink: str) -> str:
    return f"published/{sink.encode().hex()}"


@contextmanager
def lease(
    notes: Notes,
    timeout: float,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the lease of the one publisher, waiting at most `timeout` seconds; a dead holder's runs out."""
    owner = secrets.token_hex(8)
    deadline = clock() + timeout
    while True:
        present = notes.note(_LEASE)
        mine = json.dumps({"owner": owner, "until": clock() + _LEASE_SECONDS}).encode()
        free = present is None or float(json.loads(present)["until"]) <= clock()
        if free and notes.put_note(_LEASE, mine, expected=present):
            break
        if clock() >= deadline:
            raise LedgerError(f"another publisher held the lease for {timeout:.0f} s")
        sleep(min(_POLL_SECONDS, max(0.01, deadline - clock())))
    try:
        yield
    finally:
        # Whoever took over after ours ran out keeps it.
        notes.put_note(_LEASE, json.dumps({"owner": owner, "until": 0}).encode(), expected=mine)
