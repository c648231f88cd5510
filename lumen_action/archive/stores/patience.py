"""Patience with a store: one request after another until it is done or the time is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from lumen_action.archive.stores import BusyError, StoreError
from lumen_action.http import Timing

MOST_PAUSE_SECONDS = 120.0
"""Who asks to wait longer is not waited for: a job costs money while it sleeps."""
_PAUSES = {"first": 0.5, "longest": 20.0}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Patience:
    """How long one request may be repeated."""

    url: str
    """The store, for messages."""
    seconds: float = MOST_PAUSE_SECONDS
    timing: Timing = field(default_factory=Timing)

    def ask(self, request: Callable[[], _Answer]) -> _Answer:
        """Repeat a request that may be sent twice, after growing random pauses, while it raises BusyError."""
        give_up_at = self.timing.clock() + self.seconds
        tries = 0
        while True:
            tries += 1
            try:
                return request()
            except BusyError as fault:
                pause = pause_after(fault, tries, self.timing)
                if self.timing.clock() + pause >= give_up_at:
                    raise given_up(self.url, fault, tries) from fault
            self.timing.sleep(pause)


def pause_after(fault: BusyError, tries: int, timing: Timing) -> float:
    """Return how long to wait before another try: as long as was asked for, and a random while more."""
    return timing.pause(tries, fault.retry_after_seconds, **_PAUSES)


def given_up(url: str, fault: BusyError, tries: int) -> StoreError:
    """Return the error that ends waiting for a store."""
    asked = f", it asks to wait {fault.retry_after_seconds:.0f} s" if fault.retry_after_seconds else ""
    return StoreError(f"{url}: {fault} ({tries} {'try' if tries == 1 else 'tries'}{asked})")
