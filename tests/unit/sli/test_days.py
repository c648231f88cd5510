from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from facts import HOUR, NOON

from lumen_action.sli.days import Calendar


def test_an_instant_belongs_to_the_day_of_the_pipelines_zone() -> None:
    assert Calendar().day_of(NOON + 11 * HOUR) == "2026-01-02"
    assert Calendar(ZoneInfo("Asia/Seoul")).day_of(NOON + 11 * HOUR) == "2026-01-03"


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25)])
def test_a_day_is_as_long_as_the_zone_says(day: str, hours: int) -> None:
    berlin = Calendar(ZoneInfo("Europe/Berlin"), grace=timedelta(0))
    closes = berlin.closes_ms(day)
    assert berlin.day_of(closes - 1) == day
    assert berlin.day_of(closes) != day
    assert berlin.day_of(closes - hours * HOUR) == day
    assert berlin.day_of(closes - hours * HOUR - 1) != day
