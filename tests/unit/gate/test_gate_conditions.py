"""What has to hold beside the budgets: incidents, checks, tests."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import HOUR, NOON, fact

from lumen_action.companion.spread import claim_of_spread
from lumen_action.gate.conditions import State, check_passed, checks_in, no_open_incident, passing_tests
from lumen_action.gate.junit import Results
from lumen_action.incidents.facts import event_fact, opening_fact
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.words import Event, Severity
from lumen_action.incidents.words import State as Stands
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details


def told(name: str, severity: str = "", state: str = "", *, at: int = NOON, trust: Trust = Trust.TRUSTED) -> Fact:
    like = fact(f"{name}.{state}", kind=Kind.INCIDENT, at=at, trust=trust)
    return replace(like, details=details({"incident": name, "severity": severity, "state": state}))


def blocking(*facts: Fact, now: int = NOON + HOUR) -> list[str]:
    return [each.name for each in incidents_in(facts) if each.blocking and each.open_at(now)]


@pytest.mark.parametrize("severity", ["Sev1", "sev2", "SEV-2", "1", "sev01", "Sev2 (2026-01)"])
def test_the_two_worst_severities_hold_a_change_back(severity: str) -> None:
    assert blocking(told("INC-7", severity, "open")) == ["INC-7"]


@pytest.mark.parametrize("severity", ["Sev3", "sev4"])
def test_milder_ones_do_not(severity: str) -> None:
    assert blocking(told("INC-7", severity, "open")) == []


@pytest.mark.parametrize(
    "state", ["closed", "resolved", "postmortem", "false_alarm", "merged", "Resolved", "postmortem_done"]
)
def test_what_is_over_does_not(state: str) -> None:
    assert blocking(told("INC-7", "Sev1", "open"), told("INC-7", "Sev1", state, at=NOON + 1)) == []


def test_the_latest_fact_decides_in_whatever_order_they_are_read() -> None:
    facts = [
        told("INC-7", "Sev3", "open"),
        told("INC-7", "Sev1", "mitigated", at=NOON + 1),
        told("INC-7", state="", at=NOON + 2),
    ]
    for order in (facts, facts[::-1]):
        (found,) = incidents_in(order)
        assert (found.name, found.severity, found.state) == ("INC-7", Severity.SEV1, Stands.MITIGATED)
        assert (found.opened_ms, found.open_at(NOON + 90 * 24 * HOUR)) == (NOON, True)


def companion_fact() -> Fact:
    """What companions wrote before incidents had events."""
    return replace(claim_of_spread(fact(outcome=Outcome.FAILURE, kind=Kind.RERUN), "mark"), details=())


def test_an_incident_of_an_older_companion_is_open_for_a_day() -> None:
    opened = companion_fact()
    (found,) = incidents_in([opened])
    assert found.name == f"{opened.day}-{opened.key.stage}"
    assert blocking(opened, now=NOON + 24 * HOUR - 1) == [found.name]
    assert blocking(opened, now=NOON + 24 * HOUR) == []


def test_a_later_fact_may_close_what_the_companion_opened() -> None:
    opened = companion_fact()
    (found,) = incidents_in([opened])
    assert blocking(opened, told(found.name, "Sev2", "resolved", at=NOON + 1)) == []


def test_nothing_is_late_or_owed_of_what_no_times_are_known() -> None:
    (found,) = incidents_in([told("INC-7", "Sev1", "closed")])
    assert (found.breached(NOON + 99 * HOUR), found.postmortem_owed) == (False, False)


def test_what_gives_an_incident_its_place_is_none_itself() -> None:
    assert incidents_in([claim_of_spread(fact(outcome=Outcome.FAILURE, kind=Kind.RERUN), "mark")]) == ()


def test_one_with_events_blocks_until_it_is_resolved() -> None:
    opened = opening_fact(
        "nightly", "INC-8", day="2026-01-02", at_ms=NOON, severity=Severity.SEV2, sameness="a", generation=0, told={}
    )
    steps = [
        event_fact("nightly", "INC-8", event, day="2026-01-02", at_ms=NOON + at, mark=event.value, told={})
        for at, event in enumerate((Event.ACKNOWLEDGED, Event.MITIGATED, Event.RESOLVED), 1)
    ]
    assert blocking(opened, *steps[:2], now=NOON + 90 * 24 * HOUR) == ["INC-8"]
    assert blocking(opened, *steps) == []


def test_forks_open_none() -> None:
    assert blocking(told("INC-7", "Sev1", "open", trust=Trust.FORK)) == []


def test_open_incidents_are_named() -> None:
    found = no_open_incident(incidents_in([told("INC-7", "Sev1", "open"), told("INC-8", "Sev2", "open", at=NOON + 1)]))
    assert (found.state, found.found) == (State.FAILED, "2 incidents are open: Sev1 INC-7, Sev2 INC-8")
    assert no_open_incident([]).state is State.OK


@pytest.mark.parametrize(
    ("known", "state", "words"),
    [
        ({"eu": Outcome.SUCCESS, "us": Outcome.SUCCESS}, State.OK, "its latest outcome is success"),
        ({"eu": Outcome.FAILURE}, State.FAILED, "its latest outcome is failure"),
        ({"eu": Outcome.FAILURE, "us": Outcome.SUCCESS}, State.FAILED, "its latest outcome is failure in eu"),
        (
            {"us": Outcome.TIMEOUT, "eu": Outcome.FAILURE},
            State.FAILED,
            "its latest outcome is failure and timeout in eu, us",
        ),
        ({}, State.UNKNOWN, "nothing is recorded of it"),
    ],
)
def test_a_check_by_its_latest_outcome_in_every_region(known: dict[str, Outcome], state: State, words: str) -> None:
    found = check_passed("report", known)
    assert (found.state, found.found) == (state, words)


def check(outcome: Outcome, at: int, *, region: str = "eu", trust: Trust = Trust.TRUSTED) -> Fact:
    return fact("report", outcome, kind=Kind.CHECK, run=str(at), at=NOON + at, region=region, trust=trust)


def test_what_was_not_decided_and_what_a_fork_says_hides_no_failed_check() -> None:
    facts = [
        check(Outcome.FAILURE, 1),
        check(Outcome.SUCCESS, 0),
        check(Outcome.CANCELLED, 2),
        check(Outcome.SKIPPED, 3),
        check(Outcome.SUCCESS, 4, trust=Trust.FORK),
        check(Outcome.SUCCESS, 5, region="us"),
    ]
    assert checks_in(facts) == {"report": {"eu": Outcome.FAILURE, "us": Outcome.SUCCESS}}


@pytest.mark.parametrize(
    ("results", "missing", "state", "words"),
    [
        (Results(9, 0, 2), [], State.OK, "7 tests passed, 2 skipped"),
        (Results(9, 2, 0, ("a", "b")), [], State.FAILED, "2 of 9 tests failed: a, b"),
        (Results(9, 2, 0), ["x/*.xml"], State.FAILED, "2 of 9 tests failed"),
        (Results(9, 0, 0), ["x/*.xml"], State.UNKNOWN, "no file fits x/*.xml"),
        (Results(3, 0, 3), [], State.UNKNOWN, "no test ran, 3 skipped"),
        (Results(), [], State.UNKNOWN, "no test ran"),
        (
            Results(5, 0, 0, (), ("b.xml is no XML",)),
            [],
            State.FAILED,
            "b.xml is no XML (0 of 5 tests failed elsewhere)",
        ),
        (Results(0, 0, 0, (), ("b.xml is no XML",)), [], State.FAILED, "b.xml is no XML"),
        (Results(1), [], State.OK, "1 test passed"),
        (Results(1, 1), [], State.FAILED, "1 of 1 test failed"),
    ],
)
def test_results_of_tests(results: Results, missing: list[str], state: State, words: str) -> None:
    found = passing_tests(results, missing)
    assert (found.state, found.found) == (state, words)


def test_five_failed_tests_are_named_and_each_is_cut() -> None:
    names = tuple(f"{number}" + "x" * 300 for number in range(8))
    found = passing_tests(Results(8, 8, 0, names), []).found
    assert found.endswith(", and 3 more")
    assert max(map(len, found.split(": ")[1].split(", "))) == 120
