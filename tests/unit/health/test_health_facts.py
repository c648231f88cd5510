"""Findings as facts: few of them, and what they tell later is what was known when they were written."""

from __future__ import annotations

from dataclasses import replace

from facts import NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.health.check import Check, Finding, ProbeKind, Status
from lumen_action.health.facts import health_fact, is_news, pasts
from lumen_action.health.judging import Judged, Past, judged
from lumen_action.model import Fact, Kind, Outcome, Trust

MINUTE = 60_000
LIKE = fact("health", Outcome.SUCCESS)


def finding(status: Status, at_ms: int, tries: int = 1) -> Finding:
    check = Check("api", ProbeKind.TCP, tries=tries)
    return Finding(check, status, at_ms, 12, "" if status is Status.PASS else "down", 3.5, "days", NOON + 7)


def written(statuses: list[Status], tries: int = 1) -> tuple[list[Fact], Past]:
    """Look every minute; return the facts that were written, and what is known at the end."""
    past, told, kept = Past(), Past(), []
    for number, status in enumerate(statuses):
        found = judged(finding(status, NOON + number * MINUTE, tries), past)
        past = found.past
        if is_news(found, told):
            kept.append(health_fact(LIKE, found))
            told = past
    return kept, past


def test_a_fact_tells_all_that_was_found() -> None:
    kept = health_fact(LIKE, Judged(finding(Status.FAIL, NOON), row=2))
    assert (kept.key.kind, kept.key.stage, kept.outcome) == (Kind.CHECK, "health.api", Outcome.FAILURE)
    assert kept.observed_at_ms == NOON
    assert kept.told == {
        "verdict": "fail",
        "kind": "tcp",
        "latency_ms": "12",
        "said": "down",
        "value": "3.5",
        "unit": "days",
        "expires_at_ms": str(NOON + 7),
        "row": "2",
    }


def test_a_warning_is_no_failure() -> None:
    assert health_fact(LIKE, Judged(finding(Status.WARN, NOON))).outcome is Outcome.SUCCESS


def test_a_day_of_looking_every_minute_is_a_fact_an_hour() -> None:
    assert len(written([Status.PASS] * 24 * 60)[0]) == 24
    assert len(written([Status.FAIL] * 24 * 60, tries=3)[0]) == 26


def test_every_fact_has_an_identity_of_its_own() -> None:
    kept, _ = written([Status.PASS, Status.FAIL] * 20)
    assert len({each.key.digest for each in kept}) == len(kept) == 40


@given(st.lists(st.sampled_from([Status.PASS, Status.FAIL]), min_size=1, max_size=80), st.integers(1, 4), st.randoms())
def test_facts_in_any_order_tell_what_is_needed_of_the_past(statuses: list[Status], tries: int, chance: object) -> None:
    kept, past = written(statuses, tries)
    chance.shuffle(kept)  # type: ignore[attr-defined]
    told = pasts(kept, LIKE.pipeline, LIKE.key.region)["api"]
    assert told.status is past.status
    assert min(told.row, tries) == min(past.row, tries)
    assert told.changes_ms[-10:] == tuple(at for at in past.changes_ms if at > told.at_ms - 60 * MINUTE)[-10:]


def test_what_forks_other_regions_and_other_checks_say_counts_for_nothing() -> None:
    good = health_fact(LIKE, Judged(finding(Status.PASS, NOON)))
    others = [
        replace(health_fact(LIKE, Judged(finding(Status.FAIL, NOON + 1))), trust=Trust.FORK),
        health_fact(replace(LIKE, key=replace(LIKE.key, region="mars")), Judged(finding(Status.FAIL, NOON + 2))),
        replace(good, key=replace(good.key, stage="integrity")),
        replace(good, observed_at_ms=NOON + 3, details=(("verdict", "great"),)),
    ]
    assert pasts([*others, good], LIKE.pipeline, LIKE.key.region)["api"].status is Status.PASS
