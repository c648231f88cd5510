"""Incidents as GitHub issues, against a stand-in that knows what GitHub's own description says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from brokenteam import MINUTE, BrokenTeam
from githubapi import TOKEN, GitHubApi, Trouble
from githubissues import Issues, labels_of
from githubspec import sample

from lumen_action.ciapi.client import Access, Client
from lumen_action.http import Timing
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.ops.mirror.issues import Issue, MirrorIssues
from lumen_action.ops.tickets.pacing import Pace
from lumen_action.response.mirroring import Mirrored, mirror

pytestmark = pytest.mark.usefixtures("no_proxy")
SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"  # noqa: S105 - looks like one and is none


class MirroredTeam:
    """A team with a repository; `mirror` is one job, in which nobody waits."""

    def __init__(self, team: BrokenTeam, api: GitHubApi) -> None:
        self.team = team
        self.api = api
        self.issues = Issues.of(api, now_ms=lambda: self.team.now_ms)

    def client(self) -> MirrorIssues:
        timing = Timing(sleep=lambda _: None, chance=lambda: 0.0)
        client = Client(Access(self.api.url, "org/app", TOKEN), timing=timing, tell=lambda _: None)
        return MirrorIssues(client, Pace(timing))

    def mirror(self, issues: MirrorIssues | None = None) -> Mirrored:
        self.team.now_ms += MINUTE
        return mirror(self.team.desk, issues or self.client(), lambda text: text.replace(SECRET, "[redacted]"))

    def incident(self, made: Incident) -> Incident:
        return self.team.desk.find(made.name)

    def issue(self, number: int = 1) -> dict[str, Any]:
        return self.issues.known[number]

    def labels(self, number: int = 1) -> set[str]:
        return {label["name"] for label in self.issue(number)["labels"]}

    def by_hand(self, number: int = 1, *, without: str = "", adding: str = "", **fields: object) -> None:
        """Let a person change labels or other fields of an issue."""
        names = [*(self.labels(number) - {without}), *([adding] if adding else [])]
        self.issues.by_hand(number=number, labels=labels_of(*names), **fields)


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[MirroredTeam]:
    with GitHubApi().serving() as api:
        yield MirroredTeam(BrokenTeam(tmp_path), api)


def assigned(*names: str) -> list[dict[str, Any]]:
    return [sample("simple-user", login=name) for name in names]


def test_an_open_incident_has_one_issue_however_often_it_is_mirrored(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened("uploads fail", Severity.SEV2)

    assert mirrored.mirror().opened == ["https://github.com/org/app/issues/1"]
    again = mirrored.mirror()

    assert (again.opened, again.written, len(mirrored.issues.known)) == ([], [], 1)
    assert mirrored.labels() == {"lumen-incident", "sev2", "state:detected"}
    assert made.name in mirrored.issue()["body"]
    assert [each.url for each in mirrored.incident(made).links] == ["https://github.com/org/app/issues/1"]


def test_one_that_is_over_before_anybody_mirrored_it_gets_no_issue(mirrored: MirroredTeam) -> None:
    mirrored.team.closed(mirrored.team.opened())

    assert mirrored.mirror().opened == []


def test_what_happens_to_the_incident_shows_at_its_issue(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.team.met(made, Event.ACKNOWLEDGED)
    mirrored.mirror()
    acknowledged = mirrored.labels()
    mirrored.team.met(made, Event.RESOLVED, text="the disk was emptied")
    mirrored.mirror()

    assert acknowledged == {"lumen-incident", "sev2", "state:acknowledged"}
    assert mirrored.labels() == {"lumen-incident", "sev2", "state:resolved"}
    assert (mirrored.issue()["state"], mirrored.issue()["state_reason"]) == ("closed", "completed")
    assert "the disk was emptied" in mirrored.issue()["body"]


def test_another_severity_by_label_is_another_severity(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened(severity=Severity.SEV2)
    mirrored.mirror()
    mirrored.by_hand(without="sev2", adding="sev1")
    mirrored.mirror()
    first = mirrored.incident(made).severity
    mirrored.by_hand(without="sev1", adding="sev3")
    mirrored.mirror()

    assert (first, mirrored.incident(made).severity) == (Severity.SEV1, Severity.SEV3)
    assert mirrored.labels() == {"lumen-incident", "sev3", "state:detected"}


def test_a_label_added_beside_the_old_one_is_a_change_too(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(adding="state:acknowledged")
    mirrored.mirror()

    assert mirrored.incident(made).state is State.ACKNOWLEDGED
    assert mirrored.labels() == {"lumen-incident", "sev2", "state:acknowledged"}


@pytest.mark.parametrize(
    ("label", "why"), [("state:closed", "detected"), ("state:merged", "merge"), ("state:x", "no such")]
)
def test_a_state_that_cannot_be_is_set_back_and_told_once(mirrored: MirroredTeam, label: str, why: str) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(without="state:detected", adding=label)
    done = mirrored.mirror()
    mirrored.mirror()

    assert mirrored.incident(made).state is State.DETECTED
    assert mirrored.labels() == {"lumen-incident", "sev2", "state:detected"}
    assert len(mirrored.issues.comments) == 1
    assert why in mirrored.issues.comments[0][1]
    assert why in done.problems[0]


def test_closing_by_label_needs_a_cause(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.team.met(made, Event.ACKNOWLEDGED)
    mirrored.team.met(made, Event.RESOLVED, text="by itself")
    mirrored.mirror()
    mirrored.by_hand(without="state:resolved", adding="state:closed")
    mirrored.mirror()
    refused = mirrored.incident(made).state
    mirrored.team.met(made, Event.CAUSE, text="the disk was full")
    mirrored.by_hand(without="state:resolved", adding="state:closed")
    mirrored.mirror()

    assert (refused, mirrored.incident(made).state) == (State.RESOLVED, State.CLOSED)


def test_whoever_is_assigned_has_taken_it_and_the_next_takes_part(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(assignees=assigned("alice"))
    mirrored.mirror()
    mirrored.by_hand(assignees=assigned("alice", "bob"))
    mirrored.mirror()
    mirrored.mirror()

    found = mirrored.incident(made)
    assert (found.state, found.responders) == (State.ACKNOWLEDGED, ("alice", "bob"))


def test_a_closed_issue_is_a_resolved_incident_and_one_opened_again_is_back(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(state="closed")
    mirrored.mirror()
    resolved = mirrored.incident(made)
    mirrored.by_hand(state="open")
    mirrored.mirror()

    assert (resolved.state, resolved.acked_ms is not None) == (State.RESOLVED, True)
    assert mirrored.incident(made).state is State.INVESTIGATING
    assert mirrored.labels() == {"lumen-incident", "sev2", "state:investigating"}


def test_two_jobs_that_see_the_same_change_make_one_event_of_it(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(without="sev2", adding="sev1")
    mirrored.by_hand(without="state:detected", adding="state:closed")
    seen = mirrored.client().all()
    for _ in range(2):
        late = mirrored.client()
        late.all = lambda: seen  # type: ignore[method-assign] - what this job read before the other wrote
        mirrored.mirror(late)

    events = [each.event for each in mirrored.incident(made).moments]
    assert events.count(Event.SEVERITY) == 1
    assert len(mirrored.issues.comments) == 1


def test_of_two_issues_that_were_opened_at_once_the_lowest_number_stays(mirrored: MirroredTeam, tmp_path: Path) -> None:
    made = mirrored.team.opened()
    (tmp_path / "other").mkdir()
    other = BrokenTeam(tmp_path / "other")
    for each in mirrored.team.ledger.scan():
        other.ledger.put(each)
    mirrored.mirror()
    late = mirrored.client()
    looks: Iterator[list[Issue]] = iter([[]])

    def early() -> list[Issue]:
        first = next(looks, None)
        return mirrored.client().all() if first is None else first

    late.all = early  # type: ignore[method-assign] - it looked before the other one's was there
    mirror(other.desk, late, str)

    assert [issue["number"] for issue in mirrored.issues.open] == [1]
    assert (mirrored.issue(2)["state_reason"], mirrored.labels(2)) == ("duplicate", {"sev2", "state:detected"})
    assert "#1" in mirrored.issue(2)["body"]
    assert [each.name for each in other.desk.find(made.name).links] == ["#1"]


def test_what_a_job_that_died_left_twice_is_closed_and_what_a_stranger_copied_is_not(mirrored: MirroredTeam) -> None:
    mirrored.team.opened()
    mirrored.mirror()
    body, labels = mirrored.issue()["body"], [*mirrored.labels()]
    mirrored.issues.by_hand(title="twin", body=body, labels=labels)
    copied = mirrored.issues.by_hand(title="copied", body=body, labels=labels)
    copied["user"] = sample("simple-user", login="stranger")
    before = dict(copied)
    mirrored.mirror()

    assert [issue["number"] for issue in mirrored.issues.open] == [1, 3]
    assert mirrored.issue(2)["state_reason"] == "duplicate"
    assert mirrored.issue(3) == before


def test_the_same_change_later_is_another_event(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened(severity=Severity.SEV2)
    mirrored.mirror()
    for _ in range(2):
        mirrored.by_hand(without="sev2", adding="sev1")
        mirrored.mirror()
        assert mirrored.incident(made).severity is Severity.SEV1
        mirrored.team.met(made, Event.SEVERITY, mirrored.team.now_ms + MINUTE, severity="sev2")
        mirrored.mirror()
        assert "sev2" in mirrored.labels()


def test_a_strangers_issue_is_never_written(mirrored: MirroredTeam) -> None:
    issue = mirrored.issues.by_hand(title="x", body="our incident INC-1?", labels=["lumen-incident", "sev9"])
    before = dict(issue)
    mirrored.team.opened()
    mirrored.mirror()

    assert mirrored.issue(1) == before


def test_a_deleted_issue_is_not_opened_again(mirrored: MirroredTeam) -> None:
    mirrored.team.opened()
    mirrored.mirror()
    mirrored.issues.known.clear()

    done = mirrored.mirror()

    assert (done.opened, done.problems, mirrored.issues.known) == ([], [], {})


def test_one_that_was_moved_to_another_repository_is_left_alone(mirrored: MirroredTeam) -> None:
    mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(html_url="https://github.com/org/other/issues/1", without="lumen-incident")
    before = dict(mirrored.issue())
    mirrored.mirror()

    assert mirrored.issue() == before
    assert len(mirrored.issues.known) == 1


def test_our_label_that_was_taken_away_is_put_back(mirrored: MirroredTeam) -> None:
    mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(without="lumen-incident")
    mirrored.mirror()

    assert "lumen-incident" in mirrored.labels()


def test_a_locked_issue_gets_its_labels_without_words(mirrored: MirroredTeam) -> None:
    mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(without="state:detected", adding="state:closed", locked=True)
    done = mirrored.mirror()

    assert mirrored.labels() == {"lumen-incident", "sev2", "state:detected"}
    assert any("locked" in problem for problem in done.problems)
    assert not done.failed


def test_what_people_wrote_and_their_labels_stay(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(adding="team-a", body=f"{mirrored.issue()['body']}\n\nseen by alice", title="my title")
    mirrored.team.met(made, Event.ACKNOWLEDGED)
    mirrored.mirror()

    assert "team-a" in mirrored.labels()
    assert mirrored.issue()["body"].endswith("seen by alice")
    assert mirrored.issue()["title"] == "my title"


def test_foreign_text_has_no_effect_and_no_secret(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened(f"@all see #1 {SECRET}", text=f"<!-- lumen:end --> @bob <b>{SECRET}")
    mirrored.mirror()
    issue = mirrored.issue()

    assert SECRET not in issue["body"] + issue["title"]
    assert "@all" not in issue["title"]
    assert "@bob" not in issue["body"]
    assert issue["body"].count("<!-- lumen:end -->") == 1
    assert made.name in issue["title"]


def test_what_somebody_changes_while_it_is_written_is_seen_by_the_next_call(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    seen = mirrored.client().all()
    late = mirrored.client()
    late.all = lambda: seen  # type: ignore[method-assign] - what this job read before the person did something
    mirrored.by_hand(without="sev2", adding="sev1")
    mirrored.team.met(made, Event.ACKNOWLEDGED)
    mirrored.mirror(late)
    mirrored.mirror()

    found = mirrored.incident(made)
    assert (found.severity, found.state) == (Severity.SEV1, State.ACKNOWLEDGED)


class Watched(MirrorIssues):
    """Lets a person do something between the last look at an issue and its writing."""

    def __init__(self, mirrored: MirroredTeam, person: Callable[[], None]) -> None:
        self.__dict__.update(mirrored.client().__dict__)
        self.person = person

    def get(self, number: int) -> Issue | None:
        found = super().get(number)
        self.person()
        return found


def test_a_label_put_on_in_the_moment_of_writing_the_text_stays(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.team.met(made, Event.JOINED, responder="bob")
    done = mirrored.mirror(Watched(mirrored, lambda: mirrored.by_hand(without="sev2", adding="sev1")))
    mirrored.mirror()

    assert done.written == ["https://github.com/org/app/issues/1"]
    assert mirrored.incident(made).severity is Severity.SEV1


def test_labels_in_another_case_are_the_same(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened(severity=Severity.SEV2)
    mirrored.mirror()
    # GitHub knows one label of a name, in the case in which somebody once made it.
    mirrored.by_hand(without="sev2", adding="SEV2")
    again = mirrored.mirror()
    mirrored.by_hand(without="SEV2", adding="Sev1")
    mirrored.by_hand(without="state:detected", adding="State:Acknowledged")
    mirrored.mirror()

    assert again.written == []
    found = mirrored.incident(made)
    assert (found.severity, found.state) == (Severity.SEV1, State.ACKNOWLEDGED)


def test_an_issue_that_a_person_or_a_merge_linked_is_not_taken_for_its_own(mirrored: MirroredTeam) -> None:
    part = mirrored.team.opened("part")
    mirrored.mirror()
    whole = mirrored.team.opened("whole")
    linked = mirrored.team.opened("linked")
    mirrored.team.met(linked, Event.LINKED, link_kind="issue", link_url="https://github.com/upstream/lib/issues/5")
    mirrored.team.desk.merge(part, whole)

    assert len(mirrored.mirror().opened) == 2
    assert [issue["state"] for issue in mirrored.issues.known.values()] == ["closed", "open", "open"]


def test_an_issue_whose_answer_was_lost_is_known_at_once(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.api.troubles.append(Trouble("POST /repos/org/app/issues", status=502, done=True))
    done = mirrored.mirror()
    # Nothing leads back to it but what is on record.
    mirrored.by_hand(without="lumen-incident")
    mirrored.mirror()

    assert (done.failed, done.opened, len(mirrored.issues.known)) == (False, ["https://github.com/org/app/issues/1"], 1)
    assert [each.name for each in mirrored.incident(made).links] == ["#1"]


def test_where_people_left_no_room_nothing_is_written_and_nothing_is_taken_for_theirs(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    body = mirrored.issue()["body"]
    mirrored.by_hand(body=f"{body}{'x' * (65_536 - len(body))}")
    mirrored.team.met(made, Event.ACKNOWLEDGED)
    mirrored.team.met(made, Event.RESOLVED, text="by itself")
    done = mirrored.mirror()
    mirrored.team.met(made, Event.REOPENED)
    mirrored.mirror()

    assert "shorten it" in done.problems[0]
    assert mirrored.incident(made).state is State.INVESTIGATING
    assert mirrored.issues.comments == []


def test_who_closed_the_issue_has_resolved_it_whoever_is_assigned(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.mirror()
    mirrored.by_hand(state="closed", closed_by=sample("simple-user", login="carol"), assignees=assigned("alice"))
    mirrored.mirror()

    found = mirrored.incident(made)
    assert {each.event: each.actor for each in found.moments if each.counted}[Event.RESOLVED] == "carol"


def test_the_issue_says_what_is_late_and_what_is_owed_and_nothing_that_is_not_there(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened(severity=Severity.SEV2)
    mirrored.mirror()
    fresh = mirrored.issue()["body"]
    mirrored.team.now_ms += 39 * MINUTE
    mirrored.team.desk.tell_breaches()
    mirrored.mirror()
    late = mirrored.issue()["body"]
    mirrored.team.closed(made, MINUTE)
    mirrored.mirror()

    assert "Postmortem" not in fresh
    assert "- To be acknowledged until: 2026-01-02 12:30 UTC; **nobody has in time**" in late
    assert "- Acknowledged: 2026-01-02 12:42 UTC, **12 m late**" in mirrored.issue()["body"]
    assert "- Postmortem: owed" in mirrored.issue()["body"]


def test_a_token_that_may_not_write_is_told_with_what_it_needs(mirrored: MirroredTeam) -> None:
    mirrored.issues.may_write = False
    mirrored.team.opened()

    done = mirrored.mirror()

    assert done.failed
    assert "issues: write" in done.problems[0]


def test_a_server_that_fails_at_one_keeps_no_other_back(mirrored: MirroredTeam) -> None:
    mirrored.team.opened("first")
    mirrored.team.opened("second")
    mirrored.api.troubles.append(Trouble("POST /repos/org/app/issues", status=502))

    done = mirrored.mirror()

    assert (done.failed, len(done.opened), len(done.problems)) == (True, 1, 1)


def test_the_command_says_what_it_did(mirrored: MirroredTeam) -> None:
    mirrored.team.opened()
    mirrored.team.env |= {"GITHUB_API_URL": mirrored.api.url, "LUMEN_TOKEN": TOKEN}

    found = mirrored.team.answer("mirror", "--repository", "org/app")

    assert found["opened"] == ["https://github.com/org/app/issues/1"]
    assert mirrored.team.lumen("mirror") == 2
    assert "repository" in mirrored.team.err


def test_a_service_that_does_not_answer_breaks_no_job(mirrored: MirroredTeam) -> None:
    mirrored.team.opened()
    mirrored.issues.enabled = False
    mirrored.team.env |= {"GITHUB_API_URL": mirrored.api.url, "LUMEN_TOKEN": TOKEN}

    assert mirrored.team.lumen("mirror", "--repository", "org/app") == 75
    assert "switched off, or hidden from the token" in mirrored.team.err


def test_where_it_is_asked_for_the_other_commands_mirror_too(mirrored: MirroredTeam) -> None:
    made = mirrored.team.opened()
    mirrored.team.env |= {
        "GITHUB_API_URL": mirrored.api.url,
        "LUMEN_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "org/app",
    }
    assert mirrored.team.lumen("ack", made.name) == 0
    assert mirrored.issues.known == {}
    mirrored.team.config("incidents: {mirror: github}\n")
    assert mirrored.team.lumen("update", made.name, "--text", "looking at it") == 0, mirrored.team.err

    assert mirrored.labels() == {"lumen-incident", "sev2", "state:acknowledged"}
