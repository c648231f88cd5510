"""What only shows after a month."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lives import DAY, HOUR, Life
from scenarios import Clock, Expectation, every, fired, page, plan, reads, wakes

MONTHS = Clock(minutes=34 * DAY, step=HOUR)
NIGHT = 2 * HOUR
pytestmark = pytest.mark.slow


@MONTHS.story(plan(runs_per_day=1))
def a_region_that_was_retired_while_good(p: Life) -> Iterator[Expectation]:
    p.runs(every(DAY, NIGHT), "..", region="old").runs(every(DAY, NIGHT), "." * 32 + "FF")
    yield fired(0, 32 * DAY + NIGHT)
    yield wakes(33 * DAY + NIGHT, page("LumenPipelineFailing"))


@MONTHS.story(plan(runs_per_day=1))
def a_region_that_was_retired_while_failing(p: Life) -> Iterator[Expectation]:
    p.runs(every(DAY, NIGHT), "FF", region="old").runs(every(DAY, NIGHT), "." * 34)
    yield fired(32 * DAY, 33 * DAY)
    yield reads(33 * DAY, "lumen:sli30d", 1)


@MONTHS.story(plan(runs_per_day=1, run=0.9))
def failures_that_leave_the_month(p: Life) -> Iterator[Expectation]:
    p.runs(every(DAY, NIGHT), ".F" + "." * 32)
    consumed = 'round(lumen:budget_consumed:ratio{slo="run"}, 0.0001)'
    yield reads(2 * DAY, consumed, 0.3333)
    yield reads(31 * DAY, consumed, 0.3333)
    yield reads(32 * DAY, consumed, 0)


def test_months(promtool: str, tmp_path: Path) -> None:
    MONTHS.agrees(promtool, tmp_path)
