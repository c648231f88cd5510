"""`lumen serve` as a process of its own, scraped by a real Prometheus."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import servers
from servedledger import Storm, start_serve


@pytest.fixture
def storm(tmp_path: Path) -> Storm:
    return Storm(tmp_path)


@pytest.mark.slow
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
