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

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from typing import TypeVar

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put, notes
from lumen_action.ledger.objects import PARALLEL_REQUESTS, Creation, ObjectStore, Patient, no_conditions
from lumen_action.ledger.segments import GENESIS, Segment, chained
from lumen_action.model import Fact, canonical

_PATIENCE_SECONDS = 20.0
_VERSION = 1
_PROBE = "probe"
_OPEN = "ev/"
_CLOSED = "closed/"
# A version that is gone when it is read has two successors; so often in a row this does not happen.
_MOST_OVERTAKEN = 20

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Closed:
    """What the segments up to one number hold."""

    last: int = 0
    root: str = GENESIS
    count: int = 0
    pipelines: tuple[str, ...] = ()
    days: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The numbers of the segments that hold facts of a day."""

    def followed_by(self, segment: Segment, facts: Sequence[Fact]) -> Closed:
        """Return the same with one more segment, whose facts are given as they were read."""
        more = {day: (*self.days.get(day, ()), segment.number) for day in {fact.day for fact in facts}}
        return Closed(
            last=segment.number,
            root=segment.root,
            count=self.count + len(facts),
            pipelines=tuple(sorted({*self.pipelines, *(fact.pipeline for fact in facts)})),
            days={**self.days, **more},
        )

    def encode(self) -> bytes:
        """Return canonical bytes."""
        return canonical({"v": _VERSION, **asdict(self)})

    @classmethod
    def decode(cls, body: bytes) -> Closed:
        """Read it back; a ValueError says what is wrong with it."""
        try:
            read = json.loads(body)
            if read.pop("v") != _VERSION:
                raise ValueError("it was written by another version; update lumen-sli-action")
            days = {day: tuple(numbers) for day, numbers in read["days"].items()}
            return cls(**read | {"pipelines": tuple(read["pipelines"]), "days": days})
        except (KeyError, TypeError, AttributeError) as fault:
            raise ValueError(f"not what was written: {fault!r}") from fault


class S3Ledger:
    """Facts as objects that are created once and never changed."""

    durable = True

    def __init__(
        self, store: ObjectStore, *, patience_seconds: float = _PATIENCE_SECONDS, timing: Timing | None = None
    ) -> None:
        """Take the store; nothing is asked of it yet."""
        self.url = store.url
        self._store = Patient(store, patience_seconds=patience_seconds, timing=timing or Timing())
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
        name, body = _first_name(fact), fact.encode()
        # A retry that finds the fact there may come after its closing, as any other second account.
        if self._store.create(name, body) is Creation.MADE:
            self._store.create(_open_name(fact), body)
            return Put.CREATED
        stored = self._store.get(name)
        if stored is None:
            raise LedgerError(f"ledger {self.url}: {name} is there and cannot be read; was it just removed by hand?")
        first = self._decoded(stored, name)
        self._finish(first, stored)
        return Put.SAME if first.statement == Fact.decode(body).statement else Put.CONFLICT

    def _finish(self, first: Fact, stored: bytes) -> None:
        """Do the second step of a first writer who may have died before it."""
        name = _open_name(first)
        if self._store.get(name) is None and not self._is_closed(first.day, stored):
            self._store.create(name, stored)

    def _is_closed(self, day: str, line: bytes) -> bool:
        closed, later = self._closed()
        return any(line in segment.facts for segment in chain(later, self._segments(closed.days.get(day, ()))))

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest; slow, since nothing here needs it in a hurry."""
        return next((fact for fact in self.scan() if fact.key.digest == digest), None)

    def head(self) -> int:
        """Return the number of facts."""
        # What is closed after this first look is taken out of the listing again; before it, it was out already.
        closed = self._closed_and_removed()
        listed = set(self._store.names(_OPEN))
        for segment in self._later_than(closed):
            facts = self._facts(segment)
            listed.difference_update(map(_open_name, facts))
            closed = closed.followed_by(segment, facts)
        return closed.count + len(listed)

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day; of a run or a day nothing else is read."""
        for fact in self._of_run(run) if run is not None else self._of_day(day):
            if pipeline in (None, fact.pipeline) and run in (None, fact.key.run) and day in (None, fact.day):
                yield fact

    def _of_run(self, run: str) -> Iterator[Fact]:
        for name, body in self._bodies(self._store.names(_run_prefix(run))):
            yield self._decoded(body, name)

    def _of_day(self, day: str | None) -> Iterator[Fact]:
        # Open facts first: one that is closed meanwhile is in a segment by the time the segments are read.
        still_open = set()
        for name, body in self._bodies(self._store.names(_OPEN if day is None else _day_prefix(day))):
            still_open.add(body)
            yield self._decoded(body, name)
        closed, later = self._closed()
        numbers = range(1, closed.last + 1) if day is None else closed.days.get(day, ())
        for segment in chain(self._segments(numbers), later):
            for line in segment.facts:
                if line not in still_open:
                    yield self._decoded(line, _segment_name(segment.number))

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        found = {self._decoded(body, name).pipeline for name, body in self._bodies(self._store.names(_OPEN))}
        closed, later = self._closed()
        for segment in later:
            closed = closed.followed_by(segment, self._facts(segment))
        return sorted(found.union(closed.pipelines))

    def segments(self) -> Iterator[Segment]:
        """Yield every segment, oldest first, each verified and chained to the one before it."""
        return self.segments_after(0)

    def segments_after(self, number: int) -> Iterator[Segment]:
        """Yield the segments after that one as `segments` does, without reading those before."""
        closed, later = self._closed()
        root = next(self._segments([number])).root if number else GENESIS
        new = chain(self._segments(range(number + 1, closed.last + 1)), later)
        return chained((segment for segment in new if segment.number > number), number, root)

    def open_facts(self) -> Iterator[Fact]:
        """Yield the facts that no segment holds yet."""
        closed = self._closed_and_removed()
        lines = self._still_open(closed)
        for segment in self._later_than(closed):
            lines.difference_update(segment.facts)
        yield from map(Fact.decode, lines)

    def compact(self, before_day: str) -> int:
        """Close every open fact of the days before one into one more segment; return how many."""
        self.probe()
        closed, later = self._closed()
        for segment in later:  # what a folder left behind that died
            closed = self._remove(closed, segment)
        while True:
            lines = self._still_open(closed, before_day)
            if not lines:
                return 0
            segment = Segment(closed.last + 1, closed.root, tuple(sorted(lines)))
            if self._written(_segment_name(segment.number), segment.encode()):
                self._remove(closed, segment)
                return len(lines)
            others = list(self._later_than(closed))  # of another folder, who was first with this number
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
        listed = self._store.names(_OPEN)
        for name, body in self._bodies(name for name in listed if not before_day or name < _day_prefix(before_day)):
            fact = self._decoded(body, name)
            if name != _open_name(fact):
                raise IntegrityError(f"ledger {self.url}: {name} holds another fact ({_open_name(fact)})")
            found[body] = fact.day
        numbers = {number for day in set(found.values()) for number in closed.days.get(day, ())}
        return set(found).difference(*(segment.facts for segment in self._segments(sorted(numbers))))

    def _remove(self, closed: Closed, segment: Segment) -> Closed:
        """Take closed facts out of the open, then say that it is done."""
        facts = self._facts(segment)
        for _ in self._at_once(self._store.delete, map(_open_name, facts)):
            pass
        closed = closed.followed_by(segment, facts)
        self._append(_CLOSED, closed.last, closed.encode())
        return closed

    def note(self, name: str) -> bytes | None:
        """Return the value, None when there is none."""
        return self._newest(_note_prefix(name))[1]

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write the value if the present one is `expected`, None for none at all; tell whether it was written."""
        self.probe()
        number, present = self._newest(_note_prefix(name))
        return present == expected and self._append(_note_prefix(name), number + 1, body)

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

    def _newest(self, prefix: str) -> tuple[int, bytes | None]:
        """Return number and body of the last version, 0 and None when there is none."""
        for _ in range(_MOST_OVERTAKEN):
            name = max(self._store.names(prefix), default="")
            if not name:
                return 0, None
            body = self._store.get(name)
            if body is not None:
                return int(name.removeprefix(prefix).partition(".")[0]), body
        raise LedgerError(f"ledger {self.url}: {prefix} changes faster than it can be read")

    def _append(self, prefix: str, number: int, body: bytes) -> bool:
        """Write the version after the last; tell whether it was written."""
        name = f"{prefix}{number:012d}.json"
        if not self._written(name, body):
            return False
        versions = list(self._store.names(prefix))
        for old in versions[:-2]:
            self._store.delete(old)
        # A writer that slept may take a number again once it was removed, which needs two later ones to be there.
        return name in versions[-2:]

    def _written(self, name: str, body: bytes) -> bool:
        return self._store.create(name, body) is not Creation.TAKEN

    def _closed(self) -> tuple[Closed, list[Segment]]:
        """Return what is closed and removed from the open, and the segments after that."""
        closed = self._closed_and_removed()
        return closed, list(self._later_than(closed))

    def _closed_and_removed(self) -> Closed:
        number, body = self._newest(_CLOSED)
        if body is None:
            return Closed()
        try:
            return Closed.decode(body)
        except ValueError as fault:
            raise IntegrityError(f"ledger {self.url}: {_CLOSED}{number} cannot be read ({fault})") from fault

    def _later_than(self, closed: Closed) -> Iterator[Segment]:
        number = closed.last + 1
        while (body := self._store.get(_segment_name(number))) is not None:
            yield self._segment(number, body)
            number += 1

    def _segments(self, numbers: Iterable[int]) -> Iterator[Segment]:
        """Yield segments that must be there."""
        wanted = {_segment_name(number): number for number in numbers}
        for name, body in self._at_once(self._store.get, wanted):
            if body is None:
                raise IntegrityError(f"segment {wanted[name]} of {self.url} is missing ({name})")
            yield self._segment(wanted[name], body)

    def _segment(self, number: int, body: bytes) -> Segment:
        segment = Segment.decode(body, f"{number} of {self.url}")
        if segment.number != number:
            raise IntegrityError(f"segment {number} of {self.url} is segment {segment.number} under another name")
        return segment

    def _bodies(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield objects that are there; one that was closed since it was listed is found in its segment."""
        for name, body in self._at_once(self._store.get, names):
            if body is not None:
                yield name, body

    def _at_once(self, act: Callable[[str], _Made], names: Iterable[str]) -> Iterator[tuple[str, _Made]]:
        """Do the same to many objects, some of them at a time, and yield the results in order."""
        waiting = iter(names)
        batch = list(islice(waiting, PARALLEL_REQUESTS))
        if not batch:
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(PARALLEL_REQUESTS) as workers:
            while batch:
                yield from zip(batch, workers.map(act, batch), strict=True)
                batch = list(islice(waiting, PARALLEL_REQUESTS))

    def _facts(self, segment: Segment) -> list[Fact]:
        return [self._decoded(line, _segment_name(segment.number)) for line in segment.facts]

    def _decoded(self, body: bytes, place: object) -> Fact:
        try:
            return Fact.decode(body)
        except ValueError as fault:
            raise IntegrityError(f"ledger {self.url}: {place} holds no fact ({fault})") from fault


def _run_prefix(run: str) -> str:
    return f"run/{_short(run)}/"


def _first_name(fact: Fact) -> str:
    return f"{_run_prefix(fact.key.run)}{fact.key.digest}.json"


def _day_prefix(day: str) -> str:
    return f"{_OPEN}dt={day}/"


def _open_name(fact: Fact) -> str:
    return f"{_day_prefix(fact.day)}{fact.key.digest}.json"


def _segment_name(number: int) -> str:
    return f"seg/{number:08d}.jsonl"


def _note_prefix(name: str) -> str:
    return f"notes/{_short(name)}/"


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]
