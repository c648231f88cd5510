"""Facts for tests: short to write, complete to use."""

from __future__ import annotations

from dataclasses import replace

from lumen_action.model import Action, ErrorClass, Fact, FactKey, Failure, Kind, Outcome, Trust
from lumen_action.model.fact import details

NOON = 1_767_355_200_000  # 2026-01-02T12:00:00Z
HOUR = 3_600_000


def failure(cause: ErrorClass = ErrorClass.NETWORK, decision: Action = Action.RETRY_NOW) -> Failure:
    return Failure(cause, "any", f"{cause.value}.any", evidence="it broke", line=7, decision=decision)


def fact(
    stage: str = "run",
    outcome: Outcome = Outcome.SUCCESS,
    *,
    run: str = "1",
    region: str = "eu",
    attempt: int = 1,
    leg: str = "",
    at: int = NOON,
    day: str = "2026-01-02",
    pipeline: str = "nightly",
    cause: ErrorClass | None = None,
    trust: Trust = Trust.TRUSTED,
    kind: Kind | None = None,
    ended_at: int | None = None,
    tries: int = 1,
    duration_ms: int | None = None,
) -> Fact:
    return Fact(
        key=FactKey(
            provider="github",
            host="github.com",
            repo="org/app",
            run=run,
            attempt=attempt,
            job=leg or "job",
            region=region,
            kind=kind or (Kind.RUN if stage == "run" else Kind.STAGE),
            stage=stage,
        ),
        pipeline=pipeline,
        day=day,
        outcome=outcome,
        observed_at_ms=at,
        leg=leg,
        run_id=f"{day.replace('-', '')}-{region}-abc",
        failure=failure(cause or ErrorClass.NETWORK) if outcome.bad else None,
        trust=trust,
        ended_at_ms=ended_at,
        tries=tries,
        duration_ms=duration_ms,
    )


def outage_of_old(*, at: int = NOON, day: str = "2026-01-02", pipeline: str = "nightly") -> Fact:
    """Return all that was told of an incident before there were events."""
    told = details({"incident": "old outage", "title": "old outage", "severity": "sev1", "state": "open"})
    made = fact("incident", run=f"incidents {pipeline}", at=at, day=day, pipeline=pipeline, kind=Kind.INCIDENT)
    return replace(made, details=told)
