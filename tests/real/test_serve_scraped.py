"""`lumen serve` as a process of its own, scraped by a real Prometheus."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import servers
from facts import HOUR, NOON, fact

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


def start_serve(directory: Path, ledger: str) -> servers.Server:
    """Start the exporter on a free port."""
    log = directory / "serve.log"
    command = [sys.executable, "-m", "lumen_action.cli", "serve", "--ledger", ledger, "--listen", "127.0.0.1:0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=servers.ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
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


@pytest.fixture
def storm(tmp_path: Path) -> Storm:
    return Storm(tmp_path)


def test_prometheus_shows_the_exact_totals_of_the_ledger_as_it_grows(
    storm: Storm, running: Callable[..., servers.Server]
) -> None:
    storm.go_on(30)
    served = running(start_serve, storm.url)
    prometheus = running(servers.start_prometheus, served.url)

    def shows(expression: str) -> float:
        return sum(servers.query(prometheus, expression).values())

    for _ in range(3):
        servers.wait_until("Prometheus shows every run", lambda: shows("lumen_runs_total") == storm.runs)
        assert shows("lumen_runs_success_total") == storm.runs - storm.failed
        assert shows('lumen_runs_failed_total{error_class="build"}') == storm.failed
        assert shows('lumen_stage_failed_total{stage="build",error_class="build"}') == storm.failed
        storm.go_on(7)


def test_the_pages_are_what_their_readers_accept(
    storm: Storm, running: Callable[..., servers.Server], promtool: str
) -> None:
    storm.go_on(4)
    served = running(start_serve, storm.url)
    page = servers.fetch(f"{served.url}/metrics")
    checked = subprocess.run([promtool, "check", "metrics"], input=page, text=True, capture_output=True, check=False)
    # The tool wants another name for one gauge, whose name is public.
    assert "error" not in (checked.stdout + checked.stderr).lower()
    assert "<h2>nightly</h2>" in servers.fetch(f"{served.url}/")
    assert servers.fetch(f"{served.url}/healthz") == "alive\n"


def test_it_ends_cleanly_when_it_is_told_to(storm: Storm, running: Callable[..., servers.Server]) -> None:
    storm.go_on(1)
    served = running(start_serve, storm.url)
    served.process.terminate()
    assert served.process.wait(20) == 0
    assert not servers._answers(f"{served.url}/healthz")
    again = running(start_serve, storm.url)
    assert "lumen_runs_total" in servers.fetch(f"{again.url}/metrics")
