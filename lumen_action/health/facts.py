"""What checks found as facts, and what earlier facts tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from lumen_action.health.check import HEALTH, Status
from lumen_action.health.judging import FLAPPING_MS, Judged, Past
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details

REFRESH_MS = 3_600_000
"""After so long the same is said again: who asks for the newest facts must not think that nobody looks."""
_MOST_SAID = 300


def health_run(pipeline: str, day: str) -> str:
    """Return under which run the ledger finds what was found of a pipeline's components on a day."""
    return f"health {pipeline} {day}"


def health_fact(like: Fact, judged: Judged) -> Fact:
    """Return the fact that a component was found so; `like` says who looked, in which pipeline and on which day."""
    finding = judged.finding
    key = replace(
        like.key,
        run=health_run(like.pipeline, like.day),
        kind=Kind.CHECK,
        stage=f"{HEALTH}{judged.name}",
        job=f"{like.key.run} {like.key.job} {finding.at_ms}",
    )
    told = {
        "verdict": finding.status.value,
        "kind": finding.check.kind.value,
        "latency_ms": str(finding.latency_ms),
        "said": finding.said[:_MOST_SAID],
        "value": "" if finding.value is None else f"{finding.value:.12g}",
        "unit": finding.unit,
        "expires_at_ms": "" if finding.expires_at_ms is None else str(finding.expires_at_ms),
        "row": str(judged.row) if judged.row else "",
    }
    outcome = Outcome.FAILURE if finding.status is Status.FAIL else Outcome.SUCCESS
    return replace(
        like,
        key=key,
        outcome=outcome,
        failure=None,
        duration_ms=None,
        observed_at_ms=finding.at_ms,
        ended_at_ms=None,
        details=details(told),
    )


def is_news(judged: Judged, past: Past) -> bool:
    """Tell whether a fact is due: another verdict, one failure more on the way to it, or an hour since the last fact.

    A check that runs every minute must not fill the ledger.
    """
    finding = judged.finding
    counting = judged.row != past.row and min(judged.row, past.row) < finding.check.tries
    return finding.status is not past.status or counting or finding.at_ms - past.at_ms >= REFRESH_MS


def pasts(facts: Iterable[Fact], pipeline: str, region: str) -> Mapping[str, Past]:
    """Return what facts tell of each component of a pipeline in a region; what forks say counts for nothing."""
    known: dict[str, Past] = {}
    told = (
        fact
        for fact in facts
        if fact.key.kind is Kind.CHECK
        and fact.key.stage.startswith(HEALTH)
        and fact.trust is Trust.TRUSTED
        and (fact.pipeline, fact.key.region) == (pipeline, region)
    )
    for fact in sorted(told, key=lambda each: (each.observed_at_ms, each.key.parts)):
        # What another version wrote otherwise tells nothing.
        with suppress(KeyError, ValueError):
            name = fact.key.stage.removeprefix(HEALTH)
            known[name] = _after(known.get(name, Past()), fact)
    return known


def _after(past: Past, fact: Fact) -> Past:
    status, row, at_ms = Status(fact.told["verdict"]), int(fact.told.get("row", "0")), fact.observed_at_ms
    changed = past.status is not None and (row > 0) is not (past.row > 0)
    changes = (*past.changes_ms, at_ms) if changed else past.changes_ms
    return Past(status, row, at_ms, tuple(at for at in changes if at > at_ms - FLAPPING_MS))
