"""What the facts of earlier steps and jobs say about the run that we are in."""

from __future__ import annotations

from collections.abc import Iterable

from lumen_action.model import Fact, Failure, Kind
from lumen_action.record.moment import Moment


def retries_on(day: str, pipeline: str, facts: Iterable[Fact]) -> int:
    """Count the retries that a pipeline has had on a day."""
    return len(
        {
            fact.key
            for fact in facts
            # A rerun of the whole run, which no job of it makes, has limits of its own.
            if fact.key.job and (fact.key.kind, fact.pipeline, fact.day) == (Kind.RERUN, pipeline, day)
        }
    )


def stage_failures(moment: Moment, facts: Iterable[Fact]) -> list[Failure]:
    """Return why stages of this attempt failed, in the order of `failed_stages`."""
    return [fact.failure for fact in failed_stages(moment, facts) if fact.failure]


def failed_stages(moment: Moment, facts: Iterable[Fact]) -> list[Fact]:
    """Return which stages of this attempt failed: those of this region first, of this job, the first to fail."""
    identity = moment.identity
    here = (identity.provider, identity.host, identity.repo, identity.run, identity.attempt)
    # GitLab counts no attempts: a job that it tries again has the last word for its leg.
    last = {
        (fact.key.region, fact.leg, fact.key.stage): fact
        for fact in sorted(facts, key=lambda fact: fact.order)
        if fact.key.kind is Kind.STAGE
        and (fact.key.provider, fact.key.host, fact.key.repo, fact.key.run, fact.key.attempt) == here
    }
    return sorted(
        (fact for fact in last.values() if fact.outcome.bad),
        key=lambda fact: (fact.key.region != moment.region, fact.key.job != identity.job, fact.observed_at_ms),
    )
