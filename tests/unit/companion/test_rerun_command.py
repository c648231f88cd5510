"""`lumen rerun` from end to end: what is run again and what is not, its inputs, and what it leaves."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from facts import NOON, fact
from githubapi import Trouble
from githubruns import RERUN
from rerunteam import BROKEN, KILLED, LOST, MINUTE, RESET, STOPS, Team, decided, job, run

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.host.github import SUMMARY_BYTES
from lumen_action.model import ErrorClass, Failure, Kind, Outcome, Scope


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
            (("--run", "1", "--repository", "app"), {}, "repository: is missing or malformed"),
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
