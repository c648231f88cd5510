"""The log lines that prove what failed while an incident went on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lumen_action.ledger import Ledger
from lumen_action.measuring.daily import Days
from lumen_action.model import Fact, Kind, Trust
from lumen_action.sli.days import Calendar

_DAY_MS = 86_400_000
_FAILING = (Kind.STAGE, Kind.RUN)


@dataclass(frozen=True)
class Proof:
    """A failure as it was first met, and in how many runs it was met."""

    fact: Fact
    runs: int


def failing(ledger: Ledger, pipelines: Iterable[str], calendar: Calendar, begin_ms: int, end_ms: int) -> Iterator[Fact]:
    """Yield what a ledger has of failures in some pipelines; a run may belong to a day before that of its end."""
    first, last = calendar.day_of(begin_ms - _DAY_MS), calendar.day_of(end_ms)
    for name in pipelines:
        days = Days.of(ledger, name)
        for day in days.names[bisect_left(days.names, first) : bisect_right(days.names, last)]:
            yield from (fact for fact in days.facts_of(day) if begin_ms <= fact.ended_ms <= end_ms)


def proofs_of(facts: Iterable[Fact], most: int) -> tuple[Proof, ...]:
    """Return the failures that a line of a log proves, what was met in the most runs first."""
    found: dict[str, Proof] = {}
    runs: dict[str, set[str]] = {}
    for fact in sorted(facts, key=lambda fact: (fact.ended_ms, fact.key)):
        told = fact.failure
        if told is None or not told.evidence or fact.trust is not Trust.TRUSTED or fact.key.kind not in _FAILING:
            continue
        same = told.fingerprint or told.evidence
        runs.setdefault(same, set()).add(fact.key.run)
        found[same] = replace(found.get(same, Proof(fact, 0)), runs=len(runs[same]))
    return tuple(sorted(found.values(), key=lambda proof: (-proof.runs, proof.fact.ended_ms, proof.fact.key)))[:most]
