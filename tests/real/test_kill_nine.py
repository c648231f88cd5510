"""Killed at any instant of record, fold, compact, publish and prune: no acknowledged fact is lost, none is made up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mortal import PIPELINE, RECORD, Workman, is_cancelled

from lumen_action.ledger import Ledger
from lumen_action.ledger.notes import Notes
from lumen_action.ledger.opening import Place, open_ledger

ROOT = Path(__file__).resolve().parents[2]
# How often in the tests of every day: a command over HTTP takes a machine that is busy most of a second.
# How often a process dies; git and objects take seconds for each death, so theirs are slow tests.
KINDS = {"sqlite": 15, "postgres": 10}
SLOW_KINDS = {"sqlite": 150, "postgres": 150, "git": 12, "localbucket": 12}
LEASE_SECONDS = 120.0

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows"),
    # A command leaves its connections to the end of its process, which here goes on.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@dataclass
class Nursery:
    """Processes that work on one ledger until they are killed, and what they said of it."""

    process: subprocess.Popen[bytes]
    chance: random.Random
    acknowledged: set[str] = field(default_factory=set)
    in_flight: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    killed_in: list[str] = field(default_factory=list)

    def live_and_die(self, life: str) -> None:
        """Start a process, let it do some commands, and kill it in the middle of the next or of a pause."""
        assert self.process.stdin
        self.process.stdin.write(f"{life}\n".encode())
        self.process.stdin.flush()
        born = int(self._heard()[1])
        heard: list[list[str]] = []
        try:
            began = time.monotonic()
            commands = self.chance.randint(0, 4)
            while sum(words[0] == "done" for words in heard) < commands:
                heard.append(self._heard())
            time.sleep(self.chance.random() * (time.monotonic() - began) / max(1, commands))
        finally:
            _kill(born, whole_tree=self.chance.random() < 0.5)
        while (words := self._heard()) != ["dead"]:
            heard.append(words)
        self._account(heard)

    def _account(self, heard: list[list[str]]) -> None:
        for words in heard:
            if words[0] == "done" and words[1] == RECORD and words[3] == "created":
                self.acknowledged.add(words[2])
            elif words[0] == "done" and words[2] != "0":
                self.faults.append(" ".join(words))
        if heard and heard[-1][0] == "begin":
            self.killed_in.append(heard[-1][1])
            self.in_flight.update(heard[-1][2:])

    def _heard(self) -> list[str]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the nursery ended"
        words: list[str] = json.loads(line)
        return words


def _kill(process: int, *, whole_tree: bool) -> None:
    """Kill as a lack of memory does, or as a runner does that cancels a job, together with every git."""
    found = [process]
    if whole_tree:
        for parent in found:
            with suppress(OSError):  # it ended by itself
                found.extend(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))
    for each in found:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


@contextmanager
def nursery(url: str, state: Path, chance: random.Random) -> Iterator[Nursery]:
    """Open a nursery for a ledger."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "support" / "mortal.py"), url, str(state)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        yield Nursery(process, chance)


def _die_often(url: str, state: Path, times: int, seed: int) -> Nursery:
    (state / "shown").mkdir(parents=True)
    survivor = Workman(url, state)
    with nursery(url, state, random.Random(seed)) as lives:
        for life in range(times):
            lives.live_and_die(f"life{life}")
            run = f"after{life}-1"
            assert survivor.record(run) == "created", lives.killed_in
            lives.acknowledged.add(run)
            with _opened(url, state) as ledger:
                _let_the_lease_run_out(ledger)
                _require_exact(lives, _runs(ledger))
        for command in (survivor.compact, survivor.publish, survivor.prune):
            code, _, told = command()
            assert code == 0, told
    with _opened(url, state) as ledger:
        runs = _runs(ledger)
    _require_exact(lives, runs)
    _require_told(survivor, runs)
    assert lives.faults == []
    return lives


def _require_exact(lives: Nursery, runs: list[str]) -> None:
    found = set(runs)
    assert len(found) == len(runs)
    assert lives.acknowledged - found == set(), lives.killed_in
    assert found - lives.acknowledged - lives.in_flight == set(), lives.killed_in


def _require_told(survivor: Workman, runs: list[str]) -> None:
    """Require that the ledger is whole and that all who count say the same."""
    code, verified, told = survivor.lumen("ledger", "verify", "--json")
    assert (code, json.loads(verified)["faults"]) == (0, []), told
    code, _, told = survivor.lumen("ledger", "rebuild")
    assert code == 0, told
    code, answered, told = survivor.lumen("state", "--json")
    assert code == 0, told
    (region,) = json.loads(answered)["pipelines"][PIPELINE]["regions"].values()
    counted = len([run for run in runs if not is_cancelled(run)])
    assert (region["runs"], region["success"], region["failed"]) == (counted, counted, {})


@contextmanager
def _opened(url: str, state: Path) -> Iterator[Ledger]:
    with closing(open_ledger(url, Place(os.environ, state))) as ledger:
        yield ledger


def _runs(ledger: Ledger) -> list[str]:
    return [fact.key.run for fact in ledger.scan()]


def _let_the_lease_run_out(ledger: Ledger) -> None:
    """Require that a dead publisher's lease ends in time, and let that time pass."""
    assert isinstance(ledger, Notes)
    present = ledger.note("lease/publish")
    if present:
        held = json.loads(present)
        assert held["until"] <= time.time() + LEASE_SECONDS
        assert ledger.put_note("lease/publish", json.dumps(held | {"until": 0}).encode(), expected=present)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_process_loses_nothing_and_blocks_nobody(
    store_url: Callable[[str], str], tmp_path: Path, kind: str
) -> None:
    _die_often(store_url(kind), tmp_path / "state", times=KINDS[kind], seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SLOW_KINDS)
def test_hundreds_of_killed_processes_lose_nothing(store_url: Callable[[str], str], tmp_path: Path, kind: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    times = SLOW_KINDS[kind]
    lives = _die_often(store_url(kind), tmp_path / "state", times=times, seed=seed)
    assert times < max(SLOW_KINDS.values()) or {RECORD, "compact", "publish"} <= set(lives.killed_in)
