"""What all actions beside the main one promise: inputs that arrive, a Python that is found, a script that is sound."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
from act import REPOSITORY
from ruamel.yaml import YAML

ACTIONS: dict[str, dict[str, Any]] = {
    file.parent.name: YAML(typ="safe").load(file) for file in sorted((REPOSITORY / "actions").glob("*/action.yml"))
}
MAIN: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "action.yml")
DEFAULTS = {
    "token": "${{ github.token }}",
    "job-id": "${{ job.check_run_id }}",
    "job-status": "${{ job.status }}",
    "matrix": "${{ toJSON(matrix) }}",
}
SAID = [(action, name) for action, read in ACTIONS.items() for name in (*read["inputs"], *read.get("outputs", {}))]


def step_of(action: str) -> dict[str, Any]:
    (step,) = ACTIONS[action]["runs"]["steps"]
    return dict(step)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_input_is_forwarded_exactly_once_and_is_empty_unless_only_a_workflow_knows_it(action: str) -> None:
    inputs = ACTIONS[action]["inputs"]
    assert step_of(action)["env"] == {
        f"LUMEN_INPUT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}" for name in inputs
    }
    assert {name: declared["default"] for name, declared in inputs.items()} == {
        name: DEFAULTS.get(name, "") for name in inputs
    }


@pytest.mark.parametrize(("action", "name"), SAID)
def test_a_description_is_one_sentence_without_an_expression(action: str, name: str) -> None:
    told = {**ACTIONS[action].get("outputs", {}), **ACTIONS[action]["inputs"]}[name]["description"]
    assert re.fullmatch(r"[A-Z][^\n]*[A-Za-z0-9`]\.", told)
    assert "${{" not in told


@pytest.mark.parametrize("action", ACTIONS)
def test_the_script_is_sound_and_holds_no_expression(action: str) -> None:
    step = step_of(action)
    assert (step["shell"], "${{" in step["run"]) == ("bash", False)
    if shutil.which("shellcheck"):
        command = ["shellcheck", "--shell=bash", "-"]
        done = subprocess.run(command, input=step["run"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("action", [name for name in ACTIONS if name != "setup"])
def test_a_python_is_found_as_for_recording(action: str) -> None:
    ours = [line.strip() for line in step_of(action)["run"].splitlines()]
    recording = MAIN["runs"]["steps"][0]["run"]
    theirs = [line.strip() for line in recording[recording.index("for python in") :].splitlines()]
    assert [line for line in theirs if "entrypoint.py" not in line and line not in ours] == []
    assert any(f'-I -X utf8 "$GITHUB_ACTION_PATH/../../entrypoint.py" {action}' in line for line in ours)
