"""From the spool into the ledger, with what contradicts the ledger kept beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.spool import Spool
from lumen_action.model import Fact, Kind


@dataclass(frozen=True)
class Delivered:
    """One fact and what the ledger said to it."""

    fact: Fact
    answer: Put


def deliver(spool: Spool, ledger: Ledger) -> Sequence[Delivered]:
    """Hand over every pending fact; one that the ledger cannot take now stays for the next call."""
    delivered = []
    for path, fact in spool.pending():
        delivered.append(hand_over(fact, ledger))
        spool.done(path)
    return delivered


def hand_over(fact: Fact, ledger: Ledger) -> Delivered:
    """Put one fact, and keep beside the first account one that differs from it."""
    answer = ledger.put(fact)
    if answer is Put.CONFLICT:
        ledger.put(contradiction(fact))
    return Delivered(fact, answer)


def contradiction(fact: Fact) -> Fact:
    """Return the conflict fact that keeps a differing second account of one event."""
    account = hashlib.sha256(fact.statement).hexdigest()[:12]
    key = replace(fact.key, kind=Kind.CONFLICT, stage=f"{fact.key.kind}.{fact.key.stage}.{account}")
    return replace(fact, key=key)
