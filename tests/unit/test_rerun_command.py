"""`lumen rerun` from end to end: a strict stand-in of GitHub, a real ledger, every fault that is known of re-runs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from facts import HOUR, NOON, fact
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun, Trouble
from githubruns import RERUN, Reruns, SaidPull, began_again

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.companion.claims import LAPSE_MS
from lumen_action.host.github import SUMMARY_BYTES
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import ErrorClass, Fact, Failure, Kind, Outcome, Scope

MINUTE = HOUR // 60
DAY = 24 * HOUR
FAILED = (("completed", "success"), ("completed", "failure"), ("completed", "skipped"))
NAMES = ("Set up job", "Run make fetch", "Post Run actions/checkout@v5")
RESET = """2026-01-02T12:00:01.0000000Z ##[group]Run make fetch
2026-01-02T12:00:01.0000000Z make fetch
2026-01-02T12:00:01.0000000Z ##[endgroup]
2026-01-02T12:00:09.0000000Z curl: (56) Recv failure: Connection reset by peer
2026-01-02T12:00:09.0000000Z ##[error]Process completed with exit code 56.
"""
BROKEN = RESET.replace(
    "curl: (56) Recv failure: Connection reset by peer", "src/a.c:3:1: error: expected ';' before '}'"
)
STOPS = "2026-01-02T12:00:01.0000000Z ##[group]Run make fetch\n2026-01-02T12:00:02.0000000Z fetching 1 of 9\n"
LOST = "The self-hosted runner lost communication with the server. Verify the machine is running."
KILLED = (("completed", "success"), ("in_progress", None))
SHA = SaidRun.sha


def job(id_: int = 11, conclusion: str | None = "failure", **other: Any) -> SaidJob:  # noqa: ANN401
    steps = FAILED if conclusion == "failure" else SaidJob.steps
    made = SaidJob(id_, f"build {id_}", conclusion, NOON, NOON + MINUTE, steps=steps, names=NAMES)
    return replace(made, **other)


def run(*jobs: SaidJob, conclusion: str | None = "failure", **other: Any) -> SaidRun:  # noqa: ANN401
    return replace(SaidRun(100, NOON, (SaidAttempt(jobs, conclusion),), event="push"), **other)


@dataclass
class Team:
    """A team with a ledger and a companion; what GitHub knows is in `api` and `reruns`."""

    folder: Path
    api: GitHubApi
    reruns: Reruns
    now_ms: int = NOON + 2 * MINUTE
    words: str = ""
    summary: str = ""
    outputs: str = ""
    env: dict[str, str] = field(default_factory=dict)
    filled: int = 0

    @property
    def ledger(self) -> str:
        return f"sqlite:{self.folder / 'ledger.db'}"

    def knows(self, said: SaidRun, logs: dict[int, str] | None = None) -> None:
        self.api.runs = [said]
        self.reruns.logs = logs if logs is not None else {each.id: RESET for each in said.attempts[-1].jobs}

    def rerun(self, *options: str, event: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Let the companion come in a job of its own."""
        out, err = io.StringIO(), io.StringIO()
        files = {name: self.folder / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        for name, file in files.items():
            file.write_text("x" * self.filled if name == "GITHUB_STEP_SUMMARY" else "", encoding="utf-8")
        path = self.folder / "event.json"
        told = event or {"workflow_run": {"id": 100, "run_attempt": len(self.api.runs[0].attempts)}}
        path.write_text(json.dumps(told), encoding="utf-8")
        env = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api.url,
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_EVENT_PATH": str(path),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "LUMEN_TOKEN": TOKEN,
            **{name: str(file) for name, file in files.items()},
            **self.env,
        }
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        code = main(["rerun", "--ledger", self.ledger, "--json", *options], world)
        self.words = out.getvalue() + err.getvalue()
        self.summary, self.outputs = (file.read_text(encoding="utf-8") for file in files.values())
        answer: dict[str, Any] = json.loads(out.getvalue()) if out.getvalue().startswith("{") else {}
        return code, answer

    def opened(self) -> SqliteLedger:
        return SqliteLedger(self.folder / "ledger.db", durable=True)

    def put(self, *facts: Fact) -> None:
        ledger = self.opened()
        for each in facts:
            ledger.put(each)
        ledger.close()

    def facts(self, kind: Kind) -> list[Fact]:
        ledger = self.opened()
        try:
            return [fact for fact in ledger.scan() if fact.key.kind is kind]
        finally:
            ledger.close()


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with GitHubApi().serving() as api:
        made = Team(tmp_path, api, Reruns(api))
        made.knows(run(job()))
        yield made


def decided(answer: dict[str, Any]) -> tuple[str, str | None]:
    return answer["decision"], answer["guard"]


class TestWhatIsRunAgain:
    def test_one_job_with_a_dropped_connection(self, team: Team) -> None:
        code, answer = team.rerun()
        assert (code, decided(answer), team.reruns.made) == (0, ("rerun", None), 1)
        (only,) = answer["jobs"]
        assert (only["error_class"], only["subclass"], only["line"]) == ("network", "reset", 4)
        assert only["evidence"].endswith("Connection reset by peer")
        assert "decision<<" in team.outputs
        assert "build 11" in team.summary

    def test_the_fact_is_there_before_the_call(self, team: Team) -> None:
        seen: list[int] = []
        team.reruns.before_call = lambda: seen.append(len(team.facts(Kind.RERUN)))
        team.rerun()
        (claim,) = team.facts(Kind.RERUN)
        assert seen == [1]
        assert (claim.key.run, claim.key.attempt, claim.key.job, claim.key.region, claim.key.stage) == (
            "100",
            2,
            "",
            "",
            "run",
        )
        assert claim.failure is not None
        assert claim.failure.subclass == "reset"

    def test_all_of_several_jobs_if_all_are_transient(self, team: Team) -> None:
        team.knows(run(job(11), job(12), job(13, "success")))
        assert decided(team.rerun()[1]) == ("rerun", None)

    def test_nothing_is_done_in_a_dry_run(self, team: Team) -> None:
        code, answer = team.rerun("--dry-run")
        assert (code, answer["decision"], answer["rerun"], team.reruns.made) == (0, "rerun", False, 0)
        assert team.facts(Kind.RERUN) == []
        assert "dry run" in team.summary

    def test_a_run_named_by_hand(self, team: Team) -> None:
        assert decided(team.rerun("--run", "100", event={"inputs": {}})[1]) == ("rerun", None)

    def test_what_a_job_said_itself_needs_no_log(self, team: Team) -> None:
        said = Failure(ErrorClass.NETWORK, "dns", "dns", "f00d", scope=Scope.STEP)
        own = replace(fact("build", Outcome.FAILURE, run="100"), failure=said)
        team.put(replace(own, key=replace(own.key, job="11")))
        _, answer = team.rerun()
        assert (answer["jobs"][0]["source"], answer["jobs"][0]["subclass"]) == ("ledger", "dns")
        assert team.api.asked("/logs") == 0

    def test_what_is_worth_it_in_a_moment_is_waited_for(self, team: Team) -> None:
        (team.folder / "lumen.yml").write_text("rerun: {backoff: [1]}\n", encoding="utf-8")
        team.now_ms = NOON + MINUTE
        assert decided(team.rerun()[1]) == ("rerun", None)
        assert "waiting 1 s" in team.words

    def test_a_service_that_named_no_time_is_waited_for_since_the_job_ended(self, team: Team) -> None:
        limited = RESET.replace("curl: (56) Recv failure: Connection reset by peer", "Error: API rate limit exceeded")
        team.knows(run(job()), {11: limited})
        team.now_ms = NOON + 5 * MINUTE
        _, answer = team.rerun()
        assert (answer["decision"], answer["delay_seconds"]) == ("rerun", 60)


class TestWhatIsNot:
    def test_one_permanent_failure_vetoes_all(self, team: Team) -> None:
        team.knows(run(job(11), job(12)), {11: RESET, 12: BROKEN})
        code, answer = team.rerun()
        assert (code, decided(answer), answer["tickets"], team.reruns.made) == (0, ("ticket", None), [12], 0)
        assert "vetoes 1" in answer["reason"]

    def test_an_unknown_failure_is_not_run_again(self, team: Team) -> None:
        team.knows(run(job()), {11: RESET.replace("curl: (56) Recv failure: Connection reset by peer", "it broke")})
        assert decided(team.rerun()[1]) == ("ticket", None)

    def test_a_log_that_is_gone_with_no_other_proof(self, team: Team) -> None:
        team.knows(run(job()), {})
        _, answer = team.rerun()
        assert (decided(answer), team.reruns.made) == (("nothing", None), 0)
        assert "404" in answer["reason"]

    def test_a_log_that_cannot_be_had_now(self, team: Team) -> None:
        team.api.troubles = [Trouble("/logs", 500, times=9)]
        assert decided(team.rerun()[1]) == ("nothing", None)

    def test_a_file_of_the_project_that_a_check_pinned(self, team: Team) -> None:
        team.reruns.annotations = {11: [("tests/test_a.py", "assert 3 == 4")]}
        _, answer = team.rerun()
        assert (answer["decision"], answer["jobs"][0]["error_class"]) == ("ticket", "build")

    def test_a_test_that_its_timeout_ended(self, team: Team) -> None:
        team.knows(run(job(names=("Set up job", "Run E2E Tests", "x"), seconds=(3, 600, 0))))
        _, answer = team.rerun()
        assert (answer["decision"], answer["jobs"][0]["subclass"]) == ("ticket", "timeout_step")

    def test_a_run_without_a_failed_job(self, team: Team) -> None:
        team.knows(run(job(11, "cancelled"), conclusion="cancelled"))
        assert decided(team.rerun()[1]) == ("nothing", None)

    def test_a_run_that_ended_well_costs_one_call(self, team: Team) -> None:
        team.knows(run(job(11, "success"), conclusion="success"))
        code, answer = team.rerun()
        assert (code, decided(answer), answer["calls"]) == (0, ("nothing", "ended-well"), 1)


class TestLostRunners:
    @pytest.mark.parametrize("logs", [{}, {11: STOPS}])
    def test_only_the_annotation_tells(self, logs: dict[int, str], team: Team) -> None:
        team.knows(run(job(steps=KILLED)), logs)
        team.reruns.annotations = {11: [(".github", LOST)]}
        _, answer = team.rerun()
        assert (decided(answer), answer["jobs"][0]["subclass"]) == (("rerun", None), "runner_lost")

    def test_a_step_without_a_conclusion_is_proof_enough(self, team: Team) -> None:
        team.knows(run(job(steps=KILLED)), {11: STOPS})
        assert team.rerun()[1]["jobs"][0]["subclass"] == "runner_lost"

    def test_a_killed_runner_may_end_as_cancelled(self, team: Team) -> None:
        team.knows(run(job(11, "cancelled", steps=KILLED), conclusion="cancelled"), {})
        team.reruns.annotations = {11: [(".github", LOST)]}
        assert decided(team.rerun()[1]) == ("rerun", None)

    def test_what_a_person_cancelled_stays_so(self, team: Team) -> None:
        team.knows(run(job(11, "cancelled", steps=KILLED), conclusion="cancelled"), {})
        team.reruns.annotations = {11: [(".github", "The run was canceled by @ann.")]}
        assert decided(team.rerun()[1]) == ("nothing", None)

    def test_without_the_right_to_read_annotations_the_log_alone_decides(self, team: Team) -> None:
        team.api.troubles = [Trouble("/annotations", 403, body={"message": "Resource not accessible by integration"})]
        assert decided(team.rerun()[1]) == ("rerun", None)
        assert "`checks: read`" in team.words


def attempts(count: int) -> SaidRun:
    return replace(run(job()), attempts=(SaidAttempt((job(),), "failure"),) * count)


def newer(**other: Any) -> list[SaidRun]:  # noqa: ANN401
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


class TestIncidents:
    def test_more_failed_jobs_than_are_a_flake(self, team: Team) -> None:
        team.knows(run(*(job(id_) for id_ in range(11, 17))))
        code, answer = team.rerun()
        assert (code, answer["decision"], answer["incident_opened"], team.reruns.made) == (0, "incident", True, 0)
        (opened,) = team.facts(Kind.INCIDENT)
        assert answer["incident_key"] == f"{opened.key.run}-{opened.key.stage}" == f"2026-01-02-{opened.key.stage}"
        assert team.rerun()[1]["incident_opened"] is False

    def test_of_many_failed_jobs_ten_logs_are_read(self, team: Team) -> None:
        team.knows(run(*(job(id_) for id_ in range(11, 61))))
        _, answer = team.rerun()
        assert (answer["decision"], team.api.asked("/logs")) == ("incident", 10)
        assert answer["calls"] <= 15

    @pytest.mark.parametrize(
        ("seen", "wide"),
        [
            ([("1", "a", "eu"), ("2", "a", "eu"), ("3", "a", "eu"), ("4", "a", "eu")], True),
            ([("1", "a", "eu"), ("2", "a", "eu"), ("3", "a", "eu")], False),
            ([("1", "a", "eu"), ("2", "b", "eu")], True),
            ([("1", "a", "eu"), ("2", "a", "us"), ("3", "a", "ap")], True),
            ([("100", "nightly", "eu"), ("100", "nightly", "us"), ("100", "nightly", "ap")], False),
        ],
    )
    def test_the_same_failure_everywhere(self, seen: list[tuple[str, str, str]], wide: bool, team: Team) -> None:  # noqa: FBT001
        _, answer = team.rerun("--dry-run")
        mark = answer["jobs"][0]["fingerprint"]
        said = Failure(ErrorClass.NETWORK, "reset", "x", mark, scope=Scope.STEP)
        team.put(
            *(
                replace(fact("b", Outcome.FAILURE, run=run_, pipeline=pipeline, region=region), failure=said)
                for run_, pipeline, region in seen
            )
        )
        assert (team.rerun()[1]["decision"] == "incident") is wide

    def test_what_is_past_is_past(self, team: Team) -> None:
        _, answer = team.rerun("--dry-run")
        said = Failure(ErrorClass.NETWORK, "reset", "x", answer["jobs"][0]["fingerprint"], scope=Scope.STEP)
        old = [
            replace(fact("b", Outcome.FAILURE, run=str(each), at=NOON - HOUR), failure=said) for each in range(1, 20)
        ]
        team.put(*old)
        assert team.rerun()[1]["decision"] == "rerun"


class TestLimitsAndInputs:
    def test_the_summary_stays_within_its_room(self, team: Team) -> None:
        team.knows(run(*(job(id_, name=f"build {id_} " + "ä" * 200) for id_ in range(11, 21))))
        (team.folder / "lumen.yml").write_text("rerun: {most-failed-jobs: 10}\n", encoding="utf-8")
        team.rerun("--dry-run")
        whole = team.summary
        assert whole.count("<details>") == whole.count("</details>") == 10
        team.filled = SUMMARY_BYTES - 3000
        team.rerun("--dry-run")
        assert len(team.summary.encode()) <= SUMMARY_BYTES
        assert 0 < team.summary.count("<details>") == team.summary.count("</details>") < 10
        assert "more |" in team.summary

    def test_a_missing_right_to_see_pull_requests_is_named(self, team: Team) -> None:
        team.api.runs = [run(job(), event="pull_request", branch="feature", pulls=(7,))]
        team.api.troubles = [Trouble("/pulls/7", 403, body={"message": "Resource not accessible by integration"})]
        assert team.rerun()[0] == 2
        assert "pull-requests: read" in team.words

    def test_a_delay_longer_than_a_job_may_wait_is_left(self, team: Team) -> None:
        limited = "You have exceeded a secondary rate limit. Please retry after 1800 seconds."
        text = RESET.replace("curl: (56) Recv failure: Connection reset by peer", f"Error: {limited}")
        team.knows(run(job()), {11: text})
        code, answer = team.rerun()
        assert (code, answer["decision"], team.reruns.made) == (75, "later", 0)
        assert "left for a later call" in answer["reason"]

    @pytest.mark.parametrize(
        ("options", "event", "word"),
        [
            ((), {"inputs": {}}, "run: is missing"),
            (("--run", "x"), {}, "run: `x`"),
            (("--run", "1", "--attempt", "0"), {}, "attempt: `0`"),
        ],
    )
    def test_wrong_inputs(self, options: tuple[str, ...], event: dict[str, Any], word: str, team: Team) -> None:
        assert team.rerun(*options, event=event)[0] == 2
        assert word in team.words

    def test_a_ledger_that_ends_with_the_job(self, team: Team) -> None:
        code, _ = team.rerun("--ledger", "pushgateway:http://127.0.0.1:1")
        assert code == 2
        assert "ledger: what bounds the reruns would not be kept" in team.words

    def test_a_run_that_does_not_exist(self, team: Team) -> None:
        assert team.rerun("--run", "7")[0] == 2
        assert "run: " in team.words

    def test_hostile_names_and_lines_stay_text(self, team: Team) -> None:
        nasty = "x</summary>|`::error::y` @ann"
        line = "curl: (56) Recv failure: Connection reset by peer ``` ::set-output name=a::b"
        team.knows(run(job(name=nasty)), {11: RESET.replace("curl: (56) Recv failure: Connection reset by peer", line)})
        team.rerun()
        assert "</summary>|" not in team.summary
        assert "\n::" not in team.words
        assert "````text\n" in team.summary

    def test_facts_of_a_companion_change_no_count(self, team: Team, tmp_path: Path) -> None:
        def state() -> dict[str, Any]:
            out = io.StringIO()
            world = World(env={}, folder=tmp_path, stdout=out, stderr=out, clock_ms=lambda: team.now_ms)
            assert main(["state", "--ledger", team.ledger, "--json"], world) == 0
            said: dict[str, Any] = json.loads(out.getvalue())
            return {name: said["pipelines"][name] for name in said["pipelines"]}

        team.put(fact("run", Outcome.FAILURE, run="100"))
        before = state()
        team.rerun()
        assert len(team.facts(Kind.RERUN)) == 1
        assert state() == before


def test_every_question_of_a_companion_is_one_that_github_knows(team: Team) -> None:
    assert ("POST", RERUN) in team.api.routes
    made: Callable[[], object] = team.rerun
    made()
    assert team.api.violations == []
