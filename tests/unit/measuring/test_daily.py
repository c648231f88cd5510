"""Every day is reduced with all facts of its runs, and no day is read that is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from askedledger import Asked
from facts import HOUR, NOON, fact
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.measuring.daily import by_day
from lumen_action.measuring.events import runs_of
from lumen_action.model import Fact, Outcome, Trust

DAYS = [f"2026-01-{day:02}" for day in range(2, 20)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Asked]:
    opened = Asked(tmp_path)
    yield opened
    opened.close()


def on(day: int, *, run: str = "1", attempt: int = 1, outcome: Outcome = Outcome.SUCCESS, **more: str) -> Fact:
    at = NOON + day * 24 * HOUR + attempt
    return fact("run", outcome, run=run, attempt=attempt, at=at, day=DAYS[day], **more)


def told(facts: list[Fact]) -> list[tuple[str, str, int]]:
    return sorted((run.ref.run, run.day, len(run.facts)) for run in runs_of(facts))


def test_days_that_share_nothing_are_taken_one_by_one(ledger: Asked) -> None:
    for day in (3, 4, 5):
        ledger.put(on(day, run=str(day)))
    assert by_day(ledger, "nightly", DAYS[3:5], told) == [[("3", DAYS[3], 1)], [("4", DAYS[4], 1)]]


def test_only_the_days_of_interest_and_some_beside_are_read_each_once(ledger: Asked) -> None:
    for day in range(18):
        ledger.put(on(day, run=str(day)))
    by_day(ledger, "nightly", DAYS[5:8], told)
    assert ledger.days_read == DAYS[4:15]


def test_days_that_share_a_run_are_taken_together(ledger: Asked) -> None:
    for item in (on(3), on(5, attempt=2), on(4, run="other")):
        ledger.put(item)
    assert by_day(ledger, "nightly", DAYS[3:6], told) == [[("1", DAYS[3], 2)], [("other", DAYS[4], 1)]]


def test_a_run_that_goes_on_after_the_days_of_interest_is_whole(ledger: Asked) -> None:
    for item in (on(3), on(9, attempt=2)):
        ledger.put(item)
    assert by_day(ledger, "nightly", DAYS[3:4], told) == [[("1", DAYS[3], 2)]]


def test_a_run_that_began_long_before_is_looked_up_by_its_name(ledger: Asked) -> None:
    for item in (on(0), on(12, attempt=2), on(14, attempt=3), on(13, run="other"), on(1, pipeline="release")):
        ledger.put(item)
    days = by_day(ledger, "nightly", DAYS[12:15], told)
    assert days == [[("1", DAYS[0], 3)], [("other", DAYS[13], 1)]]


def test_nothing_is_looked_up_for_a_run_of_a_fork(ledger: Asked) -> None:
    for item in (on(11), fact("run", run="9", attempt=2, at=NOON, day=DAYS[11], trust=Trust.FORK)):
        ledger.put(item)
    by_day(ledger, "nightly", DAYS[11:12], told)
    assert ledger.days_read == [DAYS[11]]


def test_without_days_there_is_nothing(ledger: Asked) -> None:
    ledger.put(on(3))
    assert by_day(ledger, "nightly", DAYS[5:9], told) == by_day(ledger, "none", DAYS, told) == []
    assert by_day(ledger, "nightly", [], told) == []


class Whole:
    """A ledger that cannot say which days it has."""

    url, durable = "whole:", True

    def __init__(self, ledger: SqliteLedger) -> None:
        self.scan = ledger.scan


def attempts(run: str, pipeline: str, days: list[int]) -> list[Fact]:
    """Return a run that is tried again later and later."""
    told = enumerate(sorted(days), 1)
    return [on(day, run=run, attempt=number, pipeline=pipeline) for number, day in told]


_facts = st.lists(
    st.builds(
        attempts,
        st.sampled_from("123456"),
        st.sampled_from(["nightly", "nightly", "release"]),
        st.lists(st.integers(0, 6), max_size=4),
    ),
    max_size=6,
    unique_by=lambda facts: facts[0].key.run if facts else "",
).map(lambda runs: [item for facts in runs for item in facts])


@settings(max_examples=50, deadline=None)
@given(_facts, st.sets(st.sampled_from(DAYS[:7])))
def test_every_run_of_the_days_is_there_once_and_whole(facts: list[Fact], days: set[str]) -> None:
    with TemporaryDirectory() as folder:
        ledger = SqliteLedger(Path(folder) / "ledger.db", durable=True)
        for item in facts:
            ledger.put(item)
        expected = [row for row in told(list(ledger.scan(pipeline="nightly"))) if row[1] in days]
        for each in (ledger, Whole(ledger)):
            groups = by_day(each, "nightly", days, told)
            assert sorted(row for group in groups for row in group if row[1] in days) == expected
        ledger.close()
