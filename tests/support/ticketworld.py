"""A small world of failures, people and companions for tickets: its own ledger, tracker and clock, all exact."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from facts import HOUR, NOON, fact

from lumen_action.http import Timing
from lumen_action.ledger import Put
from lumen_action.model import Action, ErrorClass, Fact, Failure, Kind, Outcome, Scope
from lumen_action.ops.tickets import Draft, Ticket, TrackerError
from lumen_action.ops.tickets.deciding import Move, Rules
from lumen_action.ops.tickets.options import TicketOptions
from lumen_action.ops.tickets.pacing import Pace
from lumen_action.ops.tickets.syncing import Report, Syncer
from lumen_action.ops.tickets.writing import Writer, fingerprint_in

FINGERPRINT = "0123456789abcdef"
DAY, MINUTE = 24 * HOUR, HOUR // 60


def permanent(fingerprint: str = FINGERPRINT, **other: object) -> Failure:
    made = Failure(
        ErrorClass.BUILD,
        "test",
        "build.test",
        fingerprint,
        line=12,
        evidence="FAILED tests/test_a.py::test_b",
        meaning="tests failed",
        hint="run the tests",
        runbook="test",
        decision=Action.TICKET,
        scope=Scope.NONE,
        reason="not retried: `build/test` is permanent",
    )
    return replace(made, **other)  # type: ignore[arg-type]


def failed(run: str, at: int, *, cause: Failure | None = None, **where: str) -> Fact:
    made = fact(where.pop("stage", "build"), Outcome.FAILURE, run=run, at=at, **where)  # type: ignore[arg-type]
    return replace(made, failure=cause or permanent(), url=f"https://github.com/org/app/actions/runs/{run}")


class DiedError(BaseException):
    """The process ends here."""


@dataclass
class Book:
    """A ledger: the first writer of a key wins."""

    facts: dict[str, Fact] = field(default_factory=dict)

    def put(self, fact_: Fact) -> Put:
        fact_ = Fact.decode(fact_.encode())
        stored = self.facts.setdefault(fact_.key.digest, fact_)
        if stored is fact_:
            return Put.CREATED
        return Put.SAME if stored.statement == fact_.statement else Put.CONFLICT

    def scan(self) -> Iterator[Fact]:
        return iter(list(self.facts.values()))


@dataclass
class Board:
    """A tracker; what stands around a request may raise what goes wrong, or let others act meanwhile."""

    now_ms: Callable[[], int]
    kind: str = "github"
    host: str = "github.com"
    project: str = "org/app"
    remembers: bool = True
    known: dict[str, Ticket] = field(default_factory=dict)
    turns: list[tuple[str, bool, int]] = field(default_factory=list)
    comments: list[tuple[str, int]] = field(default_factory=list)
    rewrites: int = 0
    listed: Callable[[], None] = lambda: None
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def open(self) -> Counter[str]:
        return Counter(ticket.fingerprint for ticket in self.known.values() if ticket.open)

    def tickets(self) -> Iterator[Ticket]:
        shown = list(self.known.values()) if self.remembers else []
        self.listed()
        return iter(shown)

    def find(self, fingerprint: str) -> list[Ticket]:
        return [ticket for ticket in self.tickets() if ticket.fingerprint == fingerprint]

    def get(self, reference: str) -> Ticket | None:
        return self.known.get(reference)

    def create(self, draft: Draft) -> Ticket:
        self.before()
        number = str(next(self.numbers))
        made = Ticket(
            number,
            open=True,
            fingerprint=fingerprint_in(draft.body),
            url=f"https://x.example/{number}",
            body=draft.body,
            created_ms=self.now_ms(),
        )
        self.known[number] = made
        self.turns.append((number, True, self.now_ms()))
        self.after()
        return made

    def turn(self, ticket: Ticket, draft: Draft, *, to_open: bool) -> None:
        self.before()
        number = ticket.reference if self.remembers else "1"
        present = self.known[number]
        if present.open != to_open:
            self.turns.append((number, to_open, self.now_ms()))
        self.known[number] = replace(present, open=to_open, body=draft.body)
        self.after()

    def rewrite(self, ticket: Ticket, body: str) -> None:
        self.before()
        self.known[ticket.reference] = replace(self.known[ticket.reference], body=body)
        self.rewrites += 1
        self.after()

    def comment(self, ticket: Ticket, draft: Draft) -> None:
        assert draft.news
        self.before()
        self.comments.append((ticket.reference, self.now_ms()))
        self.after()

    def by_hand(self, number: str, *, open_: bool, rejected: bool = False) -> None:
        self.known[number] = replace(self.known[number], open=open_, rejected=rejected)


@dataclass
class World:
    """Everything together; `sync` is what a companion does."""

    now_ms: int = NOON
    book: Book = field(default_factory=Book)
    options: TicketOptions = field(default_factory=TicketOptions)
    board: Board = field(init=False)
    said: list[str] = field(default_factory=list)
    since_ms: int = 0
    runs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.board = Board(lambda: self.now_ms)

    def wait(self, span_ms: int) -> None:
        self.now_ms += span_ms

    def fails(self, pipeline: str = "nightly", cause: Failure | None = None, **where: str) -> None:
        self.book.put(failed(str(next(self.runs)), self.now_ms, cause=cause, pipeline=pipeline, **where))

    def succeeds(self, pipeline: str = "nightly", stage: str = "build") -> None:
        self.book.put(fact(stage, run=str(next(self.runs)), at=self.now_ms, pipeline=pipeline))

    def sync(self, *, dry_run: bool = False) -> Report:
        return Syncer(
            ledger=self.book,  # type: ignore[arg-type] - of a ledger only this is needed
            tracker=self.board,
            writer=Writer(quiet_days=self.options.quiet_days),
            rules=Rules(self.options, self.since_ms),
            assigned=lambda _: ((), ()),
            clock_ms=lambda: self.now_ms,
            tell=self.said.append,
            pace=Pace(Timing(sleep=lambda _: None)),
            dry_run=dry_run,
        ).sync()

    def moves(self) -> list[Move]:
        return [entry.move for entry in self.sync().entries]

    @property
    def failures(self) -> int:
        """Count the runs that failed, once in each region."""
        places = {(f.key.run, f.key.region) for f in self.book.facts.values() if f.failure and f.key.kind is Kind.STAGE}
        return len(places)

    def undisturbed(self) -> None:
        self.board.listed = self.board.before = self.board.after = lambda: None

    def lose(self, fault: type[BaseException], *, done: bool) -> None:
        """Let the next change end like this, after or before it is made."""

        def once() -> None:
            self.undisturbed()
            raise fault("lost") if issubclass(fault, TrackerError) else fault

        if done:
            self.board.after = once
        else:
            self.board.before = once

    def interleave(self, when: str) -> None:
        """Let a second companion do all of its work in the middle of a change of the first."""

        def meanwhile() -> None:
            self.undisturbed()
            self.sync()

        setattr(self.board, when, meanwhile)


def count_in(body: str) -> int:
    """Return how often a ticket says that its cause was seen."""
    found = re.search(r"Seen in \*\*(\d+)\*\*", body)
    assert found
    return int(found[1])


def lived_and_closed(world: World) -> None:
    """Let a ticket be opened, and closed after its quiet time."""
    world.fails()
    world.sync()
    world.wait(7 * DAY)
    world.succeeds()
    assert world.moves() == [Move.CLOSE]
