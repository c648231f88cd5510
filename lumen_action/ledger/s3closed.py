"""What the segments of a bucket hold, in one object, so that nobody has to read them to know where to look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lumen_action.ledger.segments import GENESIS, Segment
from lumen_action.model import Fact, canonical

_VERSION = 2


class OlderVersionError(ValueError):
    """It was written by an earlier version, which did not say what is asked today; the segments do."""


@dataclass(frozen=True)
class Closed:
    """What the segments up to one number hold."""

    last: int = 0
    root: str = GENESIS
    count: int = 0
    places: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """The numbers of the segments that hold facts of a pipeline and a day."""

    def followed_by(self, segment: Segment, facts: Sequence[Fact]) -> Closed:
        """Return the same with one more segment, whose facts are given as they were read."""
        more: dict[str, dict[str, tuple[int, ...]]] = {}
        for pipeline, day in {(fact.pipeline, fact.day) for fact in facts}:
            before = self.places.get(pipeline, {})
            more.setdefault(pipeline, dict(before))[day] = (*before.get(day, ()), segment.number)
        return Closed(segment.number, segment.root, self.count + len(facts), {**self.places, **more})

    def days(self, pipeline: str) -> set[str]:
        """Return the days of a pipeline's facts."""
        return set(self.places.get(pipeline, ()))

    def numbers(self, pipeline: str | None = None, day: str | None = None) -> Sequence[int]:
        """Return the numbers of all segments, or of those that hold facts of a pipeline and a day."""
        if pipeline is None and day is None:
            return range(1, self.last + 1)
        asked = self.places.values() if pipeline is None else (self.places.get(pipeline, {}),)
        found = (numbers for days in asked for each, numbers in days.items() if day in (None, each))
        return sorted({number for numbers in found for number in numbers})

    def encode(self) -> bytes:
        """Return canonical bytes."""
        return canonical({"v": _VERSION, **asdict(self)})

    @classmethod
    def decode(cls, body: bytes) -> Closed:
        """Read it back; a ValueError says what is wrong with it."""
        try:
            read: dict[str, Any] = json.loads(body)
            version = read.pop("v")
            if version == _VERSION:
                return cls(**read | {"places": {name: _days(days) for name, days in read["places"].items()}})
        except (KeyError, TypeError, AttributeError) as fault:
            raise ValueError(f"not what was written: {fault!r}") from fault
        if version in range(1, _VERSION):
            raise OlderVersionError(f"version {version}")
        raise ValueError("it was written by another version; update lumen-sli-action")


def _days(read: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    return {day: tuple(numbers) for day, numbers in read.items()}
