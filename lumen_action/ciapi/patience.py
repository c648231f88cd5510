"""Patience with an API: asking until it answers, and waiting for the end of its limits."""

from __future__ import annotations

from collections.abc import Callable

from lumen_action.http import HttpError, Response, Timing

# A job that only waits costs money: a limit that lasts longer is for the next call.
_LONGEST_WAIT_SECONDS = 90.0


def until_answered(ask: Callable[[], Response], refuse: Callable[[HttpError, int], None]) -> Response:
    """Ask until an answer comes; `refuse` hears of each fault and which try it was, and raises what does not pass."""
    tries = 0
    while True:
        tries += 1
        try:
            return ask()
        except HttpError as fault:
            refuse(fault, tries)


class Limits:
    """Waits for the end of one API's limits, all together no longer than a job may wait."""

    def __init__(self, api: str, *, timing: Timing, tell: Callable[[str], None]) -> None:
        """Take the name of the API; `tell` hears when we wait."""
        self._api = api
        self._timing = timing
        self._tell = tell
        self._waited_seconds = 0.0

    def outlasted(self, seconds: float) -> bool:
        """Wait for the end of a limit; False, at once, for one that lasts too long."""
        if self._waited_seconds + seconds > _LONGEST_WAIT_SECONDS:
            return False
        # A limit of 0 s may be named again and again.
        pause = self._timing.pause(1, seconds)
        self._waited_seconds += max(1.0, pause)
        self._tell(f"{self._api}'s rate limit: waiting {pause:.0f} s")
        self._timing.sleep(pause)
        return True
