"""Patience with a store: one request after another until it is done or the time is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from lumen_action.archive.stores import BusyError, StoreError
from lumen_action.http import Timing

_PAUSES = {"first": 0.5, "longest": 20.0}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Patience:
    """How long one request may be repeated."""

    url: str
    """The store, for messages."""
    seconds: float = 120.0
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
                pause = self.timing.pause(tries, fault.retry_after_seconds, **_PAUSES)
                if self.timing.clock() + pause >= give_up_at:
                    asked = fault.retry_after_seconds
                    words = f", it asks to wait {asked:.0f} s" if asked else ""
                    counted = f"{tries} {'try' if tries == 1 else 'tries'}{words}"
                    raise StoreError(f"{self.url}: {fault} ({counted})") from fault
            self.timing.sleep(pause)
