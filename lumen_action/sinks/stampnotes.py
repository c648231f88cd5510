"""What a receiver was already sent, kept beside the facts: a sample that was taken once can never be replaced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Protocol

from lumen_action.errors import RemoteError
from lumen_action.sinks.points import Point

_MOST_SWAPS = 20
# A series, by its digest, and a stamp.
Place = tuple[str, int]


class Notes(Protocol):
    """Where stamps are remembered; a ledger's notes fit."""

    def note(self, name: str) -> bytes | None:
        """Return the value, None when there is none."""

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write the value if the present one is `expected`, None for none at all; tell whether it was written."""


class StampNotes:
    """The stamps of one pipeline at one receiver, shared by all publishers through compare-and-swap."""

    def __init__(self, notes: Notes, sink: str, pipeline: str) -> None:
        """Keep two notes under a name that holds nothing but letters and digits."""
        owner = f"{sink}|{pipeline}".encode().hex()
        self._notes = notes
        self._stamp, self._events = f"stamp/{owner}", f"events/{owner}"

    def next_stamp(self, counted: float, now_ms: int) -> int:
        """Take the next stamp for totals, unless totals that are further have one already."""

        def later(present: bytes | None) -> bytes:
            before = json.loads(present) if present else {"stamp_ms": 0, "counted": 0}
            if before["counted"] > counted:
                raise RemoteError(
                    f"these totals count {counted:.0f} events, and {before['counted']:.0f} were written before"
                )
            return json.dumps({"stamp_ms": max(int(before["stamp_ms"]) + 1, now_ms), "counted": counted}).encode()

        return int(json.loads(self._rewrite(self._stamp, later))["stamp_ms"])

    def unsettled(self, points: Iterable[Point]) -> list[Point]:
        """Return the points on which the receiver has not had its word."""
        settled = _places(self._notes.note(self._events))
        return [point for point in points if _place(point) not in settled]

    def settle(self, points: Iterable[Point], oldest_ms: int) -> None:
        """Remember that the receiver took or refused these points, and forget what is older than it takes."""
        mine = {_place(point) for point in points}

        def more(present: bytes | None) -> bytes:
            return _body(place for place in _places(present) | mine if place[1] >= oldest_ms)

        if mine:
            self._rewrite(self._events, more)

    def _rewrite(self, name: str, change: Callable[[bytes | None], bytes]) -> bytes:
        for _ in range(_MOST_SWAPS):
            present = self._notes.note(name)
            mine = change(present)
            if self._notes.put_note(name, mine, expected=present):
                return mine
        raise RemoteError(f"other publishers came first in {_MOST_SWAPS} tries to take a stamp")


def _place(point: Point) -> Place:
    return hashlib.sha256(repr(point.labels).encode()).hexdigest()[:16], point.stamp_ms


def _places(body: bytes | None) -> set[Place]:
    found = json.loads(body) if body else {}
    return {(series, int(stamp)) for series, stamps in found.items() for stamp in stamps}


def _body(places: Iterable[Place]) -> bytes:
    stamps: dict[str, list[int]] = {}
    for series, stamp in sorted(places):
        stamps.setdefault(series, []).append(stamp)
    return json.dumps(stamps, separators=(",", ":")).encode()
