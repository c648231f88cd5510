"""Who may make the call: the one whose fact is in the ledger first, and after a death the next, a few times.

The fact of the kind `rerun` for the attempt to come is written before the call. A companion that dies between the two
leaves a claim and no attempt. Its claim lapses: after LAPSE_MS the next companion may write another, under the next
number, again before its call. The owner of a claim makes its call within HOLD_MS of its fact or not at all, so no two
owners can both be about to call, as long as their clocks differ by less than the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lumen_action.model import Fact, Kind

HOLD_MS = 3 * 60_000
LAPSE_MS = 15 * 60_000
MOST_CLAIMS = 3
_STAGE = "run"


@dataclass(frozen=True)
class Claim:
    """What the claims so far allow: the stage to claim under, or why there is nothing to claim."""

    stage: str = ""
    reason: str = ""
    wait_ms: int = 0

    @property
    def for_later(self) -> bool:
        """Tell whether a later call may succeed."""
        return self.wait_ms > 0


def stages() -> Sequence[str]:
    """Return the stages of all claims to one attempt, in their order."""
    return tuple(_STAGE if number == 1 else f"{_STAGE}.{number}" for number in range(1, MOST_CLAIMS + 1))


def claim_of(fact: Fact, stage: str) -> Fact:
    """Return the fact that claims the call for the attempt after the one a fact is of."""
    key = replace(fact.key, attempt=fact.key.attempt + 1, job="", region="", kind=Kind.RERUN, stage=stage)
    return replace(fact, key=key)


def next_claim(made: Mapping[str, Fact], now_ms: int) -> Claim:
    """Return the claim that may be made now, given those that were made to the same attempt, by stage."""
    lapsed_at = 0
    for stage in stages():
        if stage not in made:
            if now_ms >= lapsed_at:
                return Claim(stage)
            break
        lapsed_at = made[stage].observed_at_ms + LAPSE_MS
    if len(made) >= MOST_CLAIMS and now_ms >= lapsed_at:
        return Claim(reason=f"{MOST_CLAIMS} companions have claimed this rerun, and none has come to its end")
    waiting = max(1, lapsed_at - now_ms)
    return Claim(
        reason="another companion has claimed this rerun and may be about to make it; its claim lapses "
        f"in {-(-waiting // 1000)} s",
        wait_ms=waiting,
    )


def still_held(claimed_ms: int, now_ms: int) -> bool:
    """Tell whether the owner of a claim may still make its call."""
    return now_ms - claimed_ms < HOLD_MS
