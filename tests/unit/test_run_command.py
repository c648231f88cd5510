"""`lumen run` as a program of its own: exit codes, tries, words, facts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from facts import fact
from stagemachine import Machine

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import ErrorClass, Kind, Outcome

RESET = "curl: (56) Recv failure: Connection reset by peer"
FLAKY = f'echo x >> tries; if [ "$(wc -l < tries)" -lt 3 ]; then echo "{RESET}" >&2; exit 56; fi; echo fine'
REFUSED = 'echo "fatal: Authentication failed for https://git.example/x.git" >&2; exit 128'

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for POSIX shells")


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


def test_jobs_that_ask_at_once_never_take_more_than_the_budget(machine: Machine) -> None:
    words = ("--budget", "3/day", "--", "sh", "-c", f"echo '{RESET}'; exit 56")
    jobs = [
        subprocess.Popen(
            machine.command("--stage", f"leg-{number}", *words),
            cwd=machine.folder,
            env=machine.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(4)
    ]
    assert [job.wait() for job in jobs] == [56] * 4
    assert len(machine.facts(Kind.RERUN)) == 3


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


@pytest.mark.parametrize(("words", "warned"), [((), 0), (("--warn-on-retry", "true"), 2)])
def test_a_try_that_another_follows_is_an_annotation_where_that_is_asked_for(
    machine: Machine, words: tuple[str, ...], warned: int
) -> None:
    done = machine.job().run("--stage", "build", *words, "--", "sh", "-c", FLAKY)
    assert sum(line.startswith("::warning title=build::") for line in done.stdout.splitlines()) == warned


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


@pytest.mark.parametrize("closed", ["< /dev/null 2> /dev/full", "<&- 2>&-", "2>&1 >&- <&-"])
@pytest.mark.parametrize("in_job", [False, True])
def test_words_of_ours_that_nobody_takes_change_nothing(machine: Machine, closed: str, *, in_job: bool) -> None:
    words = (machine.job() if in_job else machine).command("--stage", "build", "--", "sh", "-c", "touch ran; exit 5")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *words],
        cwd=machine.folder,
        env=machine.env,
        stdout=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, (machine.folder / "ran").exists(), machine.stage.outcome) == (5, True, Outcome.FAILURE)


def test_a_script_that_cannot_be_written_any_more_ends_as_one_that_cannot_be_run(machine: Machine) -> None:
    script = f'rm -rf "$LUMEN_STATE_DIR"; touch "$LUMEN_STATE_DIR"; echo "{RESET}"; exit 56'
    done = machine.run("--stage", "build", "--run", script)
    assert (done.returncode, done.stdout, machine.stage.tries) == (126, f"{RESET}\n", 2)
    assert "lumen: cannot write the script" in done.stderr


def test_what_a_script_tells_the_runner_without_a_lines_end_stays_apart_from_ours(machine: Machine) -> None:
    script = 'for file in "$GITHUB_OUTPUT" "$GITHUB_ENV" "$GITHUB_STEP_SUMMARY"; do printf a=1 >> "$file"; done; exit 3'
    machine.job().run("--stage", "build", "--run", script)
    for name in ("output", "env", "summary"):
        first, second = (machine.folder / name).read_text().splitlines()[:2]
        assert (first, bool(second)) == ("a=1", True)


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


def test_a_signal_while_it_cleans_up_lets_no_try_follow(machine: Machine) -> None:
    words = ("--cleanup", "touch ready; sleep 300", "--", "sh", "-c", f"echo x >> tries; echo '{RESET}'; exit 56")
    with subprocess.Popen(
        machine.command("--stage", "build", *words),
        cwd=machine.folder,
        env=machine.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as running:
        while not (machine.folder / "ready").exists():
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate()
    assert (running.returncode, (machine.folder / "tries").read_text()) == (56, "x\n")
    assert b"not retried: a signal came while cleaning up" in said
    assert b"the next try starts anyway" not in said


def test_the_line_that_proves_it_keeps_its_number_though_the_middle_is_not_kept(machine: Machine) -> None:
    script = f"seq -f 'step %.0f of a long log, and what it has to say' 200000; echo '{RESET}'; exit 56"
    done = machine.run("--stage", "build", "--retries", "0", "--", "sh", "-c", script)
    assert len(done.stdout) > 8_000_000
    assert machine.stage.failure
    assert (machine.stage.failure.evidence, machine.stage.failure.line) == (RESET, 200_001)
