"""`lumen-shell` as a runner calls it: a program of its own before every step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from lumen_action.running.captured import leave, take

SHELL = Path(__file__).resolve().parents[3] / "actions" / "setup" / "lumen_shell.py"
PYTHON = [sys.executable, "-I", "-S", "-X", "utf8"]
TOKEN = "ghp_" + "a1" * 18

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for POSIX shells")


class Job:
    """A job's folder on a runner."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.env = {
            "PATH": os.environ["PATH"],
            "RUNNER_TEMP": str(folder / "temp"),
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_RUN_ID": "7",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_JOB": "build",
            **env,
        }

    def command(self, script: str, *options: str) -> list[str]:
        file = self.folder / "a script"
        file.write_text(script, encoding="utf-8")
        return [*PYTHON, str(SHELL), *options, str(file)]

    def step(self, script: str, *options: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(self.command(script, *options), env=self.env, capture_output=True, check=False)

    def taken(self, **other: str) -> bytes | None:
        captured = take(self.folder / "temp" / "lumen", self.env | other)
        return captured.text if captured else None


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_output_and_exit_code_are_the_scripts_own(job: Job) -> None:
    done = job.step("echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_only_a_step_that_fails_leaves_its_log_and_only_once(job: Job) -> None:
    job.step("echo fine")
    assert job.taken() is None
    job.step("echo broken; exit 1")
    job.step("echo fine again")
    assert job.taken() == b"broken\n"
    assert job.taken() is None


def test_secrets_are_out_before_anything_is_kept(job: Job) -> None:
    done = job.step(f"echo token {TOKEN}; false")
    assert TOKEN.encode() in done.stdout
    assert job.taken() == b"token [redacted]\n"


def test_nobody_else_on_the_machine_may_read_it(job: Job) -> None:
    job.step("false")
    (kept,) = (job.folder / "temp" / "lumen").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "other", [{"GITHUB_RUN_ATTEMPT": "2"}, {"GITHUB_JOB": "test"}, {"GITHUB_RUN_ID": "8"}, {"RUNNER_TRACKING_ID": "x"}]
)
def test_the_log_of_another_job_or_attempt_is_not_taken_and_gone(job: Job, other: Mapping[str, str]) -> None:
    job.step("echo old; false")
    assert job.taken(**other) is None
    assert job.taken() is None


def test_a_damaged_file_is_no_log(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "temp" / "lumen"
    folder.mkdir(parents=True)
    (folder / "failed-step.log").write_bytes(b"\xff\xfe\n")
    assert job.taken() is None
    leave(str(folder), job.env, [b"text"], (3, 4))
    captured = take(folder, job.env)
    assert captured
    assert (captured.text, captured.gap) == (b"text", (3, 4))


def test_the_shells_of_the_runner_stop_where_it_stops(job: Job) -> None:
    assert job.step("false | true; echo on").stdout == b"on\n"
    assert job.step("false | true; echo on", "--shell", "bash").stdout == b""
    assert job.step("false; echo on", "--shell", "sh").returncode == 1
    assert job.step("print('snake')", "--shell", f"{sys.executable} {{0}}").stdout == b"snake\n"


def test_a_wrong_call_says_how_it_is_called(job: Job) -> None:
    done = job.step("true", "--shell", "csh")
    assert (done.returncode, done.stderr[:18]) == (2, b"usage: lumen-shell")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancel_reaches_the_script_and_is_no_failure_to_explain(job: Job, number: int) -> None:
    name = signal.Signals(number).name.removeprefix("SIG")
    # Whatever of the group was told first, the script has to have the last word.
    trap = f'trap "kill \\$! || true; echo cleaning; exit 5" {name}'
    script = f'{trap}; echo ready > "$RUNNER_TEMP.ready"; sleep 300 & wait'
    ready = job.folder / "temp.ready"
    with subprocess.Popen(job.command(script), env=job.env, stdout=subprocess.PIPE) as running:
        while not ready.exists():
            time.sleep(0.01)
        running.send_signal(number)
        out, _ = running.communicate()
    assert (running.returncode, out) == (5, b"cleaning\n")
    assert job.taken() is None


def test_a_service_that_a_step_starts_goes_on(job: Job) -> None:
    done = job.step('sleep 300 > /dev/null 2>&1 & echo $! > "$RUNNER_TEMP.pid"; echo up')
    pid = int((job.folder / "temp.pid").read_text())
    os.kill(pid, signal.SIGKILL)  # raises when it has not gone on
    assert (done.returncode, done.stdout) == (0, b"up\n")


def test_a_step_that_succeeds_imports_next_to_nothing(job: Job) -> None:
    file = job.command("true")[-1]
    asking = [*PYTHON, "-X", "importtime", str(SHELL), file]
    told = subprocess.run(asking, env=job.env, capture_output=True, text=True, check=True).stderr
    modules = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert {name for name in modules if name.startswith("lumen_action")} == {
        "lumen_action",
        "lumen_action.running",
        *(
            f"lumen_action.running.{name}"
            for name in ("captured", "family", "outlets", "process", "shell", "shells", "signals", "tail")
        ),
    }
    assert modules & {"subprocess", "json", "re", "dataclasses", "pathlib", "typing", "argparse", "ctypes"} == set()
