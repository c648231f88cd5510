"""Work that may never end: who waits for it goes on when its time is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from lumen_action.errors import RemoteError

_MOST_RUNNING = 1024
_Result = TypeVar("_Result")


class OverdueError(RemoteError):
    """What was asked for was not there in its time."""


def bounded(work: Callable[[], _Result], seconds: float) -> _Result:
    """Return the result within the time; who is itself left behind when it takes too long does it there and then."""
    return work() if getattr(_HERE, "left_behind", False) else Work(work).result(seconds)


class Work(Generic[_Result]):
    """Something done in a thread of its own, which is left behind when it takes too long.

    The look-up of a name, a file on a disk that is away: none of them has a time limit. The thread is a daemon, so that
    it does not keep the program from ending.
    """

    def __init__(self, work: Callable[[], _Result]) -> None:
        """Begin; an OverdueError where too much is still running that nobody waits for."""
        self._work = work
        self._ended = threading.Event()
        self._result: list[_Result] = []
        self._fault: BaseException | None = None
        self._free = _FREE
        if not self._free.acquire(blocking=False):
            raise OverdueError(f"{_MOST_RUNNING} earlier ones have not come back; nothing more is begun")
        threading.Thread(target=self._do, name="probe", daemon=True).start()

    @property
    def running(self) -> bool:
        """Tell whether it has not come back."""
        return not self._ended.is_set()

    def result(self, seconds: float) -> _Result:
        """Wait for the result at most so long."""
        if not self._ended.wait(max(0.0, seconds)):
            raise OverdueError("took too long")
        if self._fault is not None:
            raise self._fault
        return self._result[0]

    def _do(self) -> None:
        _HERE.left_behind = True
        try:
            self._result.append(self._work())
        except BaseException as fault:  # noqa: BLE001 - it belongs to whoever waits
            self._fault = fault
        finally:
            self._free.release()
            self._ended.set()


_HERE = threading.local()
_FREE = threading.BoundedSemaphore(_MOST_RUNNING)
