"""Writes that a tracker does not mind: one a second, and no more in a call than it takes in an hour."""

from __future__ import annotations

from dataclasses import dataclass, field

from lumen_action.http import Timing
from lumen_action.ops.tickets import BusyError

# GitHub: 80 writes a minute and 500 an hour, for everybody who uses the token.
APART_SECONDS = 1.0
MOST_WRITES = 400


@dataclass
class Pace:
    """Waits before a write until it is time for one."""

    timing: Timing = field(default_factory=Timing)
    most: int = MOST_WRITES
    writes: int = 0
    _next_at: float = field(default=0.0, init=False)

    def wait(self) -> None:
        """Wait for the turn of the next write; a BusyError when this call has had enough."""
        if self.writes >= self.most:
            raise BusyError(f"{self.most} writes are enough for one call; the next call goes on from here")
        self.writes += 1
        now = self.timing.clock()
        if self.writes > 1 and now < self._next_at:
            self.timing.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + APART_SECONDS
