"""`lumen reconcile` from end to end: which facts it finds missing, by which rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import HOUR, NOON
from githubapi import SaidAttempt, SaidJob
from reconcileteam import KILLED, MINUTE, REGIONS, Team, job, outcomes, run

from lumen_action.model import Source


class TestWhatIsFound:
    @pytest.mark.parametrize(
        ("ended", "outcome", "error_class"),
        [
            (job("us", "cancelled"), "cancelled", None),
            (job("us", "timed_out"), "timeout", "environment"),
            (job("us", "failure", steps=KILLED), "error", "environment"),
            (job("us", "failure", steps=(), runner=""), "error", "environment"),
            (job("us", "failure", steps=(("completed", "failure"), ("completed", "skipped"))), "error", "unknown"),
            (job("us", "failure"), "failure", "unknown"),
            (job("us", "skipped", steps=(), runner=""), "skipped", None),
            (job("us", "success"), "success", None),
        ],
        ids=["cancelled", "timed-out", "runner-lost", "no-runner", "set-up", "silent-failure", "skipped", "silent"],
    )
    def test_a_leg_that_did_not_speak_is_counted_as_it_ended_and_once(
        self, team: Team, ended: SaidJob, outcome: str, error_class: str | None
    ) -> None:
        team.api.runs = [run(100, job("eu"), ended, conclusion="failure")]
        team.speaks("100", "eu")
        code, answer = team.reconcile()
        assert (code, outcomes(answer)) == (0, [("100", "us", outcome)])
        assert answer["added"][0]["error_class"] == error_class
        assert answer["added"][0]["day"] == "2026-01-02"
        assert team.reconcile("--since", "1d")[1]["added"] == []
        assert len(team.facts()) == 2

    def test_the_key_is_the_one_the_job_itself_would_have_used(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"), job("us", "cancelled"))]
        team.speaks("100", "eu")
        team.reconcile()
        team.speaks("100", "us", status="cancelled")
        facts = team.facts()
        assert {(fact.key.job, fact.source) for fact in facts} == {("11", Source.JOB), ("12", Source.API)}
        assert len(facts) == 2

    def test_the_word_of_the_job_wins_over_what_the_api_shows(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu", "success"))]
        team.speaks("100", "eu", outcome="failure")
        assert team.reconcile()[1]["added"] == []
        (result,) = team.state()["pipelines"]["nightly"]["runs"]
        assert result["outcome"] == "failure"

    def test_a_failed_stage_says_why_the_run_failed(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu", "failure"), conclusion="failure")]
        dns = "curl: (6) Could not resolve host: prices.acme.example"
        team.speaks("100", "eu", stage="build", status="failure", error_log=dns)
        _, answer = team.reconcile()
        assert [(added["outcome"], added["error_class"]) for added in answer["added"]] == [("failure", "network")]
        (result,) = team.state()["pipelines"]["nightly"]["runs"]
        assert (result["outcome"], result["failure"]["error_class"]) == ("failure", "network")

    def test_a_run_that_never_started_failed_in_every_region_it_would_have_run_in(self, team: Team) -> None:
        team.api.runs = [run(99, job("eu"), job("us")), run(100, conclusion="startup_failure")]
        team.speaks("99", "eu")
        team.speaks("99", "us")
        _, answer = team.reconcile()
        assert outcomes(answer) == [("100", "eu", "error"), ("100", "us", "error")]
        assert {added["pipeline"] for added in answer["added"]} == {"nightly"}

    def test_the_first_tick_learns_of_a_job_from_runs_it_spoke_in_later(self, team: Team) -> None:
        killed = replace(job("us", "cancelled"), id=22)
        team.api.runs = [run(99, replace(job("eu"), id=21), killed), run(100, job("eu"), job("us"))]
        team.speaks("99", "eu", job=21)
        team.speaks("100", "eu")
        team.speaks("100", "us")
        _, answer = team.reconcile()
        assert outcomes(answer) == [("99", "us", "cancelled")]
        legs = {fact.leg for fact in team.facts() if fact.key.region == "us"}
        assert len(legs) == 1

    def test_a_job_before_the_one_that_speaks_makes_the_run_fail_where_that_is_skipped(self, team: Team) -> None:
        build = SaidJob(31, "build", "failure", NOON, NOON + MINUTE)
        team.api.runs = [
            run(99, replace(build, id=30, conclusion="success"), job("eu")),
            run(100, build, replace(job("eu", "skipped"), id=32, steps=()), conclusion="failure"),
        ]
        team.speaks("99", "eu")
        _, answer = team.reconcile()
        assert [(a["run"], a["job"], a["outcome"]) for a in answer["added"]] == [("100", "32", "failure")]

    def test_a_matrix_that_is_skipped_whole_is_skipped_in_each_region(self, team: Team) -> None:
        whole = SaidJob(40, "Deploy", "skipped", NOON, NOON, steps=(), runner="")
        team.api.runs = [run(99, job("eu"), job("us")), run(100, whole, conclusion="skipped")]
        team.speaks("99", "eu")
        team.speaks("99", "us")
        assert outcomes(team.reconcile()[1]) == [("100", "eu", "skipped"), ("100", "us", "skipped")]

    def test_what_a_fork_ran_is_kept_apart(self, team: Team) -> None:
        fork = {"event": "pull_request", "head_repo": "stranger/app"}
        gone = {"event": "pull_request_target", "head_repo": None}
        team.api.runs = [run(99, job("eu")), run(100, job("eu", "cancelled"), **fork), run(101, job("eu"), **gone)]
        team.speaks("99", "eu")
        _, answer = team.reconcile()
        assert {(added["run"], added["trust"]) for added in answer["added"]} == {("100", "fork"), ("101", "fork")}

    def test_workflows_that_do_not_use_lumen_cost_no_call_and_no_fact(self, team: Team) -> None:
        other = {"name": "lint", "path": ".github/workflows/lint.yml"}
        team.api.runs = [run(99, job("eu")), run(100, job("eu", "cancelled"), **other)]
        team.speaks("99", "eu")
        code, answer = team.reconcile()
        assert (code, answer["runs"], answer["added"]) == (0, 1, [])
        assert team.api.asked("/runs/100") == 0

    def test_a_workflow_that_speaks_on_its_schedule_only_is_not_counted_for_pull_requests(self, team: Team) -> None:
        team.api.runs = [run(99, job("eu"))]
        team.speaks("99", "eu")
        team.reconcile()
        team.api.runs += [run(100, job("eu"), event="push"), run(101, job("eu", "cancelled"))]
        assert outcomes(team.reconcile()[1]) == [("101", "eu", "cancelled")]

    def test_a_run_that_was_asked_for_and_never_used_lumen_is_named(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"), name="lint", path=".github/workflows/lint.yml")]
        code, answer = team.reconcile("--runs", "100")
        assert (code, answer["runs"]) == (0, 0)
        assert "runs 100" in team.words


class TestAttempts:
    def test_every_attempt_counts_and_jobs_taken_over_count_in_the_one_they_ran_in(self, team: Team) -> None:
        again = NOON + HOUR
        first = SaidAttempt((job("eu"), job("us", "cancelled")), "cancelled")
        second = SaidAttempt(
            (
                replace(job("eu"), id=21),
                replace(job("us", "failure", steps=KILLED), id=22, began_ms=again, ended_ms=again),
            ),
            "failure",
            began_ms=again,
        )
        team.api.runs = [replace(run(100), attempts=(first, second))]
        team.speaks("100", "eu")
        _, answer = team.reconcile()
        found = {(added["attempt"], added["job"], added["region"], added["outcome"]) for added in answer["added"]}
        assert found == {(1, "12", "us", "cancelled"), (2, "22", "us", "error")}

    def test_a_later_attempt_of_a_settled_run_is_looked_at_alone(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"), job("us", "cancelled"))]
        team.speaks("100", "eu")
        assert len(team.reconcile()[1]["added"]) == 1
        again = NOON + HOUR
        late = replace(job("us", "timed_out"), id=22, began_ms=again, ended_ms=again + MINUTE)
        second = SaidAttempt((replace(job("eu"), id=21), late), "failure", began_ms=again)
        team.api.runs = [replace(team.api.runs[0], attempts=(*team.api.runs[0].attempts, second))]
        _, answer = team.reconcile()
        assert [(added["attempt"], added["outcome"]) for added in answer["added"]] == [(2, "timeout")]
        assert team.api.asked("/attempts/1/jobs") == 1

    def test_an_attempt_with_many_jobs_is_read_to_its_last_page(self, team: Team) -> None:
        jobs = tuple(replace(job("eu", "cancelled"), id=1000 + n, name=f"Deploy (eu, {n})") for n in range(256))
        team.api.runs = [run(99, job("eu")), run(100, *jobs, conclusion="cancelled")]
        team.speaks("99", "eu")
        _, answer = team.reconcile()
        assert len(answer["added"]) == 256
        assert team.api.asked("/runs/100/attempts/1/jobs") == 3
        assert len(team.facts(run="100")) == 256


class TestRules:
    def test_a_workflow_can_be_named_before_it_ever_spoke(self, team: Team) -> None:
        (team.folder / "lumen.yml").write_text(
            "timezone: Asia/Seoul\n"
            "reconcile:\n"
            "  workflows: {release.yml: release}\n"
            "  regions: {'Ship to Frankfurt*': eu-central-1}\n"
            "  ignore: ['lint*']\n",
            encoding="utf-8",
        )
        jobs = (
            SaidJob(1, "lint (3.12)", "failure", NOON, NOON),
            SaidJob(2, "Ship to Frankfurt (blue)", "cancelled", NOON, NOON),
        )
        release = {"name": "Release it", "path": ".github/workflows/release.yml@refs/heads/main"}
        team.api.runs = [replace(run(100, *jobs, **release), created_ms=NOON + 4 * HOUR)]
        team.now_ms = NOON + 5 * HOUR
        _, answer = team.reconcile()
        (added,) = answer["added"]
        assert (added["pipeline"], added["region"], added["outcome"]) == ("release", "eu-central-1", "cancelled")
        assert added["day"] == "2026-01-03"

    def test_a_wrong_rule_is_said_with_what_to_write(self, team: Team) -> None:
        (team.folder / "lumen.yml").write_text("reconcile:\n  workflows: nightly\n", encoding="utf-8")
        code, _ = team.reconcile()
        assert code == 2
        assert "`reconcile: {workflows: {nightly.yml: nightly}}`" in team.words


class TestAServerWithoutJobIds:
    """GitHub Enterprise Server tells a job no id: facts carry a name and a digest of the matrix."""

    @pytest.fixture(autouse=True)
    def enterprise(self, team: Team) -> None:
        team.api.server = "https://github.com"

    def test_runner_and_time_tell_whose_word_it_is(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"), job("us", "cancelled"))]
        team.speaks("100", "eu", job=0)
        _, answer = team.reconcile()
        assert outcomes(answer) == [("100", "us", "cancelled")]
        assert team.reconcile("--since", "1d")[1]["added"] == []

    def test_what_is_learned_gives_the_key_the_job_would_have_used(self, team: Team) -> None:
        again = replace(run(101, replace(job("eu"), id=21), replace(job("us", "cancelled"), id=22)), created_ms=NOON)
        team.api.runs = [run(100, job("eu"), job("us")), again]
        for region in REGIONS:
            team.speaks("100", region, job=0)
        team.speaks("101", "eu", job=0)
        _, answer = team.reconcile()
        assert outcomes(answer) == [("101", "us", "cancelled")]
        team.speaks("101", "us", job=0, status="cancelled")
        assert len(team.facts(run="101")) == 2
