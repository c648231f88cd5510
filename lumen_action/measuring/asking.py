"""Asking a Prometheus for the stretches of a window: some at once, and smaller ones where one is too much."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from lumen_action.errors import shown
from lumen_action.http import HttpError
from lumen_action.measuring.stretches import Stretch
from lumen_action.promserver import PromServer, Series, TooMuchError

A = TypeVar("A")
T = TypeVar("T")
Bundle = tuple[Stretch, ...]
Expression = Callable[[int], str]
"""Gives the text of a query over so many milliseconds."""

_AT_ONCE = 4
_SHORTEST_MS = 60_000
_UNPROCESSABLE = 422
_TELL_EVERY_SECONDS = 10.0


@dataclass(frozen=True)
class Asking:
    """A server, what it is asked for, and who hears of the progress."""

    server: PromServer
    subject: str
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic

    def over(self, expression: Expression, bundle: Bundle, short_by_ms: int = 0) -> dict[int, list[Series]]:
        """Return what a query over each stretch gives at its end."""
        length, ends = bundle[0].length_ms, [stretch.end_ms for stretch in bundle]
        text = expression(length - short_by_ms)
        if len(ends) == 1:
            return {ends[0]: self._finite(self.server.instant(text, ends[0]), text)}
        found: dict[int, list[Series]] = {end: [] for end in ends}
        for series in self._finite(self.server.range(text, ends[0], ends[-1], length), text):
            for at_ms, value in series.samples:
                if at_ms not in found:
                    raise HttpError(
                        f"{self.server.name} moves the begin of a range; switch that off in its query frontend "
                        "(align-range-with-step), or name the querier behind it"
                    )
                found[at_ms].append(Series(series.labels, ((at_ms, value),)))
        return found

    def _finite(self, found: list[Series], text: str) -> list[Series]:
        for series in found:
            for _, value in series.samples:
                if not math.isfinite(value):
                    raise HttpError(f"{self.server.name} counts {value} with {shown(text)}", status=_UNPROCESSABLE)
        return found

    def all(self, asked: Sequence[A], ask: Callable[[A], T]) -> list[T]:
        """Return all answers in order, a few asked for at once; tell how far it is when it takes long."""
        answers: list[T] = []
        told_at = self.clock()
        pool = ThreadPoolExecutor(_AT_ONCE)
        try:
            for answer in pool.map(ask, asked):
                answers.append(answer)
                if self.clock() - told_at >= _TELL_EVERY_SECONDS:
                    told_at = self.clock()
                    self.tell(f"{self.subject}: {len(answers)} of {len(asked)} answers of {self.server.name}")
        finally:
            pool.shutdown(cancel_futures=True)
        return answers

    def halving(self, bundles: Sequence[Bundle], ask: Callable[[Bundle], T]) -> list[T]:
        """Return the answers for all bundles in order; for one that is too much those of its halves."""

        def patiently(bundle: Bundle) -> Iterator[T]:
            try:
                yield ask(bundle)
            except TooMuchError:
                if not (halves := _halves(bundle)):
                    raise
                for half in halves:
                    yield from patiently(half)

        return [answer for answers in self.all(bundles, lambda bundle: list(patiently(bundle))) for answer in answers]


def _halves(bundle: Bundle) -> tuple[Bundle, ...]:
    """Return the halves, none where there is nothing left to halve."""
    if len(bundle) > 1:
        return bundle[: len(bundle) // 2], bundle[len(bundle) // 2 :]
    (stretch,) = bundle
    return tuple((half,) for half in stretch.halves) if stretch.length_ms > _SHORTEST_MS else ()
