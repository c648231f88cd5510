"""actions/gate: every input arrives, and a deploy job runs or is skipped by what the gate of a real workflow says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from act import FORK, REPOSITORY, Consumer, Event, Run, Runner
from facts import HOUR, fact
from githubapi import TOKEN, Answer, Asked, GitHubApi
from githubspec import sample
from ruamel.yaml import YAML

from lumen_action.commands.gate.asking import parser
from lumen_action.gate.facts import override_fact
from lumen_action.gate.overriding import Override
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome

ACTION: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "actions" / "gate" / "action.yml")
EXAMPLE = REPOSITORY / "examples" / "lumen-gate.yml"
# What has no use in a workflow, and what only a workflow gives.
NOT_INPUTS = {"help", "json", "counts", "target", "window", "at", "only"}
NOT_OPTIONS = {"job-id", "matrix", "token", "python"}


def test_inputs_are_the_options_of_the_command() -> None:
    options = {action.dest.replace("_", "-") for action in parser()._actions}
    assert options - NOT_INPUTS == set(ACTION["inputs"]) - NOT_OPTIONS


def runs_of(pipeline: str, good: int, bad: int, now: int) -> Iterator[Fact]:
    """Yield runs of the last hours, those that failed first."""
    day = time.strftime("%Y-%m-%d", time.gmtime(now / 1000))
    for number in range(good + bad):
        outcome = Outcome.FAILURE if number < bad else Outcome.SUCCESS
        yield fact(outcome=outcome, run=f"{pipeline}{number}", pipeline=pipeline, at=now - HOUR + number, day=day)


@pytest.fixture
def team(consumer: Consumer, tmp_path: Path) -> Consumer:
    """Return a team that promises 90 % of the runs of all its pipelines, some of which keep it."""
    (consumer.folder / "lumen.yml").write_text("slo: {run: 0.9}\n", encoding="utf-8")
    now = time.time_ns() // 1_000_000
    with_ledger = tmp_path / "ledger.db"
    ledger = SqliteLedger(with_ledger, durable=True)
    for pipeline, good, bad in (("fine", 30, 0), ("low", 73, 7), ("spent", 20, 9), ("ended", 20, 9), ("race", 20, 9)):
        for each in runs_of(pipeline, good, bad, now):
            ledger.put(each)
    day = time.strftime("%Y-%m-%d", time.gmtime(now / 1000))
    gate = fact("gate", kind=Kind.GATE, pipeline="ended", at=now - 2 * HOUR, day=day)
    ledger.put(override_fact(gate, Override("alice", "yesterday's fix", now - HOUR)))
    ledger.close()
    return replace(consumer, variables={"LUMEN_LEDGER": f"sqlite:{with_ledger}"})


def facts_in(team: Consumer) -> list[Fact]:
    ledger = SqliteLedger(Path(team.variables["LUMEN_LEDGER"].removeprefix("sqlite:")), durable=True)
    found = [each for each in ledger.scan() if each.key.kind is Kind.GATE]
    ledger.close()
    return found


CHECKOUT = {"uses": "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"}
# Name, pipeline, further inputs.
GATES = {
    "blocks": ("spent", {}),
    "warns": ("low", {}),
    "allows": ("fine", {}),
    "passes-a-fix": ("spent", {"change": "hotfix"}),
    "opens": ("empty", {}),
    "closes": ("empty", {"on-inconclusive": "fail-closed"}),
    "tests": ("fine", {"tests": "results/*.xml"}),
    "expired": ("ended", {}),
    "overridden": (
        "race",
        {"override-reason": "the `fix` must go out", "override-author": "alice", "override-until": "2h"},
    ),
    "beside": ("race", {}),
}


def workflow() -> str:
    """Return a gate and a deploy job for each case; all gates run at the same time."""
    jobs: dict[str, Any] = {}
    for name, (pipeline, more) in GATES.items():
        asked = {"ledger": "${{ vars.LUMEN_LEDGER }}", "pipeline": pipeline, **more}
        jobs[name] = {
            "runs-on": "ubuntu-latest",
            "outputs": {"decision": "${{ steps.gate.outputs.decision }}"},
            "steps": [CHECKOUT, {"id": "gate", "uses": "org/lumen-sli-action/actions/gate@v1", "with": asked}],
        }
        deploy = {
            "run": 'echo "deployed after $DECISION"',
            "env": {"DECISION": f"${{{{ needs.{name}.outputs.decision }}}}"},
        }
        jobs[f"deploy-{name}"] = {"needs": name, "runs-on": "ubuntu-latest", "steps": [deploy]}
    return json.dumps({"name": "deploy", "on": "push", "jobs": jobs})


def deployed(run: Run, name: str) -> str:
    """Return what the deploy job said, nothing when it was skipped."""
    legs = [leg for leg in run.legs if leg.job == f"deploy-{name}"]
    said = [line for leg in legs for line in leg.log if line.startswith("deployed")]
    return said[0] if said else ""


def test_a_deploy_job_runs_by_what_the_gate_it_needs_says(runner: Runner, team: Consumer) -> None:
    (team.folder / "results").mkdir()
    results = '<testsuite><testcase name="refund ::error::x"><failure/></testcase></testsuite>'
    (team.folder / "results" / "a.xml").write_text(results, encoding="utf-8")
    run = runner.run(workflow(), team)
    said = {name: deployed(run, name) for name in GATES}
    beside = said.pop("beside")
    assert said == {
        "blocks": "",
        "warns": "deployed after warn",
        "allows": "deployed after allow",
        "passes-a-fix": "deployed after warn",
        "opens": "deployed after inconclusive",
        "closes": "",
        "tests": "",
        "expired": "",
        "overridden": "deployed after warn",
    }
    # Two deployments at the same time: the other one's override is seen, or it is not.
    assert beside in ("", "deployed after warn")
    told = {name: run.leg(name).outputs["gate"] for name in GATES}
    assert told["blocks"] | {"reason": "", "recover-at": "", "burn": ""} == {
        "decision": "block",
        "allowed": "false",
        "reason": "",
        "change": "feature",
        "overridden": "false",
        "budget-left-percent": "-210.34",
        "budget-remaining": "-6.1",
        "burn": "",
        "recover-at": "",
    }
    assert told["passes-a-fix"]["change"] == "fix"
    assert (told["overridden"]["overridden"], told["overridden"]["allowed"]) == ("true", "true")
    assert "the override by alice ended at" in told["expired"]["reason"]
    assert told["closes"]["decision"] == "block"
    assert "refund" in told["tests"]["reason"]
    assert "## ⛔ Gate: block (feature)" in run.leg("blocks").summary
    assert "| ❌ exhausted | violated |" in run.leg("blocks").summary
    levels = {name: [each.level for each in run.leg(name).annotations] for name in ("blocks", "warns", "allows")}
    assert levels == {"blocks": ["error"], "warns": ["warning"], "allows": []}

    facts = facts_in(team)
    decisions = {each.key.job: each.told["decision"] for each in facts if "decision" in each.told}
    assert decisions == {name: told[name]["decision"] for name in GATES}
    overrides = {each.pipeline: each.told["author"] for each in facts if "override" in each.told}
    assert overrides == {"ended": "alice", "race": "alice"}


BARE = {
    "name": "deploy",
    "on": ["push", "pull_request"],
    "jobs": {
        "gate": {
            "runs-on": "ubuntu-latest",
            "steps": [
                CHECKOUT,
                {
                    "id": "gate",
                    "uses": "org/lumen-sli-action/actions/gate@v1",
                    "with": {"ledger": "${{ vars.LUMEN_LEDGER }}"},
                },
            ],
        }
    },
}


def test_without_any_configuration_one_line_says_what_to_write(runner: Runner, consumer: Consumer) -> None:
    run = runner.run(json.dumps(BARE), consumer)
    assert run.exit_code != 0
    (error,) = run.leg().annotations
    assert (error.level, error.message.splitlines()) == ("error", [error.message])
    assert "write `slo: {run: 0.95}` in lumen.yml" in error.message


def test_a_fork_that_is_not_told_the_ledger_is_not_held_back(runner: Runner, consumer: Consumer) -> None:
    (consumer.folder / "lumen.yml").write_text("pipeline: nightly\nslo: {run: 0.9}\n", encoding="utf-8")
    run = runner.run(json.dumps(BARE), consumer, FORK)
    assert run.exit_code == 0, run.leg().log
    told = run.leg().outputs["gate"]
    assert (told["decision"], told["allowed"]) == ("inconclusive", "true")
    assert "a fork's job is not told the ledger" in told["reason"]


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    def created(_: Asked) -> Answer:
        return 201, sample("check-run"), {}

    routes = {("POST", "/repos/{owner}/{repo}/check-runs"): created}
    with GitHubApi(repo="acme/reports", routes=routes).serving() as serving:
        yield serving


def test_the_example_asks_before_it_deploys_and_can_be_overridden(
    runner: Runner, team: Consumer, api: GitHubApi
) -> None:
    ledger = SqliteLedger(Path(team.variables["LUMEN_LEDGER"].removeprefix("sqlite:")), durable=True)
    for each in runs_of("nightly", 20, 9, time.time_ns() // 1_000_000):
        ledger.put(each)
    ledger.close()
    asking = replace(team, env={"GITHUB_API_URL": api.url}, secrets={"GITHUB_TOKEN": TOKEN})
    text = EXAMPLE.read_text(encoding="utf-8")
    blocked = runner.run(text, asking, Event("workflow_dispatch", {"inputs": {"change": "feature"}}))
    assert blocked.exit_code != 0
    assert [leg.job for leg in blocked.legs if leg.job == "deploy" and leg.job_result == "success"] == []
    inputs = {"change": "feature", "override-reason": "INC-7", "override-until": "2h"}
    passed = runner.run(text, asking, Event("workflow_dispatch", {"inputs": inputs}))
    assert passed.exit_code == 0, passed.leg("gate").log
    assert "deploying, the gate said warn" in passed.leg("deploy").log
    first, second = api.changes
    assert [each.body["conclusion"] for each in api.changes] == ["failure", "neutral"]
    assert first.body["name"] == "lumen gate"
    assert second.body["output"]["title"].startswith("warn: overridden by nektos/act until")
