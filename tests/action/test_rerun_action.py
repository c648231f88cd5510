"""actions/rerun: every input arrives, and the example attends to the run of its event against a strict stand-in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from act import REPOSITORY, Consumer, Event, Runner
from facts import HOUR
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun
from githubruns import Reruns
from ruamel.yaml import YAML

EXAMPLE = REPOSITORY / "examples" / "lumen-rerun.yml"
WORKFLOW: dict[str, Any] = YAML(typ="safe").load(EXAMPLE)
LOG = """2026-01-02T12:00:01.0000000Z ##[group]Run make fetch
2026-01-02T12:00:01.0000000Z ##[endgroup]
2026-01-02T12:00:09.0000000Z curl: (56) Recv failure: Connection reset by peer
2026-01-02T12:00:09.0000000Z ##[error]Process completed with exit code 56.
"""


def test_the_example_runs_nothing_of_a_pull_request() -> None:
    steps = WORKFLOW["jobs"]["rerun"]["steps"]
    assert [step.get("run") for step in steps] == [None, None]
    assert steps[0]["with"] == {"persist-credentials": False}
    assert WORKFLOW["permissions"] == {}


def test_zizmor_finds_nothing_but_the_one_that_is_reasoned_about() -> None:
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert zizmor
    done = subprocess.run([zizmor, "--offline", "--quiet", str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi(repo="acme/reports").serving() as serving:
        yield serving


@pytest.fixture
def reruns(api: GitHubApi) -> Reruns:
    """Return a run, begun just now, whose only job failed by a dropped connection."""
    import time

    began = time.time_ns() // 1_000_000 - HOUR
    steps = (("completed", "success"), ("completed", "failure"))
    job = SaidJob(11, "fetch `x`\n##[error]mine", "failure", began, began + 60_000, steps=steps)
    api.runs = [SaidRun(100, began, (SaidAttempt((job,), "failure"),), event="push")]
    return Reruns(api, {11: LOG})


@pytest.fixture
def team(consumer: Consumer, api: GitHubApi, tmp_path: Path) -> Consumer:
    ledger = {"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"}
    return replace(consumer, env={"GITHUB_API_URL": api.url}, variables=ledger, secrets={"GITHUB_TOKEN": TOKEN})


FINISHED = Event(
    "workflow_run",
    {
        "action": "completed",
        "workflow_run": {"id": 100, "run_attempt": 1, "conclusion": "failure"},
        "repository": {"default_branch": "main"},
    },
)


def test_the_example_runs_the_failed_job_again_once(runner: Runner, team: Consumer, reruns: Reruns) -> None:
    for _ in range(2):
        run = runner.run(EXAMPLE.read_text(encoding="utf-8"), team, FINISHED)
        assert run.exit_code == 0, run.leg().log
        assert run.leg().annotations == ()
    assert reruns.made == 1, run.leg().log


def test_it_says_what_it_did_and_why(runner: Runner, team: Consumer, reruns: Reruns) -> None:
    run = runner.run(EXAMPLE.read_text(encoding="utf-8"), team, FINISHED)
    assert reruns.made == 1, run.leg().log
    assert "network/reset" in run.leg().summary
    state = json.loads(runner.lumen("ledger", "stats", "--json", "--ledger", team.variables["LUMEN_LEDGER"]))
    assert state["kinds"] == {"rerun": 1}
