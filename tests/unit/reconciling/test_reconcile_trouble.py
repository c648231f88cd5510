"""`lumen reconcile` with an API in trouble, and with wrong inputs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import NOON
from githubapi import Trouble
from reconcileteam import MINUTE, Team, job, outcomes, run


class TestWhenTheApiIsInTrouble:
    @pytest.fixture(autouse=True)
    def runs(self, team: Team) -> None:
        team.api.runs = [
            replace(run(100 + n, replace(job("us", "cancelled"), id=50 + n)), created_ms=NOON + n * MINUTE)
            for n in range(4)
        ]
        team.speaks("99", "us")

    def test_a_missing_permission_is_named_with_the_lines_to_write(self, team: Team) -> None:
        team.api.permitted = False
        code, _ = team.reconcile()
        assert code == 2
        assert "`permissions: {actions: read}`" in team.words

    def test_a_wrong_token_is_named_and_not_shown(self, team: Team) -> None:
        code, _ = team.reconcile(token="ghs_wrong")  # noqa: S106 - a wrong one
        assert code == 2
        assert "token: the token was refused by" in team.words
        assert "ghs_wrong" not in team.words

    def test_a_limit_that_lasts_ends_the_call_and_the_next_goes_on(self, team: Team) -> None:
        spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(4_000_000_000)}
        refusal = {"message": "API rate limit exceeded"}
        team.api.troubles = [Trouble("/runs/102/", 403, spent, refusal)]
        code, answer = team.reconcile()
        assert (code, len(answer["added"])) == (75, 2)
        assert answer["watermark"] == "2026-01-02T12:02:00Z"
        assert len([line for line in team.words.splitlines() if "rate limit" in line]) == 1
        code, answer = team.reconcile()
        assert (code, outcomes(answer)) == (0, [("102", "us", "cancelled"), ("103", "us", "cancelled")])

    def test_a_limit_on_the_list_itself_ends_the_call(self, team: Team) -> None:
        team.api.troubles = [Trouble("/runs?", 429, {"Retry-After": "3600"})]
        code, _ = team.reconcile()
        assert code == 75
        assert "rate limit is used up" in team.words

    def test_a_run_that_cannot_be_read_now_is_left_for_the_next_call_and_the_others_go_on(self, team: Team) -> None:
        team.api.troubles = [Trouble("/runs/101/", 400)]
        code, answer = team.reconcile()
        assert (code, len(answer["added"])) == (75, 3)
        assert answer["watermark"] == "2026-01-02T12:01:00Z"
        code, answer = team.reconcile()
        assert (code, outcomes(answer)) == (0, [("101", "us", "cancelled")])

    @pytest.mark.parametrize("status", [404, 410])
    def test_a_run_that_was_deleted_is_lost_and_said_once(self, team: Team, status: int) -> None:
        team.api.troubles = [Trouble("/runs/101/", status, times=99)]
        code, answer = team.reconcile()
        assert (code, len(answer["added"]), len(answer["lost"])) == (1, 3, 1)
        assert "lost: run 101 attempt 1:" in team.words
        assert team.reconcile()[0] == 0

    def test_a_repository_that_is_not_there_is_said(self, team: Team) -> None:
        code, _ = team.reconcile("--repository", "org/other")
        assert code == 2
        assert "org/other" in team.words


class TestInputs:
    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--since", "yesterday"), "since: `yesterday` is no time; write `since: 3d`"),
            (("--runs", "1,x"), "runs: `1,x` is not a list of numbers"),
            (("--since", "3d", "--runs", "1"), "since: cannot be combined with `runs`"),
            (("--repository", "app"), "repository: is missing or malformed; write `--repository org/app`"),
        ],
    )
    def test_a_wrong_one_is_said_with_what_to_write(self, team: Team, options: tuple[str, ...], said: str) -> None:
        assert team.reconcile(*options)[0] == 2
        assert said in team.words

    def test_without_a_token_nothing_is_asked(self, team: Team) -> None:
        assert team.reconcile(token="")[0] == 2
        assert "LUMEN_TOKEN" in team.words
        assert team.api.requests == []

    def test_a_ledger_that_ends_with_the_job_is_refused(self, team: Team) -> None:
        env = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1", "RUNNER_TEMP": str(team.folder)}
        code, _ = team.reconcile(**env)
        assert code == 2
