"""The Action that runs a stage itself, from the workflow to ledger, outputs and log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from act import ACTION, Consumer, Leg, Runner

RESET = "curl: (56) Recv failure: Connection reset by peer"
FLAKY = f"""\
tries=$(cat tries || echo 0)
echo $((tries + 1)) > tries
if [ "$tries" -lt 2 ]; then
  echo "{RESET}" >&2
  exit 56
fi
echo built "$GREETING"
"""


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'ledger.db'}"


@pytest.fixture
def team(consumer: Consumer, ledger: str) -> Consumer:
    return replace(consumer, env={"LUMEN_LEDGER": ledger})


def workflow(*steps: Mapping[str, Any], **job: object) -> str:
    body = {"runs-on": "ubuntu-latest", "permissions": {}, **job, "steps": list(steps)}
    return json.dumps({"name": "nightly", "on": "push", "permissions": {}, "jobs": {"report": body}})


def stage(script: str, **inputs: str) -> dict[str, Any]:
    return {"id": "build", "uses": ACTION, "with": {"stage": "build", "run": script, "backoff": "0"} | inputs}


def counters(runner: Runner, ledger: str) -> str:
    return runner.lumen("export", "--format", "prometheus", "--ledger", ledger)


def log_of(leg: Leg) -> str:
    return "\n".join(leg.log)


def test_a_flaky_script_is_tried_until_it_works_and_says_so(runner: Runner, team: Consumer, ledger: str) -> None:
    run = runner.run(workflow(stage(FLAKY), env={"GREETING": "well"}), team)
    leg = run.leg()
    assert (run.exit_code, leg.steps["build"]) == (0, "success")
    outputs = leg.outputs["build"]
    assert (outputs["tries"], outputs["first-try"], outputs["exit-code"]) == ("3", "false", "0")
    assert outputs["outcome"] == "success"
    assert log_of(leg).count(RESET) == 2
    assert "built well" in leg.log
    total = counters(runner, ledger)
    assert 'lumen_stage_success_total{pipeline="nightly",region="default",stage="build"} 1' in total
    assert 'lumen_stage_first_try_total{pipeline="nightly",region="default",stage="build"} 0' in total
    retries = 'lumen_stage_retries_total{pipeline="nightly",region="default",stage="build",outcome='
    assert f'{retries}"success"}} 1' in total
    assert f'{retries}"failure"}} 1' in total


def test_a_permanent_failure_is_not_tried_again_and_its_exit_code_ends_the_job(runner: Runner, team: Consumer) -> None:
    script = "echo 'fatal: Authentication failed for https://git.example/x.git'\nexit 128"
    run = runner.run(workflow(stage(script)), team)
    leg = run.leg()
    assert (leg.job_result, leg.steps["build"]) == ("failure", "failure")
    outputs = leg.outputs["build"]
    assert (outputs["tries"], outputs["exit-code"]) == ("1", "128")
    assert outputs["error-class"] == "token_expired"
    assert "❌" in leg.summary or "failed" in leg.summary


def test_the_script_sees_the_job_and_not_our_inputs(runner: Runner, team: Consumer) -> None:
    script = (
        'echo "COLOUR=blue" >> "$GITHUB_ENV"\nfalse | true || env | grep -c "^LUMEN_INPUT_" > ours || true\necho $0'
    )
    later = {"id": "later", "shell": "bash", "run": 'echo "it is $COLOUR"; cat ours; test "$(cat ours)" = 0'}
    leg = runner.run(workflow(stage(script), later), team).leg()
    assert leg.steps["build"] == leg.steps["later"] == "success"
    assert "it is blue" in leg.log


def test_a_time_that_is_over_is_a_timeout(runner: Runner, team: Consumer, ledger: str) -> None:
    leg = runner.run(workflow(stage("echo begun\nsleep 600", timeout="1s", grace="1s")), team).leg()
    assert (leg.outputs["build"]["outcome"], leg.outputs["build"]["exit-code"]) == ("timeout", "124")
    assert "begun" in leg.log
    assert (
        'lumen_stage_retries_total{pipeline="nightly",region="default",stage="build",outcome="timeout"} 0'
        in counters(runner, ledger)
    )


def test_wrong_inputs_are_named_together_and_nothing_runs(runner: Runner, team: Consumer) -> None:
    leg = runner.run(workflow(stage("echo ran", retries="many", timeout="soon")), team).leg()
    assert leg.steps["build"] == "failure"
    (error,) = [each.message for each in leg.annotations if each.level == "error"]
    assert "retries: `many`" in error
    assert "timeout: `soon`" in error
    assert "ran" not in leg.log
