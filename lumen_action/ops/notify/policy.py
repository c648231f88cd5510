"""What becomes of a message in one channel, from the rules, the clock and what was told before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from enum import Enum
from typing import Any

from lumen_action.ops.notify import State
from lumen_action.ops.notify.message import Message, Severity
from lumen_action.ops.notify.quiet import Quiet
from lumen_action.ops.notify.threads import ARRIVED, Entry, Mark, Thread

WINDOW_MS = 3_600_000
"""How long the same thing is counted, unless `notify.window` says otherwise."""
_DIGEST_AFTER = 3
# A sender that has not said by now how it ended is dead.
_LONGEST_SENDING_MS = 10 * 60_000
_WAS_SENT = (State.ALREADY, "was sent before; `--again` sends it once more")
_KNOWN = {
    State.SENT: _WAS_SENT,
    State.PARTLY: _WAS_SENT,
    State.UNTOLD: (State.UNTOLD, "what it ends was only held back; neither is sent"),
}
_LOST = "may have arrived before, as an answer was lost; look, and send it with `--again`"
_BEING_SENT = "somebody else is sending it just now; if that call was cut off, look whether it came and use `--again`"
_RANKS = {severity: rank for rank, severity in enumerate(reversed(Severity))}


def rank(severity: Severity | None) -> int:
    """Return how bad a severity is, the worst the highest; without one nothing is."""
    return -1 if severity is None else _RANKS[severity]


def worst(severities: Iterable[Severity | None]) -> Severity | None:
    """Return the worst of some severities."""
    return max(severities, key=rank, default=None)


@dataclass(frozen=True)
class Rules:
    """What a team says of messages; without a word everything goes at once."""

    window_ms: int = 0
    """How long the same thing is counted and not told again."""
    quiet: Quiet = field(default_factory=Quiet)
    through: Severity = Severity.CRITICAL
    """What is as bad as that is never held back."""
    digest_ms: int = 0
    """The time in which so many messages are enough, and those after them become one."""
    digest_run: bool = False
    """Whether that time is the run, whatever it takes."""
    digest_after: int = _DIGEST_AFTER
    zone: tzinfo = timezone.utc

    @property
    def digests(self) -> bool:
        """Tell whether many messages become one."""
        return self.digest_run or self.digest_ms > 0

    def quiet_until_ms(self, at_ms: int) -> int | None:
        """Return when the quiet of this moment ends, None where it is not quiet."""
        return self.quiet.until_ms(at_ms, self.zone)


def rules_of(told: Mapping[str, Any], zone: tzinfo) -> Rules:
    """Return the rules that the section `notify` of `lumen.yml` says."""
    window, digest = told.get("window", WINDOW_MS), told.get("digest", "off")
    begins, ends = told.get("quiet-hours", (None, None))
    return Rules(
        window_ms=0 if window == "off" else window,
        quiet=Quiet(begins, ends, told.get("quiet-days", frozenset())),
        through=Severity(told.get("quiet-through", Severity.CRITICAL)),
        digest_ms=digest if isinstance(digest, int) else 0,
        digest_run=digest == "run",
        digest_after=told.get("digest-after", _DIGEST_AFTER),
        zone=zone,
    )


class Do(str, Enum):
    """What is done with a message."""

    SEND = "send"
    COUNT = "count"
    HOLD = "hold"
    DROP = "drop"
    """It ends what was only held back: neither of them is sent."""
    NOTHING = "nothing"


@dataclass(frozen=True)
class Move:
    """What is done with a message, and what to say of one that is not sent."""

    do: Do
    state: State = State.SENT
    words: str = ""
    until_ms: int = 0
    """When what is held back may leave, 0 for with a digest of the run."""


@dataclass(frozen=True)
class Here:
    """The channel and the moment."""

    now_ms: int
    knows_repeats: bool = False
    """Such a channel is a machine, which keeps threads apart itself: no digest is made for it."""
    sent_lately: int = 0
    """How many messages the channel got in the time of a digest."""
    at_once: bool = False
    again: bool = False


def decided(message: Message, thread: Thread, rules: Rules, here: Here) -> Move:
    """Return what becomes of a message; one without a severity, as a report, is only never sent twice."""
    before = None if here.again else said_before(message.key, thread, here)
    if before:
        return before
    if message.resolves:
        return _recovery(thread)
    if message.severity is None or here.at_once or here.again:
        return Move(Do.SEND)
    return _counted(message, thread, rules, here) or _held(message, thread, rules, here) or Move(Do.SEND)


def said_before(key: str, thread: Thread, here: Here) -> Move | None:
    """Return why a message that was begun, counted or held before is not sent now, None when it may be."""
    entry = thread.last(key)
    if entry is None:
        return None if here.at_once else _marked_before(thread.mark(key))
    if entry.state is State.FAILED:
        return None
    if entry.state in _KNOWN:
        return Move(Do.NOTHING, *_KNOWN[entry.state])
    if entry.state is None and here.now_ms - entry.at_ms < _LONGEST_SENDING_MS:
        return Move(Do.NOTHING, State.ALREADY, _BEING_SENT)
    return None if here.knows_repeats else Move(Do.NOTHING, State.UNKNOWN, _LOST)


def _marked_before(mark: Mark | None) -> Move | None:
    if mark is None:
        return None
    return Move(Do.NOTHING, State.ALREADY, "was held back before" if mark.held else "was counted before")


def _recovery(thread: Thread) -> Move:
    if thread.told:
        return Move(Do.SEND)
    if thread.waiting:
        return Move(Do.DROP, *_KNOWN[State.UNTOLD])
    return Move(Do.NOTHING, State.UNTOLD, "nobody was told of what it ends")


def _counted(message: Message, thread: Thread, rules: Rules, here: Here) -> Move | None:
    # What may have been lost keeps no other message back: hearing it twice is better than not at all.
    sure = [each for each in thread.told if _surely_told(each, here)]
    lately = [each for each in sure if here.now_ms - each.at_ms < rules.window_ms]
    if loud := [each for each in lately if rank(each.severity) >= rank(message.severity)]:
        told = any(each.state in ARRIVED for each in loud)
        before = "was told a short while ago" if told else "somebody else is telling it just now"
        words = f"{before}; this one is counted, and the next message says how many there were"
        return Move(Do.COUNT, State.COUNTED, words)
    if any(rank(mark.severity) >= rank(message.severity) for mark in thread.waiting):
        return Move(Do.COUNT, State.COUNTED, "the same is held back already; this one is counted")
    return None


def _surely_told(entry: Entry, here: Here) -> bool:
    return entry.state in ARRIVED or (entry.state is None and here.now_ms - entry.at_ms < _LONGEST_SENDING_MS)


def _held(message: Message, thread: Thread, rules: Rules, here: Here) -> Move | None:
    if rank(message.severity) >= rank(rules.through):
        return None
    until_ms = rules.quiet_until_ms(here.now_ms)
    if until_ms is not None:
        return Move(Do.HOLD, State.HELD, "quiet hours; it leaves after them, with the next call", until_ms)
    if not rules.digests or here.knows_repeats or here.sent_lately < rules.digest_after:
        return None
    # What was told and has become worse is no more one of many.
    if thread.told and all(rank(each.severity) < rank(message.severity) for each in thread.told):
        return None
    words = "one of many; it leaves with `lumen notify flush` or a later message, together with the others"
    return Move(Do.HOLD, State.HELD, words, 0 if rules.digest_run else here.now_ms + rules.digest_ms)
