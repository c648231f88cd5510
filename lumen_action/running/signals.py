"""The signals of one program: heard while it waits, passed on to what it has started."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable

# What a runner, a terminal or a person sends to end a step; Windows knows only some of them.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


def nothing(_number: int) -> None:
    """Pass a signal on to nobody."""


class Signals:
    """Hears what would end the program, from `listen` to `release`; one that was ignored stays ignored."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self.heard: list[int] = []
        self.forward: Callable[[int], None] = nothing
        self._before: dict[int, object] = {}

    def listen(self) -> None:
        """Begin to hear."""
        self.wake, self._waker = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self._waker, False)
        if os.name != "nt":  # there it has to be a socket
            self._former_waker = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
            self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._child)
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)

    def release(self) -> None:
        """Leave everything as it was."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if os.name != "nt":
            signal.set_wakeup_fd(self._former_waker)
        os.close(self.wake)
        os.close(self._waker)

    def _note(self, number: int, _frame: object) -> None:
        self.heard.append(number)
        self.forward(number)

    def _child(self, _number: int, _frame: object) -> None:
        """Do nothing: that it came wakes whoever waits."""

    def rest(self, seconds: float) -> bool:
        """Sleep; tell whether a signal has ended the sleep early."""
        from time import monotonic

        end = monotonic() + seconds
        while not self.heard and (left := end - monotonic()) > 0:
            if os.name == "nt":
                from time import sleep

                sleep(min(left, 0.2))
            else:
                select.select([self.wake], [], [], left)
                self.drain()
        return bool(self.heard)

    def drain(self) -> None:
        """Forget what woke us."""
        try:
            while os.read(self.wake, 4096):
                pass
        except BlockingIOError:
            pass
