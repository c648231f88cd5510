"""Many jobs that end at once: writers of a git ledger, each a process with a clone of its own, let go together."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from githost import GitHost

from lumen_action.ledger.git import GitLedger
from lumen_action.model import Fact

_PATIENCE_SECONDS = 120
_WRITER = f"""
import sys, time
from pathlib import Path
url, cache, places, *runs = sys.argv[1:]
sys.path[:0] = places.split("|")
from facts import fact
from lumen_action.ledger.git import GitLedger
ledger = GitLedger(url, Path(cache), patience_seconds={_PATIENCE_SECONDS})
print("ready", flush=True)
if not sys.stdin.readline():
    sys.exit("nobody let us go")
for run in runs:
    began = time.perf_counter()
    print(run, ledger.put(fact(run=run)).value, time.perf_counter() - began, flush=True)
"""


@dataclass(frozen=True)
class Written:
    """What the writers were told."""

    answers: Counter[tuple[str, str]]
    """How often which answer was given for which run."""
    slowest_seconds: float
    seconds: float
    requests: int

    @property
    def acknowledged(self) -> frozenset[str]:
        return frozenset(run for run, answer in self.answers if answer in ("created", "same"))


@dataclass(frozen=True)
class Kept:
    """What is there once all of it is folded, as readers see it and as the segments hold it."""

    seen: Counter[str]
    closed: Counter[str]
    refs_left: int
    folding_seconds: float

    def lost(self, written: Written) -> set[str]:
        return set(written.acknowledged - (self.seen & self.closed).keys())

    @property
    def doubled(self) -> int:
        return sum(times - 1 for times in (self.seen | self.closed).values())


def write_at_once(host: GitHost, folder: Path, count: int, runs_of: Callable[[int], Sequence[int]]) -> Written:
    """Let so many writers put the facts of their runs, all from the same moment."""
    writers = [_started(host, folder / f"writer-{number}", runs_of(number)) for number in range(count)]
    for writer in writers:
        _line(writer)
    began = time.perf_counter()
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    told = [_line(writer).split() for number, writer in enumerate(writers) for _ in runs_of(number)]
    seconds = time.perf_counter() - began
    for writer in writers:
        writer.communicate()
    answers = [answer for answer in told if answer]  # a writer that failed says nothing
    return Written(
        answers=Counter((run, answer) for run, answer, _ in answers),
        slowest_seconds=max(float(took) for *_, took in answers),
        seconds=seconds,
        requests=len(host.requests),
    )


def fold(host: GitHost, folder: Path) -> Kept:
    """Fold on one more machine and read everything."""
    with closing(GitLedger(f"git:{host.url}", folder / "folder", patience_seconds=_PATIENCE_SECONDS)) as ledger:
        began = time.perf_counter()
        ledger.fold()
        folding_seconds = time.perf_counter() - began
        return Kept(
            seen=Counter(item.key.run for item in ledger.scan()),
            closed=Counter(Fact.decode(line).key.run for segment in ledger.segments() for line in segment.facts),
            refs_left=len(host.refs("refs/lumen/ev")),
            folding_seconds=folding_seconds,
        )


def _started(host: GitHost, cache: Path, runs: Sequence[int]) -> subprocess.Popen[str]:
    here = Path(__file__).resolve()
    command = [sys.executable, "-c", _WRITER, f"git:{host.url}", str(cache), f"{here.parents[2]}|{here.parent}"]
    return subprocess.Popen([*command, *map(str, runs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(writer: subprocess.Popen[str]) -> str:
    assert writer.stdout
    return writer.stdout.readline()
