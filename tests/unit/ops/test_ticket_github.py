"""Tickets as GitHub issues, against a stand-in that knows what GitHub's own description says, and every fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from facts import HOUR
from githubapi import GitHubApi, Trouble
from ticketteam import DRAFT, GitHubTeam
from ticketworld import DAY, failed

from lumen_action.http import Timing
from lumen_action.model import Outcome
from lumen_action.ops.tickets import BusyError, DeclinedError, NotAllowedError, UnsureError
from lumen_action.ops.tickets.deciding import GRACE_MS, Move
from lumen_action.ops.tickets.pacing import Pace
from lumen_action.ops.tickets.writing import marker

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def team() -> Iterator[GitHubTeam]:
    with GitHubApi().serving() as api:
        yield GitHubTeam(api)


def test_an_issue_has_labels_text_and_assignees(team: GitHubTeam) -> None:
    team.issues.assignable = {"alice"}
    team.assignees = ("alice",)
    team.fails()
    assert team.moves() == [Move.OPEN]
    (issue,) = team.issues.open
    assert [label["name"] for label in issue["labels"]] == ["lumen", "build", "lumen-fp-0123456789ab"]
    assert [person["login"] for person in issue["assignees"]] == ["alice"]
    assert "Seen in **1** run" in issue["body"]


def test_whoever_cannot_be_assigned_does_not_prevent_the_issue(team: GitHubTeam) -> None:
    team.assignees = ("gone",)
    team.fails()
    assert team.moves() == [Move.OPEN]
    assert [issue["assignees"] for issue in team.issues.open] == [[]]


def test_its_life_in_issues(team: GitHubTeam) -> None:
    team.fails()
    assert team.moves() == [Move.OPEN]
    team.now_ms += DAY
    team.fails("2")
    assert team.moves() == [Move.COMMENT, Move.REWRITE]
    team.now_ms += 8 * DAY
    team.book.put(replace(failed("3", team.now_ms), outcome=Outcome.SUCCESS, failure=None))
    assert team.moves() == [Move.CLOSE]
    assert team.issues.known[1]["state_reason"] == "completed"
    team.now_ms += 2 * HOUR
    team.fails("4")
    assert team.moves() == [Move.REOPEN]
    assert "Seen in **3** runs" in team.issues.known[1]["body"]
    assert team.issues.turns == [(1, "open"), (1, "closed"), (1, "open")]
    assert len(team.issues.comments) == 1


def test_labels_that_are_dropped_in_silence_do_not_make_a_second_one(team: GitHubTeam) -> None:
    team.issues.may_label = False
    team.fails()
    assert team.moves() == [Move.OPEN]
    team.now_ms += HOUR
    team.fails("2")
    assert team.moves() == [Move.REWRITE]
    assert len(team.issues.known) == 1


def test_a_pull_request_with_our_label_is_no_ticket(team: GitHubTeam) -> None:
    issue = team.issues.by_hand(title="x", body=DRAFT.body, labels=["lumen"])
    issue["pull_request"] = dict.fromkeys(("url", "html_url", "diff_url", "patch_url"))
    assert list(team.tracker().tickets()) == []


def test_many_issues_are_read_page_by_page(team: GitHubTeam) -> None:
    for number in range(230):
        team.issues.by_hand(title="x", body=marker(f"{number:016x}"), labels=["lumen"])
    assert len({ticket.fingerprint for ticket in team.tracker().tickets()}) == 230
    assert team.api.asked("/issues?") == 3


@pytest.mark.parametrize(
    ("trouble", "fault"),
    [
        (Trouble("POST /repos/org/app/issues", 403, body={"message": "Resource not accessible"}), NotAllowedError),
        (Trouble("POST /repos/org/app/issues", 404), NotAllowedError),
        (Trouble("POST /repos/org/app/issues", 410, body={"message": "Issues are disabled"}), NotAllowedError),
        (Trouble("POST /repos/org/app/issues", 422, body={"message": "Validation Failed"}), DeclinedError),
        (Trouble("POST /repos/org/app/issues", 429, {"Retry-After": "1800"}), BusyError),
        (Trouble("POST /repos/org/app/issues", 502), UnsureError),
        (Trouble("POST /repos/org/app/issues", cut=True), UnsureError),
        (Trouble("POST /repos/org/app/issues", raw=b"<html>"), UnsureError),
    ],
    ids=["403", "404", "410", "422", "429", "502", "cut", "no JSON"],
)
def test_every_fault_of_a_write_has_its_meaning(team: GitHubTeam, trouble: Trouble, fault: type[Exception]) -> None:
    team.api.troubles = [replace(trouble)]
    with pytest.raises(fault):
        team.tracker().create(DRAFT)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_without_permission_a_person_gets_the_text(team: GitHubTeam, status: int) -> None:
    team.fails()
    team.api.troubles = [Trouble("POST /repos/org/app/issues", status, body={"message": "no"})]
    report = team.sync()
    assert "issues" in report.refused
    (draft,) = report.to_paste
    assert "Seen in **1** run" in draft.body
    assert team.moves() == [Move.OPEN]


def test_a_token_that_may_not_even_read_gives_the_text_as_well(team: GitHubTeam) -> None:
    team.fails()
    team.api.permitted = False
    report = team.sync()
    assert "issues: write" in report.refused
    assert len(report.to_paste) == 1


def test_a_token_that_is_refused_gives_the_text_as_well(team: GitHubTeam) -> None:
    team.fails()
    team.api.troubles = [Trouble("/issues", 401)]
    report = team.sync()
    assert "401" in report.refused
    assert len(report.to_paste) == 1


def test_issues_that_are_switched_off(team: GitHubTeam) -> None:
    team.fails()
    team.issues.enabled = False
    report = team.sync()
    assert "switched off" in report.refused
    assert len(report.to_paste) == 1


@pytest.mark.parametrize("lost", [{"status": 502, "done": True}, {"cut": True}], ids=["502", "cut"])
def test_an_issue_whose_answer_is_lost_is_found_again(team: GitHubTeam, lost: dict[str, Any]) -> None:
    team.fails()
    team.api.troubles = [Trouble("POST /repos/org/app/issues", **lost)]
    assert "not known" in team.sync().problems[0]
    assert len(team.issues.known) == 1
    assert team.moves() == []
    team.now_ms += GRACE_MS
    assert team.moves() == []
    assert len(team.issues.known) == 1


def test_an_issue_that_was_never_made_is_made_after_a_time(team: GitHubTeam) -> None:
    team.fails()
    team.api.troubles = [Trouble("POST /repos/org/app/issues", 502)]
    assert team.sync().problems
    assert team.moves() == [Move.WAIT]
    team.now_ms += GRACE_MS
    assert team.moves() == [Move.OPEN]
    assert len(team.issues.known) == 1


def test_a_short_limit_is_waited_for(team: GitHubTeam) -> None:
    team.fails()
    team.api.troubles = [Trouble("POST /repos/org/app/issues", 429, {"Retry-After": "30"})]
    assert team.moves() == [Move.OPEN]
    assert 30.0 in team.slept


def test_a_long_limit_leaves_the_rest_for_the_next_call(team: GitHubTeam) -> None:
    team.fails()
    team.api.troubles = [Trouble("POST /repos/org/app/issues", 403, {"Retry-After": "1800"})]
    assert "left for the next call" in team.sync().problems[0]
    assert team.moves() == [Move.OPEN]


def test_an_issue_that_vanishes_meanwhile_stops_nobody_else(team: GitHubTeam) -> None:
    team.fails()
    team.sync()
    team.now_ms += HOUR
    team.fails("2")
    team.api.troubles = [Trouble("PATCH /repos/org/app/issues/1", 410)]
    assert "no longer there" in team.sync().problems[0]
    assert team.moves() == [Move.REWRITE]


def test_writes_come_one_a_second(team: GitHubTeam) -> None:
    clock = iter([0.0, 0.25, 5.0])
    pace = Pace(Timing(sleep=team.slept.append, clock=lambda: next(clock)))
    for _ in range(3):
        pace.wait()
    assert team.slept == [0.75]
