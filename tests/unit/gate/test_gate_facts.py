"""Decisions and overrides as facts: what is kept, which override holds, and that no counter sees them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evaluatedslo import evaluated
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.gate.deciding import decide
from lumen_action.gate.facts import decision_fact, override_fact, overrides_in, revocation_fact, said_last
from lumen_action.gate.overriding import LONGEST_MS, Override, Overrides, asked_override, ended_now
from lumen_action.gate.policy import Change, Policy
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.fact import MAX_FACT_BYTES, details
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

GATE = fact("gate", kind=Kind.GATE)
BY_ALICE = Override("alice", "the fix must go out", NOON + 2 * HOUR)
DAY = 24 * HOUR


def given_at(at: int, override: Override = BY_ALICE, *, run: str = "1", trust: Trust = Trust.TRUSTED) -> Fact:
    return override_fact(fact("gate", kind=Kind.GATE, at=at, run=run, trust=trust), override)


def revoked_at(at: int, *, run: str = "2") -> Fact:
    return revocation_fact(fact("gate", kind=Kind.GATE, at=at, run=run), "bob", BY_ALICE)


def test_a_decision_tells_everything_that_an_audit_asks() -> None:
    decision = decide([evaluated(1000, 65)], [], Policy(), Overrides(), NOON, change=Change.FEATURE)
    kept = decision_fact(GATE, decision)
    assert kept.outcome is Outcome.FAILURE
    assert Fact.decode(kept.encode()) == kept
    assert {name: text for name, text in kept.told.items() if name != "recovers_at"} == {
        "decision": "block",
        "change": "feature",
        "reason": "the error budget of shop is used up: 65 bad events where 50 may be, 130 % of it",
        "overridden": "false",
        "objective": "shop",
        "used_percent": "130",
    }
    assert kept.told["recovers_at"].endswith("Z")


def test_the_longest_words_fit_a_fact() -> None:
    override = asked_override("훨" * 5000, "é" * 5000, "7d", NOON)
    assert override is not None
    kept = override_fact(GATE, override)
    assert len(kept.encode()) <= MAX_FACT_BYTES
    assert len(kept.told["reason"]) == 300


def test_the_same_step_twice_is_one_event() -> None:
    decision = decide([evaluated(1000, 65)], [], Policy(), Overrides(), NOON)
    first, again = decision_fact(GATE, decision), decision_fact(replace(GATE, observed_at_ms=NOON + 5), decision)
    assert (first.key, first.statement) == (again.key, again.statement)
    assert given_at(NOON).key != GATE.key
    assert given_at(NOON).key == given_at(NOON + 5).key
    assert given_at(NOON).key != given_at(NOON, replace(BY_ALICE, reason="another")).key


def test_an_override_holds_until_its_end() -> None:
    facts = [given_at(NOON)]
    assert overrides_in(facts, NOON + HOUR) == Overrides(BY_ALICE)
    assert overrides_in(facts, BY_ALICE.until_ms) == Overrides(None, BY_ALICE)
    assert overrides_in([], NOON) == Overrides()


def test_the_latest_that_has_not_ended_applies() -> None:
    longer = Override("bob", "still", NOON + DAY)
    later = given_at(NOON + 1, run="2")
    assert overrides_in([later, given_at(NOON, longer)], NOON + HOUR).active == BY_ALICE
    # The later one has ended, the earlier one has not.
    assert overrides_in([later, given_at(NOON, longer)], NOON + 3 * HOUR) == Overrides(longer, BY_ALICE)


def test_what_was_revoked_does_not_come_back() -> None:
    facts = [given_at(NOON), revoked_at(NOON + 1)]
    assert overrides_in(facts, NOON + HOUR) == Overrides(None, BY_ALICE, revoked=True)
    assert ended_now(overrides_in(facts[:1], NOON + HOUR)) == overrides_in(facts, NOON + HOUR)
    again = replace(BY_ALICE, reason="again")
    assert overrides_in([*facts, given_at(NOON + 2, again, run="3")], NOON + HOUR).active == again


def test_forks_and_other_facts_override_nothing() -> None:
    decision = decision_fact(GATE, decide([evaluated(1000, 65)], [], Policy(), Overrides(BY_ALICE), NOON))
    incident = replace(given_at(NOON), key=replace(GATE.key, kind=Kind.INCIDENT))
    unreadable = replace(given_at(NOON), details=(("override", "given"), ("until", "soon")))
    forks = given_at(NOON, trust=Trust.FORK)
    assert overrides_in([decision, incident, unreadable, forks], NOON + HOUR) == Overrides()


def by_hand(at: int = NOON, **told: str) -> Fact:
    """Return an override as somebody writes one past the gate."""
    words = {"override": "given", "author": "eve", "reason": "x", "until": "2026-01-02T14:00:00Z"} | told
    return replace(given_at(at), details=details(words))


@pytest.mark.parametrize(
    "told",
    [
        {"author": ""},
        {"reason": " "},
        {"until": ""},
        {"until": "2026-01-09T12:00:01Z"},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"until": "0001-01-01T00:00:00+23:59"},
    ],
)
def test_what_the_gate_would_not_have_taken_overrides_nothing(told: dict[str, str]) -> None:
    assert overrides_in([by_hand(**told)], NOON + HOUR) == Overrides()


def test_what_is_written_by_hand_is_cut_as_the_gate_does() -> None:
    found = overrides_in([by_hand(author="é" * 900, reason="x" * 900, until="2026-01-09T12:00:00Z")], NOON).active
    assert found == Override("é" * 100, "x" * 300, NOON + LONGEST_MS)


def test_a_clock_that_is_a_year_ahead_says_nothing_of_now() -> None:
    future = NOON + 365 * DAY
    told = given_at(future, replace(BY_ALICE, until_ms=future + HOUR))
    assert overrides_in([told], NOON) == Overrides()
    assert overrides_in([given_at(NOON), replace(revoked_at(NOON), observed_at_ms=future)], NOON).active == BY_ALICE


def test_whoever_speaks_of_an_override_does_so_after_all_who_did() -> None:
    ahead = given_at(NOON + HOUR)
    assert said_last([ahead, given_at(NOON + 365 * DAY), GATE], NOON) == NOON + HOUR + 1
    assert said_last([ahead], NOON + 2 * HOUR) == NOON + 2 * HOUR


EVENTS = st.lists(st.tuples(st.booleans(), st.integers(0, 10), st.integers(1, 10)), max_size=6)


@given(EVENTS, st.integers(0, 20), st.randoms())
def test_the_order_in_which_facts_are_read_does_not_matter(events, hours, chance) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    facts = [
        given_at(NOON + at * HOUR, Override("alice", str(number), NOON + (at + length) * HOUR), run=str(number))
        if gives
        else revoked_at(NOON + at * HOUR, run=str(number))
        for number, (gives, at, length) in enumerate(events)
    ]
    now = NOON + hours * HOUR
    found = overrides_in(facts, now)
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert overrides_in(shuffled, now) == found
    assert found.active is None or found.active.until_ms > now


@pytest.mark.parametrize(
    ("reason", "author", "until", "names"),
    [
        ("why", "", "", ["override-author", "override-until"]),
        ("", "alice", "", ["override-reason", "override-until"]),
        ("", "", "2h", ["override-reason", "override-author"]),
        ("why", " ", "2h", ["override-author"]),
    ],
)
def test_what_is_missing_is_named_at_once(reason: str, author: str, until: str, names: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        asked_override(reason, author, until, NOON)
    (problem,) = raised.value.problems
    assert problem.startswith(f"{', '.join(names)}: missing")
    assert all(f"`--{name} " in problem for name in names)


@pytest.mark.parametrize(
    ("until", "why"),
    [
        ("8d", "more than 7 days ahead"),
        ("2026-01-02T11:59:59Z", "lies in the past"),
        ("2027-01-01", "more than 7 days ahead"),
        ("soon", "is no time"),
        ("0h", "is no time"),
    ],
)
def test_an_end_that_is_none(until: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        asked_override("why", "alice", until, NOON)


@pytest.mark.parametrize(
    ("until", "hours"), [("2h", 2), ("3d", 72), ("7d", 168), ("2026-01-02T15:00:00Z", 3), ("2026-01-02T15:00+01:00", 2)]
)
def test_ends(until: str, hours: int) -> None:
    assert asked_override("why", "alice", until, NOON) == Override("alice", "why", NOON + hours * HOUR)


def test_nothing_asked_is_no_override() -> None:
    assert asked_override("", " ", "", NOON) is None


def test_no_counter_sees_the_facts_of_a_gate() -> None:
    runs = [fact("build", at=NOON - HOUR), fact(at=NOON - HOUR), fact(outcome=Outcome.FAILURE, run="2", at=NOON - 1)]
    decision = decide([evaluated(1000, 65)], [], Policy(), Overrides(), NOON)
    # A later day than the runs: a gate makes no day, no region, no run and no failure.
    gates = [
        replace(each, day="2026-01-03") for each in (decision_fact(GATE, decision), given_at(NOON), revoked_at(NOON))
    ]
    without, beside = (
        fold(collect(facts), now_ms=NOON + 3 * DAY, calendar=Calendar()) for facts in (runs, [*runs, *gates])
    )
    assert beside.pipelines == without.pipelines
    assert (beside.facts, without.facts) == (6, 3)
