"""Totals that stand only where they were published are counted as exactly as those that are scraped."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import ruletest
import servers
from notebook import Notebook
from receiver import start_receiver
from ruletest import Expected, Given, expecting, samples, series

from lumen_action.http import Http
from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.state import PipelineState, RegionState, State

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
RUNS, FAILED = "lumen:runs:count", "lumen:runs_failed:count"
MINUTE = 60_000


def published(totals: Mapping[int, int], steps: int, *, region: str = "eu") -> list[Given]:
    """Return the series of a region whose totals were published at some steps of ten minutes; half the runs failed."""
    place = {"pipeline": "p", "region": region}
    return [
        series("lumen_series_start_timestamp_seconds", samples(dict.fromkeys(totals, 0), steps), **place),
        series("lumen_runs_total", samples(totals, steps), **place),
        series(
            "lumen_runs_failed_total",
            samples({step: total // 2 for step, total in totals.items()}, steps),
            error_class="network",
            **place,
        ),
    ]


def count(window: str, at_step: int, value: int | None, record: str = RUNS) -> Expected:
    expression = f'{record}{{window="{window}"}}'
    at = f"{10 * at_step}m"
    return expecting(expression, at) if value is None else expecting(expression, at, p=value)


def agrees(promtool: str, directory: Path, given: list[Given], expected: list[Expected]) -> None:
    ruletest.promtool_agrees(promtool, directory, [RULES], "10m", given, expected)


def test_a_count_stands_between_two_publishes(promtool: str, tmp_path: Path) -> None:
    totals = {step: 500 + step // 6 for step in range(0, 300, 3)}  # every half hour, a run an hour
    expected = [count("1h", step, 1) for step in range(100, 112)]
    expected += [count("1d", step, 24) for step in range(200, 212)]
    agrees(promtool, tmp_path, published(totals, 300), expected)


def test_a_pause_of_two_hours_loses_and_invents_nothing(promtool: str, tmp_path: Path) -> None:
    """Four runs end while nobody publishes; they count from the publish that ends the pause."""
    totals = dict.fromkeys(range(0, 202, 3), 500) | dict.fromkeys(range(213, 420, 3), 504)
    before, after, later = range(202, 213), range(213, 219), range(219, 230)
    expected = [count(window, step, 0) for step in before for window in ("1h", "1d")]
    expected += [count(window, step, 4) for step in after for window in ("1h", "1d")]
    expected += [count("1h", step, 2, FAILED) for step in after]
    expected += [count("1h", step, 0) for step in later]
    expected += [count("1d", step, 4) for step in range(219, 357)]
    expected += [count("1d", step, 0) for step in range(357, 370)]
    agrees(promtool, tmp_path, published(totals, 420), expected)


def test_a_short_window_says_nothing_of_hours_that_nobody_reported(promtool: str, tmp_path: Path) -> None:
    totals = dict.fromkeys(range(0, 151, 3), 500) | dict.fromkeys(range(180, 300, 3), 501)
    expected = [
        count("1h", 168, 0),
        count("1h", 169, None),
        count("1d", 169, 0),
        count("1h", 180, 1),
        count("1h", 186, 0),
        count("1d", 190, 1),
    ]
    agrees(promtool, tmp_path, published(totals, 300), expected)


def test_a_pipeline_that_is_gone_leaves_the_counts_after_a_day_and_a_half(promtool: str, tmp_path: Path) -> None:
    totals = dict.fromkeys(range(0, 151, 3), 500)
    last = 150 + 36 * 6
    windows = ("1d", "7d", "30d")
    expected = [count(window, last + 1, None) for window in windows]
    expected += [count("1d", last, 0), count("1h", last, None)]
    agrees(promtool, tmp_path, published(totals, 151), expected)


@pytest.mark.parametrize("gap", ["_", "stale"])
def test_a_gateway_or_prometheus_that_restarts_changes_no_count(promtool: str, tmp_path: Path, gap: str) -> None:
    """Scraped at every step; for an hour there is nothing, or a Pushgateway that came back empty."""
    place = {"pipeline": "p", "region": "eu"}
    away = f"{gap} _ _ _ _ _"
    given = [
        series("lumen_series_start_timestamp_seconds", f"0x160 {away} 0x100", **place),
        series("lumen_runs_total", f"500x150 501x9 {away} 502x100", **place),
    ]
    expected = [count("1h", step, 1) for step in range(151, 157)]
    expected += [count("1h", step, 0) for step in range(157, 167)]
    expected += [count("1h", step, 1) for step in range(167, 173)]
    expected += [count("1d", step, 2) for step in range(167, 200)]
    agrees(promtool, tmp_path, given, expected)


def test_a_ledger_that_was_replaced_by_a_new_one_gives_no_count_below_zero(promtool: str, tmp_path: Path) -> None:
    """It is believed after two hours: until then it may be an old push that landed late."""
    replaced, run, believed = 160, 180, 172
    totals = dict.fromkeys(range(0, replaced, 3), 500) | {step: 3 + (step >= run) for step in range(replaced, 350)}
    expected = [count(window, step, 0) for step in range(replaced, believed - 1) for window in ("1h", "1d")]
    expected += [count("1h", step, None) for step in range(believed, believed + 6)]
    expected += [count("1h", run - 1, 0), count("1h", run, 1), count("1h", run + 6, 0)]
    expected += [count("1d", step, None) for step in (believed, run, believed + 143)]
    expected += [count("1d", believed + 144, 1), count("1d", run + 144, 0)]
    agrees(promtool, tmp_path, published(totals, 350), expected)


def test_one_run_a_day_published_once_is_counted_at_every_hour(promtool: str, tmp_path: Path) -> None:
    """The run comes up to five hours late; nothing else is published."""
    chance = random.Random(3)
    hours = [24 * day + chance.randrange(6) for day in range(40)]
    totals = {hour: 100 + day for day, hour in enumerate(hours)}
    place = {"pipeline": "p", "region": "eu"}
    given = [
        series("lumen_series_start_timestamp_seconds", samples(dict.fromkeys(totals, 0), 960), **place),
        series("lumen_runs_total", samples(totals, 960), **place),
    ]
    expected = []
    for hour in range(24 * 33, 24 * 39, 5):
        for window, length in (("1d", 24), ("7d", 168), ("30d", 720)):
            runs = sum(hour - length < ended <= hour for ended in hours)
            expected.append(expecting(f'{RUNS}{{window="{window}"}}', f"{hour}h", p=runs))
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "1h", given, expected)


@pytest.mark.parametrize("seed", range(3))
def test_whenever_it_is_published_the_count_is_what_was_published_within_the_window(
    promtool: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    steps, given, truth = 320, list[Given](), dict[int, int]()
    for region in ("eu", "us"):
        totals: dict[int, int] = {}
        step, total = 0, 1000
        while step < steps:
            totals[step] = total
            step += chance.randrange(1, 13)  # up to two hours
            total += chance.randrange(4)
        given += published(totals, steps, region=region)

        def last(until: int, totals: dict[int, int] = totals) -> int:
            return totals[max(step for step in totals if step <= until)]

        for at in range(160, steps):
            truth[at] = truth.get(at, 0) + last(at) - last(at - 6)
    agrees(promtool, tmp_path, given, [count("1h", at, runs) for at, runs in truth.items()])


def test_a_deadline_after_a_weekend_without_a_publish_pages_and_the_silence_before_it_does_not(
    promtool: str, tmp_path: Path
) -> None:
    """Friday's run is sent once, with Monday's deadline; on Monday nothing runs."""
    friday, deadline = 6, 6 + 72
    given = [
        series("lumen_run_event", samples({friday: 1}, 7), pipeline="p", region="eu", outcome="success"),
        series("lumen_runs_total", samples({friday: 7}, 7), pipeline="p", region="eu"),
        series("lumen_next_deadline_timestamp_seconds", samples({friday: deadline * 3600}, 7), pipeline="p"),
    ]
    fired = 'ALERTS{alertname=~"LumenDeadlineMissed|LumenTelemetryAbsent",alertstate="firing"}'
    expected = [expecting(fired, f"{hour}h") for hour in range(friday + 1, deadline, 3)]
    expected += [expecting(fired.replace("|LumenTelemetryAbsent", ""), f"{deadline + 1}h", p=1)]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "1h", given, expected)


def test_a_real_prometheus_counts_totals_that_were_written_long_ago(
    running: Callable[..., servers.Server], http_client: Http
) -> None:
    prometheus = running(start_receiver, "2h", RULES)
    now, notes = int(time.time() * 1000), Notebook()
    for minutes_ago, runs in ((90, 500), (40, 503), (20, 507)):
        own = RegionState("eu", runs=runs, success=runs, first_seen_ms=1)
        state = State(pipelines={"nightly": PipelineState("nightly", regions={"eu": own})})
        options = RemoteWriteOptions(f"{prometheus.url}/api/v1/write")
        sink = RemoteWrite(options, http_client, notes, clock_ms=lambda ago=minutes_ago: now - ago * MINUTE)
        sink.publish(families(state, PublishFacts("1", runs)))
    assert servers.query(prometheus, "lumen_runs_total") == {}
    expected = {(("pipeline", "nightly"), ("window", "1h")): 7}
    servers.wait_until(
        "seven runs in the last hour",
        lambda: servers.query(prometheus, 'lumen:runs:count{window="1h"}') == expected,
    )


def test_a_region_that_does_not_say_when_it_began_and_was_away_is_not_counted_from_its_birth(
    running: Callable[..., servers.Server], http_client: Http
) -> None:
    """Rules are loaded for the first time; nobody published for eight hours about the start of the day's window."""
    prometheus = running(start_receiver, "2h", RULES)
    now, notes = int(time.time() * 1000), Notebook()
    before = [(minutes, 500) for minutes in range(30 * 60, 27 * 60, -20)]
    after = [(minutes, 503) for minutes in range(19 * 60, 0, -20)]
    for minutes_ago, runs in [*before, *after]:
        state = State(pipelines={"nightly": PipelineState("nightly", regions={"eu": RegionState("eu", runs=runs)})})
        options = RemoteWriteOptions(f"{prometheus.url}/api/v1/write")
        sink = RemoteWrite(options, http_client, notes, clock_ms=lambda ago=minutes_ago: now - ago * MINUTE)
        sink.publish(families(state, PublishFacts("1", runs)))

    def counted(window: str) -> set[float]:
        return set(servers.query(prometheus, f'lumen:runs:count{{window="{window}"}}').values())

    servers.wait_until("the last six hours are counted", lambda: counted("6h") == {0})
    assert counted("1d") == set()
