"""What a gate answers, from objectives, conditions, the kind of change and an override."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

import pytest
from evaluatedslo import COUNTS, DAY, HOUR, NOON, RUNS, evaluated
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.gate.conditions import Condition, State
from lumen_action.gate.deciding import GateDecision, Unmeasured, decide
from lumen_action.gate.overriding import Override, Overrides
from lumen_action.gate.policy import (
    NEVER_BLOCKED,
    Change,
    Freshness,
    Policy,
    Ruling,
    age,
    change_of,
    kinds_of,
    length_ms,
)
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule
from lumen_action.slo.evaluation import Evaluation, Judgement, Status
from lumen_action.slo.objective import CalendarWindow, Duration

HEALTHY = evaluated(1000, 3)
WARNING = evaluated(1000, 45)
SPENT = evaluated(1000, 65)
EXACTLY_SPENT = evaluated(1000, 50)
ONE_OF_SEVEN = evaluated(7, 1)
NOTHING = evaluated()
FAILED = Condition("tests", State.FAILED, "2 of 9 tests failed")
UNKNOWN = Condition("check integrity", State.UNKNOWN, "nothing is recorded of it")
FINE = Condition("incidents", State.OK, "no open incident of Sev1 or Sev2")
BY_ALICE = Override("alice", "the fix must go out", NOON + HOUR)


def gate(
    *evaluations: Evaluation,
    conditions: tuple[Condition, ...] = (),
    policy: Policy = Policy(),  # noqa: B008 - frozen
    change: Change = Change.FEATURE,
    overrides: Overrides = Overrides(),  # noqa: B008 - frozen
    unmeasured: tuple[Unmeasured, ...] = (),
) -> GateDecision:
    return decide(evaluations, conditions, policy, overrides, NOON, change=change, unmeasured=unmeasured)


@pytest.mark.parametrize(
    ("evaluation", "expected"),
    [
        (HEALTHY, Ruling.ALLOW),
        (WARNING, Ruling.WARN),
        (SPENT, Ruling.BLOCK),
        (EXACTLY_SPENT, Ruling.BLOCK),
        (ONE_OF_SEVEN, Ruling.INCONCLUSIVE),
        (NOTHING, Ruling.INCONCLUSIVE),
        (evaluated(7, 0), Ruling.INCONCLUSIVE),
        (evaluated(20, 0), Ruling.ALLOW),
        (evaluated(3, 3, 0.9), Ruling.BLOCK),
    ],
)
def test_a_feature_by_what_is_left_of_the_budget(evaluation: Evaluation, expected: Ruling) -> None:
    assert gate(evaluation).ruling is expected


def test_the_seeds_sample_blocks_and_says_by_how_much() -> None:
    decision = gate(evaluated(1000, 65, name="reward stability"))
    assert decision.reason == (
        "the error budget of reward stability is used up: 65 bad events where 50 may be, 130 % of it"
    )
    assert not decision.allowed


def test_a_budget_under_one_event_that_chance_may_have_broken_says_nothing() -> None:
    assert (ONE_OF_SEVEN.status, ONE_OF_SEVEN.judgement) == (Status.EXHAUSTED, Judgement.NOT_ENOUGH_EVIDENCE)
    assert gate(ONE_OF_SEVEN).reason == "shop allows under one bad event and had 1 of 7: that may be chance"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change.FEATURE, Ruling.BLOCK),
        (Change.FIX, Ruling.WARN),
        (Change.SECURITY, Ruling.ALLOW),
        (Change.REVERT, Ruling.ALLOW),
    ],
)
def test_a_spent_budget_by_the_kind_of_change(change: Change, expected: Ruling) -> None:
    assert gate(SPENT, change=change).ruling is expected


def test_a_team_may_say_otherwise_of_each_kind() -> None:
    policy = Policy(kinds_of({"feature": "warn", "hotfix": "block", "rollback": "warn"}))
    answers = {change: gate(SPENT, policy=policy, change=change).ruling for change in Change}
    assert answers == {
        Change.FEATURE: Ruling.WARN,
        Change.FIX: Ruling.BLOCK,
        Change.SECURITY: Ruling.ALLOW,
        Change.REVERT: Ruling.WARN,
    }


@pytest.mark.parametrize(
    "words", [{"security": "block"}, {"rollback": "block"}, {"fix": "inconclusive"}, {"x": "warn"}]
)
def test_no_team_can_block_what_makes_things_safer(words: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"never blocked|is not a valid"):
        kinds_of(words)


def test_a_security_change_is_told_what_a_feature_would_have_been() -> None:
    decision = gate(SPENT, change=Change.SECURITY)
    assert decision.reason.endswith("; a security change is never held back by it, a feature would be blocked")
    assert decision.reasons[0].otherwise is Ruling.BLOCK


def test_a_fix_is_told_that_it_may_pass() -> None:
    assert gate(SPENT, change=Change.FIX).reason.endswith("; a fix may pass, a feature would be blocked")


@pytest.mark.parametrize(
    ("word", "change"), [("bugfix", "fix"), ("hotfix", "fix"), ("rollback", "revert"), ("fix", "fix")]
)
def test_kinds_have_other_names(word: str, change: str) -> None:
    assert change_of(word) == change


def test_the_worst_wins_and_all_reasons_are_told_the_worst_first() -> None:
    spent, low, fine = (evaluated(1000, bad, name=name) for bad, name in ((65, "spent"), (45, "low"), (3, "fine")))
    decision = gate(fine, low, spent, evaluated(name="empty"))
    assert [reason.ruling for reason in decision.reasons] == [
        Ruling.BLOCK,
        Ruling.INCONCLUSIVE,
        Ruling.WARN,
        Ruling.ALLOW,
    ]
    assert decision.ruling is Ruling.BLOCK
    assert decision.worst is spent


def test_among_equals_the_one_with_the_least_left_speaks() -> None:
    least = evaluated(1000, 30, name="least")
    decision = gate(HEALTHY, least)
    assert (decision.reason, decision.worst) == ("least has 40 % of its error budget left", least)


def test_few_events_say_nothing_unless_the_team_says_they_are_enough() -> None:
    few = evaluated(12, 0)
    assert gate(few).reason == "shop has 12 events where it takes 20: below that a single failure breaks its promise"
    assert gate(few, policy=Policy(min_events=10)).ruling is Ruling.ALLOW
    assert gate(HEALTHY, policy=Policy(min_events=2000)).ruling is Ruling.INCONCLUSIVE
    assert gate(WARNING, policy=Policy(min_events=2000)).ruling is Ruling.INCONCLUSIVE


def test_the_plan_counts_in_a_calendar_window_only() -> None:
    month = CalendarWindow(Duration(1, "M"), datetime(2026, 1, 1), "UTC")  # noqa: DTZ001 - as a clock shows it
    assert gate(evaluated(4, 0, window=month, planned=31)).ruling is Ruling.ALLOW
    assert gate(evaluated(4, 0, window=month)).ruling is Ruling.INCONCLUSIVE
    assert gate(evaluated(4, 0, planned=31)).ruling is Ruling.INCONCLUSIVE


def test_old_data_says_nothing() -> None:
    old = evaluated(1000, 3, ago=3 * DAY)
    assert gate(old).reason == "shop: data is 3 days old, at most 48 hours are allowed"
    assert gate(old, policy=Policy(freshness=Freshness(4 * DAY))).ruling is Ruling.ALLOW
    assert gate(HEALTHY, policy=Policy(freshness=Freshness(HOUR))).ruling is Ruling.INCONCLUSIVE


def test_old_data_of_a_spent_budget_does_not_unblock() -> None:
    decision = gate(evaluated(1000, 65, ago=3 * DAY))
    assert [reason.ruling for reason in decision.reasons] == [Ruling.BLOCK, Ruling.INCONCLUSIVE]


def test_with_a_schedule_data_is_old_when_a_run_is_overdue() -> None:
    weekdays = Schedule(times=(time(10, 0),), holidays=frozenset({"2026-03-03"}), patience_minutes=60)
    plan = Freshness(None, "nightly", lambda since: weekdays.next_deadline_ms(since, Calendar()))
    # The last run was on Monday 2026-03-02 at 11:00; Tuesday is a holiday, today's is due at 11:00, and it is noon.
    late = evaluated(1000, 3, source=RUNS, ago=2 * DAY + HOUR)
    assert gate(late, policy=Policy(freshness=plan)).reason == (
        "shop: data is 2 days old: a run that was due 1 hour ago is missing"
    )
    assert gate(evaluated(1000, 3, source=RUNS, ago=HOUR), policy=Policy(freshness=plan)).ruling is Ruling.ALLOW
    patient = replace(weekdays, patience_minutes=180)
    waiting = Freshness(None, "nightly", lambda since: patient.next_deadline_ms(since, Calendar()))
    assert gate(late, policy=Policy(freshness=waiting)).ruling is Ruling.ALLOW
    # The schedule is the pipeline's, not that of counts or of another pipeline.
    for source in (COUNTS, replace(RUNS, pipeline="other")):
        other = evaluated(1000, 3, source=source, ago=2 * DAY + HOUR)
        assert "48 hours" in gate(other, policy=Policy(freshness=plan)).reason


def test_a_source_that_did_not_answer_is_told_and_says_nothing() -> None:
    decision = gate(HEALTHY, unmeasured=(Unmeasured("api", "prometheus.example did not answer"),))
    assert (decision.ruling, decision.reason) == (
        Ruling.INCONCLUSIVE,
        "api could not be measured: prometheus.example did not answer",
    )


def test_fail_closed_makes_a_block_of_what_cannot_be_said() -> None:
    decision = gate(NOTHING, policy=Policy(fails_closed=True))
    assert (decision.ruling, decision.closed) == (Ruling.BLOCK, True)
    assert decision.reason == (
        "nothing can be said, and that blocks here (on-inconclusive: fail-closed): shop has no data in its window"
    )


@pytest.mark.parametrize("change", sorted(NEVER_BLOCKED))
def test_fail_closed_never_blocks_what_makes_things_safer(change: Change) -> None:
    assert gate(NOTHING, policy=Policy(fails_closed=True), change=change).ruling is Ruling.INCONCLUSIVE


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change.FEATURE, Ruling.BLOCK),
        (Change.FIX, Ruling.BLOCK),
        (Change.SECURITY, Ruling.WARN),
        (Change.REVERT, Ruling.WARN),
    ],
)
def test_a_failed_condition_by_the_kind_of_change(change: Change, expected: Ruling) -> None:
    decision = gate(HEALTHY, conditions=(FINE, FAILED), change=change)
    assert decision.ruling is expected
    assert decision.reason.startswith("tests: 2 of 9 tests failed")


def test_an_unknown_condition_says_nothing() -> None:
    assert gate(HEALTHY, conditions=(UNKNOWN,)).ruling is Ruling.INCONCLUSIVE


def test_conditions_alone_are_a_gate() -> None:
    decision = gate(conditions=(FINE,))
    assert (decision.ruling, decision.worst, decision.burn, decision.recovers_ms) == (Ruling.ALLOW, None, None, None)


def test_an_override_makes_a_warning_of_a_block() -> None:
    decision = gate(SPENT, overrides=Overrides(BY_ALICE))
    assert (decision.ruling, decision.overridden, decision.allowed) == (Ruling.WARN, True, True)
    assert decision.reason.startswith("overridden by alice until 2026-03-04T13:00:00Z (the fix must go out): the error")


def test_an_override_passes_what_fail_closed_would_block() -> None:
    decision = gate(NOTHING, policy=Policy(fails_closed=True), overrides=Overrides(BY_ALICE))
    assert (decision.ruling, decision.overridden) == (Ruling.WARN, True)


@pytest.mark.parametrize("evaluation", [HEALTHY, WARNING, NOTHING])
def test_an_override_changes_nothing_else(evaluation: Evaluation) -> None:
    plain, overridden = gate(evaluation), gate(evaluation, overrides=Overrides(BY_ALICE))
    assert (overridden.ruling, overridden.reason, overridden.overridden) == (plain.ruling, plain.reason, False)


def test_an_override_that_ended_is_mentioned_and_does_nothing() -> None:
    decision = gate(SPENT, overrides=Overrides(None, replace(BY_ALICE, until_ms=NOON - HOUR)))
    assert decision.ruling is Ruling.BLOCK
    assert decision.reason.endswith("; the override by alice ended at 2026-03-04T11:00:00Z")


def test_the_last_of_the_spent_budgets_says_when_all_are_back() -> None:
    early, late = evaluated(1000, 65, ago=20 * DAY), evaluated(1000, 65, ago=10 * DAY, name="late")
    assert gate(early, late, HEALTHY).recovers_ms == late.outlook.recovers_ms
    assert late.outlook.recovers_ms is not None
    assert gate(HEALTHY).recovers_ms is None


def test_the_burn_is_the_highest_of_the_last_hours() -> None:
    assert gate(evaluated(100, 5, ago=2 * HOUR)).burn == pytest.approx(1.0)
    assert gate(evaluated(100, 5, ago=7 * HOUR)).burn is None


@pytest.mark.parametrize(
    ("text", "ms"), [("90m", 5_400_000), ("36h", 36 * HOUR), ("3d", 3 * DAY), ("0h", None), ("2w", None)]
)
def test_lengths_of_time(text: str, ms: int | None) -> None:
    assert length_ms(text) == ms


@pytest.mark.parametrize(
    ("ms", "words"), [(0, "0 minutes"), (HOUR, "1 hour"), (2 * DAY, "48 hours"), (3 * DAY, "3 days"), (-5, "0 minutes")]
)
def test_ages_in_words(ms: int, words: str) -> None:
    assert age(ms) == words


KINDS = st.sampled_from([HEALTHY, WARNING, SPENT, EXACTLY_SPENT, ONE_OF_SEVEN, NOTHING])
CONDITIONS = st.sampled_from([FAILED, UNKNOWN, FINE])


@given(
    st.lists(KINDS, max_size=4),
    st.lists(CONDITIONS, max_size=3),
    st.sampled_from(Change),
    st.booleans(),
    st.sampled_from([Overrides(), Overrides(BY_ALICE)]),
)
def test_whatever_is_found(
    evaluations: list[Evaluation],
    conditions: list[Condition],
    change: Change,
    fails_closed: bool,  # noqa: FBT001
    overrides: Overrides,
) -> None:
    def decided(given: Overrides) -> GateDecision:
        return decide(evaluations, conditions, Policy(fails_closed=fails_closed), given, NOON, change=change)

    decision, without = decided(overrides), decided(Overrides())
    weights = [reason.ruling.weight for reason in decision.reasons]
    assert weights == sorted(weights, reverse=True)
    assert decision.reason
    if change in NEVER_BLOCKED or overrides.active:
        assert decision.allowed
    assert decision.overridden == (not without.allowed and overrides.active is not None)
    if not fails_closed and not overrides.active:
        assert decision.ruling.weight == weights[0]
    # One more finding never makes an answer milder.
    more = decide(
        [*evaluations, SPENT], conditions, Policy(fails_closed=fails_closed), Overrides(), NOON, change=change
    )
    assert more.ruling.weight >= without.ruling.weight
