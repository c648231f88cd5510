"""The rules over runs that are samples of their own count every run once, when it was decided."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import ruletest
import servers
from facts import fact
from receiver import start_receiver
from ruletest import Expected, Given, expecting, samples, series

from lumen_action.http import Http
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import ErrorClass, Outcome
from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions

RULES = servers.ROOT / "rules" / "prometheus" / "events.rules.yml"
TOTALS = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
RUNS, FAILED = "lumen:run_events:count", "lumen:run_events_failed:count"
MINUTE = 60_000


def runs(*minutes: int, outcome: str = "success", region: str = "eu", pipeline: str = "p") -> Given:
    """Return the series of runs that were decided at these minutes."""
    labels = {"pipeline": pipeline, "region": region, "outcome": outcome, "job": "lumen"}
    if outcome != "success":
        labels["error_class"] = "network"
    return series("lumen_run_event", samples(dict.fromkeys(minutes, 1), max(minutes) + 1), **labels)


def count(record: str, window: str, at: str, value: int | None) -> Expected:
    expression = f'{record}{{window="{window}"}}'
    return expecting(expression, at) if value is None else expecting(expression, at, p=value)


def agrees(promtool: str, directory: Path, given: list[Given], expected: list[Expected], step: str = "1m") -> None:
    ruletest.promtool_agrees(promtool, directory, [RULES, TOTALS], step, given, expected)


def test_promtool_accepts_the_rules(promtool: str) -> None:
    ruletest.promtool_accepts(promtool, RULES)


def test_every_run_counts_from_its_first_minute_until_it_leaves_the_window(promtool: str, tmp_path: Path) -> None:
    given = [runs(5, 30), runs(30, outcome="failure"), runs(31, outcome="timeout", region="us")]
    expected = [
        count(RUNS, "1h", "4m", None),
        count(RUNS, "1h", "5m", 1),
        count(FAILED, "1h", "5m", 0),
        count(RUNS, "1h", "31m", 4),
        count(FAILED, "1h", "31m", 2),
        count(RUNS, "1h", "66m", 3),
        count(RUNS, "1h", "92m", 0),
        count(FAILED, "1h", "92m", 0),
        count(RUNS, "1d", "92m", 4),
    ]
    agrees(promtool, tmp_path, given, expected)


def test_failed_runs_alone_are_counted_too(promtool: str, tmp_path: Path) -> None:
    expected = [count(RUNS, "1h", "10m", 2), count(FAILED, "1h", "10m", 2)]
    agrees(promtool, tmp_path, [runs(3, 4, outcome="error")], expected)


def test_an_idle_pipeline_counts_zero_for_thirty_days_and_then_nothing(promtool: str, tmp_path: Path) -> None:
    expected = [
        count(RUNS, "7d", "167h", 1),
        count(RUNS, "7d", "170h", 0),
        count(RUNS, "1h", "700h", 0),
        count(RUNS, "30d", "700h", 1),
        count(RUNS, "30d", "723h", None),
        count(RUNS, "1h", "723h", None),
    ]
    agrees(promtool, tmp_path, [runs(1)], expected, "1h")


def test_one_run_a_day_is_counted_at_every_hour(promtool: str, tmp_path: Path) -> None:
    hours = [24 * day + day % 6 for day in range(40)]
    expected = []
    for hour in range(24 * 33, 24 * 39, 5):
        for window, length in (("1d", 24), ("7d", 168), ("30d", 720)):
            # This Prometheus counts a sample on the first moment of a window too.
            expected.append(count(RUNS, window, f"{hour}h", sum(hour - length <= ended <= hour for ended in hours)))
    agrees(promtool, tmp_path, [runs(*hours)], expected, "1h")


@pytest.mark.parametrize("gap", ["_", "stale"])
def test_a_pause_of_two_hours_and_a_restart_move_no_run(promtool: str, tmp_path: Path, gap: str) -> None:
    """Runs stand at their own time, whenever they were sent: at 10, 70 and 129 minutes, and one after the pause."""
    values = samples({10: 1, 11: gap, 70: 1, 71: gap, 129: 1, 131: 1}, 140)
    given = [series("lumen_run_event", values, pipeline="p", region="eu", outcome="success")]
    expected = [
        count(RUNS, "1h", "69m", 1),
        count(RUNS, "1h", "71m", 1),
        count(RUNS, "1h", "130m", 2),
        count(RUNS, "1h", "131m", 2),
        count(RUNS, "1h", "192m", 0),
        count(RUNS, "1d", "192m", 4),
    ]
    agrees(promtool, tmp_path, given, expected)


def test_events_and_totals_of_one_pipeline_stand_beside_each_other(promtool: str, tmp_path: Path) -> None:
    place = {"pipeline": "p", "region": "eu"}
    given = [
        runs(70, 80, 90),
        series("lumen_series_start_timestamp_seconds", "0x120", **place),
        series("lumen_runs_total", "7x69 8x9 9x9 10x30", **place),
    ]
    expected = [count(RUNS, "1h", "100m", 3), count("lumen:runs:count", "1h", "100m", 3)]
    agrees(promtool, tmp_path, given, expected)


def test_a_real_prometheus_counts_runs_by_their_own_time_after_a_pause_and_a_restart_of_the_publisher(
    running: Callable[..., servers.Server], http_client: Http, tmp_path: Path
) -> None:
    """Nobody publishes for two hours; then two publishers that know nothing of each other send everything."""
    prometheus = running(start_receiver, "3h", RULES)
    now = int(time.time() * 1000)
    ended = (170, 119, 61, 59, 30, 1)
    facts = [
        fact(
            run=str(minutes),
            at=now - minutes * MINUTE - 1000,
            outcome=Outcome.FAILURE if minutes in (119, 30) else Outcome.SUCCESS,
            cause=ErrorClass.BUILD,
        )
        for minutes in ended
    ]
    options = RemoteWriteOptions(f"{prometheus.url}/api/v1/write", window_seconds=3 * 3600)
    first, second = (open_ledger(f"sqlite:{tmp_path / name}.db") for name in ("before", "after"))
    for ledger, known in ((first, facts[:1]), (first, facts), (second, facts)):
        assert RemoteWrite(options, http_client, ledger, clock_ms=lambda: now).send_events(known) == ()

    def shown(record: str) -> dict[str, float]:
        return {dict(labels)["window"]: value for labels, value in servers.query(prometheus, record).items()}

    servers.wait_until(
        "three runs in the last hour, six in the last day",
        lambda: (
            shown(RUNS) == {"5m": 1, "30m": 1, "1h": 3, "2h": 5} | dict.fromkeys(("6h", "1d", "3d", "7d", "30d"), 6)
            and shown(FAILED) == {"5m": 0, "30m": 0, "1h": 1} | dict.fromkeys(("2h", "6h", "1d", "3d", "7d", "30d"), 2)
        ),
    )
    for ledger in (first, second):
        ledger.close()
