"""Files, disks, commands, Prometheus and the ledger as they really are."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import servers
from healthteam import around, found
from liars import page, saying, talking

from lumen_action.errors import LedgerError
from lumen_action.health.check import Status

PASS, WARN, FAIL = Status
HOUR = 3600


def aged(file: Path, hours: float, text: str = "report") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    at = time.time() - hours * HOUR
    os.utime(file, (at, at))
    return file


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ("path: reports/new.pdf", PASS, ""),
        ("path: reports/new.pdf, max-age: 2h", PASS, ""),
        ("path: reports/old.pdf, max-age: 26h", FAIL, "written 2 days ago, more than 26 hours"),
        ("path: reports/empty.pdf", FAIL, "holds 0 bytes, fewer than 1"),
        ("path: reports/empty.pdf, min-size: 0", PASS, ""),
        ("path: reports/new.pdf, min-size: 1kB", FAIL, "holds 6 bytes, fewer than 1000"),
        ("path: reports/none.pdf", FAIL, "cannot be looked at: No such file"),
        ("path: reports, glob: '*.pdf', max-age: 2h", PASS, ""),
        ("path: reports, glob: '*.csv'", FAIL, "matches *.csv"),
        ("path: reports, glob: '**/*.txt', max-age: 4h", PASS, ""),
        ("path: hollow", FAIL, "no file in"),
        ("path: hollow, glob: /etc/*", FAIL, "Non-relative patterns"),
        ("path: odd, glob: '*'", PASS, ""),
        ("path: odd/fifo", FAIL, "is no file"),
        ("path: odd/loop", FAIL, "Too many levels"),
        ("path: ahead/tomorrow.pdf, max-age: 2h", WARN, "from now, so that nobody knows how old it is"),
        ("path: old-only, max-age: 26h", FAIL, "written 4 days ago"),
    ],
)
def test_a_file_is_there_fresh_and_large_enough(tmp_path: Path, more: str, status: Status, said: str) -> None:
    (tmp_path / "hollow").mkdir()
    aged(tmp_path / "reports" / "new.pdf", 1)
    aged(tmp_path / "reports" / "old.pdf", 50)
    aged(tmp_path / "ahead" / "tomorrow.pdf", -30)
    aged(tmp_path / "odd" / "good.pdf", 1)
    os.mkfifo(tmp_path / "odd" / "fifo")
    (tmp_path / "odd" / "loop").symlink_to("loop")
    (tmp_path / "odd" / "round").symlink_to(".")
    aged(tmp_path / "reports" / "empty.pdf", 1.5, "")
    aged(tmp_path / "reports" / "deep" / "note.txt", 3)
    aged(tmp_path / "old-only" / "a.pdf", 100)
    finding = found(f"kind: file, {more}", around(tmp_path))
    assert (finding.status, said in finding.said) == (status, True), finding.said


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("fail-percent: 0, warn-percent: 0", PASS),
        ("fail-percent: 0, warn-percent: 100", WARN),
        ("fail-percent: 100", FAIL),
        ("fail-percent: 0, warn-percent: 0, min-free: 900000GB", FAIL),
        ("path: nowhere", FAIL),
    ],
)
def test_a_disk_has_room(tmp_path: Path, more: str, status: Status) -> None:
    assert found(f"kind: disk, {more}", around(tmp_path)).status is status


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ("run: ['true']", PASS, ""),
        ("run: ['false']", FAIL, "false ended with exit code 1"),
        ("run: [sh, -c, exit 3], exit-code: 3", PASS, ""),
        ("run: [sh, -c, exit 3], warn-code: 3", WARN, "exit code 3"),
        ("run: [sh, -c, 'echo a; echo the disk is full >&2; exit 1']", FAIL, "exit code 1: the disk is full"),
        ("run: [sh, -c, kill -9 $$]", FAIL, "ended by signal 9"),
        ("run: [ls], folder: nowhere", FAIL, "nowhere is no folder to run ls in"),
        ("run: [no-such-program]", FAIL, "cannot be run: No such file"),
        ("run: [echo, ready], contains: ready", PASS, ""),
        ("run: [echo, steady], contains: ready", FAIL, "printed nothing with 'ready'"),
        ("run: [echo, '{\"lag\": 3}'], expect: lag < 5", PASS, ""),
        ("run: [echo, '{\"lag\": 9}'], expect: lag < 5", FAIL, "expected lag < 5, found 9"),
        ("run: [echo, fine], expect: lag < 5", FAIL, "printed no JSON"),
        ("run: [echo, $HOME; id], contains: $HOME; id", PASS, ""),
        ("run: [sh, -c, 'head -c 300000 /dev/zero; exit 0']", PASS, ""),
        ("run: [cat]", PASS, ""),
    ],
)
def test_a_command_counts_by_its_exit_code_and_what_it_prints(more: str, status: Status, said: str) -> None:
    finding = found(f"kind: command, {more}")
    assert (finding.status, said in finding.said) == (status, True), finding.said


@pytest.mark.parametrize(
    "hold", ["sleep 600", pytest.param("trap '' TERM; while :; do sleep 600; done", marks=pytest.mark.slow)]
)
def test_what_a_command_started_does_not_outlive_its_time(tmp_path: Path, hold: str) -> None:
    script = f"(echo $$ > group; {hold}) & {hold}"
    finding = found(f'kind: command, run: [bash, -c, "{script}"], timeout: 0.5s', around(tmp_path))
    assert "was stopped after 0.5 s" in finding.said
    group = int((tmp_path / "group").read_text())
    servers.wait_until("nothing of the group is left", lambda: not lives(group))


def lives(group: int) -> bool:
    """Tell whether anything of the group runs; one that ended may wait for somebody who takes note of it."""
    return any(state != "Z" for state in states(group))


def states(group: int) -> list[str]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, of_group = status.read_text().rpartition(")")[2].split()[:3]
            found += [state] if int(of_group) == group else []
    return found


_INHERITING = """
import ctypes, pathlib, sys
sys.path[:0] = sys.argv[2:]
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
from healthteam import around, found
from test_health_machine import states
folder = pathlib.Path(sys.argv[1])
found("kind: command, run: [bash, -c, 'echo $$ > group; (sleep 600) & sleep 600 &'], timeout: 20s", around(folder))
print(states(int((folder / "group").read_text())))
"""


def test_the_first_process_of_a_container_is_left_no_dead(tmp_path: Path) -> None:
    paths = [str(servers.ROOT), *(str(servers.ROOT / name) for name in ("tests/support", "tests/real", "tools"))]
    command = [sys.executable, "-c", _INHERITING, str(tmp_path), *paths]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_a_command_leaves_running_holds_its_output_open_in_vain(tmp_path: Path) -> None:
    finding = found(
        "kind: command, run: [sh, -c, 'sleep 600 & echo done'], contains: done, timeout: 20s", around(tmp_path)
    )
    assert (finding.status, finding.said) == (PASS, "")


def test_the_ledger_answers_or_says_why(tmp_path: Path) -> None:
    def away() -> int:
        raise LedgerError("postgresql://db.example does not answer")

    assert found("kind: ledger", around(tmp_path, head=lambda: 12)).value == 12
    assert found("kind: ledger", around(tmp_path, head=away)).said == "postgresql://db.example does not answer"


def test_prometheus_is_asked_and_every_value_has_to_hold(running: Callable[..., servers.Server]) -> None:
    prometheus = running(servers.start_prometheus, "http://127.0.0.1:1")
    world = around(prometheus=prometheus.url)

    def asked(query: str, more: str = "") -> tuple[Status, str]:
        finding = found(f'kind: prometheus, query: "{query}"{more}', world)
        return finding.status, finding.said

    assert asked("vector(3)", ", expect: value >= 3") == (PASS, "")
    assert asked("vector(3)", ", expect: value < 3") == (FAIL, "expected value < 3, found 3.0")
    labelled = "label_replace(vector(1), 'job', 'api', '', '') or label_replace(vector(9), 'job', 'db', '', '')"
    assert asked(labelled, ", expect: value < 5") == (FAIL, "{job=db}: expected value < 5, found 9.0")
    assert asked("vector(0) / 0", ", expect: value < 5")[0] is FAIL
    named = ", expect: value == 1"
    assert asked("nothing_has_this_name", named) == (FAIL, "empty: no series answers the query")
    assert asked("nothing_has_this_name", f"{named}, empty: warn")[0] is WARN
    assert asked("nothing_has_this_name", f"{named}, empty: pass") == (PASS, "")
    status, said = asked("sum(", named)
    assert (status, "answered 400" in said) == (FAIL, True)


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ({"data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "NaN"]}]}}, FAIL, "is no number"),
        ({"data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "+Inf"]}]}}, PASS, ""),
        ({"data": {"resultType": "scalar", "result": [1, "3"]}}, PASS, ""),
        ({"data": {"resultType": "string", "result": [1, "3"]}}, FAIL, "something else than a Prometheus"),
        ({"data": {"resultType": "scalar", "result": [1, "3"]}, "warnings": ["half"]}, WARN, "not whole: ['half']"),
        ({"data": {"resultType": "scalar", "result": [1, "3"]}, "status": "error", "error": "no"}, FAIL, "says: no"),
        ({"data": None}, FAIL, "something else than a Prometheus"),
        ([], FAIL, "something else than a Prometheus"),
    ],
)
def test_what_prometheus_cannot_mean_is_no_pass(answer: object, status: Status, said: str) -> None:
    with talking(saying(page(json.dumps(answer).encode()))) as port:
        world = around(prometheus=f"http://127.0.0.1:{port}")
        finding = found("kind: prometheus, query: up, expect: value != 5", world)
    assert (finding.status, said in finding.said) == (status, True), finding.said


def test_without_a_prometheus_it_is_said_what_to_set() -> None:
    finding = found("kind: prometheus, query: up, expect: value == 1")
    assert (finding.said, finding.fix) == ("no Prometheus is known", "give `url`, or set `prometheus-url` in lumen.yml")


def test_what_a_command_prints_does_not_show_what_is_known_to_be_secret(tmp_path: Path) -> None:
    world = replace(around(tmp_path), secrets=("pa55-of-the-ledger",))
    finding = found("kind: command, run: [sh, -c, 'echo cannot log in with pa55-of-the-ledger; exit 1']", world)
    assert finding.status is FAIL
    assert "cannot log in with" in finding.said
    assert "pa55" not in f"{finding.said}{finding.fix}"
