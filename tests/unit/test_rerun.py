from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import Action, ErrorClass, Outcome, Scope, Verdict
from lumen_action.rerun import Attempt, Policy, decide, without_failure

DNS = Verdict(ErrorClass.NETWORK, "dns", "curl.dns", Scope.STEP, 0.9)
EXPIRED = Verdict(
    ErrorClass.TOKEN_EXPIRED, "secret_expired", "x", Scope.NONE, 0.9, hint="Renew the token in the settings."
)
UNKNOWN = Verdict(ErrorClass.UNKNOWN, "no_match", "", Scope.NONE, 0.0)


def never() -> float:
    raise AssertionError("a single leg draws no lot")


@pytest.mark.parametrize(
    ("scope", "action"),
    [(Scope.STEP, Action.RETRY_NOW), (Scope.JOB, Action.RERUN_LATER), (Scope.DELAYED, Action.RERUN_LATER)],
)
def test_the_scope_says_where_to_try_again(scope: Scope, action: Action) -> None:
    assert decide(replace(DNS, scope=scope), Attempt(), Policy(), never).action is action


def test_two_retries_after_5_and_30_seconds_and_no_third() -> None:
    decisions = [decide(DNS, Attempt(number), Policy(), never) for number in (1, 2, 3)]
    assert [(d.rerun, d.delay_seconds, d.attempts_left) for d in decisions] == [
        (True, 5, 2),
        (True, 30, 1),
        (False, 0, 0),
    ]
    assert decisions[2].action is Action.TICKET
    assert "all 2 retries are used" in decisions[2].reason


def test_a_permanent_failure_is_a_ticket_with_the_cure() -> None:
    decision = decide(EXPIRED, Attempt(), Policy(), never)
    assert decision.action is Action.TICKET
    assert not decision.rerun
    assert (
        decision.reason == "not retried: `token_expired/secret_expired` is permanent; renew the token in the settings."
    )


def test_an_unknown_failure_is_never_retried_blindly() -> None:
    decision = decide(UNKNOWN, Attempt(), Policy(), never)
    assert not decision.rerun
    assert "says nothing about the cause" in decision.reason


def test_the_time_a_service_names_is_honoured() -> None:
    limited = replace(DNS, scope=Scope.DELAYED, retry_after_seconds=90)
    assert decide(limited, Attempt(), Policy(), never).delay_seconds == 90
    assert decide(replace(limited, retry_after_seconds=None), Attempt(), Policy(), never).delay_seconds == 60
    too_long = decide(replace(limited, retry_after_seconds=9000), Attempt(), Policy(), never)
    assert not too_long.rerun
    assert "only after 9000 s" in too_long.reason


@given(st.floats(0, 1))
def test_legs_that_fail_together_are_spread_over_the_delay(chance: float) -> None:
    assert 1 <= decide(DNS, Attempt(several_legs=True), Policy(), lambda: chance).delay_seconds <= 5


def test_a_team_may_turn_a_subclass_or_a_class() -> None:
    policy = Policy(scopes={"network/dns": Scope.NONE, "network": Scope.JOB})
    assert not decide(DNS, Attempt(), policy, never).rerun
    assert decide(replace(DNS, subclass="reset"), Attempt(), policy, never).scope is Scope.JOB


def test_no_retries_means_none() -> None:
    assert not decide(DNS, Attempt(), Policy(max_retries=0), never).rerun


@pytest.mark.parametrize("outcome", [Outcome.SUCCESS, Outcome.SKIPPED, Outcome.CANCELLED])
def test_what_did_not_fail_needs_nothing(outcome: Outcome) -> None:
    assert without_failure(outcome).action is Action.NOTHING
    assert not without_failure(outcome).rerun
