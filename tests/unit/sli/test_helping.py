"""What came of each retry, and when a signature has lost the right to one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.sli.helping import Help, demoted, help_by_signature, retries_in

S, F = Outcome.SUCCESS, Outcome.FAILURE
DAY_MS = 24 * HOUR
MINUTE = 60_000


def tried(number: int, *, run: str = "1", at: int = NOON, fingerprint: str = "f1") -> Fact:
    """Return the fact of a failed try that another one follows."""
    made = fact("upload", F, run=run, at=at, kind=Kind.RERUN)
    failure = replace(made.failure, fingerprint=fingerprint) if made.failure else None
    key = replace(made.key, stage=f"upload.{number}")
    return replace(made, key=key, tries=number, failure=failure, duration_ms=MINUTE)


def ended(outcome: Outcome, tries: int, *, run: str = "1", at: int = NOON + 1) -> Fact:
    return replace(fact("upload", outcome, run=run, at=at), tries=tries, duration_ms=2 * MINUTE)


def asked(attempt: int, *, run: str = "1", at: int = NOON) -> Fact:
    """Return the fact that a run was to run again."""
    made = fact("run", F, run=run, attempt=attempt, at=at, region="", kind=Kind.RERUN)
    return replace(made, key=replace(made.key, job=""))


def whole(outcome: Outcome, attempt: int, *, run: str = "1", region: str = "eu", leg: str = "") -> Fact:
    made = fact("run", outcome, run=run, attempt=attempt, region=region, leg=leg, at=NOON + attempt)
    return replace(made, duration_ms=10 * MINUTE)


def one(*facts: Fact) -> Help:
    [found] = help_by_signature(retries_in(facts))
    return found


def test_a_retry_in_its_step_that_helped_saves_running_the_job_again() -> None:
    found = one(tried(1), ended(S, 2), whole(S, 1))
    assert (found.tried, found.helped, found.saved_ms, found.wasted_ms) == (1, 1, 10 * MINUTE, 0)


def test_of_two_retries_the_first_was_in_vain_when_the_second_helped() -> None:
    found = one(tried(1), tried(2, at=NOON + 1), ended(S, 3, at=NOON + 2))
    assert (found.tried, found.helped, found.wasted_ms) == (2, 1, MINUTE)


def test_a_stage_that_failed_in_the_end_was_tried_in_vain() -> None:
    found = one(tried(1), ended(F, 2))
    assert (found.tried, found.helped, found.wasted_ms) == (1, 0, 2 * MINUTE)


def test_what_nobody_told_yet_is_undecided() -> None:
    found = one(tried(1))
    assert (found.tried, found.undecided) == (0, 1)
    assert one(asked(2), whole(F, 1)).undecided == 1


def test_a_run_that_was_good_when_it_ran_again_kept_the_legs_that_were_good_before() -> None:
    found = one(asked(2), whole(F, 1, leg="a"), whole(S, 1, leg="b", region="ap"), whole(S, 2, leg="a"))
    assert (found.tried, found.helped, found.saved_ms) == (1, 1, 10 * MINUTE)


def test_a_run_that_two_companions_asked_for_ran_again_once() -> None:
    second = replace(asked(2, at=NOON + 1), key=replace(asked(2).key, stage="run.2"))
    assert one(asked(2), second, whole(F, 1), whole(S, 2)).tried == 1


def test_a_run_that_failed_again_wasted_its_time() -> None:
    found = one(asked(2), whole(F, 1), whole(F, 2))
    assert (found.tried, found.helped, found.wasted_ms) == (1, 0, 10 * MINUTE)


@pytest.mark.parametrize(("days", "masked"), [(1, 1), (8, 0)])
def test_the_same_failure_soon_after_in_another_run_was_masked(days: int, masked: int) -> None:
    again = tried(1, run="2", at=NOON + days * DAY_MS)
    failed = replace(ended(F, 2, run="2", at=NOON + days * DAY_MS), failure=again.failure)
    found = one(tried(1), ended(S, 2), again, failed)
    assert (found.helped, found.masked) == (1, masked)


def test_what_a_fork_retries_proves_nothing() -> None:
    assert retries_in([replace(tried(1), trust=Trust.FORK), ended(S, 2)]) == []


def test_facts_in_any_order_and_number_of_copies_tell_the_same() -> None:
    facts = [tried(1), tried(2, at=NOON + 1), ended(S, 3, at=NOON + 2), asked(2, run="7"), whole(F, 2, run="7")]
    assert retries_in(facts) == retries_in([*reversed(facts), *facts])


@pytest.mark.parametrize(("helped", "tried_", "lost"), [(0, 12, True), (0, 11, False), (1, 20, True), (5, 20, False)])
def test_a_signature_loses_its_retries_when_at_best_every_fourth_helps(helped: int, tried_: int, lost: bool) -> None:  # noqa: FBT001
    words = demoted([Help("curl-dns", "network/dns", tried_, helped)])
    assert words == ({"curl-dns": f"its retries helped {helped} of {tried_} times"} if lost else {})


@given(st.integers(0, 60), st.integers(0, 60))
def test_more_help_never_costs_a_signature_its_retries(helped: int, vain: int) -> None:
    before = Help("s", "network/dns", helped + vain, helped)
    after = Help("s", "network/dns", helped + vain + 1, helped + 1)
    assert 0 <= before.at_most <= 1
    assert before.in_vain or not after.in_vain
