"""Looking again and again in the background: who asks how things are is answered from memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lumen_action.health.check import Check, Finding
from lumen_action.health.judging import Judged

_MISSED_ROUNDS = 3


@dataclass(frozen=True)
class Looked:
    """What one round found."""

    findings: Sequence[Finding]
    at_ms: int


class Watch:
    """One round at a time, whoever asks; a round begins at the latest when the interval after the last is over."""

    def __init__(
        self,
        checks: Sequence[Check],
        look: Callable[[Sequence[Check]], Sequence[Judged]],
        *,
        interval_seconds: float,
        clock_ms: Callable[[], int],
        tell: Callable[[str], None],
    ) -> None:
        """Look at nothing yet."""
        self.checks = checks
        self._look = look
        self._interval_seconds = interval_seconds
        self._clock_ms = clock_ms
        self._tell = tell
        self._over = threading.Event()
        self._latest: Looked | None = None

    @property
    def latest(self) -> Looked | None:
        """Return what was found last, None before the first round is done."""
        return self._latest

    @property
    def now_ms(self) -> int:
        """Return the time by which ages are told."""
        return self._clock_ms()

    @property
    def stale(self) -> bool:
        """Tell whether rounds fail to come about."""
        slowest = max((check.timeout_seconds for check in self.checks), default=0.0)
        most_ms = 1000 * (slowest + _MISSED_ROUNDS * self._interval_seconds)
        return self._latest is not None and self._clock_ms() - self._latest.at_ms > most_ms

    def work(self) -> None:
        """Look until told to stop; a round that breaks is told, and the next one tries again."""
        while not self._over.is_set():
            at_ms = self._clock_ms()
            try:
                found = self._look(self.checks)
            except Exception as fault:  # noqa: BLE001 - the pages say that what they show is old
                self._tell(f"warning: the checks could not be made: {type(fault).__name__}: {fault}")
            else:
                self._latest = Looked([each.finding for each in found], at_ms)
            self._over.wait(self._interval_seconds)

    def stop(self) -> None:
        """Let the work end after the round at hand."""
        self._over.set()
