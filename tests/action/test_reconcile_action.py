"""actions/reconcile: every input arrives, and the real action asks a strict stand-in of GitHub's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from act import REPOSITORY, Consumer, Event, Runner
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun

EXAMPLE = REPOSITORY / "examples" / "lumen-reconcile.yml"


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi(repo="acme/reports").serving() as serving:
        yield serving


@pytest.fixture
def team(consumer: Consumer, api: GitHubApi, tmp_path: Path) -> Consumer:
    """Return a team one of whose runs was cancelled, and whose lumen.yml says which workflow is which pipeline."""
    text = "reconcile:\n  workflows: {nightly.yml: nightly}\n"
    (consumer.folder / "lumen.yml").write_text(text, encoding="utf-8")
    began = 1_767_355_200_000
    job = SaidJob(11, "Report (eu-west-1)\n##[error]mine", "cancelled", began, began + 60_000)
    api.runs = [SaidRun(100, began, (SaidAttempt((job,), "cancelled"),))]
    env = {"GITHUB_API_URL": api.url}
    ledger = {"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"}
    return replace(consumer, env=env, variables=ledger, secrets={"GITHUB_TOKEN": TOKEN})


def test_the_example_counts_a_cancelled_run_once(runner: Runner, team: Consumer, api: GitHubApi) -> None:
    workflow = EXAMPLE.read_text(encoding="utf-8")
    by_hand = Event("workflow_dispatch", {"inputs": {"since": "2026-01-01"}})
    for _ in range(2):
        run = runner.run(workflow, team, by_hand)
        assert run.exit_code == 0, run.leg().log
        assert run.leg().annotations == ()
    assert api.asked("/jobs") == 2
    state = json.loads(runner.lumen("state", "--json", "--ledger", team.variables["LUMEN_LEDGER"]))
    (result,) = state["pipelines"]["nightly"]["runs"]
    assert (state["facts"], result["outcome"], result["day"]) == (1, "cancelled", "2026-01-02")


def test_a_missing_permission_fails_the_job_with_the_lines_to_write(
    runner: Runner, team: Consumer, api: GitHubApi
) -> None:
    api.permitted = False
    run = runner.run(EXAMPLE.read_text(encoding="utf-8"), team, Event("workflow_dispatch"))
    assert run.exit_code != 0
    (annotation,) = run.leg().annotations
    assert "`permissions: {actions: read}`" in annotation.message
