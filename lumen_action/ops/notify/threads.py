"""What the ledger knows of one thread in one channel: which messages were begun, how they ended, what was not sent.

Each message that leaves has the thread's next number, and belongs to whoever could create that number's fact; so two
jobs that speak of the same thing at the same time take turns, and the second knows what the first has said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from lumen_action.model import Fact
from lumen_action.ops.notify import State
from lumen_action.ops.notify.message import Severity

ARRIVED = frozenset({State.SENT, State.PARTLY})


class Word(str, Enum):
    """What a fact says of a message."""

    BEGUN = "begun"
    ENDED = "ended"
    COUNTED = "counted"
    HELD = "held"


@dataclass(frozen=True)
class Entry:
    """A message that was begun; without a state nobody has said how it ended."""

    number: int
    key: str
    severity: Severity | None
    resolves: bool
    at_ms: int
    state: State | None

    @property
    def heard(self) -> bool:
        """Tell whether somebody has got it, or may have."""
        return self.state is not State.FAILED


@dataclass(frozen=True)
class Mark:
    """A message that was not sent when it came: counted, or held back. `after` is the entry that it follows."""

    after: int
    key: str
    severity: Severity | None
    at_ms: int
    held: bool


@dataclass(frozen=True)
class Thread:
    """The entries in their order and the marks; the episode is what came after the last recovery."""

    entries: tuple[Entry, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def next_number(self) -> int:
        """Return the number that may be claimed next."""
        return self.entries[-1].number + 1 if self.entries else 1

    @cached_property
    def ended_at(self) -> int:
        """Return the number of the last recovery, 0 where there was none."""
        return max((each.number for each in self.entries if each.resolves and each.heard), default=0)

    @cached_property
    def told(self) -> tuple[Entry, ...]:
        """Return what was told in this episode, as far as anybody can have heard it."""
        return tuple(each for each in self.entries if each.number > self.ended_at and each.heard and not each.resolves)

    @cached_property
    def passed(self) -> tuple[Mark, ...]:
        """Return what came in this episode and was not sent when it came."""
        return tuple(mark for mark in self.marks if mark.after >= self.ended_at)

    @cached_property
    def waiting(self) -> tuple[Mark, ...]:
        """Return what is held back and neither sent since nor over."""
        gone = {each.key for each in self.entries if each.heard}
        return tuple(mark for mark in self.passed if mark.held and mark.key not in gone)

    @property
    def more(self) -> int:
        """Count what came since the last message that was told."""
        last = self.told[-1].number if self.told else self.ended_at
        return len({mark.key for mark in self.passed if mark.after >= last and not mark.held})

    @property
    def times(self) -> int:
        """Count the messages of this episode."""
        return len({each.key for each in self._came})

    @property
    def since_ms(self) -> int:
        """Return when this episode began."""
        return min((each.at_ms for each in self._came), default=0)

    @property
    def _came(self) -> list[Entry | Mark]:
        return [*self.told, *self.passed]

    def last(self, key: str) -> Entry | None:
        """Return the last entry of a message."""
        return next((each for each in reversed(self.entries) if each.key == key), None)

    def arrived(self, key: str) -> int:
        """Count how often a message arrived."""
        return sum(each.key == key and each.state in ARRIVED for each in self.entries)

    def mark(self, key: str) -> Mark | None:
        """Return the mark of a message."""
        return next((each for each in self.marks if each.key == key), None)


def thread_of(facts: Iterable[Fact], whom: str) -> Thread:
    """Read the facts of a thread, in any order, as far as they are about one channel."""
    mine = [fact for fact in facts if fact.key.repo == whom]
    ended = {fact.key.attempt: State(fact.told["state"]) for fact in mine if fact.key.stage == Word.ENDED.value}
    begun = sorted((fact for fact in mine if fact.key.stage == Word.BEGUN.value), key=lambda fact: fact.key.attempt)
    marks = [fact for fact in mine if fact.key.stage in (Word.COUNTED.value, Word.HELD.value)]
    return Thread(
        tuple(_entry(fact, ended.get(fact.key.attempt)) for fact in begun),
        tuple(sorted(map(_mark, marks), key=lambda mark: (mark.after, mark.at_ms, mark.key))),
    )


def _entry(fact: Fact, state: State | None) -> Entry:
    told = fact.told
    return Entry(
        fact.key.attempt,
        told.get("message", ""),
        severity_of(told.get("severity", "")),
        "resolves" in told,
        fact.observed_at_ms,
        state,
    )


def _mark(fact: Fact) -> Mark:
    held = fact.key.stage == Word.HELD.value
    severity = severity_of(fact.told.get("severity", ""))
    return Mark(fact.key.attempt, fact.key.job, severity, fact.observed_at_ms, held)


def severity_of(text: str) -> Severity | None:
    """Return the severity of a word, None where it is none."""
    return next((each for each in Severity if each.value == text), None)
