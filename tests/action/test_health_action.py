"""actions/health as the first step of a job: what it hands on, and where the job ends."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from act import REPOSITORY
from facts import NOON
from ruamel.yaml import YAML

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.commands.health import parser
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import Outcome

ACTION: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "actions" / "health" / "action.yml")
NOT_OPTIONS = {"job-id", "matrix", "python"}


def test_inputs_are_the_options_of_the_command() -> None:
    options = {action.dest.replace("_", "-") for action in parser()._actions}
    assert options - {"help", "json"} == set(ACTION["inputs"]) - NOT_OPTIONS


def step(folder: Path, event: str = "push", **inputs: str) -> tuple[int, str]:
    """Run the step with these inputs and return its exit code and its log."""
    for name in ("output", "summary", "env"):
        (folder / name).touch()
    env = {
        "PATH": "/usr/bin:/bin",
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_RUN_ID": "100",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "deploy",
        "GITHUB_WORKFLOW": "nightly",
        "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_ENV": str(folder / "env"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "RUNNER_TEMP": str(folder / "temp"),
        **{f"LUMEN_INPUT_{name.upper()}": text for name, text in inputs.items()},
    }
    out, err = io.StringIO(), io.StringIO()
    code = main(["health"], World(env, folder, stdout=out, stderr=err, clock_ms=lambda: NOON))
    return code, out.getvalue() + err.getvalue()


def outputs(folder: Path) -> dict[str, str]:
    words = (folder / "output").read_text(encoding="utf-8").splitlines()
    return {
        line.partition("<<")[0]: words[number + 1]
        for number, line in enumerate(words)
        if "<<" in line and words[number + 1] != line.partition("<<")[2]
    }


HOSTILE = """checks:
  - name: gateway
    kind: command
    run: [sh, -c, "echo '::set-output name=status::pass | <img src=x> `x` token=ghp_%s'; exit 1"]
  - {name: cache, kind: tcp, host: 127.0.0.1, port: 1, critical: false}
  - {name: fine, kind: command, run: ['true']}
""" % ("a1" * 18)


def test_a_failed_check_ends_the_job_and_says_why_where_people_look(tmp_path: Path) -> None:
    (tmp_path / "health.yml").write_text(HOSTILE)
    code, log = step(tmp_path, checks="health.yml", ledger=f"sqlite:{tmp_path / 'kept' / 'l.db'}", record="true")
    summary = (tmp_path / "summary").read_text(encoding="utf-8")
    assert code == 1
    assert "status" in outputs(tmp_path)
    assert outputs(tmp_path)["status"] == "fail"
    assert outputs(tmp_path)["failed"] == "gateway,cache"
    assert "## ❌ Health: fail" in summary
    assert "<img" not in summary
    assert "ghp_" not in summary + log
    assert "\n::set-output" not in log
    assert "::error title=lumen health::[lumen] health: fail (2 fail, 1 pass)" in log
    ledger = open_ledger(f"sqlite:{tmp_path / 'kept' / 'l.db'}")
    kept = {fact.key.stage: fact.outcome for fact in ledger.scan()}
    ledger.close()
    assert kept == {
        "health.gateway": Outcome.FAILURE,
        "health.cache": Outcome.FAILURE,
        "health.fine": Outcome.SUCCESS,
    }


def test_one_name_is_enough_and_a_wrong_input_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "health.yml").write_text(HOSTILE)
    assert step(tmp_path, checks="health.yml", names="fine")[0] == 0
    assert outputs(tmp_path)["status"] == "pass"
    code, log = step(tmp_path, checks="health.yml", names="fine", record="yes")
    assert code == 2
    assert "write `record: true`" in log
