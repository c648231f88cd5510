"""`lumen runbook run` as a process: killed in the middle of a step, gone on with by another, told to end by its job."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import Quiet, answering
from runbookteam import RunbookTeam

pty = pytest.importorskip("pty", reason="Windows has no such terminals")
pytestmark = [pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows"), pytest.mark.slow]

STEPS = """  - name: {name}
    title: Take a while
    command: [sh, -c, "echo $$ >> begun; test -e go-on || sleep 600; echo x >> done"]
    timeout: 10m
    reads_only: {reads_only}
  - name: more
    title: Do the rest
    command: [sh, -c, "echo x >> more"]
"""


@pytest.fixture
def team(tmp_path: Path) -> RunbookTeam:
    """Return a team with the clock of the machine."""
    return RunbookTeam(tmp_path)


class Lumen:
    """`lumen runbook` as processes in the folder of a team."""

    def __init__(self, team: RunbookTeam) -> None:
        """Take its environment; `HOME` is the folder too."""
        self.folder = team.folder
        self.env = {**team.environment, "HOME": str(team.folder)}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "lumen_action.cli", "runbook", *words],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def asked(self, *words: str) -> dict[str, Any]:
        _, out, err = self.run(*words, "--json")
        assert out, err
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def lumen(team: RunbookTeam) -> Lumen:
    """Return the command line."""
    return Lumen(team)


def until(holds: Callable[[], object]) -> None:
    """Wait until something is the case."""
    for _ in range(1500):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("it never came to that")


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def killed(team: RunbookTeam, lumen: Lumen) -> Iterator[Callable[[str, str], str]]:
    """Return what starts a run, kills it in the middle of its first step and tells its name."""
    left: list[int] = []

    def kill(name: str, reads_only: str) -> str:
        team.write(STEPS.format(name=name, reads_only=reads_only))
        process = lumen.start("run", "mend")
        until(lambda: lines(team.folder / "begun"))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        left.extend(map(int, lines(team.folder / "begun")))
        [fact] = [fact for fact in team.facts() if fact.told.get("slot") == "begun"]
        return fact.told["execution"]

    yield kill
    for pid in left:
        if alive(pid):
            os.killpg(pid, signal.SIGKILL)


def test_another_process_does_a_step_once_more_that_only_reads(
    team: RunbookTeam, lumen: Lumen, killed: Callable[[str, str], str]
) -> None:
    execution = killed("look", "true")
    code, out, err = lumen.run("resume", execution)
    assert (code, "resume" in out, "--take-over" in err) == (0, True, True)
    assert len(lines(team.folder / "begun")) == 1
    (team.folder / "go-on").touch()
    found = lumen.asked("resume", execution, "--take-over")
    assert (found["state"], found["steps"][0]["attempt"]) == ("finished", 2)
    assert (lines(team.folder / "done"), lines(team.folder / "more")) == (["x"], ["x"])


def test_another_process_asks_a_person_about_a_step_that_changes_something(
    team: RunbookTeam, lumen: Lumen, killed: Callable[[str, str], str]
) -> None:
    execution = killed("make", "false")
    (team.folder / "go-on").touch()
    found = lumen.asked("resume", execution, "--take-over")
    assert (found["state"], found["waiting_step"]) == ("waiting", "make")
    assert "--done make, --redo make or --skip make" in found["next"]
    assert len(lines(team.folder / "begun")) == 1
    code, _, err = lumen.run("resume", "--confirm", "make")
    assert (code, "--redo or --skip or --done" in err) == (2, True)
    found = lumen.asked("resume", "--done", "make", "--note", "I looked", "--actor", "bob")
    first = found["steps"][0]
    assert (first["step"], first["state"], first["actor"]) == ("make", "done", "bob")
    assert (found["state"], lines(team.folder / "begun")[1:], lines(team.folder / "more")) == ("finished", [], ["x"])


def test_of_many_processes_that_resume_at_once_each_step_is_run_by_one(team: RunbookTeam, lumen: Lumen) -> None:
    ask = "  - {name: ask, title: Ask, manual: Do it.}\n"
    team.write(ask + STEPS.format(name="make", reads_only="false"))
    (team.folder / "go-on").touch()
    execution = lumen.asked("run", "mend")["execution"]
    racing = [lumen.start("resume", execution, "--confirm", "ask") for _ in range(6)]
    for process in racing:
        process.communicate(timeout=120)
    # Some only saw that another was at it; the run is over all the same.
    assert lumen.asked("show", execution)["state"] == "finished"
    assert (lines(team.folder / "done"), lines(team.folder / "more")) == (["x"], ["x"])
    begun = [fact.told["attempt"] for fact in team.facts() if fact.told.get("event") == "begun"]
    assert begun == ["1"] * 3


def test_a_job_that_is_cancelled_stops_its_command_and_leaves_the_rest_to_be_decided(
    team: RunbookTeam, lumen: Lumen
) -> None:
    team.write(STEPS.format(name="make", reads_only="false"))
    process = lumen.start("run", "mend")
    until(lambda: lines(team.folder / "begun"))
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "waiting at make" in out
    [pid] = map(int, lines(team.folder / "begun"))
    until(lambda: not alive(pid))
    assert not lines(team.folder / "more")
    (team.folder / "go-on").touch()
    assert lumen.asked("resume", "--redo", "make")["state"] == "finished"


def test_a_manual_step_reads_no_stdin_in_a_job(team: RunbookTeam, lumen: Lumen) -> None:
    team.write("  - {name: ask, title: Ask, manual: Do it.}\n")
    lumen.env["CI"] = "true"
    code, out, _ = lumen.run("run", "mend")
    assert (code, "waiting at ask" in out) == (0, True)


@pytest.mark.parametrize(
    ("typed", "code", "state"), [(b"\x03", 130, "waiting"), (b"y\n", 0, "finished"), (b"n\n", 1, "failed")]
)
def test_at_a_terminal_it_asks_and_ends_with_a_key_that_interrupts(
    team: RunbookTeam, lumen: Lumen, typed: bytes, code: int, state: str
) -> None:
    team.write("  - {name: make, command: ['true']}\n  - {name: ask, manual: Turn it off now.}\n")
    pid, screen = pty.fork()
    if not pid:
        os.chdir(lumen.folder)
        words = [sys.executable, "-m", "lumen_action.cli", "runbook", "run", "mend"]
        os.execve(sys.executable, words, lumen.env)  # noqa: S606 - ourselves, and no shell
    seen = b""
    with contextlib.suppress(OSError):
        while said := os.read(screen, 4096):
            asked = b"later]" in seen
            seen += said
            if b"later]" in seen and not asked:
                os.write(screen, typed)
    os.close(screen)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code, seen
    assert f" mend: {state}".encode() in seen


def test_lumen_itself_works_in_a_step_on_the_same_ledger(team: RunbookTeam, lumen: Lumen) -> None:
    team.write("  - {name: look, title: Look, command: [lumen, runbook, resume, RB-1]}\n")
    first = lumen.asked("run", "mend")
    assert "RB-1 is not known" in first["steps"][0]["why"]
    team.write("  - {name: drill, title: Drill it, command: [lumen, runbook, drill, other]}\n")
    team.write("  - {name: ask, title: Ask, manual: Do it.}\n", name="other")
    assert lumen.asked("run", "mend")["state"] == "finished"
    assert "drill.other" in {fact.key.stage for fact in team.facts()}


def test_of_many_processes_that_an_alert_starts_one_runs(team: RunbookTeam, lumen: Lumen) -> None:
    alert = "triggers:\n  - {alert: LumenStalled}\n"
    team.write('  - {name: make, title: Make it, command: [sh, -c, "echo x >> made"]}\n', head=alert)
    racing = [lumen.start("run", "--for-alert", "LumenStalled") for _ in range(6)]
    said = [process.communicate(timeout=120)[1] for process in racing]
    assert [process.returncode for process in racing] == [0] * 6
    assert lines(team.folder / "made") == ["x"]
    assert sum("mend was not started: " in each for each in said) == 5


def test_a_hostile_input_arrives_as_one_word(team: RunbookTeam, lumen: Lumen) -> None:
    keep = "import json, sys; json.dump(sys.argv[1:], open('words.json', 'w'))"
    head = "inputs:\n  word: {meaning: any words, required: true, pattern: '[^-].*'}\n"
    words = json.dumps([sys.executable, "-c", keep, "{{ word }}", "end"])
    team.write(f"  - name: make\n    title: Make it\n    command: {words}\n", head=head, drill="{word: x}")
    for word in ("$(touch hacked)", "`touch hacked`; touch hacked", 'a\' "b" \\ *', "데이터 🚒 {{ word }}", "x" * 200):
        assert lumen.asked("run", "mend", "--input", f"word={word}")["state"] == "finished"
        assert json.loads((team.folder / "words.json").read_text()) == [word, "end"]
    for word in ("--force", "two\nlines", "x" * 201, "\u202eright to left"):
        assert lumen.run("run", "mend", "--input", f"word={word}")[0] == 2
    assert not (team.folder / "hacked").exists()


SIDE_EFFECTS = """  - name: look
    title: Look at it
    http: {{url: "{url}/look", expect: ['status == "ok"']}}
    keep: seen
  - name: make
    title: Make it
    command: [touch, made]
    undo:
      command: [rm, made]
  - name: post
    title: Post it
    http: {{url: "{url}/post", method: POST, body: "{{}}"}}
  - name: again
    title: Wait for it
    wait: {{url: "{url}/wait", expect: ['status == "done"']}}
    timeout: 5m
  - name: tell
    title: Tell it
    notify: {{title: It is done, text: Look.}}
  - name: ask
    title: Ask for it
    manual: Do it.
"""


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_a_dry_run_and_a_drill_change_nothing_but_the_record_of_the_drill(team: RunbookTeam, lumen: Lumen) -> None:
    asked: list[str] = []

    def answer(request: Quiet) -> None:
        asked.append(f"{request.command} {request.path}")
        request.reply(200, {}, b'{"status": "ok"}')

    with answering(answer) as url:
        lumen.env |= {"NO_PROXY": "127.0.0.1", "LUMEN_NOTIFY_URL": f"{url}/notify", "PYTHONDONTWRITEBYTECODE": "1"}
        team.write(SIDE_EFFECTS.format(url=url))
        before = snapshot(team.folder)
        found = lumen.asked("run", "mend", "--dry-run")
        assert snapshot(team.folder) == before
        assert asked == ["GET /look", "GET /wait"]
        assert [each["step"] for each in found["steps"] if each["done"]] == ["look", "again"]
        assert (found["good"], found["steps"][1]["undo"]) == (True, "rm made")
        assert lumen.run("drill", "mend")[0] == 0
        assert asked == ["GET /look", "GET /wait"] * 2
    changed = {name.partition("/")[0] for name in snapshot(team.folder).keys() - before.keys()}
    assert changed <= {"ledger.db", "ledger.db.setup.lock", "ledger.db-wal", "ledger.db-shm", "state"}
    [fact] = team.facts()
    assert fact.key.stage == "drill.mend"
