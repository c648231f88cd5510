"""One fold at a time for however many ask: the thread that owns the ledger answers all who wait at once."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from lumen_action.errors import IntegrityError, LumenError, RemoteError

# A Prometheus gives up on a scrape after 10 s by default.
_MOST_WAIT_SECONDS = 8.0
_LISTEN_SECONDS = 0.2
# Where facts arrive all the time most of it is left for answering, from what was folded a second or two before; where a
# fold takes no time to speak of, there is no rest.
_REST_SHARE = 9.0
_LONGEST_REST_SECONDS = 1.0


@dataclass(frozen=True)
class Shown:
    """What is shown of one head of the ledger."""

    head: int
    metrics: bytes
    page: bytes


class View(Protocol):
    """A ledger and how it is shown; used by one thread only, as some ledgers demand."""

    def head(self) -> int:
        """Return the ledger's head."""

    def fold(self, head: int) -> Shown:
        """Fold the ledger, which has at least this head."""

    def close(self) -> None:
        """Let go of the ledger."""


@dataclass
class _Question:
    answered: threading.Event = field(default_factory=threading.Event)
    answer: Shown | None = None


class Folder:
    """Folds again when somebody asks and the head has moved or the time has passed."""

    def __init__(
        self,
        open_view: Callable[[], View],
        *,
        refresh_seconds: float,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        most_wait_seconds: float = _MOST_WAIT_SECONDS,
    ) -> None:
        """Open nothing yet: the view belongs to the thread that works."""
        self._open_view = open_view
        self._refresh_seconds = refresh_seconds
        self._tell = tell
        self._clock = clock
        self._most_wait_seconds = most_wait_seconds
        self._questions: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._view: View | None = None
        self._latest: Shown | None = None
        self._folded_at = 0.0
        self._rest_until = 0.0
        self._fresh_until = 0.0
        self._fault = "the first fold is not done"
        self._over = False

    def shown(self) -> Shown | None:
        """Return the ledger as it is now, or None while it does not answer; safe in any thread.

        When a fold takes longer than a scrape may, what was shown last is still true of its own head.
        """
        question = _Question()
        self._questions.put(question)
        if self._latest is not None and not self._fault and self._clock() < self._fresh_until:
            return self._latest
        if self._over or question.answered.wait(self._most_wait_seconds):
            return question.answer
        return None if self._fault else self._latest

    def work(self) -> None:
        """Fold, then answer questions until it is told to stop; whatever ends it also lets go of the ledger."""
        waiting: list[_Question] = []
        try:
            self._look()
            while not self._over:
                waiting = list(self._asked())
                if waiting:
                    self._look()
                for question in waiting:
                    question.answer = None if self._fault else self._latest
                    question.answered.set()
        finally:
            self._over = True
            self._close()
            for question in [*waiting, *self._more()]:
                question.answered.set()

    def stop(self) -> None:
        """Let the work end after the fold at hand; takes no lock, so that a signal handler may call it."""
        self._over = True

    def _asked(self) -> Iterator[_Question]:
        """Wait for a question, but not for ever: a signal that comes just before the wait does not end it."""
        with suppress(queue.Empty):
            yield self._questions.get(timeout=_LISTEN_SECONDS)
        yield from self._more()

    def _more(self) -> Iterator[_Question]:
        """Yield all that has been asked meanwhile: one look answers them together."""
        with suppress(queue.Empty):
            while True:
                yield self._questions.get_nowait()

    def _look(self) -> None:
        """Bring what is shown up to the ledger."""
        try:
            self._view = self._view or self._open_view()
            head = self._view.head()
            began = self._clock()
            moved = self._latest is not None and self._latest.head != head and began >= self._rest_until
            if self._latest is None or moved or began - self._folded_at >= self._refresh_seconds:
                self._latest = self._view.fold(head)
                self._folded_at = self._clock()
                took = self._folded_at - began
                self._rest_until = self._folded_at + min(_LONGEST_REST_SECONDS, _REST_SHARE * took)
                self._fresh_until = self._rest_until + min(_LONGEST_REST_SECONDS, 2 * took)
        except (RemoteError, IntegrityError) as fault:
            if self._fault != str(fault):
                self._tell(f"warning: {fault}; answering 503 until it is mended")
            self._fault = str(fault)
            self._close()
        else:
            self._fault = ""

    def _close(self) -> None:
        view, self._view = self._view, None
        if view:
            with suppress(LumenError):
                view.close()
