"""`make stack`: everything is up, healthy and connected, a page arrives, and an interrupt leaves nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import servers

pytestmark = pytest.mark.slow

TOOLS = servers.ROOT / "tools"
JOBS = {"pushgateway", "node", "prometheus", "alertmanager"}


@dataclass(frozen=True)
class Stack:
    """A stack that stands: its process, what it has printed, and the folder in which it works."""

    process: subprocess.Popen[str]
    output: Path
    scratch: Path

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def url(self, name: str) -> str:
        match = re.search(rf"^  {name} +(http://127\.0\.0\.1:\d+)$", self.said, re.MULTILINE)
        assert match, self.said
        return match[1]

    def ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads(servers.fetch(self.url("prometheus") + path))["data"]

    def value(self, expression: str) -> dict[tuple[tuple[str, str], ...], float]:
        return servers.query(servers.Server(self.url("prometheus"), self.process), expression)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    scratch = folder / "scratch"
    scratch.mkdir()
    output = folder / "output"
    command = [sys.executable, "-m", "stack", "--days", "2", "--port-base", "0", "--every", "1"]
    with output.open("w") as file:
        process = subprocess.Popen(
            command, cwd=TOOLS, env={**os.environ, "TMPDIR": str(scratch)}, stdout=file, stderr=file, text=True
        )
    standing = Stack(process, output, scratch)
    try:
        give_up_at = time.monotonic() + 300
        while "Ctrl-C stops everything" not in standing.said:
            assert process.poll() is None, standing.said
            assert time.monotonic() < give_up_at, standing.said
            time.sleep(0.1)
        yield standing
    finally:
        # Killed it would leave its servers behind.
        process.terminate()
        process.wait(timeout=60)


def test_prometheus_scrapes_every_server(stack: Stack) -> None:
    targets = stack.ask("/api/v1/targets")["activeTargets"]
    assert {target["labels"]["job"] for target in targets} == JOBS
    assert [target["lastError"] for target in targets if target["health"] != "up"] == []


def test_every_rule_is_loaded_and_healthy(stack: Stack) -> None:
    groups = stack.ask("/api/v1/rules")["groups"]
    shipped = {file.name for file in (servers.ROOT / "rules" / "prometheus").glob("*.yml")}
    assert {Path(group["file"]).name for group in groups} == shipped
    assert [
        (rule["name"], rule.get("lastError")) for group in groups for rule in group["rules"] if rule["health"] != "ok"
    ] == []


def test_the_last_days_are_counted_from_the_replayed_history(stack: Stack) -> None:
    # Two regions, a run an hour; the history is told by the hour, and one may be running just now.
    (counted,) = stack.value('lumen:runs:count{pipeline="hourly",window="1d"}').values()
    assert 46 <= counted <= 50 + 2 * stack.said.count("run         hourly")
    assert stack.value('lumen:count_unknown:regions{window="1d"}') == {}


def test_the_past_has_recorded_series_and_alerts(stack: Stack) -> None:
    # Both regions failed in the last nights: between them the ratio was 0, and somebody was paged.
    assert stack.value('lumen:sli:ratio{pipeline="nightly",window="1d"} offset 3h') == {
        (("pipeline", "nightly"), ("window", "1d")): 0
    }
    past = stack.value('count_over_time(ALERTS{alertname="LumenPipelineFailing",pipeline="nightly"}[1d] offset 1h)')
    assert past, "no page in the past"


def test_the_totals_that_were_replayed_go_on_in_what_is_scraped(stack: Stack) -> None:
    """A series that changed its labels would be counted twice, or be reset."""
    assert stack.value("count by (pipeline, region) (last_over_time(lumen_runs_total[3h])) > 1") == {}
    assert stack.value("resets(lumen_runs_total[3h]) > 0") == {}


def test_a_page_arrives_through_alertmanager(stack: Stack) -> None:
    active = stack.ask("/api/v1/alertmanagers")["activeAlertmanagers"]
    assert [each["url"] for each in active] == [f"{stack.url('alertmanager')}/api/v2/alerts"]
    servers.wait_until("the page in Slack", lambda: bool(re.search(r"Slack page  \[PAGE.*nightly", stack.said)))
    servers.wait_until("the mail", lambda: "mail        to oncall@team.example: [PAGE" in stack.said)


def test_it_goes_on_with_new_runs(stack: Stack) -> None:
    servers.wait_until("a new run is told", lambda: "run         ci in" in stack.said)
    before = stack.said.count("run         ")
    servers.wait_until("another one is", lambda: stack.said.count("run         ") > before)


def test_an_interrupt_stops_everything_and_leaves_nothing(stack: Stack) -> None:
    names = ("prometheus", "pushgateway", "alertmanager", "node_exporter")
    ports = [int(stack.url(name).rpartition(":")[2]) for name in names]
    assert all(map(_taken, ports))
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(60) == 0, stack.said
    assert not any(map(_taken, ports))
    assert list(stack.scratch.iterdir()) == []
    assert stack.said.rstrip().endswith("stopped")


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
