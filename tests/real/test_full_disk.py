"""A disk that takes no more: the fact waits in the spool, the ledger stays whole, and room brings the fact in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from lumen_action.ledger.opening import open_ledger

if sys.platform == "win32":
    pytest.skip("a limit on the size of files needs Unix", allow_module_level=True)

import resource

ROOT = Path(__file__).resolve().parents[2]
LUMEN = (sys.executable, "-m", "lumen_action.cli")


@dataclass
class Machine:
    """A ledger and a spool on a disk that may be full: no file grows beyond so many bytes."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:{self.folder / 'ledger.db'}"

    def lumen(self, *words: str, room: int = resource.RLIM_INFINITY) -> subprocess.CompletedProcess[bytes]:
        """Run a command; Python ignores SIGXFSZ, so a write into a full disk is an error it sees."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "LUMEN_"))}
        return subprocess.run(
            [*LUMEN, *words],
            cwd=ROOT,
            env=environment
            | {"LUMEN_STATE_DIR": str(self.folder / "state"), "LUMEN_LEDGER": self.url, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
            check=False,
        )

    def record(self, run: str, room: int = resource.RLIM_INFINITY) -> str:
        """Record a run and return what the ledger said; the job stays green whatever that is."""
        words = ("--stage", "run", "--pipeline", "nightly", "--outcome", "success", "--run-id", run)
        done = self.lumen("record", *words, "--json", "--summary", "off", room=room)
        assert done.returncode == 0, done.stderr.decode()
        said: str = json.loads(done.stdout)["ledger"]
        return said

    @property
    def runs(self) -> list[str]:
        """Return what is in the ledger."""
        with closing(open_ledger(self.url)) as ledger:
            return sorted(fact.key.run for fact in ledger.scan())

    @property
    def waiting(self) -> int:
        """Return how many facts wait in the spool."""
        return len(list((self.folder / "state").rglob("*.fact")))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    assert [made.record(f"before-{number}") for number in range(3)] == ["created"] * 3
    return made


@pytest.mark.parametrize("room", [5_000, 9_000, 17_000])
def test_a_fact_that_finds_no_room_waits_and_comes_in_later(machine: Machine, room: int) -> None:
    before = machine.runs
    assert machine.record("full", room=room) == "deferred"
    assert (machine.runs, machine.waiting) == (before, 1)
    assert json.loads(machine.lumen("ledger", "verify", "--json").stdout)["faults"] == []

    assert machine.record("roomy") == "created"
    assert (machine.runs, machine.waiting) == (sorted([*before, "full", "roomy"]), 0)
    assert json.loads(machine.lumen("ledger", "verify", "--json").stdout)["faults"] == []


def test_a_compaction_that_finds_no_room_changes_nothing(machine: Machine) -> None:
    before = machine.runs
    words = ("ledger", "compact", "--before", "9999-12-31", "--json")
    assert machine.lumen(*words, room=9_000).returncode == 75
    assert json.loads(machine.lumen("ledger", "verify", "--json").stdout) | {"ledger": ""} == {
        "ledger": "",
        "ok": True,
        "segments": 0,
        "closed_facts": 0,
        "open_facts": len(before),
        "checkpoints": 0,
        "signed_checkpoints": 0,
        "faults": [],
    }
    assert json.loads(machine.lumen(*words).stdout)["closed_facts"] == len(before)
    assert machine.runs == before


def test_a_disk_without_room_for_the_spool_is_said_and_the_ledger_takes_the_fact(machine: Machine) -> None:
    """The spool has no room left, the ledger has: nothing is lost."""
    spool = next((machine.folder / "state").rglob("spool"))
    for folder in spool.iterdir():
        folder.rmdir()
    spool.rmdir()
    spool.write_text("no folder")
    assert machine.record("homeless") == "created"
    assert "homeless" in machine.runs
