"""A weekly report of a year of 500 runs a day in SQLite, beside reading the same facts with sqlite3 and json alone.

usage: python bench/report.py [DAYS] [FOLDER]

Every line is a process of its own, as it is in use; its memory is the most it held. The peer reads the same two weeks
and the thirty days of the objectives before each, decodes the facts and counts runs by day: it knows no attempts, no
regions that come late, no stages, causes, budgets or words. It is what the reading alone costs.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import ErrorClass, Fact, FactKey, Failure, Kind, Outcome

DAYS = 365
RUNS_A_DAY = 500
STAGES = ("fetch", "build", "test", "publish", "run")
REGIONS = ("eu", "us")
FIRST_DAY = date(2025, 3, 10)
WEEK = date(2026, 3, 2)
PIPELINE = "nightly"
# Thirty days before the week, the week, and the day in which those begin.
READ_DAYS = 38
FAULTS = (
    Failure(ErrorClass.NETWORK, "dns", "curl-dns", "a" * 16, 120, "curl: (6) Could not resolve host: mirror.example"),
    Failure(ErrorClass.BUILD, "test", "pytest", "b" * 16, 88, "FAILED tests/test_cart.py::test_total"),
    Failure(ErrorClass.EXTERNAL_API, "rate_limit", "http-429", "c" * 16, 40, "429 Too Many Requests"),
)


def facts(days: int) -> Iterator[Fact]:
    """Yield the facts of runs of four stages; about every thirtieth run fails, from several causes."""
    for number in range(days * RUNS_A_DAY):
        ahead, of_day = divmod(number, RUNS_A_DAY)
        day = FIRST_DAY + timedelta(days=ahead)
        began_ms = int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp() * 1000)
        began_ms += of_day * 86_400_000 // RUNS_A_DAY
        # Scattered, and the same each time.
        failed = (number * 7919) % 211 < 7
        for place, stage in enumerate(STAGES):
            bad = failed and stage in ("test", "run")
            yield Fact(
                key=FactKey(
                    provider="github",
                    host="github.com",
                    repo="acme/shop",
                    run=str(number),
                    attempt=1,
                    job="4711",
                    region=REGIONS[number % len(REGIONS)],
                    kind=Kind.RUN if stage == "run" else Kind.STAGE,
                    stage=stage,
                ),
                pipeline=PIPELINE,
                day=day.isoformat(),
                outcome=Outcome.FAILURE if bad else Outcome.SUCCESS,
                observed_at_ms=began_ms + place * 20_000,
                run_id=f"{day:%Y%m%d}-{REGIONS[number % len(REGIONS)]}-0a1b2c3",
                failure=FAULTS[number % len(FAULTS)] if bad else None,
                duration_ms=20_000 + number * 31 % 9_000,
                sha=f"{number // 40:040x}",
                url=f"https://ci.example/acme/shop/runs/{number}",
            )


def fill(path: Path, days: int) -> None:
    """Make the ledger."""
    SqliteLedger(path, durable=True).close()
    base = sqlite3.connect(path)
    base.execute("PRAGMA synchronous=OFF")
    base.executemany(
        "INSERT INTO fact (key, pipeline, run, day, body) VALUES (?, ?, ?, ?, ?)",
        ((fact.key.digest, fact.pipeline, fact.key.run, fact.day, fact.encode()) for fact in facts(days)),
    )
    base.commit()
    base.close()


def peer(path: Path) -> None:
    """Read the days that a weekly report with objectives over 30 days needs, and count runs."""
    base = sqlite3.connect(path)
    last = WEEK + timedelta(days=6)
    counts: Counter[tuple[str, str]] = Counter()
    query = "SELECT CAST(body AS TEXT) FROM fact WHERE pipeline = ? AND day = ?"
    for back in range(READ_DAYS):
        for (body,) in base.execute(query, (PIPELINE, (last - timedelta(days=back)).isoformat())):
            fact = json.loads(body)
            if fact["key"]["kind"] == "run":
                counts[fact["day"], fact["outcome"]] += 1
    base.close()


def measured(name: str, command: list[str], folder: Path) -> None:
    """Run a phase and print its time and its memory."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    if status:
        raise SystemExit(f"{name} failed with status {status}")
    print(f"{name:<32}{took:8.2f} s {used.ru_maxrss / 1024:8.0f} MB", flush=True)


def main() -> int:
    """Run all phases, or the one of a child process."""
    phases = {"fill": lambda path: fill(path, int(sys.argv[3])), "peer": peer}
    if len(sys.argv) > 1 and sys.argv[1] in phases:
        phases[sys.argv[1]](Path(sys.argv[2]))
        return 0
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as scratch:
        folder = Path(scratch)
        path = folder / "ledger.db"
        (folder / "lumen.yml").write_text("pipeline: nightly\nslo: {run: 0.95, day: 0.95, stage: 0.98}\n")
        own = [sys.executable, str(Path(__file__).resolve())]
        lumen = [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from lumen_action.cli import main; sys.exit(main())",
        ]
        build = [*lumen, "report", "build", "--ledger", f"sqlite:{path}", "--date", WEEK.isoformat()]
        measured(f"fill with {days * RUNS_A_DAY * len(STAGES)} facts", [*own, "fill", str(path), str(days)], folder)
        print(f"{'':32}ledger {path.stat().st_size / 2**20:.0f} MB")
        measured("sqlite3 and json alone", [*own, "peer", str(path)], folder)
        measured("week as md, html, json, csv", [*build, "--format", "md,html,json,csv"], folder)
        measured("week with pdf", [*build, "--format", "all"], folder)
        measured("day as md, html, json, csv", [*build, "--format", "md,html,json,csv", "--period", "day"], folder)
        measured("month as md, html, json, csv", [*build, "--format", "md,html,json,csv", "--period", "month"], folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
