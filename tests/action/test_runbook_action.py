"""actions/runbook: every option is an input, and a run that waits in one workflow is gone on with in another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from act import FORK, REPOSITORY, Consumer, Event, Runner
from ruamel.yaml import YAML

from lumen_action.commands.runbook import drilling, resuming, starting
from lumen_action.ledger.sqlite import SqliteLedger

ACTION: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "actions" / "runbook" / "action.yml")
# What has no use in a workflow, and what only a workflow gives.
NOT_INPUTS = {"help", "json"}
NOT_OPTIONS = {"command", "job-id", "matrix", "token", "python"}
DOCS = (REPOSITORY / "docs" / "runbook-runs.md").read_text(encoding="utf-8")
RUNBOOK = """title: Mend it
means: It broke.
inputs:
  service: {meaning: which service, required: true}
drill: {service: web}
steps:
  - name: look
    title: Look at it
    command: [cat, lumen.yml]
    reads_only: true
  - name: ask
    title: Ask a person
    manual: Turn {{ service }} off.
  - name: make
    title: Make it
    command: [touch, "FOLDER/made-{{ service }}"]
"""
RUN = """on: push
jobs:
  mend:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
      - id: lumen
        uses: org/lumen-sli-action/actions/runbook@v1
        with:
          runbook: mend
          input: service=web
          ledger: ${{ vars.LUMEN_LEDGER }}
"""


def documented_workflow() -> str:
    """Return the workflow of the documentation that resumes."""
    return next(block.partition("```")[0] for block in DOCS.split("```yaml\n") if "workflow_dispatch" in block)


def test_inputs_are_the_options_of_the_three_commands() -> None:
    parsers = (starting.parser(), resuming.parser(), drilling.parser())
    options = {action.dest.replace("_", "-") for parser in parsers for action in parser._actions}
    assert options - NOT_INPUTS == set(ACTION["inputs"]) - NOT_OPTIONS


@pytest.fixture
def team(consumer: Consumer, tmp_path: Path) -> Consumer:
    """Return a team with a runbook of its own and a ledger that outlives its jobs."""
    (consumer.folder / "runbooks").mkdir()
    (consumer.folder / "runbooks" / "mend.yml").write_text(RUNBOOK.replace("FOLDER", str(tmp_path)), encoding="utf-8")
    (consumer.folder / "lumen.yml").write_text("pipeline: nightly\nrunbooks: {folder: runbooks}\n", encoding="utf-8")
    return replace(consumer, variables={"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"})


@pytest.mark.slow
def test_a_run_waits_and_the_documented_workflow_goes_on_with_it(
    runner: Runner, team: Consumer, tmp_path: Path
) -> None:
    waits = runner.run(RUN, team)
    assert waits.exit_code == 0, waits.leg().log
    outputs = waits.leg().outputs["lumen"]
    assert (outputs["state"], outputs["waiting-step"]) == ("waiting", "ask")
    assert f"lumen runbook resume {outputs['execution']} --confirm ask" in waits.leg().summary.replace("&#45;", "-")
    assert "Turn web off." in waits.leg().summary
    assert not (tmp_path / "made-web").exists()
    payload = {"inputs": {"execution": outputs["execution"], "step": "ask", "answer": "confirm", "note": "it is off"}}
    resumed = runner.run(documented_workflow(), team, Event("workflow_dispatch", payload))
    assert resumed.exit_code == 0, resumed.leg().log
    assert (tmp_path / "made-web").exists(), resumed.leg().log
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    words = {fact.told.get("event"): fact.told for fact in ledger.scan(run=f"runbook {outputs['execution']}")}
    ledger.close()
    assert (words["confirmed"]["note"], "finished" in words) == ("it is off", True)


@pytest.mark.slow
def test_a_fork_runs_nothing(runner: Runner, team: Consumer) -> None:
    run = runner.run(RUN.replace("on: push", "on: pull_request"), team, FORK)
    assert run.exit_code == 0, run.leg().log
    assert set(run.leg().outputs["lumen"].values()) == {""}
    assert any("a fork's" in line for line in run.leg().log)
