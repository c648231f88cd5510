"""A process that does a ledger's work over and over and says what it has done, until somebody kills it.

`python mortal.py URL STATE_DIR` starts a process for every line it reads, and says `dead` when that has ended. Forked
from one that has imported everything, a process costs milliseconds; each opens the ledger for itself.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from facts import HOUR, NOON

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.opening import Place, open_ledger

ALL_DAYS = "9999-12-31"
PIPELINE = "mortal"
RECORD = "record"


def is_cancelled(run: str) -> bool:
    """Tell which runs do not count."""
    return int(run.rpartition("-")[2]) % 4 == 0


class Workman:
    """One ledger's commands, each as a person would type it."""

    def __init__(self, url: str, state: Path) -> None:
        """Keep where the ledger and its spool are."""
        self._url = url
        self._state = state

    def lumen(self, *words: str, at_ms: int = NOON) -> tuple[int, str, str]:
        """Run one command; return its exit code and what it printed."""
        out, err = io.StringIO(), io.StringIO()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "LUMEN_"))}
        world = World(
            env=env | {"LUMEN_STATE_DIR": str(self._state), "LUMEN_LEDGER": self._url},
            folder=self._state,
            stdout=out,
            stderr=err,
            clock_ms=lambda: at_ms,
        )
        return main(words, world), out.getvalue(), err.getvalue()

    def record(self, run: str) -> str:
        """Record a run; return what became of its fact."""
        number = int(run.rpartition("-")[2])
        outcome = "cancelled" if is_cancelled(run) else "success"
        words = ("--stage", "run", "--pipeline", PIPELINE, "--outcome", outcome, "--run-id", run, "--summary", "off")
        code, out, err = self.lumen(RECORD, *words, "--json", at_ms=NOON + number * HOUR)
        return str(json.loads(out)["ledger"]) if code == 0 else f"failed: {err}"

    def compact(self) -> tuple[int, str, str]:
        """Close every fact there is."""
        return self.lumen("ledger", "compact", "--before", ALL_DAYS)

    def publish(self) -> tuple[int, str, str]:
        """Show the totals in a text file."""
        return self.lumen("publish", "--pipeline", PIPELINE, "--textfile-dir", str(self._state / "shown"))

    def prune(self) -> tuple[int, str, str]:
        """Remove what others left over, however new."""
        return self.lumen("ledger", "prune", "--older-than", "0")


def work(workman: Workman, life: str) -> None:
    """Do what comes, mostly record, and say before and after each what it is."""
    chance = random.Random(life)
    others: list[tuple[str, Callable[[], tuple[int, str, str]]]] = [
        ("compact", workman.compact),
        ("publish", workman.publish),
        ("prune", workman.prune),
    ]
    for number in range(1_000_000):
        if chance.random() < 0.6:
            run = f"{life}-{number}"
            _say("begin", RECORD, run)
            _say("done", RECORD, run, workman.record(run))
        else:
            name, command = chance.choice(others)
            _say("begin", name)
            code, _, err = command()
            _say("done", name, code, err)


def _say(*words: object) -> None:
    os.write(1, f"{json.dumps([str(word) for word in words])}\n".encode())


def nursery(url: str, state: Path) -> None:
    """Start one process a line, the line being the name of its life, and wait for its end."""
    workman = Workman(url, state)
    # Nothing that is open may be inherited, but all that is imported.
    open_ledger(url, Place(os.environ, state)).close()
    for line in sys.stdin:
        process = os.fork()
        if not process:
            _say("born", os.getpid())
            work(workman, line.strip())
        os.waitpid(process, 0)
        _say("dead")


if __name__ == "__main__":
    nursery(sys.argv[1], Path(sys.argv[2]))
