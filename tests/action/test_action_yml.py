"""action.yml: every input arrives, none is pasted into the script, and the script finds a Python or says what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = YAML(typ="safe").load(ROOT / "action.yml")
INPUTS: dict[str, dict[str, Any]] = ACTION["inputs"]
OUTPUTS: dict[str, dict[str, Any]] = ACTION["outputs"]
(STEP,) = ACTION["runs"]["steps"]
BASH = shutil.which("bash") or "bash"


def variable(name: str) -> str:
    return f"LUMEN_INPUT_{name.upper().replace('-', '_')}"


def test_inputs_and_their_defaults_are_the_ones_we_promise() -> None:
    assert {name: declared.get("default") for name, declared in INPUTS.items()} == {
        "stage": None,
        "outcome": "",
        "region": "${{ matrix.region }}",
        "pipeline": "",
        "log-file": "",
        "error-log": "",
        "config": "",
        "ledger": "",
        "run": "",
        "shell": "",
        "retries": "",
        "backoff": "",
        "timeout": "",
        "deadline": "",
        "budget": "",
        "cleanup": "",
        "retry-on": "",
        "retry-exit-codes": "",
        "retry-run": "",
        "stop-signal": "",
        "grace": "",
        "warn-on-retry": "",
        "continue-on-error": "",
        "pushgateway-url": "",
        "textfile-dir": "",
        "summary": "",  # an input that is never empty would hide what lumen.yml says
        "fail-on-error": "",
        "job-id": "${{ job.check_run_id }}",
        # `job.status` is not reliable inside a composite action; as the default of an input it is.
        "job-status": "${{ job.status }}",
        "matrix": "${{ toJSON(matrix) }}",
        "token": "${{ github.token }}",
        "python": "",
    }
    assert [name for name, declared in INPUTS.items() if declared.get("required")] == ["stage"]


def test_every_input_is_forwarded_exactly_once_and_nothing_else_is() -> None:
    assert STEP["env"] == {variable(name): f"${{{{ inputs.{name} }}}}" for name in INPUTS}


def test_no_input_hides_a_name_that_the_workflow_itself_may_set() -> None:
    assert all(name.startswith("LUMEN_INPUT_") for name in STEP["env"])


def test_outputs_are_the_ones_we_promise_and_come_from_the_step() -> None:
    names = (
        "outcome error-class error-subclass signature evidence rerun rerun-scope delay-seconds attempts-left "
        "tries first-try exit-code exit-error run-id trace-id published json"
    )
    assert list(OUTPUTS) == names.split()
    assert {o["value"] for o in OUTPUTS.values()} == {
        f"${{{{ steps.{STEP['id']}.outputs.{name} }}}}" for name in OUTPUTS
    }


@pytest.mark.parametrize("name", [*INPUTS, *OUTPUTS])
def test_a_description_is_one_sentence_without_an_expression(name: str) -> None:
    for declared in (INPUTS.get(name), OUTPUTS.get(name)):
        if declared:
            assert re.fullmatch(r"[A-Z][^\n]*[A-Za-z0-9`]\.", declared["description"])
            # The runner refuses an action whose descriptions hold expressions.
            assert "${{" not in declared["description"]


def test_one_step_in_bash_with_no_expression_in_its_script_and_nothing_else_used() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert set(STEP) == {"name", "id", "shell", "env", "run"}
    assert STEP["shell"] == "bash"
    assert "${{" not in STEP["run"]


def run_script(folder: Path, path: str, inputs: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the step as a runner does, with an entry point that prints how it was called."""
    action, workspace = folder / "the action", folder / "the workspace"
    for place in (action, workspace):
        place.mkdir(exist_ok=True)
    telling = "import os, sys\nprint(sys.executable, sys.flags.isolated, sys.flags.utf8_mode, *sys.argv[1:])\n"
    telling += "print(os.environ['LUMEN_INPUT_ERROR_LOG'], end='')\nsys.exit(75)\n"
    (action / "entrypoint.py").write_text(telling, encoding="utf-8")
    (workspace / "sys.py").write_text("raise SystemExit('poisoned')\n", encoding="utf-8")
    script = folder / "step.sh"
    script.write_text(STEP["run"], encoding="utf-8", newline="\n")
    environ = {variable(name): "" for name in INPUTS} | {variable(k): v for k, v in (inputs or {}).items()}
    environ |= {"PATH": path, "GITHUB_ACTION_PATH": str(action), "PYTHONPATH": str(workspace)}
    command = [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    return subprocess.run(command, cwd=workspace, env=environ, capture_output=True, encoding="utf-8", check=False)


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{BASH}\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    return folder


def python_in(folder: Path, name: str) -> str:
    return str(program(folder, name, f'exec "{sys.executable}" "$@"'))


posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


@posix
@pytest.mark.parametrize("name", ["python3", "python"])
def test_the_first_good_python_runs_the_command_isolated_and_its_exit_code_counts(tmp_path: Path, name: str) -> None:
    done = run_script(tmp_path, python_in(tmp_path / "bin", name))
    assert done.stdout.splitlines() == [f"{sys.executable} 1 1 record"]
    assert (done.returncode, done.stderr) == (75, "")


@posix
def test_a_script_is_run_and_without_one_the_stage_is_only_recorded(tmp_path: Path) -> None:
    done = run_script(tmp_path, python_in(tmp_path / "bin", "python3"), {"run": "make build"})
    assert done.stdout.splitlines() == [f"{sys.executable} 1 1 run"]


@posix
@pytest.mark.parametrize("broken", ["exit 9", "exit 127", f'exec "{sys.executable}" -c "import sys; sys.exit(1)"'])
def test_a_python3_that_is_none_is_passed_over(tmp_path: Path, broken: str) -> None:
    program(tmp_path / "bin", "python3", broken)
    done = run_script(tmp_path, python_in(tmp_path / "bin", "python"))
    assert (done.returncode, done.stdout.splitlines()) == (75, [f"{sys.executable} 1 1 record"])


@posix
def test_the_input_python_goes_first_and_may_have_a_blank_in_its_path(tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3", "echo wrong")
    python_in(tmp_path / "other python", "python")
    done = run_script(tmp_path, str(tmp_path / "bin"), {"python": str(tmp_path / "other python" / "python")})
    assert (done.returncode, done.stdout.splitlines()) == (75, [f"{sys.executable} 1 1 record"])


@posix
def test_a_wrong_input_python_is_said_and_the_usual_ones_are_tried(tmp_path: Path) -> None:
    done = run_script(tmp_path, python_in(tmp_path / "bin", "python3"), {"python": "/no/python\n::error::mine"})
    first, *rest = done.stdout.splitlines()
    assert first.startswith("::warning title=lumen::The input python does not name a Python 3.10 or newer")
    assert rest == [f"{sys.executable} 1 1 record"]


@posix
def test_without_a_python_one_error_names_the_remedies(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = run_script(tmp_path, str(tmp_path / "bin"))
    errors = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert done.returncode == 2
    assert len(errors) == 1
    assert errors[0].startswith("::error title=lumen::No Python 3.10 or newer here. Put actions/setup-python before")
    assert f"PATH begins with {tmp_path}/bin" in done.stdout


@posix
def test_a_hostile_path_gives_no_command(tmp_path: Path) -> None:
    done = run_script(tmp_path, f"{tmp_path}/x\n::set-output name=a::b##[add-mask]c")
    commands = [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")]
    assert [line for line in commands if not line.startswith("::error title=lumen::No Python")] == []
    assert "##[" not in done.stdout


@posix
def test_inputs_are_data_and_never_run(tmp_path: Path) -> None:
    hostile = '"; touch ran; $(touch ran) `touch ran` ${PATH} \\ %0A'
    inputs = dict.fromkeys(set(INPUTS) - {"python"}, hostile)
    done = run_script(tmp_path, python_in(tmp_path / "bin", "python3"), inputs)
    assert done.stdout.splitlines()[1] == hostile
    assert list(tmp_path.rglob("ran")) == []


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(
        ["shellcheck", "--shell=bash", "-"], input=STEP["run"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
