"""Pipelines that run every hour or hundreds of times a day: what their people are told, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lives import DAY, HOUR, Life
from scenarios import Clock, Expectation, burn, every, fired, fires, page, plan, reads, ticket, wakes

from lumen_action.slo import evidence

HOURS = Clock(minutes=3 * DAY, step=30)
RUSH = Clock(minutes=10 * HOUR, step=5)
HOURLY = plan(runs_per_day=24.0, threshold=3, run=0.99)
CROWDED = plan(runs_per_day=500.0, threshold=3, run=0.99)
OFTEN = DAY / 500
FAILING = (page("LumenPipelineFailing"), ticket("LumenRegionFailing", region="eu"))


def hours(first: int = 0) -> Iterator[int]:
    return every(HOUR, first * HOUR)


@HOURS.story(HOURLY)
def one_failure_in_three_days(p: Life) -> Iterator[Expectation]:
    p.runs(hours(), "." * 30 + "F" + "." * 42)
    yield fired(0, 3 * DAY)
    yield reads(30 * HOUR + 30, 'lumen:runs_failed:count{window="1h"}', 1)


@HOURS.story(HOURLY)
def two_failures_a_success_and_a_failure(p: Life) -> Iterator[Expectation]:
    p.runs(hours(), "." * 30 + "FF.F" + "." * 38)
    yield fired(0, 33 * HOUR - 30)
    yield fires(33 * HOUR, burn("1d"), burn("3d"), burn("7d"))
    yield fires(36 * HOUR, burn("3d"), burn("7d"))
    yield fires(40 * HOUR, burn("7d"))
    yield fired(58 * HOUR, 3 * DAY)


@HOURS.story(HOURLY)
def an_outage_of_an_hourly_pipeline(p: Life) -> Iterator[Expectation]:
    p.runs(hours(), "." * 30 + "F" * 6 + "." * 36)
    yield wakes(31 * HOUR)
    yield wakes(32 * HOUR, page("LumenPipelineFailing"))
    yield wakes(34 * HOUR, page("LumenPipelineFailing"), burn("6h"))
    yield wakes(36 * HOUR, burn("6h"))
    yield wakes(38 * HOUR)


@HOURS.story(plan(runs_per_day=48, threshold=3, run=0.99))
def five_of_seven_in_half_a_day(p: Life) -> Iterator[Expectation]:
    p.runs(every(30, 0), "." * 60 + "FF.FF.F" + "." * 70)
    yield wakes(32 * HOUR + 30)
    yield wakes(33 * HOUR, burn("6h"))
    yield wakes(35 * HOUR)


@HOURS.story(CROWDED)
def five_hundred_a_day_at_exactly_the_target(p: Life) -> Iterator[Expectation]:
    p.runs(every(OFTEN), ("." * 50 + "F" + "." * 49) * 15)
    yield fired(0, 3 * DAY)
    yield reads(2 * DAY, 'lumen:runs:count{window="1d"}', 500)
    yield reads(2 * DAY, 'lumen:failure:ratio{window="1d"}', 0.01)


@HOURS.story(HOURLY, gone=[(DAY, DAY + 8 * HOUR)])
def an_old_sinner_after_eight_hours_unseen(p: Life) -> Iterator[Expectation]:
    p.past("eu", good=400, failed=100, born=-40 * DAY).runs(hours(1), "." * 71)
    back = DAY + 8 * HOUR
    yield fired(0, DAY)
    yield fired(DAY + 30, back - 30, ticket("LumenTelemetryAbsent"))
    yield fired(back, 3 * DAY)
    # What ended in a pause counts from the publish after it.
    yield reads(back, 'lumen:runs:count{window="1h"}', 9)
    yield reads(back, 'lumen:runs:count{window="1d"}', 24)
    yield reads(back + HOUR, 'lumen:runs:count{window="1h"}', 1)
    yield reads(2 * DAY, 'lumen:runs_failed:count{window="1d"}', 0)


@HOURS.story(HOURLY)
def run_again_too_often(p: Life) -> Iterator[Expectation]:
    p.runs(hours(), "." * 72).reruns(range(30 * HOUR, 36 * HOUR, HOUR))
    yield fired(0, 34 * HOUR - 30)
    yield fires(34 * HOUR, ticket("LumenRerunStorm"))
    yield fired(60 * HOUR, 3 * DAY)


@HOURS.story(HOURLY)
def run_again_now_and_then(p: Life) -> Iterator[Expectation]:
    p.runs(hours(), "." * 72).reruns(range(30 * HOUR, 34 * HOUR, HOUR))
    yield fired(0, 3 * DAY)
    yield reads(35 * HOUR, 'lumen:reruns:count{decision="retry_now",window="1d"}', 4)


@HOURS.story(plan(runs_per_day=144))
def bounds_of_three_in_thirty(p: Life) -> Iterator[Expectation]:
    p.runs(every(10), "...F.............F...........F")
    for record, bound in (
        ("wilson_low", evidence.wilson_low(3, 30)),
        ("wilson_high", evidence.wilson_high(3, 30)),
        ("ratio", 0.1),
    ):
        yield reads(5 * HOUR, f'abs(lumen:failure:{record}{{window="6h"}} - {bound!r}) < bool 1e-12', 1)


@HOURS.story(plan(runs_per_day=144))
def bounds_of_all_and_of_none(p: Life) -> Iterator[Expectation]:
    p.runs(every(10), "FFF").runs(every(10, 10 * HOUR), ".......")
    low, high = 'lumen:failure:wilson_low{window="6h"}', 'lumen:failure:wilson_high{window="6h"}'
    yield reads(HOUR, f"abs({low} - {evidence.wilson_low(3, 3)!r}) < bool 1e-12", 1)
    yield reads(HOUR, f"abs({high} - 1) < bool 1e-12", 1)
    yield reads(12 * HOUR, f"abs({low}) < bool 1e-12", 1)
    yield reads(12 * HOUR, f"abs({high} - {evidence.wilson_high(0, 7)!r}) < bool 1e-12", 1)
    yield reads(20 * HOUR, low)


@pytest.mark.slow
def test_hours(promtool: str, tmp_path: Path) -> None:
    HOURS.agrees(promtool, tmp_path)


@RUSH.story(CROWDED)
def an_outage_among_five_hundred(p: Life) -> Iterator[Expectation]:
    p.runs(every(OFTEN, 0), "." * 100 + "FFFFF" + "." * 100)
    yield wakes(290)
    yield wakes(295, page("LumenPipelineFailing"))
    yield wakes(300, page("LumenPipelineFailing"), burn("1h"))
    yield wakes(305, burn("1h"))
    yield wakes(9 * HOUR)


@RUSH.story(replace(CROWDED, threshold=None))
def an_outage_where_no_threshold_is_published(p: Life) -> Iterator[Expectation]:
    p.runs(every(OFTEN, 0), "." * 150 + "FF" + "." * 10 + "FFF")
    yield fired(0, 465)
    yield wakes(475, page("LumenPipelineFailing"), burn("1h"))


@RUSH.story(CROWDED)
def four_of_twenty_within_an_hour(p: Life) -> Iterator[Expectation]:
    p.runs(every(OFTEN, 0), "." * 100 + "F.F.F...F" + "." * 100)
    yield wakes(305)
    yield wakes(315, burn("1h"))
    yield wakes(7 * HOUR)


@RUSH.story(CROWDED)
def three_of_twenty_within_an_hour(p: Life) -> Iterator[Expectation]:
    p.runs(every(OFTEN, 0), "." * 100 + "F.F.F...." + "." * 100)
    yield wakes(305)
    yield wakes(315)


@RUSH.story(CROWDED, gone=[(240, 320)])
def a_pause_of_eighty_minutes(p: Life) -> Iterator[Expectation]:
    p.past("eu", good=400, failed=100, born=-40 * DAY).runs(every(OFTEN, 0), "." * 209)
    yield fired(0, 240)
    yield fired(260, 315, ticket("LumenTelemetryAbsent"))
    yield fired(325, 10 * HOUR)
    yield reads(320, 'lumen:runs_failed:count{window="1h"}', 0)
    yield reads(400, 'lumen:runs:count{window="1h"}', 21)
    yield reads(320, 'lumen:runs:count{window="2h"}', 42)


@RUSH.story(CROWDED, older={(300, 330): 285})
def half_an_hour_of_an_old_push(p: Life) -> Iterator[Expectation]:
    p.runs(every(OFTEN, 0), "." * 102 + "F" + "." * 106)
    yield fired(0, 295)
    yield fired(300, 10 * HOUR, ticket("LumenCountersInconsistent", region="eu"))
    yield reads(325, 'lumen:runs_failed:count{window="1h"}', 1)
    yield reads(330, 'lumen:runs_failed:count{window="1h"}', 1)
    yield reads(360, 'lumen:runs_failed:count{window="1h"}', 0)


@pytest.mark.slow
def test_rush(promtool: str, tmp_path: Path) -> None:
    RUSH.agrees(promtool, tmp_path)
