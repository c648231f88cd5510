"""How long runs took, as a histogram that adds up over days."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

# From a check of a few seconds to the six hours after which GitHub ends a job.
BOUNDS_SECONDS = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)


@dataclass(frozen=True)
class Durations:
    """A histogram in whole milliseconds: sums of days are the same in any order."""

    count: int
    sum_ms: int
    min_ms: int
    max_ms: int
    buckets: tuple[int, ...]

    @classmethod
    def of(cls, durations_ms: Iterable[int]) -> Durations:
        """Count durations, of which there is at least one; a clock that went back makes one 0."""
        found = [max(0, each) for each in durations_ms]
        buckets = [0] * (len(BOUNDS_SECONDS) + 1)
        for each in found:
            buckets[bisect_left(BOUNDS_SECONDS, each / 1000)] += 1
        return cls(len(found), sum(found), min(found), max(found), tuple(buckets))

    def __add__(self, other: Durations) -> Durations:
        """Return both together."""
        return Durations(
            self.count + other.count,
            self.sum_ms + other.sum_ms,
            min(self.min_ms, other.min_ms),
            max(self.max_ms, other.max_ms),
            tuple(mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)),
        )
