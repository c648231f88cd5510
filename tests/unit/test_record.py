"""`record` from the environment of a step to outputs, summary, log and ledger."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from pathlib import Path

import pytest
from job import Job
from runner_parser import Runner

from lumen_action.ledger.notes import Notes
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import ErrorClass, Fact, Kind, Outcome, Trust

DNS = "curl: (6) Could not resolve host: registry.example.org"
EXPIRED = "ERROR: AADSTS7000222: The provided client secret keys for app '6f0c1d2e' are expired."


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "eu", ledger=f"sqlite:{tmp_path / 'ledger.db'}")


def facts_of(job: Job) -> dict[str, Fact]:
    ledger = open_ledger(job.ledger)
    found = {fact.key.stage: fact for fact in ledger.scan(run=job.run)}
    ledger.close()
    return found


def test_a_green_stage_writes_outputs_and_a_fact_and_no_summary(job: Job) -> None:
    assert job.step("build") == 0
    assert job.outputs["outcome"] == "success"
    assert job.outputs["rerun"] == "false"
    assert job.outputs["error-class"] == ""
    assert job.outputs["run-id"] == "20260102-eu-1a2b3c4"
    assert job.summary == ""
    assert facts_of(job)["build"].outcome is Outcome.SUCCESS


def test_a_transient_failure_is_worth_another_try(job: Job) -> None:
    job.step("fetch", "failure", error_log=DNS)
    outputs = job.outputs
    assert (outputs["error-class"], outputs["error-subclass"]) == ("network", "dns")
    assert outputs["rerun"] == "true"
    assert outputs["rerun-scope"] == "step"
    assert (outputs["delay-seconds"], outputs["attempts-left"]) == ("5", "2")
    assert DNS in outputs["evidence"]
    assert "fetch failed" in job.summary
    assert "network/dns" in job.summary
    assert DNS in job.log


def test_a_signature_whose_retries_never_helped_here_is_not_tried_again(job: Job) -> None:
    job.step("fetch", "failure", error_log=DNS)
    signature = job.outputs["signature"]
    ledger = open_ledger(job.ledger)
    assert isinstance(ledger, Notes)
    told = {"day": "2026-01-02", "signatures": {signature: "its retries helped 0 of 12 times"}}
    assert ledger.put_note("rerun/demoted", json.dumps(told).encode(), expected=None)
    ledger.close()
    job.step("upload", "failure", outcome="failure", error_log=DNS)
    assert (job.outputs["error-class"], job.outputs["rerun"]) == ("network", "false")
    assert job.json["reason"].endswith("is transient, but its retries helped 0 of 12 times")


def test_a_permanent_failure_is_not_and_names_the_cure(job: Job) -> None:
    job.step("deploy", "failure", error_log=EXPIRED)
    assert job.outputs["rerun"] == "false"
    assert job.outputs["error-class"] == "token_expired"
    assert job.json["reason"].startswith("not retried: `token_expired/secret_expired` is permanent; ")


def test_a_failure_without_a_log_is_unknown_and_never_retried_blindly(job: Job) -> None:
    job.step("build", "failure")
    assert (job.outputs["error-class"], job.outputs["error-subclass"]) == ("unknown", "no_log")
    assert facts_of(job)["build"].failure


def test_after_a_failure_the_jobs_status_no_longer_speaks_for_the_stages(job: Job) -> None:
    job.step("build")
    job.step("test", "failure", error_log="FAILED tests/test_a.py::test_x - AssertionError: 1 != 2")
    job.step("publish", "failure")
    job.step("run", "failure")
    assert {name: fact.outcome.value for name, fact in facts_of(job).items()} == {
        "build": "success",
        "test": "failure",
        "publish": "skipped",
        "run": "failure",
    }


def test_a_stage_that_says_its_own_outcome_is_believed(job: Job) -> None:
    job.step("test", "failure", error_log=DNS)
    job.step("cleanup", "failure", outcome="failure", error_log=DNS)
    assert facts_of(job)["cleanup"].outcome is Outcome.FAILURE


def test_the_run_fails_for_the_reason_of_its_first_failed_stage(job: Job) -> None:
    job.step("fetch", "failure", error_log=DNS)
    job.step("run", "failure")
    run = facts_of(job)["run"]
    assert run.failure
    assert run.failure.error_class is ErrorClass.NETWORK
    assert run.key.kind is Kind.RUN
    assert job.outputs["error-class"] == "network"
    assert job.outputs["rerun"] == "true"


def test_six_steps_give_one_heading(job: Job) -> None:
    for stage in ("checkout", "build"):
        job.step(stage)
    job.step("test", "failure", error_log=DNS)
    for stage in ("report", "upload", "run"):
        job.step(stage, "failure")
    assert job.summary.count("### ") == 1
    assert job.summary.count(DNS) >= 1
    for stage in ("checkout", "build", "test", "report", "upload"):
        assert stage in job.summary


def test_a_green_run_writes_one_block(job: Job) -> None:
    for stage in ("build", "test", "run"):
        job.step(stage)
    assert job.summary.count("### ") == 1
    assert "succeeded" in job.summary


@pytest.mark.parametrize(("mode", "headings"), [("off", 0), ("full", 2), ("auto", 1)])
def test_the_summary_is_as_long_as_it_was_asked_for(job: Job, mode: str, headings: int) -> None:
    job.extra["LUMEN_SUMMARY"] = mode
    job.step("build")
    job.step("run")
    assert job.summary.count("### ") == headings


def test_both_regions_meet_in_the_summary(job: Job, tmp_path: Path) -> None:
    other = Job(tmp_path / "ap", region="ap", ledger=job.ledger)
    other.step("run")
    job.step("build", "failure", error_log=EXPIRED)
    job.step("run", "failure")
    assert "ap" in job.summary
    assert "won by ap" in job.summary


def test_reporting_twice_is_one_fact(job: Job) -> None:
    job.step("build")
    job.step("build")
    assert job.json["ledger"] == "same"
    assert len(facts_of(job)) == 1


def test_a_second_account_that_differs_is_a_conflict_and_a_warning(job: Job) -> None:
    job.step("build", outcome="success")
    assert job.step("build", outcome="failure", error_log=DNS) == 0
    assert job.json["ledger"] == "conflict"
    assert "::warning" in job.log
    assert facts_of(job)["build"].outcome is Outcome.SUCCESS


def test_a_dead_ledger_is_a_warning_and_the_fact_follows_later(job: Job, tmp_path: Path) -> None:
    good, job.ledger = job.ledger, f"sqlite:{tmp_path / 'file' / 'ledger.db'}"
    (tmp_path / "file").write_text("")
    assert job.step("build", "failure", error_log=DNS) == 0
    assert job.json["ledger"] == "deferred"
    assert "::warning" in job.log
    assert "network/dns" in job.summary
    (tmp_path / "file").unlink()
    job.step("run", "failure")
    assert sorted(facts_of(job)) == ["build", "run"]
    assert job.outputs["error-class"] == "network"
    job.ledger = good


def test_a_damaged_ledger_is_a_warning_and_the_fact_waits(job: Job) -> None:
    job.step("build")
    with sqlite3.connect(job.ledger.removeprefix("sqlite:")) as base:
        base.execute("UPDATE fact SET body = substr(body, 1, 20)")
    base.close()
    assert job.step("build") == 0
    assert job.json["ledger"] == "deferred"
    assert "cannot be read" in job.log
    assert job.step("run", "failure") == 0


def test_fail_on_error_makes_it_an_exit_code(job: Job, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    job.ledger = f"sqlite:{tmp_path / 'file' / 'ledger.db'}"
    assert job.step("build", fail_on_error="true") == 75


def test_the_day_and_the_name_of_a_run_do_not_change_at_midnight(job: Job) -> None:
    job.now_ms += 11 * 3_600_000 + 58 * 60_000
    job.step("build")
    job.step("test")
    assert {fact.day for fact in facts_of(job).values()} == {"2026-01-02"}
    assert len({fact.run_id for fact in facts_of(job).values()}) == 1


def test_a_stage_takes_from_our_last_step_and_never_less_than_nothing(job: Job) -> None:
    job.step("build")
    job.step("test")
    job.now_ms -= 3_600_000
    job.step("skew")
    found = facts_of(job)
    assert (found["build"].duration_ms, found["test"].duration_ms, found["skew"].duration_ms) == (None, 60_000, 0)


def test_checks_become_facts(job: Job) -> None:
    job.extra |= {"LUMEN_INTEGRITY_OK": "0", "LUMEN_REPORT_OK": "true"}
    job.step("run")
    checks = {name: fact.outcome.good for name, fact in facts_of(job).items() if fact.key.kind is Kind.CHECK}
    assert checks == {"integrity": False, "report": True}


def test_without_a_lasting_ledger_no_totals_are_published_and_the_step_says_so(job: Job) -> None:
    job.ledger = ""
    job.extra["PUSHGATEWAY_URL"] = "http://user:hunter2@127.0.0.1:9"
    assert job.step("run") == 0
    assert "add-mask" not in job.log
    assert job.outputs["published"] == "false"
    assert "does not outlive this job" in job.log
    assert "does not outlive this job" in job.summary
    assert "::warning" not in job.log


def test_the_secrets_of_the_pushgateway_are_masked_before_they_are_sent(job: Job) -> None:
    job.extra |= {"PUSHGATEWAY_URL": "http://user:hunter2@127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    job.step("run")
    masked = {command.data for command in Runner().read(job.log).obeyed if command.name == "add-mask"}
    assert masked == {"hunter2", "dXNlcjpodW50ZXIy"}
    assert "hunter2" not in job.log.replace("::add-mask::hunter2", "")


def test_a_dead_pushgateway_is_one_warning_in_a_green_job(job: Job) -> None:
    job.extra["PUSHGATEWAY_URL"] = "http://127.0.0.1:9"
    job.extra["NO_PROXY"] = "127.0.0.1"
    assert job.step("run") == 0
    assert job.outputs["published"] == "false"
    assert job.log.count("::warning") == 1


def test_a_fork_is_recorded_apart_and_says_so(job: Job) -> None:
    event = job.folder / "event.json"
    event.write_text(
        json.dumps(
            {"pull_request": {"head": {"repo": {"full_name": "me/app"}}, "base": {"repo": {"full_name": "org/app"}}}}
        )
    )
    job.extra |= {"GITHUB_EVENT_PATH": str(event), "PUSHGATEWAY_URL": "http://127.0.0.1:9"}
    job.step("build", "failure", error_log=DNS)
    assert facts_of(job)["build"].trust is Trust.FORK
    assert "fork pull request" in job.log
    assert "network/dns" in job.summary


def test_the_trace_is_exported_unless_there_is_one(job: Job) -> None:
    job.step("build")
    assert f"00-{job.outputs['trace-id']}-" in job.env
    before = job.env
    job.extra["TRACEPARENT"] = "00-1-2-01"
    job.step("test")
    assert job.env == before


def test_a_wrong_input_is_one_annotation_with_all_faults_and_the_cure(job: Job) -> None:
    assert job.step("Build!", outcome="banana") == 2
    assert job.log.count("::error") == 1
    assert "write `outcome: failure`" in job.log
    assert "write `stage: build`" in job.log
    assert not job.outputs


def test_a_day_that_cannot_be_asked_for_costs_no_fact(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    # What an air-gapped machine meets: the import of requests fails.
    monkeypatch.setitem(sys.modules, "requests", None)
    job.extra |= {"GITHUB_API_URL": "http://127.0.0.1:9", "LUMEN_INPUT_TOKEN": "ghs_x"}
    assert job.step("build") == 0
    assert "::warning" not in job.log
    assert facts_of(job)["build"].day == "2026-01-02"


def test_a_missing_log_is_a_warning_and_loses_nothing(job: Job) -> None:
    assert job.step("build", "failure", log_file="nowhere.log") == 0
    assert "::warning" in job.log
    assert "nowhere.log" in job.log
    assert facts_of(job)["build"].failure


def test_an_unknown_job_status_asks_for_the_outcome(job: Job) -> None:
    assert job.step("build", "") == 2
    assert "outcome: is missing" in job.log


HOSTILE = "\n".join(
    [
        "::set-output name=rerun::true",
        "##[add-mask]success",
        "   ::add-path::/evil",
        "::stop-commands::x",
        "```\n</details><img src=x>\n# heading @everyone #1",
        "\x1b[31mred\x1b[0m nul\x00 [click](javascript:alert(1))",
        "Error: ::set-env name=PATH::/evil ##[set-env name=A]b",
        "curl: (6) Could not resolve host: ##[error]evil @everyone `x` |cell| <b>",
    ]
)


def test_a_hostile_log_leaves_outputs_summary_and_environment_clean(job: Job) -> None:
    job.step("build", "failure", error_log=HOSTILE)
    assert {command.name for command in Runner().read(job.log).obeyed} == {"error", "group", "endgroup"}
    assert set(job.outputs) >= {"outcome", "rerun", "evidence", "json"}
    assert job.outputs["error-class"] == "network"
    assert job.env.count("\n") == 3
    # What stands in a fence is shown as it is; the rest must not ping, link or be HTML.
    outside = re.sub(r"(?sm)^(`{3,})[a-z]*\n.*?^\1$", "", job.summary)
    assert outside != job.summary
    for shape in ("@everyone", "<img", "](javascript:", "<b>"):
        assert shape not in outside
    assert "\x1b" not in job.summary + job.outputs["evidence"]
    assert "\x00" not in job.summary + job.outputs["evidence"]


def test_the_log_of_the_whole_job_is_not_explained_by_our_own_words(job: Job) -> None:
    job.step("fetch", "failure", error_log=DNS)
    printed = job.log
    job.run = "101"
    (job.folder / "job.log").write_text(f"line one\n{printed}##[error]Process completed with exit code 7.\n")
    job.step("again", "failure", log_file=str(job.folder / "job.log"))
    assert job.outputs["error-class"] == "unknown"
