"""Pipelines that run once a day or less: what their people are told, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lives import DAY, HOUR, Life
from scenarios import SILENCER, Clock, Expectation, burn, every, fired, fires, info, page, plan, reads, ticket, wakes

from lumen_action.model import Outcome

NIGHTS = Clock(minutes=6 * DAY, step=HOUR)
WEEKS = Clock(minutes=9 * DAY, step=HOUR)
NIGHTLY = plan(runs_per_day=1.0, day=0.95)
NIGHT = 2 * HOUR
"""The minute of the day at which a nightly run ends."""
DAY_LOST = ticket("LumenDayLost")
FAILING = (page("LumenPipelineFailing"), ticket("LumenRegionFailing", region="eu"))


def nights(first: int = 0) -> Iterator[int]:
    return every(DAY, first * DAY + NIGHT)


@WEEKS.story(NIGHTLY)
def good_every_night(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "." * 9).days("." * 8).deadline(NIGHT, 30 * DAY)
    yield fired(0, 9 * DAY)
    yield reads(8 * DAY, 'lumen:runs:count{window="7d"}', 7)
    yield reads(8 * DAY, "lumen:sli7d", 1)
    yield reads(8 * DAY, 'lumen:day_sli:ratio{window="7d"}', 1)


@WEEKS.story(plan(runs_per_day=1 / 7, run=0.7))
def silent_for_a_week_between_its_runs(p: Life) -> Iterator[Expectation]:
    p.runs([NIGHT, NIGHT + 7 * DAY], "..").deadline(NIGHT, 8 * DAY).deadline(NIGHT + 7 * DAY, 15 * DAY)
    yield fired(0, 9 * DAY)
    yield reads(6 * DAY, 'lumen:runs:count{window="1d"}', 0)
    yield reads(6 * DAY, 'lumen:sli:ratio{window="1d"}')
    yield reads(6 * DAY, "lumen:error_rate_1h")
    yield reads(8 * DAY, "lumen:sli7d", 1)


@NIGHTS.story(NIGHTLY)
def two_failing_nights(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "..FB.....").days("..FF....")
    yield fired(0, 3 * DAY)
    yield fires(3 * DAY + HOUR, DAY_LOST)
    yield fires(3 * DAY + NIGHT, DAY_LOST, *FAILING)
    yield fires(4 * DAY, DAY_LOST, *FAILING)
    yield fires(4 * DAY + NIGHT, DAY_LOST, ticket("LumenBudgetExhausted", slo="day"))
    yield fires(5 * DAY + NIGHT, ticket("LumenBudgetExhausted", slo="day"))


@NIGHTS.story(NIGHTLY)
def a_day_without_a_run(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "..").runs(nights(3), ".").days("..M...")
    yield fired(0, 3 * DAY)
    yield fires(3 * DAY + HOUR, DAY_LOST)
    yield fired(4 * DAY + NIGHT, 6 * DAY)


@NIGHTS.story(NIGHTLY)
def one_region_failing(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "." * 6).runs(nights(), ".FX...", region="us").days("." * 6)
    us = ticket("LumenRegionFailing", region="us")
    yield fired(0, 2 * DAY)
    yield fires(2 * DAY + NIGHT, us)
    yield fires(3 * DAY, us)
    yield fired(3 * DAY + NIGHT, 6 * DAY)
    yield reads(5 * DAY, 'lumen:day_sli:ratio{window="7d"}', 1)
    yield reads(5 * DAY, 'lumen:region_sli:ratio{window="7d"}', eu=1, us=0.6)


@NIGHTS.story(NIGHTLY)
def every_region_failing(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), ".FF..").runs(nights(), ".XF..", region="us").days(".F")
    yield wakes(DAY + NIGHT)
    yield wakes(2 * DAY + NIGHT, page("LumenPipelineFailing"))
    yield wakes(3 * DAY + NIGHT)


@NIGHTS.story(plan(runs_per_day=1, threshold=None))
def failing_without_a_threshold_and_without_objectives(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), ".FFFFFFF")
    yield fired(0, 2 * DAY)
    yield fired(2 * DAY + NIGHT, 6 * DAY, *FAILING)


@NIGHTS.story(plan(runs_per_day=1))
def a_missed_deadline(p: Life) -> Iterator[Expectation]:
    p.runs([NIGHT, 2 * DAY], "..").deadline(NIGHT, DAY + 4 * HOUR).deadline(2 * DAY, 30 * DAY)
    yield fired(0, DAY + 4 * HOUR)
    yield fires(DAY + 5 * HOUR, page("LumenDeadlineMissed"))
    yield fires(2 * DAY - HOUR, page("LumenDeadlineMissed"))
    yield fired(2 * DAY, 6 * DAY)


@NIGHTS.story(plan(runs_per_day=1))
def stalled_without_a_schedule(p: Life) -> Iterator[Expectation]:
    p.runs([NIGHT, 5 * DAY], "..")
    yield fired(0, 3 * DAY + NIGHT)
    yield fires(3 * DAY + NIGHT + HOUR, ticket("LumenPipelineStalled"))
    yield fired(5 * DAY, 6 * DAY)


@NIGHTS.story(NIGHTLY)
def suppressed_until_a_time(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "..FFFF").suppressed(2 * DAY, until=4 * DAY)
    yield fired(0, 2 * DAY - HOUR)
    yield fired(2 * DAY, 4 * DAY - HOUR, SILENCER)
    yield fires(4 * DAY + HOUR, *FAILING)


@NIGHTS.story()
def stored_data_that_is_damaged(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "." * 6)
    foreign = {"pipeline": p.pipeline, "job": "node", "instance": "host-1"}
    p.beside(DAY, "lumen_remote_integrity_ok", 0, **foreign).beside(3 * DAY, "lumen_remote_integrity_ok", 1, **foreign)
    yield fired(0, DAY - HOUR)
    yield fires(DAY, page("LumenIntegrityMismatch"))
    yield fires(3 * DAY - HOUR, page("LumenIntegrityMismatch"))
    yield fired(3 * DAY, 6 * DAY)


@NIGHTS.story()
def a_report_that_was_not_generated(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "." * 6).checked(DAY, "report", Outcome.FAILURE).checked(2 * DAY, "report", Outcome.SUCCESS)
    yield fired(0, DAY - HOUR)
    yield fires(DAY, ticket("LumenReportNotGenerated"))
    yield fired(2 * DAY, 6 * DAY)


@NIGHTS.story(plan(runs_per_day=1, first_try=0.85))
def good_at_the_second_try_only(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "2.2.2....", stage="build")
    yield fired(0, 4 * DAY)
    yield fires(4 * DAY + NIGHT, burn("7d", "first_try", stage="build"))
    yield fired(5 * DAY + NIGHT, 6 * DAY)


@NIGHTS.story(plan(runs_per_day=1, stage=0.85))
def a_stage_that_fails_every_other_night(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "F.F.F....", stage="build")
    failed = info("LumenStageFailed", region="eu", stage="build")
    yield fired(0, 4 * DAY, failed)
    yield fires(4 * DAY + NIGHT, failed, burn("7d", "stage", stage="build"))
    yield fired(5 * DAY + NIGHT, 6 * DAY)


@NIGHTS.story(plan(runs_per_day=1, day=0.85))
def days_lost_now_and_then(p: Life) -> Iterator[Expectation]:
    p.runs([DAY + NIGHT, 4 * DAY + NIGHT, 5 * DAY + NIGHT], "...").days("M.MM.")
    yield fired(0, 4 * DAY, DAY_LOST)
    yield fires(4 * DAY + NIGHT, DAY_LOST, burn("7d", "day"))
    yield fires(5 * DAY + NIGHT)


@NIGHTS.story(plan(runs_per_day=10, run=0.95, threshold=3))
def three_failures_of_thirty_may_be_luck(p: Life) -> Iterator[Expectation]:
    p.runs(every(144), (".......F.." * 3) + "." * 40)
    yield fired(0, 6 * DAY)
    yield reads(3 * DAY, 'lumen:failure:ratio{window="3d"}', 0.1)


@NIGHTS.story(plan(runs_per_day=6, run=0.95, threshold=3))
def three_failures_of_eighteen_are_none(p: Life) -> Iterator[Expectation]:
    p.runs(every(240), ("....F." * 3) + "." * 24)
    yield fired(0, 2 * DAY + 16 * HOUR)
    yield fires(2 * DAY + 17 * HOUR, burn("3d"), burn("7d"))
    yield fires(2 * DAY + 23 * HOUR, burn("7d"))
    yield fired(3 * DAY + 17 * HOUR, 6 * DAY)


@NIGHTS.story(plan(runs_per_day=1, run=1.0))
def an_objective_of_all_runs(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "..F.")
    unmeasurable = info("LumenSLONotMeasurable", slo="run")
    yield fired(0, 2 * DAY, unmeasurable)
    yield fires(2 * DAY + NIGHT, unmeasurable, ticket("LumenBudgetExhausted", slo="run"))


@NIGHTS.story(plan(runs_per_day=1, run=0.99))
def an_objective_that_a_month_cannot_measure(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "." * 9)
    yield fired(0, 6 * DAY, info("LumenSLONotMeasurable", slo="run"))


@WEEKS.story(plan(run=0.95, day=0.95))
def an_old_ledger_before_a_new_prometheus(p: Life) -> Iterator[Expectation]:
    p.past("eu", good=500, failed=200, born=-100 * DAY, days=5).runs(nights(), ".F" + "." * 7).days("." * 8)
    yield fired(0, 9 * DAY)
    yield reads(5 * DAY, 'lumen:runs:count{window="7d"}')
    yield reads(5 * DAY, 'lumen:days:count{window="30d"}')
    yield reads(5 * DAY, 'lumen:runs:count{window="3d"}', 3)
    yield reads(8 * DAY, 'lumen:runs_failed:count{window="7d"}', 1)
    yield reads(8 * DAY, 'lumen:count_unknown:regions{window="30d"}', 1)


@NIGHTS.story(plan(runs_per_day=1, run=0.9, day=0.9))
def a_failure_that_turned_out_good(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "..F....").days("..F...")
    p.turned(3 * DAY + 5 * HOUR, Outcome.FAILURE, Outcome.SUCCESS).day_turned_good(3 * DAY + 5 * HOUR, 3)
    before, after = 3 * DAY + 4 * HOUR, 3 * DAY + 5 * HOUR
    failed, lost = 'lumen:runs_failed:count{window="7d"}', 'lumen:days:count{outcome="failure",window="7d"}'
    yield fires(before, DAY_LOST)
    yield fired(after, 6 * DAY)
    for record, then, now in (
        (failed, 1, 0),
        (lost, 1, 0),
        ("lumen:sli7d", 0.75, 1),
        ('lumen:day_sli:ratio{window="7d"}', 2 / 3, 1),
        ('lumen:budget_consumed:ratio{slo="run"}', 1 / 3, 0),
        ('lumen:budget_consumed:ratio{slo="day"}', 1 / 3, 0),
    ):
        yield reads(before, f"round({record}, 0.0001)", round(then, 4))
        yield reads(after, record, now)


@NIGHTS.story(plan(runs_per_day=1, run=0.9))
def a_success_that_turned_out_bad(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "....").turned(3 * DAY + 5 * HOUR, Outcome.SUCCESS, Outcome.FAILURE)
    yield reads(3 * DAY + 4 * HOUR, 'lumen:runs_failed:count{window="7d"}', 0)
    yield reads(3 * DAY + 5 * HOUR, 'lumen:runs_failed:count{window="7d"}', 1)
    yield reads(3 * DAY + 5 * HOUR, "lumen:sli7d", 0.75)


@NIGHTS.story(NIGHTLY, gone=[(2 * DAY, 4 * DAY)])
def one_of_many_that_is_not_published_for_two_days(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "..")
    yield fired(0, 2 * DAY)
    yield fires(2 * DAY + HOUR, ticket("LumenTelemetryAbsent"))
    yield fires(4 * DAY - HOUR, ticket("LumenTelemetryAbsent"))
    yield fires(4 * DAY)


@WEEKS.story(NIGHTLY, gone=[(DAY, 9 * DAY + 1)])
def one_of_many_that_is_gone_for_good(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), ".")
    yield fires(DAY + HOUR, ticket("LumenTelemetryAbsent"))
    yield fires(7 * DAY, ticket("LumenTelemetryAbsent"))
    yield fires(8 * DAY + HOUR)
    yield reads(4 * DAY, 'lumen:runs:count{window="7d"}')


@NIGHTS.story(NIGHTLY, gone=[(3 * DAY + 12 * HOUR, 3 * DAY + 13 * HOUR)])
def a_gateway_that_restarts_empty(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "..F......").days("........")
    yield fired(0, 6 * DAY)
    yield reads(3 * DAY + 13 * HOUR, 'lumen:runs:count{window="1d"}', 1)
    yield reads(3 * DAY + 13 * HOUR, 'lumen:runs_failed:count{window="1d"}', 0)
    yield reads(6 * DAY, 'lumen:runs:count{window="7d"}', 6)


@NIGHTS.story(NIGHTLY, older={(3 * DAY + 6 * HOUR, 3 * DAY + 7 * HOUR): 2 * DAY})
def an_old_push_that_lands_late(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "." * 9).days("........")
    dip = 3 * DAY + 6 * HOUR
    yield fired(0, dip - HOUR)
    yield fires(dip, ticket("LumenCountersInconsistent", region="eu"))
    yield fired(dip + 3 * HOUR, 6 * DAY)
    for minute in range(dip, dip + 4 * HOUR, HOUR):
        yield reads(minute, 'lumen:runs:count{window="1d"}', 1)
        yield reads(minute, 'lumen:runs:count{window="7d"}', 4)


@NIGHTS.story(plan(runs_per_day=1))
def totals_that_do_not_add_up(p: Life) -> Iterator[Expectation]:
    p.runs(nights(), "." * 9)
    p.beside(2 * DAY, "lumen_runs_failed_total", 1, pipeline=p.pipeline, region="eu", error_class="invented")
    yield fired(0, 2 * DAY - HOUR)
    yield fires(2 * DAY, ticket("LumenCountersInconsistent", region="eu"))


@pytest.mark.slow
def test_nights(promtool: str, tmp_path: Path) -> None:
    NIGHTS.agrees(promtool, tmp_path)


@pytest.mark.slow
@pytest.mark.slow
def test_weeks(promtool: str, tmp_path: Path) -> None:
    WEEKS.agrees(promtool, tmp_path)
