"""From facts to cases: how often each fingerprint was seen, where, and what has succeeded since."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from lumen_action.failure.fingerprint import fingerprint as derived
from lumen_action.model import Action, Fact, Failure, Kind, Trust
from lumen_action.sli.runs import run_of
from lumen_action.sli.state import RunRef

RECENT = 5
_WHOLE_RUN = "run"
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")

Where = tuple[str, str]
"""A pipeline and one of its stages."""


@dataclass(frozen=True)
class Case:
    """Everything the ledger knows of one fingerprint; a run counts once in each region, however often it was tried."""

    fingerprint: str
    count: int
    pipelines: tuple[tuple[str, int], ...]
    regions: tuple[str, ...]
    first: Fact
    latest: Fact
    recent: tuple[Fact, ...]
    failed_ms: int
    wanted_ms: int | None
    """When a failure last asked for a ticket."""
    waiting: tuple[Where, ...]
    """Where nothing has succeeded since it failed there."""

    @property
    def failure(self) -> Failure:
        """Return the latest failure."""
        return _failure(self.latest)


@dataclass
class _Seen:
    runs: dict[tuple[RunRef, str], Fact] = field(default_factory=dict)
    stages_ms: dict[Where, int] = field(default_factory=dict)
    failed_ms: int = 0
    wanted_ms: int | None = None


class Casebook:
    """Reads facts once, in any order and with any repeats, and tells the cases."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        """Read the facts; the notices about tickets are kept for whoever knows them."""
        self.notices: dict[str, list[Fact]] = defaultdict(list)
        self._seen: dict[str, _Seen] = defaultdict(_Seen)
        self._succeeded_ms: dict[Where, int] = {}
        for fact in facts:
            self._read(fact)

    def cases(self) -> list[Case]:
        """Return every case, the latest failure first."""
        found = [self._case(fingerprint, seen) for fingerprint, seen in self._seen.items()]
        return sorted(found, key=lambda case: (-case.failed_ms, case.fingerprint))

    def _read(self, fact: Fact) -> None:
        if fact.key.kind is Kind.NOTICE:
            self.notices[fact.key.run].append(fact)
        # What a fork reports may not make work for people.
        if fact.key.kind not in (Kind.STAGE, Kind.RUN) or fact.trust is not Trust.TRUSTED:
            return
        where = (fact.pipeline, fact.key.stage)
        if fact.outcome.good:
            self._succeeded_ms[where] = max(fact.ended_ms, self._succeeded_ms.get(where, fact.ended_ms))
        elif fact.outcome.bad and fact.failure:
            seen = self._seen[identity(fact)]
            place = (run_of(fact), fact.key.region)
            known = seen.runs.get(place)
            seen.runs[place] = fact if known is None else max(fact, known, key=_telling)
            seen.failed_ms = max(seen.failed_ms, fact.ended_ms)
            if fact.key.kind is Kind.STAGE:
                seen.stages_ms[where] = max(fact.ended_ms, seen.stages_ms.get(where, fact.ended_ms))
            if fact.failure.decision is Action.TICKET:
                seen.wanted_ms = max(fact.ended_ms, seen.wanted_ms or fact.ended_ms)

    def _case(self, fingerprint: str, seen: _Seen) -> Case:
        facts = sorted(seen.runs.values(), key=lambda fact: (fact.ended_ms, fact.key))
        # A run says what its stage has said; where no stage spoke, the whole run has to succeed.
        failed_ms = dict(seen.stages_ms)
        for fact in facts:
            if fact.key.kind is Kind.RUN:
                where = (fact.pipeline, fact.key.stage)
                failed_ms[where] = max(fact.ended_ms, failed_ms.get(where, fact.ended_ms))
        pipelines = Counter(fact.pipeline for fact in facts)
        return Case(
            fingerprint=fingerprint,
            count=len(facts),
            pipelines=tuple(sorted(pipelines.items(), key=lambda item: (-item[1], item[0]))),
            regions=tuple(sorted({fact.key.region for fact in facts})),
            first=facts[0],
            latest=facts[-1],
            recent=tuple(reversed(facts[-RECENT:])),
            failed_ms=seen.failed_ms,
            wanted_ms=seen.wanted_ms,
            waiting=tuple(sorted(where for where, at in failed_ms.items() if not self._healed(where, at))),
        )

    def _healed(self, where: Where, failed_ms: int) -> bool:
        """Tell whether the stage, or all of its pipeline, has succeeded since."""
        return any(self._succeeded_ms.get((where[0], stage), failed_ms) > failed_ms for stage in (where[1], _WHOLE_RUN))


def identity(fact: Fact) -> str:
    """Return the fingerprint of a failure; one that nothing explains is known by its pipeline."""
    failure = _failure(fact)
    explained = failure.signature or failure.evidence
    if explained and _FINGERPRINT.fullmatch(failure.fingerprint):
        return failure.fingerprint
    return derived(failure.fingerprint or failure.name, f"pipeline {fact.pipeline}\n{failure.evidence}")


def _failure(fact: Fact) -> Failure:
    if fact.failure is None:
        raise ValueError(f"{fact.key.stage} did not fail")
    return fact.failure


def _telling(fact: Fact) -> tuple[bool, int, int, object]:
    """Return what makes one account of a run better than another: a stage says where, a later attempt is newer."""
    return (fact.key.kind is Kind.STAGE, fact.key.attempt, fact.ended_ms, fact.key)
