"""Decisions of a gate and overrides as facts, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lumen_action.gate.deciding import GateDecision
from lumen_action.gate.overriding import LONGEST_MS, MOST_AUTHOR, MOST_REASON, Override, Overrides, instant_of
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details
from lumen_action.model.instants import stamp_of
from lumen_action.slo.phrases import used_percent

_GIVEN, _REVOKED = "given", "revoked"
# Clocks of machines differ; one that is further ahead is wrong, and what it says of now cannot be known.
_MOST_AHEAD_MS = 24 * 3_600_000


def decision_fact(like: Fact, decision: GateDecision) -> Fact:
    """Return the fact that a gate has decided; `like` says who, where and when."""
    worst, recovers_ms = decision.worst, decision.recovers_ms
    told = {
        "decision": decision.ruling.value,
        "change": decision.change.value,
        "reason": _clipped(decision.reason),
        "overridden": "true" if decision.overridden else "false",
        "objective": worst.name if worst else "",
        "used_percent": used_percent(worst).removesuffix(" %") if worst and worst.total else "",
        "recovers_at": stamp_of(recovers_ms) or "",
    }
    outcome = Outcome.SUCCESS if decision.allowed else Outcome.FAILURE
    return replace(like, outcome=outcome, details=details(told))


def override_fact(like: Fact, override: Override) -> Fact:
    """Return the fact that somebody overrides the gate."""
    told = {"override": _GIVEN, "author": override.author, "reason": override.reason, "until": override.until}
    # An override with another reason or end is another event of the same job.
    return _beside(like, told, f"{override.author}\n{override.reason}\n{override.until}")


def revocation_fact(like: Fact, author: str, revoked: Override) -> Fact:
    """Return the fact that an override is over before its time."""
    told = {"override": _REVOKED, "author": author, "until": revoked.until}
    return _beside(like, told, f"{revoked.author}\n{revoked.reason}\n{revoked.until}")


def overrides_in(facts: Iterable[Fact], now_ms: int) -> Overrides:
    """Return which override of a pipeline's facts holds now; what forks say counts for nothing."""
    active = ended = None
    revoked = False
    for fact in _said(facts, now_ms):
        override = _override(fact)
        if fact.told["override"] == _REVOKED:
            active, ended, revoked = None, active or ended, bool(active) or revoked
        elif override and override.until_ms > now_ms:
            active, revoked = override, False
        elif override:
            ended, revoked = override, False
    return Overrides(active, ended, revoked)


def said_last(facts: Iterable[Fact], now_ms: int) -> int:
    """Return now, or a moment after all that machines whose clock is ahead of ours said of overrides."""
    return max([now_ms, *(fact.ended_ms + 1 for fact in _said(facts, now_ms))])


def _said(facts: Iterable[Fact], now_ms: int) -> Sequence[Fact]:
    told = [fact for fact in facts if _of_override(fact) and fact.ended_ms <= now_ms + _MOST_AHEAD_MS]
    return sorted(told, key=lambda fact: (fact.ended_ms, fact.key))


def _of_override(fact: Fact) -> bool:
    return fact.key.kind is Kind.GATE and fact.trust is Trust.TRUSTED and "override" in fact.told


def _override(fact: Fact) -> Override | None:
    """Return the override of a fact, unless it is one that the gate would not have taken."""
    until_ms = instant_of(fact.told.get("until", ""))
    author, reason = (fact.told.get(name, "").strip() for name in ("author", "reason"))
    if until_ms is None or until_ms > fact.ended_ms + LONGEST_MS or not (author and reason):
        return None
    return Override(author[:MOST_AUTHOR], reason[:MOST_REASON], until_ms)


def _beside(like: Fact, told: dict[str, str], mark: str) -> Fact:
    digest = hashlib.sha256(mark.encode()).hexdigest()[:12]
    key = replace(like.key, stage=f"{like.key.stage}.override.{told['override']}.{digest}")
    return replace(like, key=key, details=details(told))


def _clipped(text: str) -> str:
    return text if len(text) <= MOST_REASON else f"{text[: MOST_REASON - 1]}…"
