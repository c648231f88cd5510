"""Issues that people lock, transfer or fill: one that cannot be changed harms neither another nor a stranger's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from facts import HOUR, fact
from githubapi import GitHubApi, Trouble
from ticketteam import GitHubTeam
from ticketworld import DAY, failed, permanent

from lumen_action.ops.tickets.deciding import Move
from lumen_action.ops.tickets.writing import merged

pytestmark = pytest.mark.usefixtures("no_proxy")

LOCKED = {
    "message": "Unable to create comment because issue is locked.",
    "documentation_url": "https://docs.github.com",
}


class Team(GitHubTeam):
    """The same, with more than one cause of failure."""

    def fails_with(self, fingerprint: str, run: str) -> None:
        self.book.put(failed(run, self.now_ms - 1000, cause=permanent(fingerprint)))


@pytest.fixture
def team() -> Iterator[Team]:
    with GitHubApi().serving() as api:
        yield Team(api)


def test_a_locked_issue_is_no_missing_permission_and_stops_nobody_else(team: Team) -> None:
    team.fails()
    assert team.moves() == [Move.OPEN]
    team.now_ms += DAY + HOUR
    team.fails("2")
    team.fails_with("f" * 16, "3")
    team.api.troubles = [Trouble("/issues/1/comments", 403, body=LOCKED)]
    report = team.sync()
    assert (report.refused, len(report.problems), len(team.issues.known)) == ("", 1, 2)
    assert "issue is locked" in report.problems[0]
    assert team.moves() == [Move.REWRITE]
    assert "Seen in **2** runs" in team.issues.known[1]["body"]


def test_many_locked_issues_do_not_look_like_a_broken_server(team: Team) -> None:
    marks = [f"{number:016x}" for number in range(1, 6)]
    for mark in marks:
        team.fails_with(mark, mark)
    assert team.moves() == [Move.OPEN] * 5
    team.now_ms += DAY + HOUR
    for mark in marks:
        team.fails_with(mark, f"{mark}a")
    team.fails_with("f" * 16, "z")
    team.api.troubles = [Trouble("/comments", 403, body=LOCKED, times=5)]
    report = team.sync()
    assert (len(report.problems), len(report.moved(Move.OPEN))) == (5, 1)


def test_a_duplicate_that_cannot_be_closed_stops_nobody_else(team: Team) -> None:
    team.fails()
    assert team.moves() == [Move.OPEN]
    first = team.issues.known[1]
    team.issues.by_hand(title="copy", body=first["body"], labels=["lumen"])
    team.fails_with("f" * 16, "3")
    team.api.troubles = [Trouble("PATCH /repos/org/app/issues/2", 403, body=LOCKED)]
    report = team.sync()
    assert (len(report.problems), len(report.moved(Move.OPEN))) == (1, 1)


def test_an_issue_that_was_transferred_is_not_looked_for_under_its_new_number(team: Team) -> None:
    """GitHub leads on to its new home, where its number may be that of somebody else's issue here."""
    team.fails()
    assert team.moves() == [Move.OPEN]
    moved = team.issues.known.pop(1)
    stranger = team.issues.by_hand(title="of somebody else", body="precious")
    team.issues.known[1] = {**moved, "number": stranger["number"], "labels": []}
    team.now_ms += 2 * HOUR
    team.fails("2")
    assert team.moves() == [Move.OPEN]
    assert stranger["body"] == "precious"
    assert len(team.issues.known) == 3


def test_an_issue_that_people_have_filled_is_closed_all_the_same(team: Team) -> None:
    team.fails()
    assert team.moves() == [Move.OPEN]
    filled = team.issues.known[1]["body"].replace("\n<!-- lumen:end", "\n\n<!-- lumen:end") + "x" * 65_000
    team.issues.known[1]["body"] = filled[:65_536]
    team.now_ms += HOUR
    for number in range(2, 200):
        team.fails(str(number))
    team.book.put(fact("build", run="900", at=team.now_ms))
    team.now_ms += 9 * DAY
    report = team.sync()
    assert (report.problems, [entry.move for entry in report.entries]) == ([], [Move.CLOSE])
    assert team.issues.open == []


def test_whoever_left_does_not_cost_the_others_their_issue(team: Team) -> None:
    team.issues.assignable = {"ann", "cem"}
    team.assignees = ("ann", "left", "cem")
    team.fails()
    assert team.moves() == [Move.OPEN]
    (issue,) = team.issues.open
    assert [person["login"] for person in issue["assignees"]] == ["ann", "cem"]


def test_a_text_without_room_for_ours_stays_as_it_is() -> None:
    assert merged("x" * 65_536, "ours") == "x" * 65_536
    assert merged("x" * 65_530, "ours") == "ours\n\n" + "x" * 65_530
