"""google/slo-generator, asked the same of the same live Prometheus, comes to the same share of good events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace

import apiworld
import pytest
import replayed
import servers
import slodocuments
from apiworld import DAY_MS, World

from lumen_action.measuring.prometheus import measured
from lumen_action.promserver import Access, PromServer
from lumen_action.slo.evaluating import evaluate
from lumen_action.slo.evaluation import Evaluation, Span
from lumen_action.slo.objective import RatioSource, Slo

SCRAPES_A_DAY = DAY_MS // apiworld.SCRAPE_MS


def close(days: int) -> float:
    """Return how far the shares may lie apart: increase() guesses what happened before the first scrape of a window.

    That is one scrape of all, in which the share of good events may be some other; and the first count of a new series.
    """
    return 0.25 / (SCRAPES_A_DAY * days) + 0.0001


_COMPUTE = """
import json, sys
from slo_generator.compute import compute
asked = json.load(sys.stdin)
print(json.dumps(compute(asked["slo"], asked["config"])[0]))
"""
GOOD = {
    "api-availability": 'http_requests_total{job="api",code!~"5.."}',
    "api-latency-most": 'http_request_duration_seconds_bucket{job="api",le="2.5"}',
    "api-latency": 'http_request_duration_seconds_bucket{job="api",le="4.5"}',
    "api-latency-slowest": 'http_request_duration_seconds_bucket{job="api",le=~"10(\\\\.0)?"}',
    "reward-stability": 'reward_evaluations_total{job="api",within_band="true"}',
}
VALID = {
    "api-availability": 'http_requests_total{job="api"}',
    "reward-stability": 'reward_evaluations_total{job="api"}',
}
SLOS = {slo.name: slo for slo in slodocuments.taken((servers.ROOT / "rules/slo/api.yml").read_text()).book.slos}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world() -> World:
    """Return six weeks until now, all of them scraped: increase() guesses what a gap hides, and restarts at a dip."""
    return apiworld.world(int(time.time() * 1000) - apiworld.SCRAPE_MS // 2, apiworld.ScrapeFaults())


@pytest.fixture(scope="module")
def prometheus(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """Return a Prometheus that scraped it."""
    server = replayed.start_prometheus(tmp_path_factory.mktemp("server"))
    try:
        replayed.write(server, list(world.series))
        yield server
    finally:
        server.stop()


def theirs(server: servers.Server, days: int, good: str, valid: str) -> Mapping[str, float]:
    """Return the report of slo-generator, which always asks about now."""
    folder = servers.apart("slo-generator")
    step = {
        "name": "own",
        "burn_rate_threshold": 1.0,
        "alert": False,
        "message_alert": "",
        "message_ok": "",
        "window": days * 86_400,
    }
    config = {"backends": {"prometheus": {"url": server.url}}, "error_budget_policies": {"default": {"steps": [step]}}}
    indicator = {"filter_good": good, "filter_valid": valid}
    spec = {
        "description": "the same",
        "backend": "prometheus",
        "method": "good_bad_ratio",
        "exporters": [],
        "service_level_indicator": indicator,
        "goal": 0.9,
    }
    slo = {
        "apiVersion": "sre.google.com/v2",
        "kind": "ServiceLevelObjective",
        "metadata": {"name": "same", "labels": {"service_name": "api", "feature_name": "all", "slo_name": "same"}},
        "spec": spec,
    }
    done = subprocess.run(
        [sys.executable, "-c", _COMPUTE],
        input=json.dumps({"slo": slo, "config": config}),
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return report


def ours(server: servers.Server, slo: Slo, days: int) -> Evaluation:
    """Return what we come to, now."""
    now_ms = int(time.time() * 1000)
    span = Span(now_ms - days * DAY_MS, now_ms, now_ms)
    assert isinstance(slo.source, RatioSource)
    with closing(PromServer(Access(server.url))) as asked:
        return evaluate(slo, slo.objectives[0], span, measured(slo.source, slo, span, asked, lambda _: None), None)


@pytest.mark.parametrize("days", [1, 7, 30])
@pytest.mark.parametrize("name", GOOD)
def test_both_come_to_the_same_share_of_good_events(name: str, days: int, prometheus: servers.Server) -> None:
    valid = VALID.get(name, 'http_request_duration_seconds_count{job="api"}')
    their, our = theirs(prometheus, days, GOOD[name], valid), ours(prometheus, SLOS[name], days)
    assert our.actual is not None
    assert our.actual == pytest.approx(their["sli_measurement"], abs=close(days))
    counted = their["good_events_count"] + their["bad_events_count"]
    assert our.total == pytest.approx(counted, rel=0.01)


def test_without_a_good_series_they_count_one_bad_event_too_many(prometheus: servers.Server) -> None:
    """What they find nothing of is -1 to them, and bad is all less that."""
    good, valid = 'http_requests_total{job="api",code="999"}', 'http_requests_total{job="api"}'
    their = theirs(prometheus, 7, good, valid)
    source = RatioSource(f"sum({good})", f"sum({valid})", part_is_good=True, counter=True)
    our = ours(prometheus, replace(SLOS["api-latency"], source=source), 7)
    assert our.bad == our.total
    assert their["sli_measurement"] == our.actual == 0
    all_there = theirs(prometheus, 7, valid, valid)["good_events_count"]
    assert their["bad_events_count"] == all_there + 1
