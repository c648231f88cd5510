"""The retries that a pipeline has in a day: each has a number, and belongs to whoever creates that number's fact."""

from __future__ import annotations

from lumen_action.model import Fact, FactKey, Kind, Outcome


def retry_of_day(like: Fact, number: int, token: str) -> Fact:
    """Return the notice that a stage takes one retry of its pipeline's day; the token tells it from all others."""
    key = FactKey("lumen", "", "", f"retries {like.pipeline} {like.day}", number, "", "", Kind.NOTICE, "retry")
    return Fact(
        key=key,
        pipeline=like.pipeline,
        day=like.day,
        outcome=Outcome.FAILURE,
        observed_at_ms=like.observed_at_ms,
        leg=token,
        source=like.source,
        trust=like.trust,
        url=like.url,
    )
