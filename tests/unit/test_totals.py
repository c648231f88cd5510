"""Totals read from what the ledger keeps are the totals of all its facts."""

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
from lumen_action.model import Fact, Outcome
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold, state_of
from lumen_action.sli.rollup import Advanced
from lumen_action.totals import Totals

DAYS = [f"2026-01-0{day}" for day in range(1, 8)]
NOTE = f"rollup/{b'nightly'.hex()}"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Asked]:
    opened = Asked(tmp_path)
    yield opened
    opened.close()


def successes(read: Advanced) -> int:
    state = state_of({"nightly": read.tallied}, now_ms=NOON, calendar=Calendar())
    return state.pipelines["nightly"].regions["eu"].success


_facts = st.lists(
    st.builds(
        fact,
        stage=st.sampled_from(["build", "run"]),
        outcome=st.sampled_from([Outcome.SUCCESS, Outcome.FAILURE]),
        run=st.sampled_from("1234"),
        attempt=st.integers(1, 2),
        at=st.integers(NOON, NOON + 60 * HOUR),
        day=st.sampled_from(DAYS),
        pipeline=st.sampled_from(["nightly", "nightly", "release"]),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(_facts, st.lists(st.booleans(), min_size=25, max_size=25))
def test_whenever_they_are_kept_and_read_they_are_those_of_all_facts(facts: list[Fact], kept: list[bool]) -> None:
    with TemporaryDirectory() as folder:
        ledger = SqliteLedger(Path(folder) / "ledger.db", durable=True)
        for number, item in enumerate(facts):
            ledger.put(item)
            if kept[number]:
                totals = Totals(ledger, item.pipeline)
                totals.read(runs=number % 3)
                totals.keep_now()
        names = ledger.pipelines()
        said = state_of({n: Totals(ledger, n).read(runs=99).tallied for n in names}, now_ms=NOON, calendar=Calendar())
        assert said == fold(collect(ledger.scan()), now_ms=NOON, calendar=Calendar())
        ledger.close()


def test_only_days_to_which_facts_have_come_are_read_again(ledger: Asked) -> None:
    for number, day in enumerate(DAYS):
        ledger.put(fact(run=str(number), day=day))
    first = Totals(ledger, "nightly")
    assert successes(first.read()) == 7
    first.keep_now()
    ledger.days_read.clear()
    ledger.put(fact(run="late", day=DAYS[0]))
    ledger.put(fact(run="other", day=DAYS[1], pipeline="release"))
    again = Totals(ledger, "nightly")
    assert successes(again.read()) == 8
    assert successes(again.read()) == 8
    assert ledger.days_read == [DAYS[0]]


def test_the_last_days_are_read_whole_where_their_facts_are_asked_for(ledger: Asked) -> None:
    for number, day in enumerate(DAYS):
        ledger.put(fact(run=str(number), day=day))
    totals = Totals(ledger, "nightly")
    for _ in range(2):
        assert {item.day for item in totals.read(since_day=DAYS[5]).facts} == set(DAYS[5:])
    assert {run.day for run in totals.read(runs=3).runs} == set(DAYS[4:])


def test_they_are_kept_by_themselves_only_when_much_has_come(ledger: Asked) -> None:
    for number, day in enumerate(DAYS):
        assert ledger.note(NOTE) is None
        ledger.put(fact(run=str(number), day=day))
        totals = Totals(ledger, "nightly")
        totals.read()
        totals.keep()
    assert Totals(ledger, "nightly").known()
    assert not Totals(ledger, "release").known()


def test_what_another_has_kept_meanwhile_stays(ledger: Asked) -> None:
    ledger.put(fact())
    slow, fast = Totals(ledger, "nightly"), Totals(ledger, "nightly")
    slow.read()
    ledger.put(fact(run="2"))
    fast.read()
    fast.keep_now()
    kept = ledger.note(NOTE)
    slow.keep_now()
    assert ledger.note(NOTE) == kept


def test_what_is_damaged_is_counted_anew(ledger: Asked) -> None:
    ledger.put(fact())
    assert ledger.put_note(NOTE, b"damaged\n{}", expected=None)
    totals = Totals(ledger, "nightly")
    assert successes(totals.read()) == 1
    totals.keep_now()
    assert Totals(ledger, "nightly").known()
