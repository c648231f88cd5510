"""`lumen run` at a terminal: whoever sits there reaches the command as if nothing were between."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pytest
from stagemachine import Machine

from lumen_action.model import Kind, Outcome

pty = pytest.importorskip("pty")

RESET = "curl: (56) Recv failure: Connection reset by peer"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def typed(machine: Machine, script: str, keys: bytes) -> tuple[int, bytes]:
    """Run a script at a terminal, type once it says `ready`; return its exit code and what the terminal shows."""
    words = machine.command("--stage", "build", "--", "sh", "-c", script)
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(machine.folder)
        os.execve(words[0], words, machine.env)  # noqa: S606 - no shell between the terminal and what we test
    shown, told, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until and select.select([terminal], [], [], until - time.monotonic())[0]:
        try:
            shown += os.read(terminal, 1 << 16)
        except OSError:  # how a terminal says that all have left
            break
        if not told and b"ready" in shown:
            os.write(terminal, keys)
            told = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def test_a_command_may_ask_a_person(machine: Machine) -> None:
    code, shown = typed(machine, "echo ready; test -t 0 && read -r word && echo heard $word", b"hello\n")
    assert (code, b"heard hello" in shown) == (0, True)


def test_an_interrupt_by_key_is_no_failure_to_try_again(machine: Machine) -> None:
    code, _ = typed(machine, f"echo '{RESET}'; echo ready; exec sleep 300", b"\x03")
    assert (code, machine.stage.outcome, machine.facts(Kind.RERUN)) == (130, Outcome.CANCELLED, [])


def test_a_key_that_stops_it_where_nobody_can_continue_it_stops_nothing(machine: Machine) -> None:
    # A shell that is stopped while it starts a program never says so, to nobody: so that has begun before.
    code, shown = typed(machine, "sleep 1 & echo ready; wait; echo done", b"\x1a")
    assert (code, b"done" in shown) == (0, True)
