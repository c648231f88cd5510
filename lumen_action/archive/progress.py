"""Progress: how much is done of something long, how fast it goes, and how long it still takes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

_QUIET_SECONDS = 3.0
_STEP_SECONDS = 5.0
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class Progress:
    """Hears of bytes and tells a person now and then; what is over soon is not spoken of."""

    def __init__(self, what: str, total: int, tell: Callable[[str], None], clock: Callable[[], float]) -> None:
        """Begin now; a total of 0 is not known."""
        self._what, self._total, self._tell, self._clock = what, total, tell, clock
        self._done = 0
        self._began = clock()
        self._next = self._began + _QUIET_SECONDS
        self._lock = Lock()

    def __call__(self, moved: int) -> None:
        """Count bytes that have moved; a negative number takes some back."""
        with self._lock:
            self._done += moved
            now = self._clock()
            if now < self._next:
                return
            self._next = now + _STEP_SECONDS
            told = self._told(now - self._began)
        self._tell(told)

    def _told(self, seconds: float) -> str:
        rate = max(self._done, 0) / seconds
        if not self._total:
            return f"{self._what}: {size(self._done)}, {size(rate)}/s"
        percent = min(100, 100 * max(self._done, 0) // self._total)
        left = f", {_span((self._total - self._done) / rate)} left" if 0 < self._done < self._total else ""
        return f"{self._what}: {size(self._done)} of {size(self._total)} ({percent} %), {size(rate)}/s{left}"


def size(count: float) -> str:
    """Return a number of bytes as people read it."""
    unit, value = 0, float(max(count, 0))
    while value >= 1023.5 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - what would be rounded to 1024
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 or value >= 99.5 else f"{value:.1f} {_UNITS[unit]}"  # noqa: PLR2004


def _span(seconds: float) -> str:
    minutes, rest = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
