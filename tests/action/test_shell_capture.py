"""Ordinary `run:` steps by way of `lumen-shell`: the line after them knows why one failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from act import ACTION, Consumer, Leg, Runner

SETUP = {"uses": "org/lumen-sli-action/actions/setup@v1"}
NO_HOST = "curl: (6) Could not resolve host: prices.acme.example"
RESET = "curl: (56) Recv failure: Connection reset by peer"


def workflow(*steps: Mapping[str, Any], by: str = "lumen-shell {0}") -> str:
    body = {"runs-on": "ubuntu-latest", "permissions": {}, "steps": [SETUP, *steps]}
    defaults = {"run": {"shell": by}}
    jobs = {"report": body}
    return json.dumps({"name": "nightly", "on": "push", "permissions": {}, "defaults": defaults, "jobs": jobs})


def record(stage: str, **inputs: str) -> dict[str, Any]:
    return {"id": stage, "uses": ACTION, "if": "always()", "with": {"stage": stage} | inputs}


def signature(leg: Leg, stage: str) -> tuple[str, str]:
    outputs = leg.outputs[stage]
    return outputs["error-subclass"], outputs["evidence"]


def test_the_log_of_the_step_that_failed_is_there_for_the_next_line(runner: Runner, consumer: Consumer) -> None:
    failing = {"run": f"echo fetching\necho '{NO_HOST}' >&2\nfalse\necho not reached"}
    leg = runner.run(workflow({"run": "echo fine"}, failing, record("build")), consumer).leg()
    assert leg.job_result == "failure"
    assert signature(leg, "build") == ("dns", NO_HOST)
    assert {"fetching", "fine", NO_HOST} <= set(leg.log)
    assert "not reached" not in leg.log


def test_a_log_is_never_taken_for_a_later_failure(runner: Runner, consumer: Consumer) -> None:
    tolerated = {"run": f"echo '{NO_HOST}'; exit 6", "continue-on-error": True}
    other = {"run": "exit 1", "shell": "bash"}
    steps = (tolerated, record("fetch"), other, record("build"))
    leg = runner.run(workflow(*steps), consumer).leg()
    assert leg.outputs["fetch"]["outcome"] == "success"
    assert leg.outputs["build"]["outcome"] == "failure"
    assert NO_HOST not in leg.outputs["build"]["evidence"]
    assert leg.outputs["build"]["error-class"] == "unknown"


def test_a_log_that_is_given_goes_before_the_captured_one(runner: Runner, consumer: Consumer) -> None:
    failing = {"run": f"echo '{NO_HOST}'; exit 6"}
    leg = runner.run(workflow(failing, record("build", **{"error-log": RESET})), consumer).leg()
    assert signature(leg, "build") == ("reset", RESET)


def test_the_last_step_that_failed_counts_and_its_exit_code_is_kept(runner: Runner, consumer: Consumer) -> None:
    first = {"run": f"echo '{RESET}'; exit 56", "continue-on-error": True}
    second = {"id": "second", "run": f"echo '{NO_HOST}'; exit 6"}
    leg = runner.run(workflow(first, second, record("build")), consumer).leg()
    assert signature(leg, "build") == ("dns", NO_HOST)


def test_a_step_may_name_the_shell_it_has_named_before(runner: Runner, consumer: Consumer) -> None:
    failing = {"run": f"false | echo '{NO_HOST}'\necho not reached"}
    leg = runner.run(workflow(failing, record("build"), by="lumen-shell --shell bash {0}"), consumer).leg()
    assert signature(leg, "build") == ("dns", NO_HOST)
    assert "not reached" not in leg.log


def test_files_of_the_runner_work_as_in_any_step(runner: Runner, consumer: Consumer) -> None:
    setting = {"id": "said", "run": 'echo "colour=blue" >> "$GITHUB_OUTPUT"; echo "SIZE=9" >> "$GITHUB_ENV"'}
    asking = {"id": "asked", "run": 'test "${{ steps.said.outputs.colour }}$SIZE" = blue9'}
    leg = runner.run(workflow(setting, asking, record("build")), consumer).leg()
    assert (leg.outputs["said"]["colour"], leg.steps["asked"]) == ("blue", "success")
