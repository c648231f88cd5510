"""Signatures whose retries do not help lose them, in the ledger that saw it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from facts import HOUR, NOON, fact

from lumen_action.demotions import demotions, last_days, renew_demotions, retry_facts
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome
from lumen_action.sli.days import Calendar

DAY_MS = 24 * HOUR
TODAY = "2026-01-02"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger(tmp_path / "ledger.db", durable=True)
    yield opened
    opened.close()


def retried(run: str, outcome: Outcome, day: str = TODAY) -> list[Fact]:
    asked = fact("upload", Outcome.FAILURE, run=run, kind=Kind.RERUN, day=day)
    asked = replace(asked, key=replace(asked.key, stage="upload.1"))
    return [asked, replace(fact("upload", outcome, run=run, at=NOON + 1, day=day), tries=2)]


def put(ledger: SqliteLedger, facts: list[Fact]) -> None:
    for item in facts:
        ledger.put(item)


def test_a_signature_that_never_helped_is_demoted_with_the_reason(ledger: SqliteLedger) -> None:
    for number in range(12):
        put(ledger, retried(str(number), Outcome.FAILURE))
    assert demotions(ledger) == {}
    found = renew_demotions(ledger, NOON, Calendar())
    assert found == {"network.any": "its retries helped 0 of 12 times"} == demotions(ledger)


def test_it_is_looked_at_once_a_day_and_gets_its_retries_back(ledger: SqliteLedger) -> None:
    for number in range(12):
        put(ledger, retried(str(number), Outcome.FAILURE))
    renew_demotions(ledger, NOON, Calendar())
    for number in range(20, 40):
        put(ledger, retried(str(number), Outcome.SUCCESS))
    assert renew_demotions(ledger, NOON + HOUR, Calendar())
    assert renew_demotions(ledger, NOON + DAY_MS, Calendar()) == {} == demotions(ledger)


def test_what_is_older_than_three_months_speaks_no_more(ledger: SqliteLedger) -> None:
    for number in range(12):
        put(ledger, retried(str(number), Outcome.FAILURE, day="2025-10-01"))
    assert renew_demotions(ledger, NOON, Calendar()) == {}


def test_only_facts_that_tell_of_retries_are_kept_in_memory(ledger: SqliteLedger) -> None:
    put(ledger, [*retried("1", Outcome.SUCCESS), fact(run="2"), fact("upload", Outcome.FAILURE, run="3")])
    put(ledger, [fact("build", run="1", leg="other"), fact(run="1")])
    days = last_days(TODAY, 3)
    assert days == ["2025-12-31", "2026-01-01", TODAY]
    # All failures of these tests have no fingerprint, which is one like any other.
    assert {item.key.run for item in retry_facts(ledger, days)} == {"1", "3"}
    assert retry_facts(ledger, days[:1]) == []
