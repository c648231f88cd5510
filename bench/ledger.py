"""A ledger of a million facts in SQLite: record, rebuild, state, publish, compact and verify, beside a plain COUNT.

usage: python bench/ledger.py [FACTS] [FOLDER]

Every phase is a process of its own, as it is in use; its memory is the most it held. `one put` is acknowledged, that
is, on the disk; filling in bulk is not what the product does and only prepares the rest. The plain query knows neither
attempts nor corrections nor days that are decided: it is what counting costs when nothing can go wrong.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import ErrorClass, Fact, FactKey, Failure, Kind, Outcome

FACTS = 1_000_000
STAGES = ("checkout", "build", "unit", "integration", "package", "scan", "deploy", "run")
PIPELINES = 20
REGIONS = ("eu", "us")
RUNS_A_DAY = 250
FIRST_DAY = date(2024, 1, 1)
NOON_MS = 1_704_110_400_000
DAY_MS = 86_400_000
PUTS = 200
FAULT = Failure(
    ErrorClass.NETWORK, "dns", "curl-dns", "f" * 16, 120, "curl: (6) Could not resolve host: mirror.example"
)
PLAIN = "SELECT pipeline, day, outcome, COUNT(*) FROM plain GROUP BY pipeline, day, outcome"


def facts(count: int, first_run: int = 0) -> Iterator[Fact]:
    """Yield the facts of runs of eight stages; every twentieth run fails."""
    for number in range(count):
        run, place = divmod(number, len(STAGES))
        run += first_run
        stage = STAGES[place]
        day = run // RUNS_A_DAY
        failed = run % 20 == 0 and stage in ("deploy", "run")
        yield Fact(
            key=FactKey(
                provider="github",
                host="github.com",
                repo="org/app",
                run=str(run),
                attempt=1,
                job="4711",
                region=REGIONS[run % len(REGIONS)],
                kind=Kind.RUN if stage == "run" else Kind.STAGE,
                stage=stage,
            ),
            pipeline=f"pipeline-{run % PIPELINES}",
            day=(FIRST_DAY + timedelta(days=day)).isoformat(),
            outcome=Outcome.FAILURE if failed else Outcome.SUCCESS,
            observed_at_ms=NOON_MS + day * DAY_MS + place * 60_000,
            failure=FAULT if failed else None,
            duration_ms=60_000,
            sha="0123456789abcdef0123456789abcdef01234567",
        )


def fill(path: Path, count: int) -> None:
    """Make the ledger, and beside it a plain table of the same events."""
    SqliteLedger(path, durable=True).close()
    base = sqlite3.connect(path)
    base.execute("PRAGMA synchronous=OFF")
    base.executemany(
        "INSERT INTO fact (key, pipeline, run, day, body) VALUES (?, ?, ?, ?, ?)",
        ((fact.key.digest, fact.pipeline, fact.key.run, fact.day, fact.encode()) for fact in facts(count)),
    )
    base.commit()
    base.close()
    plain = sqlite3.connect(path.with_name("plain.db"))
    plain.execute("CREATE TABLE plain (pipeline TEXT, day TEXT, stage TEXT, outcome TEXT)")
    plain.executemany(
        "INSERT INTO plain VALUES (?, ?, ?, ?)",
        ((fact.pipeline, fact.day, fact.key.stage, fact.outcome.value) for fact in facts(count)),
    )
    plain.commit()
    plain.close()


def puts(path: Path, first_run: int) -> None:
    """Put facts one by one, each acknowledged, and print what one took."""
    ledger = SqliteLedger(path, durable=True)
    began = time.perf_counter()
    for fact in facts(PUTS, first_run):
        ledger.put(fact)
    print(f"{'':24}one put: {(time.perf_counter() - began) / PUTS * 1000:.2f} ms")
    ledger.close()


def plain(path: Path) -> None:
    """Ask the plain table."""
    base = sqlite3.connect(path.with_name("plain.db"))
    base.execute(PLAIN).fetchall()
    base.close()


def measured(name: str, command: list[str], *, shown: bool = False) -> None:
    """Run a phase and print its time and its memory."""
    began = time.perf_counter()
    quiet = None if shown else subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    if status:
        raise SystemExit(f"{name} failed with status {status}")
    print(f"{name:<24}{took:8.2f} s {used.ru_maxrss / 1024:8.0f} MB", flush=True)


def main() -> int:
    """Run all phases, or the one of a child process."""
    phases = {"fill": fill, "puts": puts}
    if len(sys.argv) > 1 and sys.argv[1] in phases:
        phases[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
        return 0
    if len(sys.argv) > 1 and sys.argv[1] == "plain":
        plain(Path(sys.argv[2]))
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FACTS
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        path = Path(folder) / "ledger.db"
        own = [sys.executable, __file__]
        lumen = [sys.executable, "-c", "import sys; from lumen_action.cli import main; sys.exit(main())"]
        here = ["--ledger", f"sqlite:{path}", "--json"]
        measured("puts into a new ledger", [*own, "puts", str(path.with_name("new.db")), "0"], shown=True)
        measured(f"fill with {count}", [*own, "fill", str(path), str(count)])
        print(f"{'':24}ledger {path.stat().st_size / 2**20:.0f} MB")
        measured("plain COUNT, GROUP BY", [*own, "plain", str(path)])
        measured("rebuild the rollups", [*lumen, "ledger", "rebuild", *here])
        measured("state", [*lumen, "state", *here])
        measured("25 runs more", [*own, "puts", str(path), str(count)], shown=True)
        measured("state after them", [*lumen, "state", *here])
        measured("compact", [*lumen, "ledger", "compact", *here])
        measured("compact, nothing to do", [*lumen, "ledger", "compact", *here])
        shown = ["--textfile-dir", str(path.parent)]
        measured("publish 20 pipelines", [*lumen, "publish", *here, *shown])
        measured("publish one of them", [*lumen, "publish", *here, *shown, "--pipeline", "pipeline-7"])
        measured("verify", [*lumen, "ledger", "verify", *here])
        print(f"{'':24}ledger {path.stat().st_size / 2**20:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
