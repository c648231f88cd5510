"""Counting again only the days that facts have come to gives what counting everything gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import ErrorClass, Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold, state_of
from lumen_action.sli.rollup import DayByDay, Rollup, advance
from lumen_action.sli.rollupfile import decode, encode
from lumen_action.sli.state import State

DAYS = [f"2026-01-0{day}" for day in range(1, 6)]
LATER = NOON + 90 * HOUR

_found = st.sampled_from([{}, {"verdict": "ok", "level": "2"}, {"verdict": "missing", "level": "-1"}])


def told(of: Fact, found: dict[str, str]) -> Fact:
    return replace(of, details=details(found)) if of.key.kind is Kind.CHECK else of


_facts = st.lists(
    st.builds(
        told,
        st.builds(
            fact,
            stage=st.sampled_from(["build", "test", "run"]),
            outcome=st.sampled_from(list(Outcome)),
            run=st.sampled_from("123456"),
            region=st.sampled_from(["eu", "ap"]),
            attempt=st.integers(1, 3),
            leg=st.sampled_from(["", "a"]),
            at=st.integers(NOON, NOON + 60 * HOUR),
            day=st.sampled_from(DAYS),
            cause=st.sampled_from(list(ErrorClass)),
            kind=st.sampled_from([None, None, None, Kind.CHECK, Kind.CONFLICT, Kind.MISSING, Kind.DAY, Kind.RERUN]),
            tries=st.integers(1, 4),
            trust=st.sampled_from([Trust.TRUSTED, Trust.TRUSTED, Trust.FORK]),
        ),
        _found,
    ),
    max_size=40,
)


class Growing:
    """A ledger of one pipeline that remembers what it was asked for."""

    def __init__(self) -> None:
        self.facts: dict[object, Fact] = {}
        self.asked: list[str] = []

    def take(self, facts: Iterable[Fact]) -> set[str]:
        came = [each for each in facts if self.facts.setdefault(each.key, each) is each]
        return {each.day for each in came}

    def of_day(self, day: str) -> list[Fact]:
        self.asked.append(day)
        return [each for each in self.facts.values() if each.day == day]

    def counted_whole(self) -> State:
        return fold(collect(self.facts.values()), now_ms=LATER, calendar=Calendar())


@given(_facts, st.lists(st.integers(0, 40), max_size=4))
def test_days_counted_again_as_facts_come_are_days_counted_at_once(facts: list[Fact], cuts: list[int]) -> None:
    ledger, rollup = Growing(), Rollup()
    bounds = [0, *sorted(cuts), len(facts)]
    for start, end in pairwise(bounds):
        rollup = advance(rollup, ledger.take(facts[start:end]), ledger.of_day).rollup
    tallied = advance(rollup, {each.day for each in ledger.facts.values()}, ledger.of_day).tallied
    assert dict(tallied.days) == dict(rollup.days)
    counted = state_of({"nightly": tallied} if facts else {}, now_ms=LATER, calendar=Calendar())
    assert counted == ledger.counted_whole()


@given(_facts)
def test_days_counted_one_by_one_are_days_counted_at_once(facts: list[Fact]) -> None:
    ledger = Growing()
    days, counting = sorted(ledger.take(facts)), DayByDay()
    for day in days:
        counting.take(day, ledger.of_day(day))
    assert counting.rollup("7", ledger.of_day) == advance(Rollup(mark="7"), days, ledger.of_day).rollup


@given(_facts)
def test_a_rollup_is_read_back_as_it_was_written(facts: list[Fact]) -> None:
    ledger = Growing()
    rollup = advance(Rollup(mark="17"), ledger.take(facts), ledger.of_day).rollup
    assert decode(encode(rollup)) == rollup


@pytest.mark.parametrize("place", [0, 70, -1])
def test_a_damaged_rollup_is_none(place: int) -> None:
    ledger = Growing()
    written = bytearray(encode(advance(Rollup(), ledger.take([fact()]), ledger.of_day).rollup))
    written[place] ^= 1
    assert decode(bytes(written)) is None
    assert decode(b"") is None


def test_only_the_days_are_read_that_facts_have_come_to() -> None:
    ledger = Growing()
    old = [fact(run=str(number), day=day) for number, day in enumerate(DAYS)]
    rollup = advance(Rollup(), ledger.take(old), ledger.of_day).rollup
    ledger.asked.clear()
    advance(rollup, ledger.take([fact(run="9", day=DAYS[4])]), ledger.of_day)
    assert ledger.asked == [DAYS[4]]


def test_a_run_with_facts_of_two_days_brings_both_to_be_counted() -> None:
    ledger = Growing()
    first = [fact("build", run="1", day=DAYS[0]), fact(run="2", day=DAYS[1], at=NOON + 24 * HOUR)]
    rollup = advance(Rollup(), ledger.take(first), ledger.of_day).rollup
    ledger.asked.clear()
    late = fact(run="1", day=DAYS[1], at=NOON + 25 * HOUR)
    grown = advance(rollup, ledger.take([late]), ledger.of_day)
    assert sorted(ledger.asked) == DAYS[:2]
    assert {day: tallied.regions["eu"].runs for day, tallied in grown.rollup.days.items()} == {DAYS[0]: 1, DAYS[1]: 1}
    ledger.asked.clear()
    again = ledger.take([fact(run="3", day=DAYS[1])])
    advance(grown.rollup, again, ledger.of_day)
    assert sorted(ledger.asked) == DAYS[:2], "the days stay linked"


def test_the_last_days_with_enough_runs() -> None:
    ledger = Growing()
    runs = [fact(run=f"{day}-{number}", day=day) for day in DAYS for number in range(2)]
    rollup = advance(Rollup(), ledger.take(runs), ledger.of_day).rollup
    assert rollup.newest_days(0) == set()
    assert rollup.newest_days(3) == set(DAYS[3:])
    assert rollup.newest_days(100) == set(DAYS)
