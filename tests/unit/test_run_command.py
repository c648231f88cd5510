"""`lumen run` as a program of its own: exit codes, tries, words, facts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from facts import fact

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import ErrorClass, Fact, Kind, Outcome

ENTRY = Path(__file__).resolve().parents[2] / "entrypoint.py"
RESET = "curl: (56) Recv failure: Connection reset by peer"
FLAKY = f'echo x >> tries; if [ "$(wc -l < tries)" -lt 3 ]; then echo "{RESET}" >&2; exit 56; fi; echo fine'
REFUSED = 'echo "fatal: Authentication failed for https://git.example/x.git" >&2; exit 128'

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for POSIX shells")


class Machine:
    """A terminal, or with `job` a runner's job, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger_file = folder / "ledger.db"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LUMEN_STATE_DIR": str(folder / "state"),
            "LUMEN_LEDGER": f"sqlite:{self.ledger_file}",
            "LUMEN_PIPELINE": "nightly",
            "LUMEN_BACKOFF": "0",
        }

    def job(self) -> Machine:
        for name in ("output", "summary", "env"):
            (self.folder / name).touch()
        self.env |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_RUN_ID": "7",
            "GITHUB_JOB": "build",
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_ENV": str(self.folder / "env"),
            "RUNNER_TEMP": str(self.folder / "temp"),
        }
        return self

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(ENTRY), "run", *words]

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), cwd=self.folder, env=self.env | env, capture_output=True, text=True, check=False
        )

    def facts(self, kind: Kind) -> list[Fact]:
        if not self.ledger_file.exists():
            return []
        ledger = SqliteLedger(self.ledger_file, durable=True)
        try:
            found = [fact for fact in ledger.scan() if fact.key.kind is kind]
        finally:
            ledger.close()
        return sorted(found, key=lambda fact: fact.order)

    @property
    def stage(self) -> Fact:
        (fact,) = self.facts(Kind.STAGE)
        return fact


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_flaky_command_is_tried_three_times_and_every_try_is_a_fact(machine: Machine) -> None:
    done = machine.run("--stage", "build", "--", "sh", "-c", FLAKY)
    assert (done.returncode, done.stdout) == (0, "fine\n")
    assert done.stderr.count(RESET) == 2
    assert "retry 1 of 2 here in 0 s: `network/reset` is transient" in done.stderr
    assert (machine.stage.outcome, machine.stage.tries) == (Outcome.SUCCESS, 3)
    failed = machine.facts(Kind.RERUN)
    assert [(fact.key.stage, fact.tries, fact.outcome) for fact in failed] == [
        ("build.1", 1, Outcome.FAILURE),
        ("build.2", 2, Outcome.FAILURE),
    ]
    assert {fact.failure.error_class for fact in failed if fact.failure} == {ErrorClass.NETWORK}


def test_a_permanent_failure_is_not_tried_again(machine: Machine) -> None:
    done = machine.run("--stage", "build", "--", "sh", "-c", REFUSED)
    assert done.returncode == 128
    assert machine.facts(Kind.RERUN) == []
    assert machine.stage.tries == 1
    assert machine.stage.failure
    assert machine.stage.failure.error_class is ErrorClass.TOKEN_EXPIRED


def test_retries_that_are_used_up_keep_the_commands_exit_code(machine: Machine) -> None:
    done = machine.run("--stage", "build", "--retries", "1", "--", "sh", "-c", f"echo '{RESET}'; exit 56")
    assert (done.returncode, done.stdout) == (56, f"{RESET}\n" * 2)
    assert (machine.stage.tries, len(machine.facts(Kind.RERUN))) == (2, 1)


def test_what_hangs_is_stopped_and_only_tried_again_where_somebody_wishes_so(machine: Machine) -> None:
    hang = ("--timeout", "0.3", "--grace", "0.5")
    done = machine.run("--stage", "build", *hang, "--", "sleep", "300")
    assert (done.returncode, machine.stage.outcome, machine.stage.tries) == (124, Outcome.TIMEOUT, 1)
    again = machine.run("--stage", "test", *hang, "--retry-on", "timeout", "--retries", "1", "--", "sleep", "300")
    assert again.returncode == 124
    assert [fact.outcome for fact in machine.facts(Kind.RERUN)] == [Outcome.TIMEOUT]


def test_the_budget_of_the_day_counts_the_retries_of_all_jobs(machine: Machine) -> None:
    words = ("--retries", "2", "--budget", "3/day", "--", "sh", "-c", f"echo '{RESET}'; exit 56")
    machine.run("--stage", "build", *words)
    done = machine.run("--stage", "test", *words)
    assert [fact.key.stage for fact in machine.facts(Kind.RERUN)] == ["build.1", "build.2", "test.1"]
    assert "the pipeline has used its 3 retries of the day" in done.stderr


def test_a_rerun_of_the_whole_run_does_not_use_the_budget(machine: Machine) -> None:
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    rerun = fact("run", Outcome.FAILURE, kind=Kind.RERUN, day=today)
    ledger = SqliteLedger(machine.ledger_file, durable=True)
    ledger.put(replace(rerun, key=replace(rerun.key, job="", region="")))
    ledger.close()
    machine.run("--stage", "build", "--budget", "1", "--", "sh", "-c", f"echo '{RESET}'; exit 56")
    assert machine.stage.tries == 2


def test_an_exit_code_may_be_named_as_worth_it(machine: Machine) -> None:
    script = 'echo x >> tries; test "$(wc -l < tries)" = 2 || exit 75'
    assert machine.run("--stage", "build", "--retry-exit-codes", "75", "--", "sh", "-c", script).returncode == 0
    assert machine.stage.tries == 2


def test_between_two_tries_it_cleans_up_and_another_script_may_follow(machine: Machine) -> None:
    script = f"echo first; echo '{RESET}'; exit 1"
    words = ("--run", script, "--cleanup", "echo cleaned; exit 3", "--retry-run", "echo second")
    done = machine.run("--stage", "build", *words)
    assert (done.returncode, done.stdout) == (0, f"first\n{RESET}\ncleaned\nsecond\n")
    assert "the clean-up failed: exit code 3; the next try starts anyway" in done.stderr


def test_a_script_runs_as_a_step_of_bash_does(machine: Machine) -> None:
    assert machine.run("--stage", "build", "--run", "false | true\necho not reached").stdout == ""
    assert machine.run("--stage", "lint", "--shell", "sh", "--run", "false | true\necho reached").stdout == "reached\n"


def test_the_command_is_not_told_our_inputs(machine: Machine) -> None:
    done = machine.run("--stage", "build", "--", "env", LUMEN_INPUT_MATRIX="null", LUMEN_INPUT_REGION="eu")
    assert "LUMEN_INPUT_" not in done.stdout
    assert machine.stage.key.region == "eu"


@pytest.mark.parametrize(("script", "code"), [(f"echo '{RESET}'; exit 56", 75), (REFUSED, 128), ("exit 0", 0)])
def test_75_only_for_a_transient_failure_and_only_when_asked_for(machine: Machine, script: str, code: int) -> None:
    words = ("--retries", "0", "--transient-exit-code", "75", "--", "sh", "-c", script)
    assert machine.run("--stage", "build", *words).returncode == code


def test_continue_on_error_hides_the_code_and_not_the_outcome(machine: Machine) -> None:
    done = machine.run("--stage", "build", "--continue-on-error", "true", "--", "sh", "-c", "exit 9")
    assert (done.returncode, machine.stage.outcome) == (0, Outcome.FAILURE)


def test_in_a_job_each_try_is_a_group_and_outputs_tell_of_it(machine: Machine) -> None:
    done = machine.job().run("--stage", "build", "--", "sh", "-c", f"printf no-end; {FLAKY}")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("::group::")] == [
        f"::group::build: try {number} of at most 3" for number in (1, 2, 3)
    ]
    assert lines.count("::endgroup::") == 3
    assert "no-end" in lines
    outputs = (machine.folder / "output").read_text()
    for name, value in (("tries", "3"), ("first-try", "false"), ("exit-code", "0"), ("exit-error", "")):
        assert f"{name}<<" in outputs
        assert value in outputs.partition(f"{name}<<")[2].splitlines()[1]
    answer: dict[str, Any] = json.loads(outputs.partition("json<<")[2].splitlines()[1])
    assert answer["outcome"] == "success"


def test_a_ledger_that_is_away_changes_nothing_about_the_command(machine: Machine) -> None:
    (machine.folder / "file").touch()
    away = {"LUMEN_LEDGER": f"sqlite:{machine.folder / 'file' / 'ledger.db'}"}
    assert machine.run("--stage", "build", "--", "sh", "-c", "exit 3", **away).returncode == 3
    assert machine.run("--stage", "test", "--", "true", **away).returncode == 0


def test_neither_script_nor_command_is_a_wrong_call_and_so_are_both(machine: Machine) -> None:
    for words in ((), ("--run", "true", "--", "true")):
        done = machine.run("--stage", "build", *words)
        assert (done.returncode, "give either a script or a command" in done.stderr) == (2, True)


def test_a_signal_while_it_runs_is_a_cancelled_stage(machine: Machine) -> None:
    script = 'trap "exit 5" TERM; touch ready; sleep 300 & wait'
    with subprocess.Popen(
        machine.command("--stage", "build", "--", "sh", "-c", script),
        cwd=machine.folder,
        env=machine.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        while not (machine.folder / "ready").exists():
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
    assert running.returncode == 5
    assert (machine.stage.outcome, machine.facts(Kind.RERUN)) == (Outcome.CANCELLED, [])


def test_a_signal_while_it_waits_ends_the_waiting(machine: Machine) -> None:
    words = ("--stage", "build", "--backoff", "300", "--", "sh", "-c", f"echo '{RESET}'; exit 56")
    with subprocess.Popen(
        machine.command(*words), cwd=machine.folder, env=machine.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as running:
        assert running.stderr
        while b"retry 1 of 2" not in running.stderr.readline():
            pass
        running.send_signal(signal.SIGINT)
        running.communicate()
    assert (running.returncode, machine.stage.outcome) == (56, Outcome.FAILURE)


def test_the_line_that_proves_it_keeps_its_number_though_the_middle_is_not_kept(machine: Machine) -> None:
    script = f"seq -f 'step %.0f of a long log, and what it has to say' 200000; echo '{RESET}'; exit 56"
    done = machine.run("--stage", "build", "--retries", "0", "--", "sh", "-c", script)
    assert len(done.stdout) > 8_000_000
    assert machine.stage.failure
    assert (machine.stage.failure.evidence, machine.stage.failure.line) == (RESET, 200_001)


def test_a_command_may_ask_a_person_at_a_terminal(machine: Machine) -> None:
    pytest.importorskip("pty")
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    asking = machine.command("--stage", "build", "--", "sh", "-c", "test -t 0 && read -r word && echo heard $word")
    done = subprocess.run(
        [sys.executable, "-c", spawn, *asking],
        cwd=machine.folder,
        env=machine.env,
        input=b"hello\n",
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert b"heard hello" in done.stdout
