"""What facts about silences come to: who wants which alerts quiet, and until when."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from facts import HOUR, NOON
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.incidents.silences import (
    FURTHEST_MS,
    LONGEST_MS,
    Silence,
    ending_fact,
    mirror_fact,
    setting_fact,
    silence_name,
    silences_in,
    spans_of,
)
from lumen_action.model import Fact, Trust
from lumen_action.model.fact import details

HELD = Silence("SIL-1", "nightly", "alice", "the database moves", NOON, NOON, NOON + 2 * HOUR, "2026-01-02")


def one(*facts: Fact) -> Silence:
    (found,) = silences_in(facts)
    return found


def retold(of: Fact, **told: str) -> Fact:
    return replace(of, details=details({**of.told, **told}))


def test_a_silence_is_read_back_as_it_was_set() -> None:
    some = replace(HELD, matchers='region=~"eu-.*"', from_ms=NOON + HOUR)

    assert one(setting_fact(HELD)) == HELD
    assert one(setting_fact(some)) == some


def test_it_holds_from_its_beginning_until_its_end() -> None:
    planned = replace(HELD, from_ms=NOON + HOUR)

    assert [planned.state(NOON + minutes * 60_000) for minutes in (0, 59, 60, 119, 120)] == [
        *("coming", "coming", "active", "active", "over")
    ]


def test_ended_early_it_is_over_at_once_and_only_the_first_end_counts() -> None:
    ends = [ending_fact(HELD, name, NOON + at) for name, at in (("bob", HOUR), ("carol", 90 * 60_000))]
    ended = one(setting_fact(HELD), *(replace(each, key=replace(each.key, stage=each.details[0][1])) for each in ends))

    assert (ended.over_ms, ended.ended_by, ended.state(NOON + HOUR)) == (NOON + HOUR, "bob", "over")


def test_one_that_is_ended_before_it_begins_never_holds() -> None:
    planned = replace(HELD, from_ms=NOON + HOUR)
    ended = one(setting_fact(planned), ending_fact(planned, "bob", NOON + 60_000))

    assert {ended.state(NOON + minutes * 60_000) for minutes in range(1, 180)} == {"over"}


def test_an_alertmanager_that_knows_it_is_remembered() -> None:
    told = [mirror_fact(HELD, "http://a.example", "1", NOON), mirror_fact(HELD, "http://b.example", "2", NOON)]

    assert dict(one(setting_fact(HELD), *told).mirrors) == {"http://a.example": "1", "http://b.example": "2"}


@pytest.mark.parametrize(
    "told",
    [
        {"reason": " "},
        {"author": ""},
        {"until_ms": str(NOON)},
        {"until_ms": str(NOON + LONGEST_MS + 1)},
        {"until_ms": "soon"},
        {"from_ms": str(NOON + FURTHEST_MS + 1), "until_ms": str(NOON + FURTHEST_MS + HOUR)},
        {"event": "ended"},
    ],
)
def test_a_fact_that_nobody_would_have_been_given_silences_nothing(told: dict[str, str]) -> None:
    assert silences_in([retold(setting_fact(HELD), **told)]) == ()


def test_what_a_fork_says_silences_nothing_and_ends_nothing() -> None:
    forked = replace(setting_fact(HELD), trust=Trust.FORK)
    end = replace(ending_fact(HELD, "mallory", NOON + 1), trust=Trust.FORK)

    assert silences_in([forked]) == ()
    assert one(setting_fact(HELD), end) == HELD


def test_it_does_not_reach_back_behind_the_moment_in_which_it_was_set() -> None:
    assert one(retold(setting_fact(HELD), from_ms=str(NOON - HOUR))).from_ms == NOON


def test_two_of_one_moment_have_different_names() -> None:
    assert silence_name(NOON, "a") != silence_name(NOON, "b")
    assert silence_name(NOON, "a").startswith("SIL-20260102-120000-")


_minutes = st.integers(0, 200)


@st.composite
def several(draw: st.DrawFn) -> list[Silence]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        start, length, ended = draw(_minutes), draw(st.integers(1, 60)), draw(st.none() | _minutes)
        begins, ends = NOON + start * 60_000, NOON + (start + length) * 60_000
        silence = Silence(f"SIL-{number}", "nightly", "alice", "move", NOON, begins, ends, "2026-01-02")
        found.append(
            replace(
                silence,
                matchers=draw(st.sampled_from(["", "", 'region="eu"'])),
                ended_ms=None if ended is None else NOON + ended * 60_000,
            )
        )
    return found


@given(several())
def test_the_spans_are_the_minutes_in_which_a_silence_of_the_whole_pipeline_holds(silences: list[Silence]) -> None:
    spans = spans_of(silences)
    for minute in range(270):
        at_ms = NOON + minute * 60_000
        quiet = any(each.holds(at_ms) for each in silences if each.whole)
        assert any(start <= at_ms < end for start, end in spans) is quiet
    assert all(before[1] < after[0] for before, after in pairwise(spans))


@given(st.permutations([*(ending_fact(HELD, "bob", NOON + HOUR),), setting_fact(HELD), setting_fact(HELD)]))
def test_order_and_copies_change_nothing(facts: list[Fact]) -> None:
    assert one(*facts) == replace(HELD, ended_ms=NOON + HOUR, ended_by="bob")
