"""What a ledger knows of a run of the CI, and how a fact about one is named when nobody in it spoke."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lumen_action.model import Fact, FactKey, Kind
from lumen_action.sli.days import Calendar
from lumen_action.sli.reconciling.ciruns import Attempt, Run

_PROVIDER = "github"
_STAGE = "run"


def facts_of_run(run: Run, facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts of a run, of all its attempts."""
    here = (_PROVIDER, run.host, run.repo.casefold(), str(run.id))
    return [
        fact
        for fact in facts
        if (fact.key.provider, fact.key.host, fact.key.repo.casefold(), fact.key.run) == here
        and fact.key.kind in (Kind.RUN, Kind.STAGE)
    ]


def facts_of_attempt(attempt: Attempt, facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts of one attempt."""
    return [fact for fact in facts_of_run(attempt.run, facts) if fact.key.attempt == attempt.run.attempt]


def first_of(facts: Sequence[Fact]) -> Fact | None:
    """Return the fact that came first; what it says of its run holds for those that come later."""
    return min(facts, key=lambda fact: fact.order, default=None)


def day_of(run: Run, first: Fact | None, calendar: Calendar) -> str:
    """Return the day of a run: that of its first fact, else that of its creation."""
    return first.day if first else calendar.day_of(run.created_ms)


def key_of(run: Run, first: Fact | None, kind: Kind, *, job: str = "", region: str = "") -> FactKey:
    """Return the key of a fact about an attempt as a whole, with the repository as its first fact spells it."""
    return FactKey(
        provider=_PROVIDER,
        host=run.host,
        repo=first.key.repo if first else run.repo,
        run=str(run.id),
        attempt=run.attempt,
        job=job,
        region=region,
        kind=kind,
        stage=_STAGE,
    )
