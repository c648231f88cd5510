"""What holds a rerun back: guards, claims of other companions, and every fault that is known of the call itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import NOON
from githubapi import SaidAttempt, SaidJob, SaidRun, Trouble
from githubruns import SaidPull, began_again
from rerunteam import DAY, MINUTE, SHA, Team, decided, job, run

from lumen_action.companion.claims import LAPSE_MS
from lumen_action.model import Kind


def attempts(count: int) -> SaidRun:
    return replace(run(job()), attempts=(SaidAttempt((job(),), "failure"),) * count)


def newer(**other: object) -> list[SaidRun]:
    return [run(job()), run(job(), id=101, created_ms=NOON + 1000, **other)]


class TestGuards:
    @pytest.mark.parametrize(
        ("runs", "guard"),
        [
            ([attempts(3)], None),
            ([run(job(), event="merge_group")], "merge-queue"),
            ([run(job(), event="push", branch="gh-readonly-queue/main/pr-1")], "merge-queue"),
            ([run(job(), event="deployment")], "deployment"),
            ([run(job(), event="workflow_run")], "companion"),
            (newer(), "newest"),
            (newer(branch="other"), None),
            (newer(head_repo="fork/app"), None),
            (newer(event="schedule"), None),
            ([replace(each, event="workflow_dispatch") for each in newer()], None),
            ([replace(each, event="workflow_dispatch") for each in newer(sha="f" * 40)], "newest"),
        ],
    )
    def test_what_the_run_says(self, runs: list[SaidRun], guard: str | None, team: Team) -> None:
        team.api.runs = list(runs)
        _, answer = team.rerun()
        assert answer["guard"] == guard
        expected = guard is None and len(runs[0].attempts) == 1
        assert (answer["decision"] == "rerun", team.reruns.made == 1) == (expected, expected)

    def test_older_than_thirty_days(self, team: Team) -> None:
        team.now_ms = NOON + 31 * DAY
        assert decided(team.rerun()[1]) == ("nothing", "age")

    def test_more_than_fifty_reruns(self, team: Team) -> None:
        (team.folder / "lumen.yml").write_text("rerun: {max-retries: 10}\n", encoding="utf-8")
        team.knows(attempts(51))
        assert decided(team.rerun()[1]) == ("ticket", None)

    def test_the_cap_of_the_team(self, team: Team) -> None:
        (team.folder / "lumen.yml").write_text("rerun: {max-retries: 0}\n", encoding="utf-8")
        _, answer = team.rerun()
        assert (answer["decision"], team.reruns.made) == ("ticket", 0)
        assert "all 0 retries are used" in answer["reason"]

    def test_a_run_that_is_not_over(self, team: Team) -> None:
        team.api.runs = [replace(run(), attempts=(SaidAttempt((job(),), None, "in_progress"),))]
        assert decided(team.rerun()[1]) == ("nothing", "over")

    def test_an_attempt_that_is_not_the_newest(self, team: Team) -> None:
        team.api.runs = [attempts(2)]
        event = {"workflow_run": {"id": 100, "run_attempt": 1}}
        assert decided(team.rerun(event=event)[1]) == ("nothing", "attempt")

    def test_a_person_who_is_faster(self, team: Team) -> None:
        """Somebody runs it again between our first look and the call."""
        team.reruns.before_call = lambda: team.api.runs.__setitem__(0, began_again(team.api.runs[0]))
        code, answer = team.rerun()
        assert (code, decided(answer), team.reruns.made) == (0, ("nothing", "attempt"), 0)

    @pytest.mark.parametrize(
        ("pull", "guard"),
        [
            (SaidPull(7, SHA), None),
            (SaidPull(7, SHA, state="closed"), "pull-request"),
            (SaidPull(7, "f" * 40), "pull-request"),
        ],
    )
    @pytest.mark.parametrize("named", [(7,), ()])
    def test_pull_requests(self, pull: SaidPull, guard: str | None, named: tuple[int, ...], team: Team) -> None:
        team.api.runs = [run(job(), event="pull_request", branch="feature", pulls=named)]
        team.reruns.pulls = [pull]
        assert team.rerun()[1]["guard"] == guard

    def test_a_fork_is_found_by_its_owner_and_branch(self, team: Team) -> None:
        team.api.runs = [run(job(), event="pull_request", branch="main", head_repo="fork/app")]
        team.reruns.pulls = [SaidPull(8, SHA, "org:main", "closed"), SaidPull(9, SHA, "fork:main")]
        assert team.rerun()[1]["guard"] is None

    def test_a_pull_request_that_nobody_knows(self, team: Team) -> None:
        team.api.runs = [run(job(), event="pull_request", branch="feature")]
        assert team.rerun()[1]["guard"] == "pull-request"

    @pytest.mark.parametrize(
        ("deploy", "guard"),
        [
            (SaidJob(12, "Deploy (eu)", "skipped", NOON, NOON, steps=()), "side-effects"),
            (SaidJob(12, "Deploy (eu)", "success", NOON + 2 * MINUTE, NOON + 3 * MINUTE), "side-effects"),
            (SaidJob(12, "Deploy (eu)", "success", NOON - MINUTE, NOON), None),
            (job(12, name="Deploy (eu)"), "side-effects"),
        ],
    )
    def test_side_effects(self, deploy: SaidJob, guard: str | None, team: Team) -> None:
        (team.folder / "lumen.yml").write_text('rerun: {side-effects: ["deploy*"]}\n', encoding="utf-8")
        team.knows(run(job(), deploy))
        assert team.rerun()[1]["guard"] == guard


class TestTheCallItself:
    @pytest.mark.parametrize(
        ("said", "guard"),
        [
            ("This workflow is already running", "attempt"),
            ("This workflow run cannot be retried", "refused"),
            ("Unable to retry this workflow run because it was created over a month ago", "age"),
        ],
    )
    def test_both_meanings_of_403(self, said: str, guard: str, team: Team) -> None:
        team.api.troubles = [Trouble("/rerun-failed-jobs", 403, body={"message": said})]
        code, answer = team.rerun()
        assert (code, decided(answer)) == (0, ("nothing", guard))
        assert said in answer["reason"]

    def test_a_token_that_may_not(self, team: Team) -> None:
        body = {"message": "Resource not accessible by integration"}
        team.api.troubles = [Trouble("/rerun-failed-jobs", 403, body=body)]
        code, _ = team.rerun()
        assert code == 2
        assert "`permissions: {actions: write}`" in team.words

    def test_a_run_that_is_gone(self, team: Team) -> None:
        team.api.troubles = [Trouble("/rerun-failed-jobs", 404)]
        assert decided(team.rerun()[1]) == ("nothing", "gone")

    def test_an_answer_that_was_lost_after_the_deed(self, team: Team) -> None:
        team.api.troubles = [Trouble("/rerun-failed-jobs", 502, done=True)]
        code, answer = team.rerun()
        assert (code, decided(answer), team.reruns.made, team.api.asked("POST")) == (0, ("rerun", None), 1, 1)

    def test_an_answer_that_was_lost_before_it(self, team: Team) -> None:
        team.api.troubles = [Trouble("/rerun-failed-jobs", 502)]
        code, answer = team.rerun()
        assert (code, answer["decision"], team.reruns.made, team.api.asked("POST")) == (75, "later", 0, 1)

    def test_a_limit_is_outlasted_and_the_call_made_once(self, team: Team) -> None:
        team.api.troubles = [Trouble("/rerun-failed-jobs", 429, {"Retry-After": "0"})]
        assert decided(team.rerun()[1]) == ("rerun", None)
        assert (team.reruns.made, team.api.asked("POST")) == (1, 2)


class TestClaims:
    def dies(self, team: Team) -> None:
        """Let a companion die between its fact and its call."""
        team.api.troubles = [Trouble("/rerun-failed-jobs", 500)]
        assert team.rerun()[0] == 75

    def test_a_claim_is_not_taken_over_while_its_owner_may_live(self, team: Team) -> None:
        self.dies(team)
        team.now_ms += LAPSE_MS - 1
        code, answer = team.rerun()
        assert (code, decided(answer), team.reruns.made) == (75, ("later", "claim"), 0)

    def test_it_lapses(self, team: Team) -> None:
        self.dies(team)
        team.now_ms += LAPSE_MS
        assert decided(team.rerun()[1]) == ("rerun", None)
        assert [claim.key.stage for claim in team.facts(Kind.RERUN)] == ["run", "run.2"]

    def test_it_does_not_lapse_for_ever(self, team: Team) -> None:
        for _ in range(3):
            self.dies(team)
            team.now_ms += LAPSE_MS
        code, answer = team.rerun()
        assert (code, decided(answer), team.reruns.made) == (0, ("nothing", "claim"), 0)

    def test_a_second_event_for_the_same_attempt_does_nothing(self, team: Team) -> None:
        team.rerun()
        event = {"workflow_run": {"id": 100, "run_attempt": 1}}
        assert decided(team.rerun(event=event)[1]) == ("nothing", "attempt")
        assert team.reruns.made == 1
