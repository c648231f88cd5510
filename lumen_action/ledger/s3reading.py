"""What lies in the bucket of a ledger and how it is read; what never changes is fetched once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from lumen_action.errors import IntegrityError
from lumen_action.ledger.objects import Patient, at_once
from lumen_action.ledger.recalled import Recalled
from lumen_action.ledger.s3closed import Closed, OlderVersionError
from lumen_action.ledger.segments import Segment
from lumen_action.ledger.versions import Versions
from lumen_action.model import Fact

OPEN = "ev/"
CLOSED = "closed/"

Get = Callable[[str], bytes | None]


class Reading:
    """The facts, segments and the word about what is closed; `read` is given by who wants to see what is there now."""

    def __init__(self, store: Patient) -> None:
        """Remember nothing yet."""
        self._store = store
        self._recalled = Recalled()

    def closed(self, read: Get | None = None) -> tuple[Closed, list[Segment]]:
        """Return what is closed and removed from the open, and the segments after that."""
        removed = self.closed_and_removed()
        return removed, list(self.later_than(removed, read))

    def all_closed(self) -> Closed:
        """Return what is closed, removed from the open or not."""
        closed, later = self.closed()
        for segment in later:
            closed = closed.followed_by(segment, self.facts(segment))
        return closed

    def closed_and_removed(self) -> Closed:
        """Return what the last folder said that finished its work."""
        newest = Versions(self._store, CLOSED).newest(self._once)
        if newest is None:
            return Closed()
        try:
            closed = Closed.decode(newest.body)
        except OlderVersionError:
            closed = Closed()
            for segment in self.segments(range(1, newest.number + 1)):
                closed = closed.followed_by(segment, self.facts(segment))
        except ValueError as fault:
            place = f"{CLOSED}{newest.number}"
            raise IntegrityError(f"ledger {self._store.url}: {place} cannot be read ({fault})") from fault
        self._recalled.keep(newest.name, newest.body)
        return closed

    def later_than(self, closed: Closed, read: Get | None = None) -> Iterator[Segment]:
        """Yield the segments that were closed since."""
        number = closed.last + 1
        while (body := (read or self._once)(segment_name(number))) is not None:
            yield self._segment(number, body)
            number += 1

    def segments(self, numbers: Iterable[int], read: Get | None = None) -> Iterator[Segment]:
        """Yield segments that must be there."""
        wanted = {segment_name(number): number for number in numbers}
        for name, body in at_once(read or self._once, wanted):
            if body is None:
                raise IntegrityError(f"segment {wanted[name]} of {self._store.url} is missing ({name})")
            yield self._segment(wanted[name], body)

    def _segment(self, number: int, body: bytes) -> Segment:
        segment = Segment.decode(body, f"{number} of {self._store.url}")
        if segment.number != number:
            raise IntegrityError(
                f"segment {number} of {self._store.url} is segment {segment.number} under another name"
            )
        self._recalled.keep(segment_name(number), body)
        return segment

    def facts(self, segment: Segment) -> list[Fact]:
        """Return the facts of a segment."""
        return [self.decoded(line, segment_name(segment.number)) for line in segment.facts]

    def objects(self, prefix: str) -> Iterator[tuple[bytes, Fact]]:
        """Yield facts that have an object of their own; one that was closed since it was listed is in its segment."""
        for name, body in at_once(self._once, self._store.names(prefix)):
            if body is not None:
                yield body, self.decoded(body, name)
                self._recalled.keep(name, body)

    def decoded(self, body: bytes, place: str) -> Fact:
        """Return the fact that is kept at a place."""
        try:
            return Fact.decode(body)
        except ValueError as fault:
            raise IntegrityError(f"ledger {self._store.url}: {place} holds no fact ({fault})") from fault

    def _once(self, name: str) -> bytes | None:
        """Return an object that never changes, from the store only if it was not read before."""
        return self._recalled.get(name) or self._store.get(name)


def run_prefix(run: str) -> str:
    """Return where the facts of a run lie."""
    return f"run/{_short(run)}/"


def first_name(fact: Fact) -> str:
    """Return the name that says who was the first writer of a key."""
    return f"{run_prefix(fact.key.run)}{fact.key.digest}.json"


def day_prefix(day: str) -> str:
    """Return where the open facts of a day lie."""
    return f"{OPEN}dt={day}/"


def open_name(fact: Fact) -> str:
    """Return the name of a fact that no segment holds."""
    return f"{day_prefix(fact.day)}{fact.key.digest}.json"


def segment_name(number: int) -> str:
    """Return the name of a segment."""
    return f"seg/{number:08d}.jsonl"


def note_prefix(name: str) -> str:
    """Return where the versions of a note lie."""
    return f"notes/{_short(name)}/"


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]
