"""What every part of the program tells people and machines through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lumen_action.ops.notify import Channel, Receipt
from lumen_action.ops.notify.board import Board, Kept, OpenThread
from lumen_action.ops.notify.message import Message
from lumen_action.ops.notify.receipts import Receipts, Subject
from lumen_action.ops.notify.redacting import redacted
from lumen_action.ops.notify.turns import whom_of


@dataclass(frozen=True)
class Sender:
    """Tells a message to channels: each once, by the team's rules, without secrets, whatever one of them does.

    Incidents, on-call and runbooks make a `Message` and call `tell`:
    - `thread` is the same for all that is said of one thing, `digest("incident", id)`; what the first message opens,
      one with `resolves=True` ends, in exactly the channels that were told;
    - `key` is the same for every try of one message, and another for the next, `digest("incident", id, "breached")`:
      whoever repeats a call, or dies and is started again, tells nobody twice;
    - `severity` decides what the rules do: in the window of `notify.window` the same thread at the same severity is
      counted, worse goes at once; below `notify.quiet-through` quiet hours and digests hold it back. A message without
      one is only kept from being sent twice;
    - `details` with `pipeline`, `region`, `stage` and `error_class` become labels.
    A reminder or an escalation that has to arrive now is told with `at_once`. Nothing is raised: a receipt says what
    became of the message in each channel, and `receipt.ok` whether there is anything to be done about it.
    """

    channels: Sequence[Channel]
    receipts: Receipts
    secrets: Sequence[str] = ()

    def tell(
        self,
        message: Message,
        subject: Subject,
        *,
        again: bool = False,
        at_once: bool = False,
        dry_run: bool = False,
    ) -> tuple[Receipt, ...]:
        """Tell a message, and with it what was held back and may leave by now."""
        message, found = redacted(message, self.secrets), list[Receipt]()
        board = Board() if dry_run else self.receipts.board(subject.pipeline)
        for channel in self.channels:
            sent = self.receipts.send(channel, message, subject, again=again, at_once=at_once, dry_run=dry_run)
            # After it: what has been held back may be over by this very message.
            found += [sent, *self._released(channel, board, subject)]
        return tuple(found)

    def flush(self, subject: Subject, *, at_once: bool = False) -> tuple[Receipt, ...]:
        """Send what was held back, but for what quiet hours still hold; `at_once` sends that too."""
        board = self.receipts.board(subject.pipeline)
        quiet = not at_once and self._quiet
        return tuple(
            receipt
            for channel in self.channels
            for receipt in self.receipts.release(channel, () if quiet else board.waiting(whom_of(channel)), subject)
        )

    def open_threads(self, pipeline: str) -> tuple[OpenThread, ...]:
        """Return what these channels were told of, or will be, and what is not over."""
        return self.receipts.board(pipeline).open_for({whom_of(channel) for channel in self.channels})

    def waiting(self, subject: Subject) -> dict[str, int]:
        """Count what is held back from each channel."""
        board = self.receipts.board(subject.pipeline)
        return {channel.name: len(board.waiting(whom_of(channel))) for channel in self.channels}

    def _released(self, channel: Channel, board: Board, subject: Subject) -> list[Receipt]:
        """Send what may leave by now."""
        waiting = board.waiting(whom_of(channel))
        due = [each for each in waiting if self._due(each, subject)]
        return self.receipts.release(channel, due, subject) if due and not self._quiet else []

    def _due(self, kept: Kept, subject: Subject) -> bool:
        if kept.until_ms:
            return kept.until_ms <= self.receipts.clock_ms()
        return kept.run != subject.run

    @property
    def _quiet(self) -> bool:
        return self.receipts.rules.quiet_until_ms(self.receipts.clock_ms()) is not None
