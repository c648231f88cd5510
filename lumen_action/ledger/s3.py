"""A ledger in a bucket, from one promise of the store: of all who create an object, one succeeds.

Below the prefix lie

    run/<digest of the run>/<key>.json   the fact, for ever: whoever creates it is the first writer of the key
    ev/dt=<day>/<key>.json               the same bytes, until a segment holds them
    seg/<number>.jsonl                   closed facts; creating the next number closes them, so two folders cannot both
    closed/<number>.json                 what the segments up to this number hold, once their ev/ objects are gone
    notes/<digest of the name>/<number>  the versions of a note, of which the last two are kept

The day is no part of a fact's identity: two accounts of one event may name different days, so only a name without
the day can decide which was first, also long after the event was closed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import chain

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put, notes
from lumen_action.ledger.objects import Creation, ObjectStore, Patient, at_once, no_conditions
from lumen_action.ledger.s3closed import Closed
from lumen_action.ledger.s3reading import (
    CLOSED,
    OPEN,
    Reading,
    day_prefix,
    first_name,
    note_prefix,
    open_name,
    run_prefix,
    segment_name,
)
from lumen_action.ledger.segments import GENESIS, Segment, chained
from lumen_action.ledger.versions import Versions
from lumen_action.model import Fact

_PATIENCE_SECONDS = 20.0
_PROBE = "probe"


class S3Ledger:
    """Facts as objects that are created once and never changed."""

    durable = True

    def __init__(
        self, store: ObjectStore, *, patience_seconds: float = _PATIENCE_SECONDS, timing: Timing | None = None
    ) -> None:
        """Take the store; nothing is asked of it yet."""
        self.url = store.url
        self._store = Patient(store, patience_seconds=patience_seconds, timing=timing or Timing())
        self._reading = Reading(self._store)
        self._probed = False

    def probe(self) -> None:
        """Refuse a store that lets a second writer overwrite; done before the first write, as readers may not write."""
        if self._probed:
            return
        # Bodies of their own tell a second write from a first one whose answer was lost.
        if self._written(_PROBE, secrets.token_bytes(8)) and self._written(_PROBE, secrets.token_bytes(8)):
            raise no_conditions(self.url)
        self._probed = True

    def put(self, fact: Fact) -> Put:
        """Keep the fact unless its key is taken; `same` when the stored one states the same."""
        self.probe()
        name, body = first_name(fact), fact.encode()
        # A retry that finds the fact there may come after its closing, as any other second account.
        if self._store.create(name, body) is Creation.MADE:
            self._store.create(open_name(fact), body)
            return Put.CREATED
        stored = self._store.get(name)
        if stored is None:
            raise LedgerError(f"ledger {self.url}: {name} is there and cannot be read; was it just removed by hand?")
        first = self._reading.decoded(stored, name)
        self._finish(first, stored)
        return Put.SAME if first.statement == Fact.decode(body).statement else Put.CONFLICT

    def _finish(self, first: Fact, stored: bytes) -> None:
        """Do the second step of a first writer who may have died before it."""
        name = open_name(first)
        if self._store.get(name) is None and not self._is_closed(first.day, stored):
            self._store.create(name, stored)

    def _is_closed(self, day: str, line: bytes) -> bool:
        closed, later = self._reading.closed()
        return any(line in segment.facts for segment in chain(later, self._reading.segments(closed.numbers(day=day))))

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest; slow, since nothing here needs it in a hurry."""
        return next((fact for fact in self.scan() if fact.key.digest == digest), None)

    def head(self) -> int:
        """Return the number of facts."""
        # What is closed after this first look is taken out of the listing again; before it, it was out already.
        closed = self._reading.closed_and_removed()
        listed = set(self._store.names(OPEN))
        for segment in self._reading.later_than(closed):
            facts = self._reading.facts(segment)
            listed.difference_update(map(open_name, facts))
            closed = closed.followed_by(segment, facts)
        return closed.count + len(listed)

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day; of a run or a day nothing else is read."""
        if run is not None:
            found: Iterator[Fact] = (fact for _, fact in self._reading.objects(run_prefix(run)))
        else:
            found = self._after(0, pipeline, day)
        for fact in found:
            if pipeline in (None, fact.pipeline) and run in (None, fact.key.run) and day in (None, fact.day):
                yield fact

    def mark(self) -> str:
        """Return the number of the last segment: `since` yields every fact that cannot be read yet."""
        closed, later = self._reading.closed()
        return str(later[-1].number if later else closed.last)

    def since(self, mark: str, pipeline: str) -> Iterator[Fact]:
        """Yield the open facts of a pipeline and those that were closed after a mark."""
        return (fact for fact in self._after(int(mark), pipeline, None) if fact.pipeline == pipeline)

    def _after(self, number: int, pipeline: str | None, day: str | None) -> Iterator[Fact]:
        """Yield open facts and those of later segments, except of segments that hold none of a pipeline and day."""
        # Open facts first: one that is closed meanwhile is in a segment by the time the segments are read.
        still_open = set()
        for body, fact in self._reading.objects(OPEN if day is None else day_prefix(day)):
            still_open.add(body)
            yield fact
        closed, later = self._reading.closed()
        wanted = (each for each in closed.numbers(pipeline, day) if each > number)
        for segment in chain(self._reading.segments(wanted), (each for each in later if each.number > number)):
            for line in segment.facts:
                if line not in still_open:
                    yield self._reading.decoded(line, segment_name(segment.number))

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        still_open = {fact.pipeline for _, fact in self._reading.objects(OPEN)}
        return sorted(still_open.union(self._reading.all_closed().places))

    def days(self, pipeline: str) -> list[str]:
        """Return the days of a pipeline's facts in order."""
        still_open = {fact.day for _, fact in self._reading.objects(OPEN) if fact.pipeline == pipeline}
        return sorted(still_open | self._reading.all_closed().days(pipeline))

    def segments(self) -> Iterator[Segment]:
        """Yield every segment, oldest first, each verified and chained to the one before it."""
        return self.segments_after(0)

    def segments_after(self, number: int) -> Iterator[Segment]:
        """Yield the segments after that one as `segments` does, without reading those before."""
        # Who audits reads what is there now.
        read = self._store.get
        closed, later = self._reading.closed(read)
        root = next(self._reading.segments([number], read)).root if number else GENESIS
        new = chain(self._reading.segments(range(number + 1, closed.last + 1), read), later)
        return chained((segment for segment in new if segment.number > number), number, root)

    def open_facts(self) -> Iterator[Fact]:
        """Yield the facts that no segment holds yet."""
        closed = self._reading.closed_and_removed()
        lines = self._still_open(closed)
        for segment in self._reading.later_than(closed, self._store.get):
            lines.difference_update(segment.facts)
        yield from map(Fact.decode, lines)

    def compact(self, before_day: str) -> int:
        """Close every open fact of the days before one into one more segment; return how many."""
        self.probe()
        closed, later = self._reading.closed()
        for segment in later:  # what a folder left behind that died
            closed = self._remove(closed, segment)
        while True:
            lines = self._still_open(closed, before_day)
            if not lines:
                return 0
            segment = Segment(closed.last + 1, closed.root, tuple(sorted(lines)))
            if self._written(segment_name(segment.number), segment.encode()):
                self._remove(closed, segment)
                return len(lines)
            others = list(self._reading.later_than(closed))  # of another folder, who was first with this number
            if not others:
                raise LedgerError(f"ledger {self.url}: segment {segment.number} is there and cannot be read; try again")
            for other in others:
                closed = self._remove(closed, other)

    def _still_open(self, closed: Closed, before_day: str | None = None) -> set[bytes]:
        """Return the open facts, all of them or those of earlier days.

        A first writer that slept through the closing of its own fact leaves it in the open for good: it is the same
        fact, which readers know, and taking it away would turn the head back.
        """
        found: dict[bytes, str] = {}
        listed = self._store.names(OPEN)
        wanted = (name for name in listed if not before_day or name < day_prefix(before_day))
        for name, body in at_once(self._store.get, wanted):
            if body is None:  # closed since it was listed
                continue
            fact = self._reading.decoded(body, name)
            if name != open_name(fact):
                raise IntegrityError(f"ledger {self.url}: {name} holds another fact ({open_name(fact)})")
            found[body] = fact.day
        numbers = {number for day in set(found.values()) for number in closed.numbers(day=day)}
        return set(found).difference(*(segment.facts for segment in self._reading.segments(sorted(numbers))))

    def _remove(self, closed: Closed, segment: Segment) -> Closed:
        """Take closed facts out of the open, then say that it is done."""
        facts = self._reading.facts(segment)
        for _ in at_once(self._store.delete, map(open_name, facts)):
            pass
        closed = closed.followed_by(segment, facts)
        Versions(self._store, CLOSED).append(closed.last, closed.encode())
        return closed

    def note(self, name: str) -> bytes | None:
        """Return the value, None when there is none."""
        newest = self._note_versions(name).newest()
        return newest.body if newest else None

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write the value if the present one is `expected`, None for none at all; tell whether it was written."""
        self.probe()
        versions = self._note_versions(name)
        newest = versions.newest()
        if newest is None:
            return expected is None and versions.append(1, body)
        return newest.body == expected and versions.append(newest.number + 1, body)

    def _note_versions(self, name: str) -> Versions:
        return Versions(self._store, note_prefix(name))

    def publishing(self, timeout: float) -> AbstractContextManager[None]:
        """Hold the lease of the one publisher; a LedgerError when it is not free in time."""
        return notes.lease(self, timeout)

    def published_head(self, sink: str) -> int:
        """Return the head that was last published to a sink, 0 if never."""
        return notes.published_head(self, sink)

    def mark_published(self, sink: str, head: int) -> None:
        """Remember the head that a sink now shows."""
        notes.mark_published(self, sink, head)

    def close(self) -> None:
        """Let go of nothing: a request ends with its answer."""

    def _written(self, name: str, body: bytes) -> bool:
        return self._store.create(name, body) is not Creation.TAKEN
