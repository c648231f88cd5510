"""The history of one run in one region over its attempts and legs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lumen_action.model import Fact, Outcome

# When several legs make one run the worst word decides; a skipped leg says nothing.
_SEVERITY = {
    Outcome.SKIPPED: 0,
    Outcome.SUCCESS: 1,
    Outcome.CANCELLED: 2,
    Outcome.MISSING: 3,
    Outcome.TIMEOUT: 4,
    Outcome.ERROR: 5,
    Outcome.FAILURE: 6,
}


@dataclass(frozen=True)
class History:
    """How a run was first counted, how that was corrected since, and what it is now.

    A counter may never go down, so a run stays counted as it was when it was first decided; when another
    attempt turns it round the change is a correction beside the counter.
    """

    counted: Fact | None = None
    current: Fact | None = None
    corrections: tuple[tuple[Outcome, Outcome], ...] = ()
    first_success_ms: int | None = None

    @property
    def outcome(self) -> Outcome | None:
        """Return the result now, None while none has been reported."""
        return self.current.outcome if self.current else None


def history(events: Sequence[Fact]) -> History:
    """Walk through the run facts of one run and region, oldest observation first."""
    latest: dict[str, Fact] = {}
    counted = current = decided = None
    corrections: list[tuple[Outcome, Outcome]] = []
    first_success_ms = None
    for event in events:
        # An old attempt that is only reported now must not overrule a newer one, but may be the only one that counts.
        late = event.leg in latest and latest[event.leg].key.attempt > event.key.attempt
        if not late:
            latest[event.leg] = event
        current = _worst(latest.values())
        told = event if late else current
        if not told.outcome.counted or (late and counted):
            continue
        if counted is None:
            counted = told
        elif decided is not None and decided.good != told.outcome.good:
            corrections.append((_side(decided), _side(told.outcome)))
        decided = told.outcome
        if decided.good and first_success_ms is None:
            first_success_ms = event.ended_ms
    return History(counted, current, tuple(corrections), first_success_ms)


def _worst(facts: Collection[Fact]) -> Fact:
    return max(facts, key=lambda fact: (_SEVERITY[fact.outcome], -fact.observed_at_ms, fact.order))


def _side(outcome: Outcome) -> Outcome:
    return Outcome.SUCCESS if outcome.good else Outcome.FAILURE
