"""What is owed after incidents: actions with their tickets, the report, and a gate that does not forget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from brokenteam import MINUTE, BrokenTeam
from facts import HOUR, NOON
from gateteam import GateTeam
from githubapi import TOKEN, GitHubApi, Trouble
from githubissues import Issues

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Outcome

DAY = 24 * HOUR
NEW = ("--what", "alert at 90 % of the disk", "--owner", "alice", "--due", "2026-01-20")


@pytest.fixture
def team(tmp_path: Path) -> BrokenTeam:
    return BrokenTeam(tmp_path)


@pytest.fixture
def closed(team: BrokenTeam) -> Incident:
    return team.closed(team.opened())


pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def issues(team: BrokenTeam) -> Iterator[Issues]:
    with GitHubApi().serving() as api:
        team.env |= {"GITHUB_API_URL": api.url, "LUMEN_TOKEN": TOKEN, "GITHUB_REPOSITORY": "org/app"}
        yield Issues.of(api, now_ms=lambda: team.now_ms, assignable={"alice"})


def act(team: BrokenTeam, incident: Incident, *words: str) -> Incident:
    team.now_ms += 1
    assert team.lumen("action", incident.name, *words) == 0, team.err
    return team.desk.find(incident.name)


def test_an_action_has_an_owner_and_a_day_and_is_one_however_often_it_is_said(
    team: BrokenTeam, closed: Incident
) -> None:
    act(team, closed, *NEW)
    found = act(team, closed, *NEW)

    (action,) = found.actions
    assert (action.what, action.owner, action.due, action.done) == (
        "alert at 90 % of the disk",
        "alice",
        "2026-01-20",
        False,
    )
    assert [each.event for each in found.moments].count(Event.ACTION) == 1


def test_what_is_changed_and_done_later_keeps_the_rest(team: BrokenTeam, closed: Incident) -> None:
    name = act(team, closed, *NEW).actions[0].name
    act(team, closed, "--action", name, "--owner", "bob")
    act(team, closed, "--action", name, "--done")
    (action,) = act(team, closed, "--action", name, "--due", "2026-01-30").actions

    assert (action.owner, action.due, action.done) == ("bob", "2026-01-30", True)


def test_what_two_say_of_it_at_once_both_stays(team: BrokenTeam, closed: Incident) -> None:
    name = act(team, closed, *NEW).actions[0].name
    before = team.desk.find(closed.name)
    act(team, closed, "--action", name, "--done")
    done = [each for each in team.desk.find(closed.name).moments if each not in before.moments]
    act(team, closed, "--action", name, "--owner", "bob")
    (owned,) = [each for each in team.desk.find(closed.name).moments if each not in (*before.moments, *done)]

    # Neither says anything of what the other changes.
    assert "owner" not in dict(done[0].told)
    assert "done" not in dict(owned.told)
    (action,) = team.desk.find(closed.name).actions
    assert (action.owner, action.done) == ("bob", True)


def test_everything_that_is_missing_is_told_together(team: BrokenTeam, closed: Incident) -> None:
    assert team.lumen("action", closed.name, "--what", "x", "--due", "soon") == 2
    assert "due: `soon` is no day" in team.err
    assert "owner: is missing" in team.err
    assert team.lumen("action", closed.name, "--action", "A-000000", "--done") == 2
    assert "`A-000000` is not known; there are: none yet" in team.err


def test_before_it_is_resolved_there_is_nothing_to_do_afterwards(team: BrokenTeam, issues: Issues) -> None:
    made = team.opened()

    assert team.lumen("action", made.name, *NEW, "--ticket") == 2
    assert issues.known == {}


def test_a_ticket_is_opened_once_follows_the_action_and_is_closed_with_it(
    team: BrokenTeam, closed: Incident, issues: Issues
) -> None:
    for _ in range(2):
        (action,) = act(team, closed, *NEW, "--ticket").actions
    issue = dict(issues.known[1])
    act(team, closed, "--action", action.name, "--done")

    assert len(issues.known) == 1
    assert action.ticket == "https://github.com/org/app/issues/1"
    assert closed.name in issue["title"]
    assert [person["login"] for person in issue["assignees"]] == ["alice"]
    assert issues.known[1]["state"] == "closed"
    assert "State: done" in issues.known[1]["body"]


def test_what_is_done_already_needs_no_ticket_and_one_that_is_closed_is_not_closed_again(
    team: BrokenTeam, closed: Incident, issues: Issues
) -> None:
    (done,) = act(team, closed, *NEW, "--done", "--ticket").actions
    assert (done.ticket, issues.known) == ("", {})

    other = ("--what", "another", "--owner", "alice", "--due", "2026-01-20", "--ticket")
    act(team, closed, *other)
    issues.by_hand(number=1, state="closed")
    act(team, closed, *other, "--done")
    made = len(issues.api.changes)
    act(team, closed, *other, "--done")
    assert (issues.turns, len(issues.api.changes)) == ([(1, "open")], made)


def test_without_its_tracker_an_action_stands_and_its_ticket_comes_later(
    team: BrokenTeam, closed: Incident, issues: Issues
) -> None:
    issues.api.troubles.append(Trouble("POST /repos/org/app/issues", status=502))
    first = act(team, closed, *NEW, "--ticket").actions[0]
    told = team.err
    again = act(team, closed, *NEW, "--ticket").actions[0]

    assert (first.ticket, again.ticket) == ("", "https://github.com/org/app/issues/1")
    assert "the same command again does it" in told


def test_the_timeline_says_whose_an_action_is_and_that_it_is_done(team: BrokenTeam, closed: Incident) -> None:
    name = act(team, closed, *NEW).actions[0].name
    act(team, closed, "--action", name, "--done")
    assert team.lumen("postmortem", closed.name) == 0

    assert "| action | alice | for alice until 2026-01-20: alert at 90 % of the disk |" in team.out
    assert "| action | alice | done: alert at 90 % of the disk |" in team.out


def test_an_action_is_in_the_postmortem(team: BrokenTeam, closed: Incident) -> None:
    act(team, closed, "--what", "a | b @all", "--owner", "alice", "--due", "2026-01-20")
    team.lumen("postmortem", closed.name)

    assert "| a &#124; b &#64;" in team.out


def test_a_report_has_no_mean_and_says_where_there_are_too_few(team: BrokenTeam) -> None:
    for number in range(3):
        team.closed(team.opened(f"outage {number}", Severity.SEV1), (number + 1) * MINUTE)
    team.closed(team.opened("late", Severity.SEV3))
    team.opened("another", Severity.SEV4)
    assert team.lumen("report") == 0
    text = team.out

    assert "5 incidents since 2025-10-04" in text
    assert re.search(r"Sev1 +3 +0 +0 +2 m / 3 m \(n=3, n too small\) +4 m / 6 m", text)
    assert re.search(r"All +5 +1 +0 +2 m / 10 m \(n=4, n too small\)", text)
    assert "mean" not in text.casefold()
    assert "average" not in text.casefold()


def test_a_report_counts_each_bad_run_once(team: BrokenTeam) -> None:
    team.runs(Outcome.SUCCESS, *(NOON - n * HOUR for n in range(1, 19)))
    team.runs(Outcome.FAILURE, NOON + MINUTE, NOON + 2 * MINUTE)
    first = team.opened("first")
    second = team.opened("second")
    team.now_ms = NOON + HOUR
    found = team.answer("report")

    spent = {each["name"]: each["cost"]["budgets"][0] for each in found["incidents"]}
    assert [(spent[each.name]["bad"], spent[each.name]["own"]) for each in (first, second)] in (
        [(2, 2), (2, 0)],
        [(2, 0), (2, 2)],
    )
    assert found["spent_in_all"][0] == {"objective": "nightly-run", "bad": 2, "spent_percent": 100}
    assert (found["by_state"], found["whole"]["open"]) == ({"detected": 2}, 2)


def test_a_report_names_what_is_overdue_however_old(team: BrokenTeam, closed: Incident) -> None:
    act(team, closed, *NEW)
    team.now_ms += 200 * DAY
    found = team.answer("report", "--since", "7d")
    assert team.lumen("report", "--markdown", "--since", "7d") == 0

    assert found["incidents"] == []
    assert found["postmortems_owed"] == [{"incident": closed.name, "due_at": "2026-01-09T23:59:59Z", "overdue": True}]
    assert [(each["what"], each["overdue"]) for each in found["actions_open"]] == [("alert at 90 % of the disk", True)]
    assert "No incident since" in team.out
    assert team.out.count("OVERDUE") == 2


def test_since_is_a_time(team: BrokenTeam) -> None:
    assert team.lumen("report", "--since", "soon") == 2
    assert "since: `soon` is no time" in team.err


def test_a_gate_names_a_postmortem_that_is_due_and_blocks_when_it_is_overdue(
    team: BrokenTeam, closed: Incident
) -> None:
    team.runs(Outcome.SUCCESS, *(team.now_ms + n * HOUR for n in range(20)))
    gate = GateTeam(team.folder, now_ms=team.now_ms + 20 * HOUR)
    due = {each["name"]: each for each in gate.answer()["conditions"]}["postmortems"]
    team.runs(Outcome.SUCCESS, *(team.now_ms + 9 * DAY + n * HOUR for n in range(20)))
    gate.now_ms = team.now_ms + 10 * DAY
    late = gate.answer()
    team.met(closed, Event.POSTMORTEM)
    written = gate.answer()

    assert due == {
        "name": "postmortems",
        "state": "ok",
        "found": f"none is overdue; to be written: {closed.name} until 2026-01-09T23:59:59Z",
    }
    assert (late["decision"], late["reason"]) == (
        "block",
        f"postmortems: 1 postmortem overdue: {closed.name} was due 2026-01-09T23:59:59Z",
    )
    assert written["decision"] == "allow"
    assert "postmortems" not in {each["name"] for each in written["conditions"]}
