"""Facts that say that nothing happened: one for each closed day on which an expected run did not come."""

from __future__ import annotations

from collections.abc import Iterable

from lumen_action.model import Fact, FactKey, Kind, Outcome, Source
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule


def absences(facts: Iterable[Fact], schedule: Schedule, calendar: Calendar, now_ms: int) -> list[Fact]:
    """Return what a ledger lacks of one pipeline, the same facts whoever looks and whenever.

    Nothing is missed before the pipeline's first run.
    """
    runs = [fact for fact in facts if fact.key.kind in (Kind.RUN, Kind.STAGE)]
    if not runs:
        return []
    first = min(runs, key=lambda fact: (fact.day, fact.order))
    seen = frozenset(fact.day for fact in runs)
    return [
        Fact(
            key=FactKey(
                provider=first.key.provider,
                host=first.key.host,
                repo=first.key.repo,
                run=day,
                attempt=1,
                job="",
                region="",
                kind=Kind.MISSING,
                stage=first.pipeline,
            ),
            pipeline=first.pipeline,
            day=day,
            outcome=Outcome.MISSING,
            observed_at_ms=calendar.closes_ms(day),
            source=Source.API,
        )
        for day in schedule.missed(first.day, seen, now_ms, calendar)
    ]
