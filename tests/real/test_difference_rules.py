"""The recording rules count exactly, or say nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import ruletest
import servers
from ruletest import Expected, Given, expecting, series

from lumen_action.http import Http
from lumen_action.model import ErrorClass, Outcome
from lumen_action.sinks.pushgateway import Pushgateway, PushgatewayOptions
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.state import DayState, PipelineState, RegionState, State

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
HOUR = 3600


def state_of(*regions: RegionState, days: tuple[DayState, ...] = ()) -> State:
    by_name = {region.region: region for region in regions}
    return State(pipelines={"nightly": PipelineState("nightly", regions=by_name, days=days)})


def region(name: str, success: int, failed: int, first_seen_ms: int) -> RegionState:
    return RegionState(
        name,
        runs=success + failed,
        success=success,
        failed={ErrorClass.NETWORK: failed},
        stage_success={"build": success},
        stage_failed={("build", ErrorClass.NETWORK): failed},
        first_seen_ms=first_seen_ms,
    )


def test_a_real_prometheus_shows_exactly_the_published_counts(
    pushgateway: servers.Server, running: Callable[..., servers.Server], http_client: Http
) -> None:
    sink = Pushgateway(PushgatewayOptions(pushgateway.url), http_client)
    prometheus = running(servers.start_prometheus, pushgateway.url, RULES)
    born = int(time.time() * 1000) - 60_000
    windows = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "7d", "30d")

    def shows(expression: str, expected: dict[tuple[tuple[str, str], ...], float]) -> None:
        servers.wait_until(f"{expression} is {expected}", lambda: servers.query(prometheus, expression) == expected)

    for head, (success, failed, days) in enumerate([(1, 0, 0), (5, 2, 1), (300, 77, 2)], start=1):
        decided = tuple(DayState(f"2024-01-0{day}", Outcome.SUCCESS) for day in range(1, days + 1))
        state = state_of(region("eu", success, failed, born), region("us", 10 * success, 0, born), days=decided)
        sink.publish(families(state, PublishFacts("1", head)))
        shows(
            "lumen:runs:count",
            {(("pipeline", "nightly"), ("window", window)): 11 * success + failed for window in windows},
        )
        shows(
            "lumen:runs_failed:count",
            {(("pipeline", "nightly"), ("window", window)): failed for window in windows},
        )
        shows(
            'lumen:stage_success:count{stage="build"}',
            {
                (("pipeline", "nightly"), ("stage", "build"), ("window", window)): 11 * success
                for window in ("1h", "6h", "1d", "3d", "7d", "30d")
            },
        )
        shows(
            'lumen:days:count{outcome="success"}',
            {
                (("outcome", "success"), ("pipeline", "nightly"), ("window", window)): days
                for window in ("1d", "3d", "7d", "30d")
            },
        )
        shows("lumen_ledger_seq", {(("job", "lumen"), ("pipeline", "nightly")): head})


@pytest.mark.slow
def test_a_prometheus_in_front_of_an_old_ledger_says_nothing_of_windows_it_did_not_see(
    pushgateway: servers.Server, running: Callable[..., servers.Server], http_client: Http
) -> None:
    two_days_ago = int(time.time() * 1000) - 48 * HOUR * 1000
    groups = families(state_of(region("eu", 500, 5, two_days_ago)), PublishFacts("1", 1))
    Pushgateway(PushgatewayOptions(pushgateway.url), http_client).publish(groups)
    prometheus = running(servers.start_prometheus, pushgateway.url, RULES)

    def of_window(name: str, values: dict[str, float]) -> bool:
        expected = {(("pipeline", "nightly"), ("window", window)): value for window, value in values.items()}
        return servers.query(prometheus, name) == expected

    servers.wait_until(
        "only windows older than the ledger are counted",
        lambda: (
            of_window("lumen:count_unknown:regions", dict.fromkeys(("5m", "30m", "1h", "2h", "6h", "1d"), 1))
            and of_window("lumen:runs:count", dict.fromkeys(("3d", "7d", "30d"), 505))
        ),
    )


def promtool_agrees(
    promtool: str, directory: Path, interval: str, given: list[Given], expected: list[Expected]
) -> None:
    ruletest.promtool_agrees(promtool, directory, [RULES], interval, given, expected)


RUNS_1H = 'lumen:runs:count{window="1h"}'
EU = {"pipeline": "p", "region": "eu"}
US = {"pipeline": "p", "region": "us"}


def test_promtool_accepts_the_rules(promtool: str) -> None:
    ruletest.promtool_accepts(promtool, RULES)


def test_the_first_run_counts_and_leaves_the_window_after_an_hour(promtool: str, tmp_path: Path) -> None:
    given = [
        series("lumen_series_start_timestamp_seconds", "_x10 600x200", **EU),
        series("lumen_runs_total", "_x10 1x60 3x140", **EU),
    ]
    expected = [
        expecting(RUNS_1H, "9m"),
        expecting(RUNS_1H, "10m", p=1),
        expecting(RUNS_1H, "69m", p=1),
        expecting(RUNS_1H, "72m", p=2),
        expecting(RUNS_1H, "190m", p=0),
    ]
    promtool_agrees(promtool, tmp_path, "1m", given, expected)


def test_a_short_gap_is_bridged(promtool: str, tmp_path: Path) -> None:
    given = [
        series("lumen_series_start_timestamp_seconds", "0x60 _x180 0x200", **EU),
        series("lumen_runs_total", "500x60 _x180 501x200", **EU),
    ]
    expected = [expecting(RUNS_1H, "250m", p=1), expecting(RUNS_1H, "310m", p=0)]
    promtool_agrees(promtool, tmp_path, "1m", given, expected)


def test_what_nobody_published_for_hours_counts_from_the_publish_that_ends_it(promtool: str, tmp_path: Path) -> None:
    given = [
        series("lumen_series_start_timestamp_seconds", "0x10 _x480 0x200", **EU),
        series("lumen_runs_total", "500x10 _x480 501x200", **EU),
    ]
    expected = [expecting(RUNS_1H, "480m"), expecting(RUNS_1H, "500m", p=1), expecting(RUNS_1H, "560m", p=0)]
    promtool_agrees(promtool, tmp_path, "1m", given, expected)


def test_one_region_that_cannot_be_counted_leaves_no_sum_of_the_others(promtool: str, tmp_path: Path) -> None:
    young = str(480 * 60)
    given = [
        series("lumen_series_start_timestamp_seconds", "_x480 0x100", **EU),
        series("lumen_runs_total", "_x480 501x100", **EU),
        series("lumen_series_start_timestamp_seconds", f"_x480 {young}x100", **US),
        series("lumen_runs_total", "_x480 7x100", **US),
    ]
    expected = [expecting(RUNS_1H, "490m"), expecting(RUNS_1H, "545m", p=0)]
    promtool_agrees(promtool, tmp_path, "1m", given, expected)


def test_a_stage_added_to_an_old_pipeline_counts_from_its_first_run(promtool: str, tmp_path: Path) -> None:
    given = [
        series("lumen_series_start_timestamp_seconds", "0x200", **EU),
        series("lumen_runs_total", "500x200", **EU),
        series("lumen_stage_success_total", "500x200", stage="old", **EU),
        series("lumen_stage_success_total", "_x99 2x100", stage="new", **EU),
    ]
    count = 'lumen:stage_success:count{window="1h",stage="%s"}'
    expected = [expecting(count % "old", "120m", p=0), expecting(count % "new", "120m", p=2)]
    promtool_agrees(promtool, tmp_path, "1m", given, expected)


@pytest.mark.slow
def test_thirty_days_are_counted_exactly(promtool: str, tmp_path: Path) -> None:
    given = [
        series("lumen_series_start_timestamp_seconds", "0x960", **EU),
        series("lumen_runs_total", "0+1x960", **EU),
        series("lumen_days_total", "3x240 5x720", pipeline="p", outcome="missing"),
    ]
    expected = [
        expecting('lumen:runs:count{window="30d"}', "960h", p=720),
        expecting('lumen:runs:count{window="7d"}', "960h", p=168),
        expecting('lumen:days:count{window="30d"}', "960h", p=2),
        expecting('lumen:days:count{window="7d"}', "960h", p=0),
    ]
    promtool_agrees(promtool, tmp_path, "1h", given, expected)
