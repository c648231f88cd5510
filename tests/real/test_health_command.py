"""`lumen health` from its words to its exit code: in a shell, in a job, again and again over a ledger."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
from facts import fact
from liars import page, saying, talking

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.opening import open_ledger
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome

NOON = 1_767_355_200_000
MINUTE = 60_000


class Shell:
    """A folder in which the command is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str] = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        self.now_ms = NOON
        self.told = ""

    def checks(self, *lines: str) -> None:
        rows = "".join(f"  - {{{line}}}\n" for line in lines)
        (self.folder / "health.yml").write_text(f"checks:\n{rows}")

    def call(self, *words: str) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        world = World(self.env, self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        code = main(["health", *words], world)
        self.told = err.getvalue()
        return code, out.getvalue()

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, said = self.call("--checks", "health.yml", "--json", *words)
        return code, json.loads(said)

    @property
    def ledger(self) -> str:
        return f"sqlite:{self.folder / 'kept' / 'ledger.db'}"

    @property
    def facts(self) -> list[Fact]:
        ledger = open_ledger(self.ledger)
        found = sorted(ledger.scan(), key=lambda fact: (fact.observed_at_ms, fact.key))
        ledger.close()
        return found


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


DOWN = "name: gateway, kind: tcp, host: 127.0.0.1, port: 1"


def test_the_table_says_what_failed_why_and_what_to_try(shell: Shell) -> None:
    shell.checks("name: disk, kind: disk, fail-percent: 0, warn-percent: 0", DOWN)
    code, said = shell.call("--checks", "health.yml")
    lines = said.splitlines()
    assert code == 1
    assert lines[0] == "health: fail (1 fail, 1 pass)"
    assert "fail  gateway" in lines[1]
    assert lines[1].endswith("127.0.0.1:1 takes no connection: Connection refused")
    assert lines[2].strip() == "fix: start it, or correct `host` and `port`"


def test_what_is_not_critical_only_warns(shell: Shell) -> None:
    shell.checks(f"{DOWN}, critical: false")
    code, found = shell.json()
    assert (code, found["status"], found["failed"]) == (0, "warn", ["gateway"])


def test_only_the_named_ones_are_looked_at(shell: Shell) -> None:
    shell.checks("name: ok, kind: command, run: ['true']", DOWN)
    code, found = shell.json("ok")
    assert (code, [each["name"] for each in found["components"]]) == (0, ["ok"])
    code, _ = shell.call("--checks", "health.yml", "okay")
    assert (code, shell.told) == (2, "error: names: `okay` is no check; known are ok, gateway\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--checks", "none.yml"), "checks: `none.yml` cannot be read (No such file or directory)"),
        (("--wait", "soon"), "wait: `soon` is no number of seconds"),
        (("--within", "-1"), "within: `-1` is no number of seconds"),
        (("--interval", "nan"), "interval: `nan` is no number of seconds"),
        (("--record", "--checks", "health.yml"), "ledger: what is found would end with this job"),
    ],
)
def test_a_wrong_input_is_a_2_that_says_what_to_write(shell: Shell, words: tuple[str, ...], said: str) -> None:
    shell.checks(DOWN)
    if "--record" in words:
        shell.env |= {"GITLAB_CI": "true", "CI_JOB_ID": "1", "CI_PROJECT_DIR": str(shell.folder)}
        shell.env |= {
            "CI_PROJECT_PATH": "a/b",
            "CI_PIPELINE_ID": "2",
            "CI_JOB_NAME": "j",
            "CI_SERVER_HOST": "g.example",
        }
    assert shell.call(*words)[0] == 2
    assert said in shell.told


def test_without_a_file_it_looks_at_what_the_configuration_names(shell: Shell) -> None:
    with talking(saying(page(b"ready"))) as port:
        (shell.folder / "lumen.yml").write_text(
            f"pushgateway-url: http://127.0.0.1:{port}\nprometheus-url: http://u:geheim@127.0.0.1:{port}/p\n"
            f"ledger: {shell.ledger}\narchive: {{stores: [dropbox:/a]}}\ngrafana: {{url: 'https://127.0.0.1:1'}}\n"
        )
        code, said = shell.call("--json")
    found = {each["name"]: each for each in json.loads(said)["components"]}
    assert list(found) == ["ledger", "disk", "pushgateway", "prometheus", "dropbox", "tls-127-0-0-1-1"]
    assert [found[name]["verdict"] for name in ("ledger", "pushgateway", "prometheus")] == ["pass"] * 3
    assert (code, found["dropbox"]["verdict"]) == (1, "fail")
    assert found["tls-127-0-0-1-1"]["critical"] is False
    assert "geheim" not in said


def test_what_the_environment_calls_a_secret_is_not_shown_nor_half_of_it(shell: Shell) -> None:
    shell.env["DB_PASSWORD"] = "hunter2-and-a-half"  # noqa: S105 - made up
    said = "x" * 120 + " cannot log in with $DB_PASSWORD"
    shell.checks(f"name: cmd, kind: command, run: [sh, -c, 'echo {said}; exit 1']")
    code, told = shell.call("--checks", "health.yml")
    assert (code, "cannot log in with" in told, "hunter2" in told) == (1, True, False)


def test_it_tries_as_often_as_it_has_to_before_it_fails(shell: Shell) -> None:
    asked = []

    def second_time(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        asked.append(1)
        connection.sendall(page(b"", "200 OK" if len(asked) == 2 else "500 Oops"))

    with talking(second_time) as port:
        shell.checks(f"name: flaky, kind: http, url: 'http://127.0.0.1:{port}', tries: 2")
        assert shell.json()[0] == 0
    assert len(asked) == 2


def test_it_waits_for_what_comes_up_and_says_for_what(shell: Shell) -> None:
    with socket.socket() as later:
        later.bind(("127.0.0.1", 0))
        shell.checks(f"name: late, kind: tcp, host: 127.0.0.1, port: {later.getsockname()[1]}")
        timer = threading.Timer(0.3, later.listen)
        timer.start()
        code, found = shell.json("--wait", "20", "--interval", "0.05")
        timer.join()
    assert (code, found["status"]) == (0, "pass")
    assert "waiting for late: " in shell.told
    assert found["waited_seconds"] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_told_to_end_does_so_at_once_and_leaves_nothing_running(shell: Shell, number: int) -> None:
    shell.checks("name: slow, kind: command, run: [sh, -c, 'echo $$ > pid; exec sleep 600'], timeout: 60s")
    command = [sys.executable, "-m", "lumen_action.cli", "health", "--checks", "health.yml"]
    env = {**shell.env, "PYTHONPATH": str(servers.ROOT)}
    with subprocess.Popen(command, cwd=shell.folder, env=env, stderr=subprocess.PIPE, text=True) as process:
        pid = shell.folder / "pid"
        servers.wait_until("it runs", lambda: pid.exists() and pid.read_text())
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
    assert (process.returncode, told) == (128 + number, "")
    gone = Path("/proc", pid.read_text().strip(), "stat")
    servers.wait_until("it has ended", lambda: not gone.exists() or ") Z" in gone.read_text())


def test_what_does_not_come_up_in_time_is_failed_whatever_its_tries(shell: Shell) -> None:
    shell.checks(f"{DOWN}, tries: 20")
    assert shell.json("--wait", "0.2", "--interval", "0.05")[0] == 1


def test_a_ledger_counts_the_tries_of_many_calls_and_is_told_little(shell: Shell) -> None:
    shell.checks(f"{DOWN}, tries: 3", "name: ok, kind: command, run: ['true']")
    verdicts = []
    for number in range(6):
        shell.now_ms = NOON + number * MINUTE
        code, found = shell.json("--record", "--ledger", shell.ledger, "--pipeline", "nightly")
        verdicts.append((code, found["components"][0]["verdict"]))
    assert verdicts == [(0, "warn"), (0, "warn"), (1, "fail"), (1, "fail"), (1, "fail"), (1, "fail")]
    told = [(fact.key.stage, fact.told["verdict"], fact.outcome) for fact in shell.facts]
    assert told == [
        ("health.gateway", "warn", Outcome.SUCCESS),
        ("health.ok", "pass", Outcome.SUCCESS),
        ("health.gateway", "warn", Outcome.SUCCESS),
        ("health.gateway", "fail", Outcome.FAILURE),
    ]
    assert {(fact.key.kind, fact.pipeline) for fact in shell.facts} == {(Kind.CHECK, "nightly")}


def test_an_hour_later_the_same_is_told_again(shell: Shell) -> None:
    shell.checks("name: ok, kind: command, run: ['true']")
    for minutes in (0, 59, 60, 61):
        shell.now_ms = NOON + minutes * MINUTE
        shell.json("--record", "--ledger", shell.ledger, "--pipeline", "nightly")
    assert [(fact.observed_at_ms - NOON) // MINUTE for fact in shell.facts] == [0, 60]


def test_a_weekend_between_two_looks_does_not_let_a_failure_off(shell: Shell) -> None:
    shell.checks(f"{DOWN}, tries: 2", "name: ok, kind: command, run: ['true']")
    verdicts = []
    for days in (0, 3, 6):
        shell.now_ms = NOON + days * 24 * 60 * MINUTE
        verdicts.append(shell.json("--record", "--ledger", shell.ledger, "--pipeline", "nightly")[1]["status"])
    assert verdicts == ["warn", "fail", "fail"]


def test_only_what_was_found_of_components_is_read_to_find_their_past(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Fact] = []

    class Counting(SqliteLedger):
        def scan(self, **where: str | None) -> Iterator[Fact]:
            for told in super().scan(**where):
                read.append(told)
                yield told

    ledger = open_ledger(shell.ledger)
    for number in range(50):
        ledger.put(fact("build", Outcome.SUCCESS, run=str(number), at=NOON))
    ledger.close()
    monkeypatch.setattr("lumen_action.ledger.sqlite.SqliteLedger", Counting)
    shell.checks("name: ok, kind: command, run: ['true']")
    for minutes in (0, 61, 122):
        shell.now_ms = NOON + minutes * MINUTE
        shell.json("--record", "--ledger", shell.ledger, "--pipeline", "nightly")
    assert [told.key.stage for told in read] == ["health.ok"] * 3  # one at the second call, two at the third


def test_a_ledger_that_is_away_does_not_change_the_verdict(shell: Shell) -> None:
    shell.checks("name: ok, kind: command, run: ['true']")
    (shell.folder / "file").write_text("no folder")
    away = f"sqlite:{shell.folder / 'file' / 'ledger.db'}"
    code, found = shell.json("--record", "--ledger", away, "--pipeline", "nightly")
    assert (code, found["status"]) == (0, "pass")
    assert len(found["warnings"]) == 2


def test_an_endpoint_that_comes_and_goes_is_called_flapping(shell: Shell) -> None:
    asked = []

    def every_other_time(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        asked.append(1)
        connection.sendall(page(b"", "200 OK" if len(asked) % 2 else "503 Busy"))

    with talking(every_other_time) as port:
        shell.checks(f"name: api, kind: http, url: 'http://127.0.0.1:{port}'")
        said = []
        for number in range(7):
            shell.now_ms = NOON + number * MINUTE
            _, found = shell.json("--record", "--ledger", shell.ledger, "--pipeline", "nightly")
            said.append((found["status"], (found["components"][0]["said"] or "").partition(":")[0]))
    assert [status for status, _ in said] == ["pass", "fail", "pass", "fail", "warn", "fail", "warn"]
    assert said[4][1] == "flapping, 4 changes within the hour"
