"""A message on its way into one channel, and the facts that are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lumen_action.model import Fact, FactKey, Kind, Outcome, Source
from lumen_action.model.fact import details
from lumen_action.ops.notify import Channel, Receipt, State
from lumen_action.ops.notify.board import Note, kept_details
from lumen_action.ops.notify.message import Message, clipped, digest
from lumen_action.ops.notify.threads import ARRIVED, Thread, Word

_LONGEST_WORDS, _LONGEST_NAME = 300, 200


@dataclass(frozen=True)
class Subject:
    """What messages are about, for the facts."""

    pipeline: str
    day: str
    """The day on which it is sent."""
    name: str
    run: str = ""
    """The run that speaks, where one does: a digest may be of a run."""


@dataclass(frozen=True)
class Turn:
    """A message, for whom it is, and what it is about."""

    channel: Channel
    message: Message
    subject: Subject

    @property
    def whom(self) -> str:
        """Return whom it is for, in a word that tells nothing of the address."""
        return whom_of(self.channel)

    def receipt(self, state: State, told: str) -> Receipt:
        """Return what is to be said of it."""
        return Receipt(self.channel.name, self.channel.place, state, told)

    def begun(self, number: int, token: str, at_ms: int) -> Fact:
        """Return the claim of a number of the thread; the token tells it from the claims of others."""
        told = {"message": self.message.key, "resolves": "true" if self.message.resolves else ""}
        return replace(self._of_thread("notify", number, Word.BEGUN, {**told, **self._whose}, at_ms), leg=token)

    def ended(self, number: int, receipt: Receipt, at_ms: int) -> Fact:
        """Return how a claim ended."""
        told = {"channel": receipt.channel, "state": receipt.state.value, "told": receipt.told[:_LONGEST_WORDS]}
        return self._of_thread("notify", number, Word.ENDED, told, at_ms)

    def counted(self, thread: Thread, at_ms: int) -> Fact:
        """Return that it is counted and not sent."""
        return self._of_thread(self.message.key, thread.next_number - 1, Word.COUNTED, self._whose, at_ms)

    def held(self, thread: Thread, until_ms: int, at_ms: int) -> list[Fact]:
        """Return that it is held back, with all that has to be said later."""
        told = {**kept_details(self.message), "until_ms": str(until_ms), "run": self.subject.run}
        kept = self._of_board(self.message.key, 0, Note.KEPT, told, at_ms)
        return [kept, self._of_thread(self.message.key, thread.next_number - 1, Word.HELD, self._whose, at_ms)]

    def opened(self, thread: Thread, number: int, at_ms: int) -> Iterator[Fact]:
        """Yield that the thread waits for its end since this number, unless it does so already or never will."""
        if self.message.severity and not thread.told:
            told = {name: self.message.label(name) for name in ("region", "stage")}
            yield self._of_board(self.message.thread, number, Note.OPEN, told, at_ms)

    def over(self, thread: Thread, number: int, at_ms: int) -> Iterator[Fact]:
        """Yield that the thread is over with this number, and with it what was held back."""
        yield self._of_board(self.message.thread, number, Note.OVER, {}, at_ms)
        for mark in thread.waiting:
            yield self._of_board(mark.key, 0, Note.LEFT, {}, at_ms)

    def left(self, at_ms: int) -> Fact:
        """Return that it is held back no more."""
        return self._of_board(self.message.key, 0, Note.LEFT, {}, at_ms)

    @property
    def _whose(self) -> dict[str, str]:
        severity = self.message.severity
        return {
            "channel": self.channel.name,
            "severity": severity.value if severity else "",
            "run": self.subject.run,
        }

    def _of_thread(self, job: str, number: int, word: Word, told: Mapping[str, str], at_ms: int) -> Fact:
        return self._fact(thread_run(self.message.thread), job, number, word.value, told, at_ms)

    def _of_board(self, job: str, number: int, note: Note, told: Mapping[str, str], at_ms: int) -> Fact:
        return self._fact(board_run(self.subject.pipeline), job, number, note.value, told, at_ms)

    def _fact(self, run: str, job: str, number: int, stage: str, told: Mapping[str, str], at_ms: int) -> Fact:
        sent = told.get("state") in {state.value for state in ARRIVED}
        return Fact(
            key=FactKey("lumen", "", self.whom, run, number, job, "", Kind.NOTICE, stage),
            pipeline=self.subject.pipeline,
            day=self.subject.day,
            outcome=Outcome.SUCCESS if sent else Outcome.FAILURE,
            observed_at_ms=at_ms,
            source=Source.API,
            details=details({"about": clipped(self.subject.name, _LONGEST_NAME), **told}),
        )


def whom_of(channel: Channel) -> str:
    """Return the name of whom a channel reaches, which tells nothing of the address."""
    return digest(channel.name, channel.address)


def thread_run(thread: str) -> str:
    """Return under which run the ledger finds a thread."""
    return f"thread {thread}"


def board_run(pipeline: str) -> str:
    """Return under which run the ledger finds a pipeline's board."""
    return f"notify {pipeline}"
