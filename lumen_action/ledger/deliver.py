"""From the spool into the ledger, with what contradicts the ledger kept beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lumen_action.ledger import Ledger, Put, TakesMany
from lumen_action.ledger.spool import Spool
from lumen_action.model import Fact, Kind

_WAITED_MS = 10_000


@dataclass(frozen=True)
class Delivered:
    """One fact and what the ledger said to it."""

    fact: Fact
    answer: Put


def deliver(spool: Spool, ledger: Ledger, now_ms: int) -> Sequence[Delivered]:
    """Hand over every pending fact; one that the ledger cannot take now stays for the next call."""
    waiting = list(spool.pending())
    at_once = len(waiting) if isinstance(ledger, TakesMany) else 1
    delivered: list[Delivered] = []
    for start in range(0, len(waiting), max(1, at_once)):
        batch = waiting[start : start + at_once]
        delivered += hand_over_all([_arriving(fact, now_ms) for _, fact in batch], ledger)
        for path, _ in batch:
            spool.done(path)
    return delivered


def _arriving(fact: Fact, now_ms: int) -> Fact:
    """Return a fact that has waited as observed now: what was published meanwhile did not know of it."""
    if now_ms - fact.observed_at_ms < _WAITED_MS:
        return fact
    return replace(fact, observed_at_ms=now_ms, ended_at_ms=fact.ended_ms)


def hand_over(fact: Fact, ledger: Ledger) -> Delivered:
    """Put one fact, and keep beside the first account one that differs from it."""
    answer = ledger.put(fact)
    if answer is Put.CONFLICT:
        ledger.put(contradiction(fact))
    return Delivered(fact, answer)


def hand_over_all(facts: Sequence[Fact], ledger: Ledger) -> Iterator[Delivered]:
    """Put many facts as `hand_over` puts each, in one go where the ledger can."""
    if not isinstance(ledger, TakesMany):
        yield from (hand_over(fact, ledger) for fact in facts)
        return
    delivered = [Delivered(fact, answer) for fact, answer in zip(facts, ledger.put_all(facts), strict=True)]
    refused = [contradiction(each.fact) for each in delivered if each.answer is Put.CONFLICT]
    if refused:
        ledger.put_all(refused)
    yield from delivered


def contradiction(fact: Fact) -> Fact:
    """Return the conflict fact that keeps a differing second account of one event."""
    account = hashlib.sha256(fact.statement).hexdigest()[:12]
    key = replace(fact.key, kind=Kind.CONFLICT, stage=f"{fact.key.kind}.{fact.key.stage}.{account}")
    return replace(fact, key=key)
