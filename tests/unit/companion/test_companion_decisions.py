"""The pure parts of the companion: which failures, which decision, which claim, how far spread."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.ciapi.seen import Head, SeenJob, SeenRun
from lumen_action.companion.claims import HOLD_MS, LAPSE_MS, MOST_CLAIMS, claim_of, next_claim, stages, still_held
from lumen_action.companion.deciding import Course, decide_run, judge
from lumen_action.companion.guards import Scene, forbidden, refused
from lumen_action.companion.jobs import FailedJob, gated, runner_lost
from lumen_action.companion.spread import leading
from lumen_action.model import ErrorClass, Outcome, Scope, Verdict
from lumen_action.rerun import Policy
from lumen_action.sli.reconciling.ciruns import Job, Run, Step

RESET = Verdict(ErrorClass.NETWORK, "reset", "r", Scope.STEP, 0.95, fingerprint="r")
LIMITED = Verdict(ErrorClass.EXTERNAL_API, "rate_limit", "l", Scope.DELAYED, 0.95, retry_after_seconds=120)
LOST = Verdict(ErrorClass.ENVIRONMENT, "runner_lost", "x", Scope.JOB, 0.85, fingerprint="x")
BROKEN = Verdict(ErrorClass.BUILD, "compile", "b", Scope.NONE, 0.95, fingerprint="b")
UNKNOWN = Verdict(ErrorClass.UNKNOWN, "no_match", "", Scope.NONE, 0.0)
STALLED = Verdict(ErrorClass.ENVIRONMENT, "timeout_step", "s", Scope.NONE, 0.85)
TRANSIENT = (RESET, LIMITED, LOST)


def failed(verdict: Verdict | None, id_: int = 1) -> FailedJob:
    return FailedJob(id_, f"job {id_}", verdict, unread="" if verdict else "404")


def seen(name: str, seconds: int, *steps: Step) -> SeenJob:
    made = steps or (Step(1, "Set up job", "completed", "success"), Step(2, name, "completed", "failure"))
    return SeenJob(Job(1, "build", "completed", "failure", NOON, NOON, steps=made), "", {2: seconds})


@given(st.lists(st.sampled_from([*TRANSIENT, BROKEN, UNKNOWN, None]), max_size=8), st.integers(1, 4))
def test_a_run_is_run_again_only_when_each_failed_job_is_worth_it(verdicts: list[Verdict | None], number: int) -> None:
    jobs = [failed(verdict, at) for at, verdict in enumerate(verdicts)]
    decision = decide_run(judge(jobs, number, Policy(), lambda: 0.5, {}), 5, len(jobs))
    worth = bool(jobs) and len(jobs) <= 5 and number <= 2 and all(verdict in TRANSIENT for verdict in verdicts)
    assert (decision.course is Course.RERUN) is worth
    if worth:
        assert decision.delay_seconds == max(each.decision.delay_seconds for each in decision.judged)
    if len(jobs) > 5:
        assert decision.course is Course.INCIDENT


@pytest.mark.parametrize(
    ("verdict", "step", "seconds", "subclass", "scope"),
    [
        (RESET, "Run make fetch", 600, "reset", Scope.STEP),
        (RESET, "Run E2E Tests", 600, "timeout_step", Scope.NONE),
        (RESET, "Run E2E Tests", 60, "reset", Scope.STEP),
        (RESET, "Run E2E Tests", 601, "reset", Scope.STEP),
        (LOST, "Run E2E Tests", 600, "runner_lost", Scope.JOB),
        (UNKNOWN, "Install dependencies", 600, "timeout_step", Scope.JOB),
        (UNKNOWN, "Install dependencies", 599, "no_match", Scope.NONE),
        (UNKNOWN, "Set up and start the server", 600, "timeout_step", Scope.NONE),
        (STALLED, "Run actions/checkout@v5", 77, "timeout_step", Scope.JOB),
        (STALLED, "Deploy", 77, "timeout_step", Scope.NONE),
        (BROKEN, "Run actions/checkout@v5", 600, "compile", Scope.NONE),
    ],
)
def test_the_name_of_the_step_is_a_gate(verdict: Verdict, step: str, seconds: int, subclass: str, scope: Scope) -> None:
    weighed = gated(verdict, seen(step, seconds))
    assert (weighed.subclass, weighed.scope) == (subclass, scope)


@pytest.mark.parametrize(
    ("steps", "lost"),
    [
        ((Step(1, "a", "completed", "success"), Step(2, "b", "in_progress", "")), True),
        ((Step(1, "a", "completed", "success"), Step(2, "b", "completed", "")), True),
        ((Step(1, "a", "completed", "failure"), Step(2, "b", "in_progress", "")), False),
        ((Step(1, "a", "completed", "success"), Step(2, "b", "completed", "success")), False),
    ],
)
def test_a_job_that_ended_in_the_middle_of_a_step(steps: tuple[Step, ...], lost: bool) -> None:  # noqa: FBT001
    assert runner_lost(seen("", 0, *steps)) is lost


def test_an_incident_has_the_fingerprint_that_most_jobs_share() -> None:
    assert leading([failed(BROKEN), failed(RESET), failed(RESET), failed(None)]) == RESET
    assert leading([failed(None)]) is None


@given(st.lists(st.integers(0, 2 * LAPSE_MS), max_size=12))
def test_claims_follow_each_other_only_after_one_has_lapsed(pauses: list[int]) -> None:
    own = fact("run", Outcome.FAILURE)
    made, now = {}, NOON
    for pause in pauses:
        now += pause
        claim = next_claim(made, now)
        if claim.stage:
            assert claim.stage == stages()[len(made)]
            assert all(now - each.observed_at_ms >= LAPSE_MS for each in made.values())
            assert not any(still_held(each.observed_at_ms, now) for each in made.values())
            made[claim.stage] = replace(claim_of(own, claim.stage), observed_at_ms=now)
        else:
            assert made
            assert claim.for_later is (now - max(each.observed_at_ms for each in made.values()) < LAPSE_MS)
    assert len(made) <= MOST_CLAIMS
    assert len({each.key for each in made.values()}) == len(made)


def test_an_owner_lets_go_long_before_another_takes_over() -> None:
    assert HOLD_MS * 4 <= LAPSE_MS


def test_words_of_github_that_mean_a_missing_right_are_no_guard() -> None:
    assert refused("Resource not accessible by integration") is None
    new = refused("something new")
    assert new is not None
    assert new.guard == "refused"


def test_github_has_a_cap_of_its_own() -> None:
    run = Run("github.com", "o/a", 1, 51, "", "", "push", "completed", "failure", NOON, NOON, NOON)
    scene = Scene(SeenRun(run, Head("main", 5)), 51, NOON, 100)
    reason = forbidden(scene)
    assert reason is not None
    assert reason.guard == "fifty"
    assert forbidden(replace(scene, seen=SeenRun(replace(run, attempt=50), Head("main", 5)), number=50)) is None
