"""What should become of a ticket, from the facts of its fingerprint, its history and the ticket as it was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lumen_action.ops.tickets import Ticket
from lumen_action.ops.tickets.cases import Case
from lumen_action.ops.tickets.notices import Generation, History
from lumen_action.ops.tickets.options import TicketOptions

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
# Longer than any call takes: a claim this old belongs to somebody who died, or whose answer was lost.
GRACE_MS = 10 * MINUTE_MS
# Between two turns of one ticket.
REST_MS = 60 * MINUTE_MS


class Move(str, Enum):
    """What to do next about one ticket."""

    NOTHING = "nothing"
    WAIT = "wait"
    """Somebody else is at it."""
    FREE = "free"
    """Somebody died at it."""
    CONFIRM = "confirm"
    """Somebody did it and could not say so."""
    ADOPT = "adopt"
    """A person turned it, or it is older than the ledger."""
    OPEN = "open"
    REOPEN = "reopen"
    CLOSE = "close"
    COMMENT = "comment"
    REWRITE = "rewrite"


TURNS = frozenset({Move.OPEN, Move.REOPEN, Move.CLOSE})


@dataclass(frozen=True)
class Rules:
    """When a ticket is opened, and how long it has to be quiet before it is closed."""

    options: TicketOptions
    since_ms: int = 0

    def wants(self, case: Case) -> bool:
        """Tell whether the case asks for a ticket at all."""
        wanted = case.wanted_ms is not None and case.wanted_ms >= self.since_ms
        return wanted and not self.options.ignores(case.failure)

    @property
    def quiet_ms(self) -> int:
        """Return how long nothing may fail before a ticket is closed."""
        return self.options.quiet_days * DAY_MS


@dataclass(frozen=True)
class Sight:
    """What is known of one ticket: by the facts, by the notices, and by the tracker where that remembers."""

    case: Case
    history: History
    found: Ticket | None
    remembers: bool = True


def decide(sight: Sight, rules: Rules, now_ms: int) -> Move:
    """Return the next move; after FREE, CONFIRM and ADOPT the question is to be asked again."""
    pending = sight.history.pending
    if pending:
        return _of_pending(sight, pending, now_ms)
    standing = sight.history.standing
    if standing is None:
        if sight.found:
            return Move.ADOPT
        return Move.OPEN if rules.wants(sight.case) else Move.NOTHING
    if sight.remembers:
        if sight.found is None:
            return Move.OPEN if _came_back(sight.case, standing, rules, now_ms) else Move.NOTHING
        if sight.found.open != standing.to_open:
            # A list that is older than the last turn looks the same as a person's doing.
            return Move.ADOPT if now_ms - _done_ms(standing) >= GRACE_MS else Move.WAIT
    return _of_open(sight, standing, rules, now_ms) if standing.to_open else _of_closed(sight, standing, rules, now_ms)


def _of_pending(sight: Sight, pending: Generation, now_ms: int) -> Move:
    if sight.remembers and sight.found and sight.found.open == pending.to_open:
        return Move.CONFIRM
    return Move.WAIT if now_ms - pending.claimed_ms < GRACE_MS else Move.FREE


def _of_open(sight: Sight, standing: Generation, rules: Rules, now_ms: int) -> Move:
    case = sight.case
    # A person who opens it again gets the whole quiet time.
    loud_ms = max(case.failed_ms, _done_ms(standing))
    if now_ms - loud_ms >= rules.quiet_ms and not case.waiting:
        return Move.CLOSE
    told_ms = sight.history.told_ms
    if case.failed_ms > told_ms and now_ms - told_ms >= DAY_MS:
        return Move.COMMENT
    return Move.REWRITE


def _of_closed(sight: Sight, standing: Generation, rules: Rules, now_ms: int) -> Move:
    muted = sight.found is not None and sight.found.rejected
    if not muted and _came_back(sight.case, standing, rules, now_ms):
        return Move.REOPEN
    return Move.REWRITE


def _came_back(case: Case, standing: Generation, rules: Rules, now_ms: int) -> bool:
    """Tell whether a failure after the last turn asks for the ticket, and the ticket has rested."""
    again = rules.wants(case) and case.wanted_ms is not None and case.wanted_ms > standing.claimed_ms
    return again and now_ms - _done_ms(standing) >= REST_MS


def _done_ms(standing: Generation) -> int:
    return standing.claimed_ms if standing.done_ms is None else standing.done_ms
