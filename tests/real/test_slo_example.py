"""`make slo-example`: the five promises of an API, asked of a real Prometheus with six weeks of replayed scrapes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import servers

NAMES = ["api-availability", "api-latency-most", "api-latency", "api-latency-slowest", "reward-stability"]


@pytest.mark.slow
def test_every_promise_of_the_example_has_its_numbers() -> None:
    command = [sys.executable, str(servers.ROOT / "tools" / "slo_example.py"), "report", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)["objectives"]
    assert [each["slo"] for each in told] == NAMES
    assert all(0 < each["bad"] < each["total"] for each in told)
    assert [each["verdict"] for each in told] == ["violated"] * 4 + ["met"]
