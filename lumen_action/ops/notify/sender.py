"""What every part of the program tells people and machines through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from lumen_action.ops.notify import Channel, Receipt
from lumen_action.ops.notify.board import Board, Kept, OpenThread
from lumen_action.ops.notify.message import Message
from lumen_action.ops.notify.receipts import Ready, Receipts, Subject
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
        message = redacted(message, self.secrets)
        board = Board() if dry_run else self.receipts.board(subject.pipeline)
        told = self._delivered(
            [
                [self.receipts.claimed(channel, message, subject, again=again, at_once=at_once, dry_run=dry_run)]
                for channel in self.channels
            ]
        )
        # After it: what has been held back may be over by this very message.
        held = self._delivered([self._released(channel, board, subject) for channel in self.channels])
        return tuple(receipt for pair in zip(told, held, strict=True) for each in pair for receipt in each)

    def flush(self, subject: Subject, *, at_once: bool = False) -> tuple[Receipt, ...]:
        """Send what was held back, but for what quiet hours still hold; `at_once` sends that too."""
        board = self.receipts.board(subject.pipeline)
        everything = at_once or not self._quiet
        found = [self._released(channel, board, subject, everything=everything) for channel in self.channels]
        return tuple(receipt for each in self._delivered(found) for receipt in each)

    def open_threads(self, pipeline: str, run: str = "") -> tuple[OpenThread, ...]:
        """Return what these channels were told of, or will be, and what is neither over nor spoken of by this run."""
        whoms = {whom_of(channel) for channel in self.channels}
        found = self.receipts.board(pipeline).open_for(whoms)
        return tuple(each for each in found if not run or not self.receipts.spoke(run, each.thread, whoms))

    def waiting(self, subject: Subject) -> dict[str, int]:
        """Count what is held back from each channel."""
        board = self.receipts.board(subject.pipeline)
        return {channel.name: len(board.waiting(whom_of(channel))) for channel in self.channels}

    def _delivered(self, ready: Sequence[Sequence[Ready | Receipt]]) -> list[list[Receipt]]:
        """Send what is ready in all channels at once, so that one that hangs holds up no other; return the receipts.

        Only the sending is done beside each other: not every ledger may be asked by several threads.
        """
        found = [{n: each for n, each in enumerate(one) if isinstance(each, Receipt)} for one in ready]
        sending = [{n: each for n, each in enumerate(one) if isinstance(each, Ready)} for one in ready]
        busy = [place for place, each in enumerate(sending) if each]
        if busy:
            with ThreadPoolExecutor(len(busy)) as pool:
                places = {pool.submit(_sent, sending[place]): place for place in busy}
                for done in as_completed(places):
                    mine = places[done]
                    found[mine] |= {
                        n: self.receipts.settled(sending[mine][n], told) for n, told in done.result().items()
                    }
        return [[each[n] for n in sorted(each)] for each in found]

    def _released(self, channel: Channel, board: Board, subject: Subject, *, everything: bool = False) -> list[Ready]:
        """Claim what may leave by now."""
        waiting = board.waiting(whom_of(channel))
        due = waiting if everything else [each for each in waiting if self._due(each, subject)]
        if due and not everything and self._quiet:
            self.receipts.tell(
                f"warning: {channel.name}: nothing ran since the last quiet hours, so what they held back leaves in "
                "these; run `lumen notify flush` when they end"
            )
        return self.receipts.released(channel, due, subject)

    def _due(self, kept: Kept, subject: Subject) -> bool:
        """Tell whether it may leave; what nobody fetched in all of a waking time does not wait for another one."""
        if kept.until_ms:
            waking_ms = self.receipts.rules.quiet_until_ms(kept.until_ms) or kept.until_ms
            return waking_ms <= self.receipts.clock_ms()
        return kept.run != subject.run and not self._quiet

    @property
    def _quiet(self) -> bool:
        return self.receipts.rules.quiet_until_ms(self.receipts.clock_ms()) is not None


def _sent(ready: Mapping[int, Ready]) -> dict[int, Receipt]:
    """Send what is ready for one channel, one after the other."""
    return {n: each.delivered() for n, each in ready.items()}
