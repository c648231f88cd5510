"""Receipts as facts: who was told of what, so that nobody is told twice and everybody hears the end.

Before a message leaves, a notice says that it was begun, and of all who want to send it only the one that could create
that fact does; another says how it ended. What was begun and never ended may have arrived.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.ledger import Ledger, Put, TakesMany
from lumen_action.model import Fact, Kind
from lumen_action.ops.notify import Channel, Receipt, State
from lumen_action.ops.notify.board import Board, Kept, board_of
from lumen_action.ops.notify.combining import digest_of, with_end, with_more
from lumen_action.ops.notify.message import Message, digest
from lumen_action.ops.notify.policy import Do, Here, Move, Rules, decided, said_before, worst
from lumen_action.ops.notify.threads import Thread, Word, thread_of
from lumen_action.ops.notify.turns import Subject, Turn, board_run, thread_run
from lumen_action.sli.days import Calendar

__all__ = ["Receipts", "Subject"]

_AWAY = (LedgerError, IntegrityError)
_DAY_MS = 24 * 3_600_000
# So many others may take their turn in a thread before ours.
_MOST_TURNS = 50
_UNREMEMBERED = "whether anybody was told of what it ends is not known without a ledger that outlives the job"
_SENT_AGAIN = "that it was sent is not kept, so it may be sent again"


@dataclass(frozen=True)
class Ready:
    """A message in its last words, ours to send, and the claims that it settles: none where nothing is remembered."""

    channel: Channel
    message: Message
    claims: tuple[tuple[Turn, Thread], ...] = ()
    was_held: bool = False

    def delivered(self) -> Receipt:
        """Send it; whatever is wrong with one channel may not stop the others."""
        try:
            receipt = self.channel.send(self.message)
        except Exception as fault:  # noqa: BLE001 - the receipt says it, and the next channel has its turn
            told = f"met a fault of its own: {type(fault).__name__}; please report it"
            receipt = Receipt(self.channel.name, self.channel.place, State.FAILED, told)
        if not self.was_held:
            return receipt
        many = f"{len(self.claims)} that were held back, in one: " if len(self.claims) > 1 else "was held back: "
        return replace(receipt, told=f"{many}{receipt.told}")


@dataclass(frozen=True)
class Receipts:
    """Sends what is to be sent, by rules and by what was sent before; without a ledger it cannot know that."""

    ledger: Ledger | None
    clock_ms: Callable[[], int]
    tell: Callable[[str], None]
    rules: Rules = field(default_factory=Rules)
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells our claims from those of others."""

    def claimed(
        self,
        channel: Channel,
        message: Message,
        subject: Subject,
        *,
        again: bool = False,
        at_once: bool = False,
        dry_run: bool = False,
    ) -> Ready | Receipt:
        """Claim a message unless it got there before or is not to leave now; `again` sends it whatever was."""
        turn = Turn(channel, message, subject)
        for _ in range(_MOST_TURNS):
            thread = self._thread(turn)
            if thread is None:
                return self._unremembered(turn, dry_run=dry_run)
            move = decided(message, thread, self.rules, self._here(turn, again=again, at_once=at_once))
            if dry_run:
                return _foretold(turn, move)
            if move.do in (Do.COUNT, Do.NOTHING) or (move.do is Do.HOLD and self._held(turn, thread, move)):
                return self._left_alone(turn, thread, move)
            if self._begun(turn, thread):
                if move.do is Do.DROP:
                    return self._dropped(turn, thread, move)
                return Ready(channel, self._worded(message, thread), ((turn, thread),))
        return turn.receipt(State.FAILED, "too many others speak of the same thing at the same time")

    def board(self, pipeline: str) -> Board:
        """Return what the channels of a pipeline still have before them."""
        return board_of(self._facts(run=board_run(pipeline)) or ())

    def released(self, channel: Channel, kept: Sequence[Kept], subject: Subject) -> list[Ready]:
        """Claim what was held back: as one message for people, for machines each by itself, so that each can end."""
        mine = [found for each in kept if (found := self._reclaimed(channel, each, subject))]
        groups = [[each] for each in mine] if channel.knows_repeats else [mine] if mine else []
        return [self._combined(channel, group, subject) for group in groups]

    def settled(self, ready: Ready, receipt: Receipt) -> Receipt:
        """Keep what became of a message, and give its receipt back."""
        now_ms, facts = self.clock_ms(), list[Fact]()
        for turn, thread in ready.claims:
            number = thread.next_number
            facts.append(turn.ended(number, receipt, now_ms))
            if receipt.state is not State.FAILED:
                resolves = turn.message.resolves
                facts += turn.over(thread, number, now_ms) if resolves else turn.opened(thread, number, now_ms)
                facts += [turn.left(now_ms)] if ready.was_held else []
        self._keep(facts, _SENT_AGAIN)
        return receipt

    def spoke(self, run: str, thread: str, whoms: Collection[str]) -> bool:
        """Tell whether a run has told, or had to tell, any of these channels of a thread."""
        return any(
            fact.key.repo in whoms and fact.told.get("run") == run and "resolves" not in fact.told
            for fact in self._facts(run=thread_run(thread)) or ()
        )

    def _here(self, turn: Turn, *, again: bool = False, at_once: bool = False) -> Here:
        now_ms = self.clock_ms()
        lately = self._lately(turn, now_ms) if self.rules.digests and turn.message.severity else 0
        return Here(now_ms, turn.channel.knows_repeats, lately, at_once, again)

    def _lately(self, turn: Turn, now_ms: int) -> int:
        """Count what the channel got in the time of a digest."""
        calendar, since = Calendar(self.rules.zone), now_ms - (self.rules.digest_ms or _DAY_MS)
        run = turn.subject.run if self.rules.digest_run else None
        days = {calendar.day_of(since), calendar.day_of(now_ms), turn.subject.day}
        found = [fact for day in days for fact in self._facts(pipeline=turn.subject.pipeline, day=day) or ()]
        return len(
            {
                fact.told.get("message")
                for fact in found
                if (fact.key.kind, fact.key.repo, fact.key.stage) == (Kind.NOTICE, turn.whom, Word.BEGUN.value)
                and "severity" in fact.told
                and "resolves" not in fact.told
                and fact.observed_at_ms > since
                and run in (None, fact.told.get("run", ""))
            }
        )

    def _unremembered(self, turn: Turn, *, dry_run: bool) -> Ready | Receipt:
        """Send without knowing what was; people are not told of the end of what they may never have heard of."""
        if turn.message.resolves and not turn.channel.knows_repeats:
            return turn.receipt(State.UNTOLD, _UNREMEMBERED)
        return _foretold(turn, Move(Do.SEND)) if dry_run else Ready(turn.channel, turn.message)

    def _left_alone(self, turn: Turn, thread: Thread, move: Move) -> Receipt:
        now_ms = self.clock_ms()
        if move.do is Do.COUNT:
            self._keep([turn.counted(thread, now_ms)], "that it is counted is not kept")
        elif move.state is State.UNTOLD and thread.entries:
            over = turn.over(thread, thread.next_number - 1, now_ms)
            self._keep([*over], "that it is over is not kept")
        return turn.receipt(move.state, move.words)

    def _held(self, turn: Turn, thread: Thread, move: Move) -> bool:
        """Keep a message for later; one that nobody would keep is sent now."""
        facts = turn.held(thread, move.until_ms, self.clock_ms())
        return self._keep(facts, "it cannot be held back, so it is sent now")

    def _dropped(self, turn: Turn, thread: Thread, move: Move) -> Receipt:
        number, now_ms, receipt = thread.next_number, self.clock_ms(), turn.receipt(move.state, move.words)
        facts = [turn.ended(number, receipt, now_ms), *turn.over(thread, number, now_ms)]
        self._keep(facts, "that it is over is not kept")
        return receipt

    def _worded(self, message: Message, thread: Thread) -> Message:
        """Return the message with what only this channel's past can add to it."""
        arrived = thread.arrived(message.key)
        if arrived:
            # Mail servers and receivers drop what they have seen.
            message = replace(message, key=digest(message.key, str(arrived)))
        if message.resolves:
            ended = worst(each.severity for each in thread.told)
            return with_end(message, ended, self.clock_ms() - thread.since_ms, thread.times)
        return with_more(message, thread.more) if message.severity else message

    def _reclaimed(self, channel: Channel, kept: Kept, subject: Subject) -> tuple[Turn, Thread] | None:
        """Claim a message that was held back, unless it left before, somebody sends it just now, or it is over."""
        key = kept.message.key
        turn = Turn(channel, kept.message, replace(subject, name=kept.message.subject, run=kept.run))
        for _ in range(_MOST_TURNS):
            thread = self._thread(turn)
            if thread is None:
                return None
            before = said_before(key, thread, Here(self.clock_ms(), channel.knows_repeats, at_once=True))
            mark = thread.mark(key)
            over = mark is not None and mark.after < thread.ended_at
            if before and before.state is State.UNKNOWN:
                self.tell(f"warning: {channel.name}: what was held back ({kept.message.subject}) {before.words}")
            if over or (before and (thread.arrived(key) or before.state is State.UNKNOWN)):
                self._keep([turn.left(self.clock_ms())], "that it has left is not kept")
            if over or before:
                return None
            if self._begun(turn, thread):
                return turn, thread
        return None

    def _combined(self, channel: Channel, group: Sequence[tuple[Turn, Thread]], subject: Subject) -> Ready:
        messages = [self._worded(turn.message, thread) for turn, thread in group]
        whole = messages[0] if len(messages) == 1 else digest_of(messages, subject.pipeline, self.clock_ms())
        return Ready(channel, whole, tuple(group), was_held=True)

    def _thread(self, turn: Turn) -> Thread | None:
        facts = self._facts(run=thread_run(turn.message.thread))
        return None if facts is None else thread_of(facts, turn.whom)

    def _facts(self, **where: str) -> list[Fact] | None:
        """Return what the ledger knows, None where it cannot say."""
        if self.ledger is None:
            return None
        try:
            return list(self.ledger.scan(**where))
        except _AWAY as fault:
            self.tell(f"warning: whether it was sent before cannot be known: {fault}")
            return None

    def _begun(self, turn: Turn, thread: Thread) -> bool:
        """Claim the next number of the thread; where the ledger is away it is sent all the same."""
        try:
            # One that says the same is ours, and the answer to the first try was lost.
            claim = turn.begun(thread.next_number, self.token, self.clock_ms())
            return self.ledger is None or self.ledger.put(claim) is not Put.CONFLICT
        except _AWAY as fault:
            self.tell(f"warning: {fault}")
            return True

    def _keep(self, facts: Sequence[Fact], otherwise: str) -> bool:
        try:
            if isinstance(self.ledger, TakesMany):
                self.ledger.put_all(facts)
            elif self.ledger:
                for fact in facts:
                    self.ledger.put(fact)
        except _AWAY as fault:
            self.tell(f"warning: {otherwise}: {fault}")
            return False
        return True


def _foretold(turn: Turn, move: Move) -> Receipt:
    words = "would be sent" if move.do is Do.SEND else move.words
    return turn.receipt(move.state if move.do is Do.NOTHING else State.DRY, words)
