"""Tickets as GitLab issues, against a stand-in that knows what GitLab's documentation says, and every fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from facts import HOUR
from gitlabissues import PROJECT, TOKEN, GitLabIssuesApi, Trouble
from ticketteam import DRAFT, TicketTeam
from ticketworld import DAY, failed

from lumen_action.model import Outcome
from lumen_action.ops.tickets import BusyError, DeclinedError, NotAllowedError, Tracker, TrackerError, UnsureError
from lumen_action.ops.tickets.deciding import GRACE_MS, Move
from lumen_action.ops.tickets.gitlab import GitLabAccess, GitLabIssues
from lumen_action.ops.tickets.syncing import Report
from lumen_action.ops.tickets.writing import marker

pytestmark = pytest.mark.usefixtures("no_proxy")
ISSUES = "/projects/group%2Fsub%2Fapp/issues"


class Team(TicketTeam):
    """A project with issues, and what syncs them."""

    def __init__(self, api: GitLabIssuesApi) -> None:
        super().__init__()
        self.api = api
        api.now_ms = lambda: self.now_ms

    def tracker(self, token: str = TOKEN) -> GitLabIssues:
        return GitLabIssues(GitLabAccess(self.api.url, PROJECT, token), tell=self.said.append, timing=self.timing)

    def sync(self, tracker: Tracker | None = None) -> Report:
        with closing(tracker or self.tracker()) as opened:
            return super().sync(opened)


@pytest.fixture
def team() -> Iterator[Team]:
    with GitLabIssuesApi().serving() as api:
        yield Team(api)


def test_its_life_in_issues(team: Team) -> None:
    team.api.people = {"alice": 42}
    team.assignees = ("alice", "unknown")
    team.fails()
    assert team.moves() == [Move.OPEN]
    issue = team.api.known[1]
    assert issue["labels"] == ["lumen", "build", "lumen-fp-0123456789ab"]
    assert issue["assignees"] == [{"id": 42, "username": "alice"}]
    team.now_ms += DAY
    team.fails("2")
    assert team.moves() == [Move.COMMENT, Move.REWRITE]
    team.now_ms += 8 * DAY
    team.book.put(replace(failed("3", team.now_ms), outcome=Outcome.SUCCESS, failure=None))
    assert team.moves() == [Move.CLOSE]
    assert issue["state"] == "closed"
    team.now_ms += 2 * HOUR
    team.fails("4")
    assert team.moves() == [Move.REOPEN]
    assert issue["state"] == "opened"
    assert "Seen in **3** runs" in issue["description"]
    assert len(team.api.comments) == 1


def test_many_issues_are_read_page_by_page(team: Team) -> None:
    for number in range(130):
        team.api._add({"title": "x", "description": marker(f"{number:016x}"), "labels": "lumen"})
    assert len(list(team.tracker().tickets())) == 130


@pytest.mark.parametrize(
    ("trouble", "fault"),
    [
        (Trouble(f"POST {ISSUES}", 403), NotAllowedError),
        (Trouble(f"POST {ISSUES}", 404), NotAllowedError),
        (Trouble(f"POST {ISSUES}", 422), DeclinedError),
        (Trouble(f"POST {ISSUES}", 429, {"Retry-After": "3600"}), BusyError),
        (Trouble(f"POST {ISSUES}", 502), UnsureError),
        (Trouble(f"POST {ISSUES}", cut=True), UnsureError),
        (Trouble("GET /users", 500, times=9), TrackerError),
    ],
    ids=["403", "404", "422", "429", "502", "cut", "500 of people"],
)
def test_every_fault_of_a_write_has_its_meaning(team: Team, trouble: Trouble, fault: type[Exception]) -> None:
    team.api.troubles = [replace(trouble)]
    with pytest.raises(fault):
        team.tracker().create(replace(DRAFT, assignees=("alice",)))


def test_what_passes_is_waited_for(team: Team) -> None:
    team.fails()
    team.api.troubles = [
        Trouble(f"GET {ISSUES}", 502),
        Trouble(f"GET {ISSUES}", cut=True),
        Trouble(f"POST {ISSUES}", 429, {"Retry-After": "20"}),
    ]
    assert team.moves() == [Move.OPEN]
    assert 20.0 in team.slept


@pytest.mark.parametrize("token", ["wrong", TOKEN])
def test_without_permission_a_person_gets_the_text(team: Team, token: str) -> None:
    team.fails()
    team.api.troubles = [Trouble(f"POST {ISSUES}", 403)]
    report = team.sync(team.tracker(token))
    assert "the scope `api`" in report.refused
    assert len(report.to_paste) == 1


@pytest.mark.parametrize("lost", [Trouble(f"POST {ISSUES}", 502, done=True), Trouble(f"POST {ISSUES}", cut=True)])
def test_an_issue_whose_answer_is_lost_is_found_again(team: Team, lost: Trouble) -> None:
    team.fails()
    team.api.troubles = [replace(lost)]
    assert team.sync().problems
    team.now_ms += GRACE_MS
    assert team.moves() == []
    assert len(team.api.known) == 1


def test_an_issue_that_is_gone_is_gone(team: Team) -> None:
    assert team.tracker().get("7") is None
