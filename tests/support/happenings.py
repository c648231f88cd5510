"""Incidents for tests: their facts, written in short."""

from __future__ import annotations

from facts import NOON

from lumen_action.incidents.facts import event_fact, opening_fact
from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Fact, Trust

MINUTE = 60_000
DAY = "2026-01-02"


def opened(
    name: str = "INC-1",
    severity: Severity = Severity.SEV2,
    *,
    at: int = 0,
    pipeline: str = "nightly",
    same: str = "",
    trust: Trust = Trust.TRUSTED,
    **told: str,
) -> Fact:
    """Return the fact of an opening, so many minutes after noon."""
    at_ms = NOON + at * MINUTE
    return opening_fact(
        pipeline,
        name,
        day=DAY,
        at_ms=at_ms,
        severity=severity,
        sameness=same or name,
        generation=0,
        told=told,
        trust=trust,
    )


def met(
    event: Event, at: int = 0, name: str = "INC-1", *, mark: str = "", pipeline: str = "nightly", **told: str
) -> Fact:
    """Return the fact of an event, so many minutes after noon."""
    at_ms = NOON + at * MINUTE
    return event_fact(pipeline, name, event, day=DAY, at_ms=at_ms, mark=mark or f"{event} {at}", told=told)
