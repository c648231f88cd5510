"""`lumen serve` as a process of its own over a ledger that grows, and load that is put on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import servers
from facts import HOUR, NOON, fact
from unpacked import program

from lumen_action.ledger.opening import open_ledger
from lumen_action.model import ErrorClass, Fact, Outcome

_LISTENING = re.compile(r"listening on (http://\S+?):? ")


class Storm:
    """Facts of runs, one in three of them failed, put into the ledger while it is being served."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:{folder / 'ledger.db'}"
        self.runs = 0

    def go_on(self, runs: int) -> None:
        ledger = open_ledger(self.url)
        for number in range(self.runs, self.runs + runs):
            for told in self._facts(number):
                ledger.put(told)
        ledger.close()
        self.runs += runs

    @staticmethod
    def _facts(number: int) -> list[Fact]:
        failed = number % 3 == 0
        outcome = Outcome.FAILURE if failed else Outcome.SUCCESS
        cause = ErrorClass.BUILD if failed else None
        region = ("eu", "ap")[number % 2]
        at = NOON + number * HOUR // 60
        stages = ("build", "run")
        return [fact(stage, outcome, run=str(number), region=region, at=at, cause=cause) for stage in stages]

    @property
    def failed(self) -> int:
        return len(range(0, self.runs, 3))


def start_serve(directory: Path, ledger: str, *more: str, folder: Path = servers.ROOT) -> servers.Server:
    """Start the exporter on a free port, in a folder with a `lumen.yml` perhaps."""
    log = directory / "serve.log"
    command = [sys.executable, "-m", "lumen_action.cli", "serve", "--ledger", ledger, "--listen", "127.0.0.1:0"]
    command += more
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    server = servers.Server("", process)

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        match = _LISTENING.search(log.read_text())
        server.url = match[1] if match else ""
        return bool(match)

    try:
        servers.wait_until("serve listens", listens)
        servers.wait_until("serve is ready", lambda: servers._answers(f"{server.url}/readyz"))
    except BaseException:
        server.stop()
        raise
    return server


PACED_LUA = """
local paths = { %s }
local turn = 0
request = function() turn = turn %% #paths + 1; return wrk.format("GET", paths[turn]) end
function delay() return %d end
done = function(summary, latency, _)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%%d,"seconds":%%.3f,"p50_ms":%%.3f,"p99_ms":%%.3f,"errors":%%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""
_CONNECTIONS = 40


@dataclass(frozen=True)
class Loaded:
    """What a load came to; `errors` counts every request without a good answer."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def a_second(self) -> float:
        return self.requests / self.seconds


def load(folder: Path, url: str, paths: Sequence[str], *, seconds: int, a_second: int) -> Loaded:
    """Ask for the paths in turn with wrk, about so often a second in all, never faster."""
    script = folder / "load.lua"
    pause_ms = 1000 * _CONNECTIONS // a_second
    script.write_text(PACED_LUA % (", ".join(json.dumps(path) for path in paths), pause_ms))
    library = servers.ROOT / ".tools" / "debian" / "libluajit-5.1-2" / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    env = {**os.environ, "LD_LIBRARY_PATH": str(library)} if library.is_dir() else dict(os.environ)
    command = [program("wrk", "wrk"), "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return Loaded(**json.loads(done.stdout.strip().splitlines()[-1]))


@dataclass
class Memory:
    """What a process held, a sample a second."""

    samples_kb: list[int] = field(default_factory=list)

    @property
    def settled_kb(self) -> int:
        """Return the most that it held in the first half: what it needs at all."""
        return max(self.samples_kb[: len(self.samples_kb) // 2 + 1])

    @property
    def late_kb(self) -> int:
        """Return the most that it held after that."""
        return max(self.samples_kb[len(self.samples_kb) // 2 :])


@contextmanager
def watched_memory(pid: int) -> Iterator[Memory]:
    """Sample what a process holds while something is done to it."""
    memory, over = Memory(), threading.Event()

    def sample() -> None:
        while not over.wait(0.5):
            said = Path(f"/proc/{pid}/status").read_text()
            memory.samples_kb.append(int(re.search(r"VmRSS:\s+(\d+)", said)[1]))  # type: ignore[index]

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield memory
    finally:
        over.set()
        thread.join()


@contextmanager
def growing(storm: Storm, a_second: int) -> Iterator[None]:
    """Let runs arrive in the ledger meanwhile."""
    over = threading.Event()

    def grow() -> None:
        while not over.wait(1 / a_second):
            storm.go_on(1)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
