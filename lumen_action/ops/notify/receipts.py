"""Receipts as facts: who was told of what, so that nobody is told twice.

Before a message leaves, a notice says that it was begun, and of all who want to send it only the one that could create
that fact does; another says how it ended. What was begun and never ended may have arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.ledger import Ledger, Put
from lumen_action.model import Fact, FactKey, Kind, Outcome, Source
from lumen_action.model.fact import details
from lumen_action.ops.notify import Channel, Receipt, State
from lumen_action.ops.notify.message import Message, digest

_BEGUN, _ENDED = "begun", "ended"
_LONGEST_SENDING_MS = 10 * 60_000
_ARRIVED = frozenset({State.SENT, State.PARTLY})
_LONGEST_WORDS = 300
_BEING_SENT = "somebody else is sending it just now; if that call was cut off, look whether it came and use `--again`"


@dataclass(frozen=True)
class Subject:
    """What messages are about, for the facts."""

    pipeline: str
    day: str
    """The day on which it is sent."""
    name: str


@dataclass(frozen=True)
class _Standing:
    """What the ledger knows: how many notices there are, how the last ended and when, how often it arrived."""

    number: int = 0
    state: State | None = None
    at_ms: int = 0
    arrived: int = 0


@dataclass(frozen=True)
class Receipts:
    """Sends what was not sent yet; without a ledger it cannot know."""

    ledger: Ledger | None
    clock_ms: Callable[[], int]
    tell: Callable[[str], None]

    def send(
        self, channel: Channel, message: Message, subject: Subject, *, again: bool = False, dry_run: bool = False
    ) -> Receipt:
        """Send a message to a channel unless it got there before; `again` sends it whatever was."""
        key = self._key(channel, message)
        standing = self._standing(key)
        said = _said_before(standing, channel, self.clock_ms()) if standing and not again else None
        if said:
            return said
        if dry_run:
            return Receipt(channel.name, channel.place, State.DRY, "would be sent")
        arrived = standing.arrived if standing else 0
        if arrived:
            # Mail servers and receivers drop what they have seen.
            message = replace(message, key=digest(message.key, str(arrived)))
        number = standing.number + 1 if standing else 0
        if standing and not self._begun(replace(key, attempt=number), channel, subject):
            return Receipt(channel.name, channel.place, State.ALREADY, _BEING_SENT)
        receipt = channel.send(message)
        if standing:
            self._keep(replace(key, attempt=number, stage=_ENDED), subject, receipt)
        return receipt

    def _key(self, channel: Channel, message: Message) -> FactKey:
        whom = digest(channel.name, channel.address)
        return FactKey("lumen", "", whom, f"message {message.key}", 0, "notify", "", Kind.NOTICE, _BEGUN)

    def _standing(self, key: FactKey) -> _Standing | None:
        """Return what the ledger knows, None where it cannot say."""
        if self.ledger is None:
            return None
        try:
            facts = [fact for fact in self.ledger.scan(run=key.run) if fact.key.repo == key.repo]
        except (LedgerError, IntegrityError) as fault:
            self.tell(f"warning: whether it was sent before cannot be known: {fault}")
            return None
        begun = {fact.key.attempt: fact for fact in facts if fact.key.stage == _BEGUN}
        ended = {fact.key.attempt: State(fact.told["state"]) for fact in facts if fact.key.stage == _ENDED}
        number = max(begun, default=0)
        at_ms = begun[number].observed_at_ms if begun else 0
        return _Standing(number, ended.get(number), at_ms, sum(state in _ARRIVED for state in ended.values()))

    def _begun(self, key: FactKey, channel: Channel, subject: Subject) -> bool:
        """Claim the message; where the ledger is away it is sent all the same."""
        if self.ledger is None:
            return True
        try:
            return self.ledger.put(self._fact(key, subject, {"channel": channel.name})) is Put.CREATED
        except (LedgerError, IntegrityError) as fault:
            self.tell(f"warning: {fault}")
            return True

    def _keep(self, key: FactKey, subject: Subject, receipt: Receipt) -> None:
        told = {"channel": receipt.channel, "state": receipt.state.value, "told": receipt.told[:_LONGEST_WORDS]}
        try:
            if self.ledger:
                self.ledger.put(self._fact(key, subject, told))
        except (LedgerError, IntegrityError) as fault:
            self.tell(f"warning: that it was sent is not kept, so it may be sent again: {fault}")

    def _fact(self, key: FactKey, subject: Subject, told: Mapping[str, str]) -> Fact:
        sent = told.get("state") in {state.value for state in _ARRIVED}
        return Fact(
            key=key,
            pipeline=subject.pipeline,
            day=subject.day,
            outcome=Outcome.SUCCESS if sent else Outcome.FAILURE,
            observed_at_ms=self.clock_ms(),
            source=Source.API,
            details=details({"report": subject.name, "recipients": key.repo, **told}),
        )


def _said_before(standing: _Standing, channel: Channel, now_ms: int) -> Receipt | None:
    """Return why a message is not sent now, None when it is."""

    def receipt(state: State, told: str) -> Receipt:
        return Receipt(channel.name, channel.place, state, told)

    if not standing.number or standing.state is State.FAILED:
        return None
    if standing.state in _ARRIVED:
        return receipt(State.ALREADY, "was sent before; `--again` sends it once more")
    if standing.state is None and now_ms - standing.at_ms < _LONGEST_SENDING_MS:
        return receipt(State.ALREADY, _BEING_SENT)
    if channel.knows_repeats:
        return None
    return receipt(State.UNKNOWN, "may have arrived before, as an answer was lost; look, and send it with `--again`")
