"""Many jobs that end at once: each pushes one fact to a git host with a slow network, then one job folds them.

Every writer is a process with a clone of its own, as on a machine of its own, started beforehand and let go together.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent
SUPPORT = ROOT / "tests" / "support"
sys.path[:0] = [str(ROOT), str(SUPPORT)]

from lumen_action.ledger.git import GitLedger  # noqa: E402
from lumen_action.model import Fact  # noqa: E402

GitHost = import_module("githost").GitHost


class Host(Protocol):
    """What is asked of the host that tests use."""

    url: str
    latency_seconds: float
    requests: list[str]

    def refs(self, prefix: str) -> list[str]:
        """Return the names of the refs under a prefix."""


_WRITER = """
import sys, time
from pathlib import Path
sys.path[:0] = sys.argv[4:]
from facts import fact
from lumen_action.ledger.git import GitLedger
ledger = GitLedger(sys.argv[1], Path(sys.argv[2]), patience_seconds=60)
print("ready", flush=True)
sys.stdin.readline()
began = time.perf_counter()
print(ledger.put(fact(run=sys.argv[3])).value, time.perf_counter() - began, flush=True)
"""


def main() -> None:
    """Print what was acknowledged, lost and doubled, and how long it took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--writers", type=int, default=256)
    options.add_argument("--latency", type=float, default=0.3, help="seconds added to every request")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch, GitHost.create(Path(scratch)).serving() as host:
        host.latency_seconds = chosen.latency
        measure(host, Path(scratch), chosen.writers)


def measure(host: Host, folder: Path, count: int) -> None:
    """Let the writers go, fold, and compare."""
    url = f"git:{host.url}"
    writers = [_start(url, folder / f"writer-{number}", number) for number in range(count)]
    for writer in writers:
        _line(writer)
    began = time.perf_counter()
    for writer in writers:
        assert writer.stdin  # noqa: S101 - it was started with a pipe
        writer.stdin.write("go\n")
        writer.stdin.flush()
    answers = {number: _line(writer).split() for number, writer in enumerate(writers)}
    written = time.perf_counter() - began
    for writer in writers:
        writer.communicate()
    requests = len(host.requests)
    ledger = GitLedger(url, folder / "folder", patience_seconds=60)
    began = time.perf_counter()
    ledger.fold()
    folding = time.perf_counter() - began
    # Twice: what readers see, and what the segments hold.
    seen = Counter(item.key.run for item in ledger.scan())
    closed = Counter(Fact.decode(line).key.run for segment in ledger.segments() for line in segment.facts)
    ledger.close()
    acknowledged = {str(number) for number, answer in answers.items() if answer[:1] in (["created"], ["same"])}
    lost = acknowledged - (seen & closed).keys()
    doubled = sum(times - 1 for times in (seen | closed).values())
    took = [float(answer[1]) for answer in answers.values() if answer]
    left = len(host.refs("refs/lumen/ev"))
    print(f"{count} writers, {host.latency_seconds:g} s latency a request, {requests} requests to write")
    print(f"acknowledged {len(acknowledged)}, lost {len(lost)}, doubled {doubled}, refs left {left}")
    print(
        f"wall {written + folding:.1f} s: writing {written:.1f} s (slowest {max(took):.1f} s), folding {folding:.1f} s"
    )


def _start(url: str, cache: Path, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, url, str(cache), str(number), *sys.path[:2]]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(writer: subprocess.Popen[str]) -> str:
    assert writer.stdout  # noqa: S101 - it was started with a pipe
    return writer.stdout.readline()


if __name__ == "__main__":
    main()
