"""What the first rules got wrong, held against ours: the same situations, the same names, and the truth.

The first rules read an idle pipeline as failing and a failing one as gone. Each case is one of those.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lives import DAY, HOUR, Life
from scenarios import Clock, Expectation, every, fired, fires, page, plan, reads, ticket

TABLE = Clock(minutes=3 * DAY, step=HOUR)
NIGHT = HOUR


def nights(first: int = 0) -> Iterator[int]:
    return every(DAY, first * DAY + NIGHT)


@TABLE.story(plan(runs_per_day=1, day=0.95))
def b01_idle_is_no_error(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "...").days("..")
    yield reads(NIGHT, "lumen:error_rate_5m", 0)
    yield reads(NIGHT, "lumen:error_rate_1h", 0)
    yield reads(12 * HOUR, "lumen:error_rate_5m")
    yield reads(12 * HOUR, "lumen:error_rate_1h")
    yield fired(0, 3 * DAY)


@TABLE.story()
def b02_integrity_fires_whoever_publishes_it(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "...")
    p.beside(9 * HOUR, "lumen_remote_integrity_ok", 0, pipeline=p.pipeline, job="node", instance="host-1")
    yield fires(9 * HOUR, page("LumenIntegrityMismatch"))


@TABLE.story()
def b03_a_share_of_time_is_no_number_of_scrapes(p: Life) -> Iterator[Expectation]:
    good = {"pipeline": p.pipeline, "instance": "h"}
    p.beside(0, "lumen_remote_integrity_ok", 1, **good)
    p.beside(2 * DAY, "lumen_remote_integrity_ok", 0, **good)
    yield reads(2 * DAY - HOUR, "job:lumen_success_ratio_1d", 1)
    yield reads(2 * DAY + 12 * HOUR, "round(job:lumen_success_ratio_1d, 0.05)", 0.5)


@TABLE.story()
def b04_success_ratios_are_those_of_runs(p: Life) -> Iterator[Expectation]:
    p.runs(every(6 * HOUR, NIGHT), ".F.F.F.F")
    yield reads(DAY, "job:lumen_success_ratio_1d", 0.5)
    yield reads(2 * DAY, "job:lumen_success_ratio_7d", 0.5)
    yield reads(2 * DAY, "lumen:sli7d", 0.5)
    yield reads(2 * DAY, "lumen:sli30d", 0.5)


@TABLE.story(plan(runs_per_day=1))
def b05_a_daily_pipeline_is_not_stalled_each_day(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "...").deadline(NIGHT, 10 * DAY)
    yield fired(0, 3 * DAY)


@TABLE.story()
def b06_a_day_is_good_when_one_region_was(p: Life) -> Iterator[Expectation]:
    p.runs([NIGHT], ".", region="a").runs([NIGHT], "F", region="b")
    yield reads(20 * HOUR, "lumen:sli1d", 1)
    yield reads(20 * HOUR, "lumen:daily_runs_success", 1)
    yield reads(20 * HOUR, "lumen:daily_runs_total", 1)


@TABLE.story()
def b07_yesterday_hides_nothing_today(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), ".F", region="a").runs(nights(), ".F", region="b")
    yield reads(20 * HOUR, "lumen:daily_runs_success", 1)
    yield reads(DAY + 20 * HOUR, "lumen:daily_runs_success", 0)
    yield reads(DAY + 20 * HOUR, "lumen:daily_runs_total", 1)


@TABLE.story()
def b07_a_day_on_which_all_failed_is_there(p: Life) -> Iterator[Expectation]:
    p.runs([NIGHT], "F", region="a").runs([NIGHT], "F", region="b")
    yield reads(20 * HOUR, "lumen:sli1d", 0)


@TABLE.story(plan(runs_per_day=1))
def b08_a_success_between_ends_a_row(p: Life) -> Iterator[Expectation]:
    p.runs(every(HOUR, NIGHT), "F.F", region="us-west-2")
    yield fired(0, DAY)


@TABLE.story(plan(runs_per_day=1))
def b08_two_classes_are_one_row(p: Life) -> Iterator[Expectation]:
    p.runs([NIGHT], ".").runs(every(HOUR, NIGHT), "FX", region="us-west-2")
    yield fires(4 * HOUR, ticket("LumenRegionFailing", region="us-west-2"))


@TABLE.story(plan(runs_per_day=1))
def b08_days_apart_are_one_row(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "FFF", region="us-west-2")
    yield fires(2 * DAY + 12 * HOUR, ticket("LumenRegionFailing", region="us-west-2"), page("LumenPipelineFailing"))


@TABLE.story()
def b09_a_total_that_appears_at_one_counts_one(p: Life) -> Iterator[Expectation]:
    p.runs([NIGHT], "F")
    yield reads(10 * HOUR, 'lumen:failures_by_class:count{error_class="network",window="1d"}', 1)
    yield reads(10 * HOUR, 'lumen:runs_failed:count{window="1d"}', 1)
    yield reads(10 * HOUR, "lumen:sli7d", 0)


@TABLE.story()
def b10_no_run_is_no_percentage(p: Life) -> Iterator[Expectation]:
    p.past("eu", good=30, failed=0, born=-20 * DAY)
    yield reads(DAY + HOUR, "lumen:sli1d")
    yield reads(DAY + HOUR, "job:lumen_success_ratio_1d")
    yield reads(DAY + HOUR, 'lumen:runs:count{window="1d"}', 0)


@TABLE.story()
def b11_a_region_at_zero_stays_on_the_map(p: Life) -> Iterator[Expectation]:
    p.runs(every(HOUR, NIGHT), "...", region="a").runs(every(HOUR, NIGHT), "FFF", region="b")
    yield reads(5 * HOUR, 'lumen:region_sli:ratio{window="7d"}', a=1, b=0)


@TABLE.story()
def b12_a_stage_that_failed_is_told(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), ".F.", stage="build")
    yield reads(12 * HOUR, "job:lumen_stage_failure", eu=0)
    yield reads(DAY + 12 * HOUR, "job:lumen_stage_failure", eu=1)


@pytest.mark.slow
def test_the_truth_under_the_older_names(promtool: str, tmp_path: Path) -> None:
    TABLE.agrees(promtool, tmp_path)
