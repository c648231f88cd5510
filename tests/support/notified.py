"""A ledger in memory, channels that remember what they were given, and a clock: what a team hears in a long time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from facts import NOON

from lumen_action.ledger import Ledger, Put
from lumen_action.model import Fact
from lumen_action.ops.notify import Channel, Receipt, State
from lumen_action.ops.notify.message import Message, Severity
from lumen_action.ops.notify.policy import Rules
from lumen_action.ops.notify.receipts import Receipts, Subject
from lumen_action.ops.notify.sender import Sender
from lumen_action.sli.days import Calendar

MINUTE = 60_000


@dataclass
class Memory:
    """The first writer of a key wins; everything passes through bytes, as in every ledger."""

    facts: dict[str, bytes] = field(default_factory=dict)
    url: str = "memory:"
    durable: bool = True

    def put(self, fact: Fact) -> Put:
        digest = fact.key.digest
        if digest not in self.facts:
            self.facts[digest] = fact.encode()
            return Put.CREATED
        return Put.SAME if Fact.decode(self.facts[digest]).statement == fact.statement else Put.CONFLICT

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        for body in reversed(self.facts.values()):  # no order is promised
            fact = Fact.decode(body)
            if pipeline in (None, fact.pipeline) and run in (None, fact.key.run) and day in (None, fact.day):
                yield fact


@dataclass
class Post:
    """A channel that answers what it is told to, and remembers what it was given and when."""

    name: str = "slack"
    knows_repeats: bool = False
    states: list[State] = field(default_factory=list)
    place: str = "somewhere"
    sent: list[Message] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"the address of {self.name}"

    def send(self, message: Message) -> Receipt:
        self.sent.append(message)
        return Receipt(self.name, self.place, self.states.pop(0) if self.states else State.SENT, "told")

    def preview(self, message: Message) -> dict[str, object]:
        return {"key": message.key}

    @property
    def subjects(self) -> list[str]:
        return [message.subject for message in self.sent]


@dataclass
class Team:
    """Who tells what to whom."""

    rules: Rules = field(default_factory=lambda: Rules(window_ms=60 * MINUTE))
    posts: tuple[Post, ...] = field(default_factory=lambda: (Post(),))
    ledger: Memory | None = field(default_factory=Memory)
    now: int = NOON
    told: list[str] = field(default_factory=list)

    @property
    def sender(self) -> Sender:
        """Return the sender of one call; nothing but the ledger outlives it."""
        ledger = cast("Ledger | None", self.ledger)
        receipts = Receipts(ledger, lambda: self.now, self.told.append, self.rules)
        return Sender(cast("tuple[Channel, ...]", self.posts), receipts)

    def subject(self, run: str = "1") -> Subject:
        return Subject("nightly", Calendar(self.rules.zone).day_of(self.now), "about", run)

    def tell(
        self,
        key: str,
        severity: Severity = Severity.ERROR,
        *,
        thread: str = "t",
        resolves: bool = False,
        at_once: bool = False,
        run: str = "1",
        text: str = "it broke",
    ) -> list[State]:
        message = Message(
            key, text, (), text, key, thread, self.now, kind="alert", severity=severity, resolves=resolves
        )
        return [each.state for each in self.sender.tell(message, self.subject(run), at_once=at_once)]

    def over(self, key: str = "over", thread: str = "t") -> list[State]:
        return self.tell(key, thread=thread, resolves=True, text="It is over.")

    def flush(self, *, at_once: bool = False) -> list[State]:
        return [each.state for each in self.sender.flush(self.subject(), at_once=at_once)]
