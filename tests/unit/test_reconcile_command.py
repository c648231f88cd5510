"""`lumen reconcile` from end to end: real jobs write to a real ledger, a strict stand-in tells what else happened."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from facts import HOUR, NOON
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun, Trouble
from job import Job

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Source

MINUTE = HOUR // 60
REGIONS = {"eu": 11, "us": 12}
KILLED = (("completed", "success"), ("in_progress", None))


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi().serving() as serving:
        yield serving


@dataclass
class Team:
    """A team with a ledger; `reconcile` is one tick."""

    folder: Path
    api: GitHubApi
    now_ms: int = NOON + 2 * HOUR
    words: str = ""

    @property
    def ledger(self) -> str:
        return f"sqlite:{self.folder / 'ledger.db'}"

    def speaks(self, run: str, region: str = "eu", *, attempt: int = 1, job: int | None = None, **step: str) -> None:
        """Let a job of the workflow record its run as its last step."""
        number = REGIONS[region] if job is None else job
        extra = {"LUMEN_INPUT_JOB_ID": str(number) if number else "", "RUNNER_NAME": f"machine {region}"}
        asked = {"GITHUB_API_URL": self.api.url, "LUMEN_INPUT_TOKEN": TOKEN}
        job_ = Job(
            self.folder / f"job-{run}-{region}-{attempt}-{number}",
            run=run,
            attempt=str(attempt),
            region=region,
            ledger=self.ledger,
            extra={**extra, **asked},
        )
        assert job_.step(step.pop("stage", "run"), step.pop("status", "success"), **step) == 0

    def reconcile(self, *options: str, token: str = TOKEN, **env: str) -> tuple[int, dict[str, Any]]:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            env={"GITHUB_API_URL": self.api.url, "GITHUB_REPOSITORY": "org/app", "LUMEN_TOKEN": token, **env},
            folder=self.folder,
            stdout=out,
            stderr=err,
            clock_ms=lambda: self.now_ms,
        )
        code = main(["reconcile", "--ledger", self.ledger, "--json", *options], world)
        self.words = err.getvalue()
        answer: dict[str, Any] = json.loads(out.getvalue()) if out.getvalue().startswith("{") else {}
        return code, answer

    def facts(self, **where: str) -> list[Fact]:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        try:
            return [fact for fact in ledger.scan(**where) if fact.key.kind is Kind.RUN]
        finally:
            ledger.close()

    def state(self) -> dict[str, Any]:
        out = io.StringIO()
        world = World(env={}, folder=self.folder, stdout=out, stderr=out, clock_ms=lambda: self.now_ms)
        assert main(["state", "--ledger", self.ledger, "--json"], world) == 0
        state: dict[str, Any] = json.loads(out.getvalue())
        return state


@pytest.fixture
def team(tmp_path: Path, api: GitHubApi, monkeypatch: pytest.MonkeyPatch) -> Team:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return Team(tmp_path, api)


def job(region: str = "eu", conclusion: str | None = "success", **other: Any) -> SaidJob:  # noqa: ANN401
    return replace(
        SaidJob(
            REGIONS[region], f"Deploy ({region})", conclusion, NOON, NOON + 30 * MINUTE, runner=f"machine {region}"
        ),
        **other,
    )


def run(id_: int, *jobs: SaidJob, conclusion: str | None = "success", **other: Any) -> SaidRun:  # noqa: ANN401
    return replace(SaidRun(id_, NOON - MINUTE, (SaidAttempt(jobs, conclusion),)), **other)


def outcomes(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((added["run"], added["region"], added["outcome"]) for added in answer["added"])


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


class TestTheWatermark:
    def test_a_run_that_still_runs_holds_it_back_and_is_counted_when_it_has_ended(self, team: Team) -> None:
        running = run(100, job("us", None, status="in_progress", ended_ms=None), conclusion=None)
        running = replace(running, attempts=(replace(running.attempts[0], status="in_progress"),))
        team.api.runs = [run(99, job("eu")), running]
        team.speaks("99", "eu")
        code, answer = team.reconcile()
        assert (code, answer["added"], answer["unfinished"]) == (0, [], ["100"])
        assert answer["watermark"] == "2026-01-02T11:59:00Z"
        for _ in range(2):
            team.now_ms += 30 * HOUR
            assert team.reconcile()[1]["watermark"] == "2026-01-02T11:59:00Z"
        team.api.runs[1] = run(100, job("us", "timed_out"), conclusion="failure")
        code, answer = team.reconcile()
        assert outcomes(answer) == [("100", "us", "timeout")]
        assert answer["watermark"] == answer["until"]
        assert team.api.asked("/runs/99/attempts/1/jobs") == 1

    @pytest.mark.parametrize("job_status", ["queued", "in_progress"])
    def test_a_run_that_is_over_before_its_last_job_is_not(self, team: Team, job_status: str) -> None:
        late = job("us", None, status=job_status, ended_ms=None)
        team.api.runs = [run(100, job("eu"), late, conclusion="cancelled")]
        team.speaks("100", "eu")
        _, answer = team.reconcile()
        assert (answer["added"], answer["unfinished"]) == ([], ["100"])

    def test_a_fork_that_waits_for_consent_has_not_begun(self, team: Team) -> None:
        team.api.runs = [run(99, job("eu")), run(100, conclusion="action_required")]
        team.speaks("99", "eu")
        assert team.reconcile()[1]["unfinished"] == ["100"]

    def test_what_was_settled_costs_no_more_than_the_list(self, team: Team) -> None:
        team.api.runs = [run(100 + n, job("eu")) for n in range(5)]
        for n in range(5):
            team.speaks(str(100 + n), "eu")
        assert team.reconcile()[1]["calls"] == 6
        assert team.reconcile()[1]["calls"] == 1

    def test_more_runs_than_the_api_shows_are_asked_for_in_parts(self, team: Team) -> None:
        team.api.runs = [
            replace(run(5000 + n), name="lint", path="lint.yml", created_ms=NOON - n * MINUTE) for n in range(1100)
        ]
        team.api.runs.append(replace(run(100, job("us", "cancelled")), created_ms=NOON - 1099 * MINUTE))
        team.speaks("100", "eu", stage="build", job=12)
        code, answer = team.reconcile("--since", "2026-01-01")
        assert code == 0
        assert outcomes(answer) == [("100", "eu", "cancelled")]

    def test_a_window_by_hand_looks_at_all_of_it_and_leaves_the_watermark(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"))]
        team.speaks("100", "eu")
        before = team.reconcile()[1]["watermark"]
        team.now_ms += HOUR
        assert team.reconcile("--runs", "100")[1]["attempts"] == 1
        assert team.reconcile("--since", "36h")[1]["attempts"] == 1
        assert team.reconcile("--since", "36h")[1]["watermark"] == before

    def test_a_dry_run_says_what_is_missing_and_writes_nothing(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"), job("us", "cancelled"))]
        team.speaks("100", "eu")
        for _ in range(2):
            code, answer = team.reconcile("--dry-run")
            assert (code, outcomes(answer)) == (0, [("100", "us", "cancelled")])
        assert len(team.facts()) == 1
        assert "missing: nightly us 2026-01-02 run 100 attempt 1" in team.words


class TestTogether:
    def test_two_at_once_add_each_fact_once(self, team: Team) -> None:
        team.api.runs = [run(100 + n, replace(job("us", "cancelled"), id=50 + n)) for n in range(20)]
        team.speaks("99", "us")
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: team.reconcile(), range(4)))
        assert {code for code, _ in done} == {0}
        assert sum(len(answer["added"]) for _, answer in done) == 20
        assert len(team.facts()) == 21

    @pytest.mark.parametrize("seed", range(4))
    def test_through_a_day_of_trouble_no_run_is_skipped_and_none_counts_twice(self, team: Team, seed: int) -> None:
        chance = random.Random(seed)
        team.speaks("99", "us")
        for tick in range(10):
            team.now_ms = NOON + tick * 7 * HOUR
            for n in range(chance.randrange(4)):
                running = job("us", None, status="in_progress", ended_ms=None, id=1000 * tick + n + 1000)
                began = team.now_ms - chance.randrange(6 * HOUR)
                attempt = SaidAttempt((replace(running, began_ms=began),), None, "in_progress")
                team.api.runs.append(SaidRun(100 * tick + n + 100, began, (attempt,)))
            for place, each in enumerate(team.api.runs):
                if each.attempts[0].conclusion is None and chance.random() < 0.4:
                    team.api.runs[place] = ended_now(each, team.now_ms)
            part = chance.choice(["/runs?", f"/runs/{chance.randrange(100, 1100)}/", "/jobs", "/nothing"])
            team.api.troubles = [Trouble(part, chance.choice([400, 429]), {"Retry-After": "900"})]
            team.reconcile()
        team.api.troubles = []
        team.now_ms += HOUR
        team.api.runs = [
            ended_now(each, team.now_ms) if each.attempts[0].conclusion is None else each for each in team.api.runs
        ]
        assert team.reconcile()[0] == 0
        assert sorted(fact.key.run for fact in team.facts()) == sorted(["99", *(str(r.id) for r in team.api.runs)])


def ended_now(run: SaidRun, now_ms: int) -> SaidRun:
    (attempt,) = run.attempts
    (job,) = attempt.jobs
    over = replace(job, status="completed", conclusion="cancelled", ended_ms=now_ms)
    return replace(run, attempts=(replace(attempt, jobs=(over,), status="completed", conclusion="cancelled"),))


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
