"""Work that is done behind the caller: in order, in a thread of its own, at most a few steps late."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

MOST_STEPS = 2
T = TypeVar("T")


class Behind(Generic[T]):
    """Calls that follow each other in another thread; after one that fails none is made, and each says why."""

    def __init__(self, name: str) -> None:
        """Start nothing yet."""
        self._thread = ThreadPoolExecutor(1, name)
        self._steps: deque[Future[T]] = deque()
        self._last: Future[T] | None = None

    @property
    def full(self) -> bool:
        """Tell whether as much waits as may."""
        return len(self._steps) >= MOST_STEPS

    def add(self, step: Callable[[], T]) -> None:
        """Put a step behind the others."""
        self._last = self._thread.submit(_after, self._last, step)
        self._steps.append(self._last)

    def first(self) -> T:
        """Wait for the oldest step that was not asked for, and return what it made or raise what it raised."""
        return self._steps.popleft().result()

    def finish(self) -> None:
        """Wait for all steps."""
        try:
            while self._steps:
                self.first()
        finally:
            self._thread.shutdown()

    def abandon(self) -> None:
        """Wait for the step that is being made, and forget the rest."""
        self._thread.shutdown(cancel_futures=True)


def _after(before: Future[T] | None, step: Callable[[], T]) -> T:
    if before:
        before.result()
    return step()
