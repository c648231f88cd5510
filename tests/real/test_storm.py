"""Forty `lumen record` at once, each sent twice, some killed: the ledger and Prometheus count exactly."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import servers

from lumen_action.ledger.opening import open_ledger
from lumen_action.model import Kind

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 40


def _record(run: int, *, url: str, state: Path, gateway: str) -> subprocess.Popen[bytes]:
    failed = run % 4 == 0
    words = ["--stage", "run", "--pipeline", "storm", "--region", _region(run), "--run-id", f"run-{run}"]
    words += ["--outcome", "failure", "--error-log", "curl: (6) Could not resolve host: push"] if failed else []
    words += [] if failed else ["--outcome", "success"]
    return subprocess.Popen(
        [sys.executable, "-m", "lumen_action.cli", "record", *words, "--ledger", url, "--pushgateway-url", gateway],
        cwd=ROOT,
        env={**os.environ, "LUMEN_STATE_DIR": str(state), "GITHUB_ACTIONS": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _region(run: int) -> str:
    return ("eu", "ap")[run % 2]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_storm_is_counted_exactly(tmp_path: Path, running: Callable[..., servers.Server]) -> None:
    gateway = running(servers.start_pushgateway)
    prometheus = running(servers.start_prometheus, gateway.url, ROOT / "rules" / "prometheus" / "lumen.rules.yml")
    url, state = f"sqlite:{tmp_path / 'ledger.db'}", tmp_path / "state"
    chance = random.Random(7)

    def send(run: int) -> subprocess.Popen[bytes]:
        return _record(run, url=url, state=state, gateway=gateway.url)

    storm = [send(run) for run in range(PROCESSES)]
    killed = chance.sample(range(PROCESSES), 10)
    for run in killed:
        time.sleep(chance.uniform(0, 0.2))
        storm[run].send_signal(signal.SIGKILL)
    again = [send(run) for run in range(PROCESSES)]
    for process in storm:
        process.communicate()
    for process in again:
        said = process.communicate()[1].decode()
        assert process.returncode == 0, said

    ledger = open_ledger(url)
    facts = Counter((fact.key.run, fact.key.region, fact.key.kind, fact.outcome.good) for fact in ledger.scan())
    ledger.close()
    assert facts == Counter((f"run-{run}", _region(run), Kind.RUN, run % 4 != 0) for run in range(PROCESSES))

    def shows(expression: str, expected: dict[str, float]) -> None:
        servers.wait_until(
            f"{expression} is {expected}",
            lambda: (
                {
                    dict(labels).get("region", ""): value
                    for labels, value in servers.query(prometheus, expression).items()
                }
                == expected
            ),
        )

    shows("lumen_runs_total", {"eu": 20.0, "ap": 20.0})
    shows('lumen_runs_failed_total{error_class="network"}', {"eu": 10.0, "ap": 0.0})
    shows("lumen_runs_success_total", {"eu": 10.0, "ap": 20.0})
    shows('lumen:runs:count{window="1h"}', {"": 40.0})
    shows('lumen:runs_failed:count{window="1h"}', {"": 10.0})
