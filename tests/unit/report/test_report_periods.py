"""Days, ISO weeks and months in zones that change their clocks."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.report.model import PeriodKind
from lumen_action.report.periods import days_of, last_finished, midnight_ms, moments_of, period_before, period_of

HOUR = 3_600_000
SEOUL, BERLIN, NEW_YORK, SAO_PAULO = map(
    ZoneInfo, ("Asia/Seoul", "Europe/Berlin", "America/New_York", "America/Sao_Paulo")
)
DAY, WEEK, MONTH = PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("kind", "day", "name", "first", "last"),
    [
        (DAY, "2026-03-04", "2026-03-04", "2026-03-04", "2026-03-04"),
        (WEEK, "2026-03-04", "2026-W10", "2026-03-02", "2026-03-08"),
        (WEEK, "2026-01-01", "2026-W01", "2025-12-29", "2026-01-04"),
        (WEEK, "2027-01-03", "2026-W53", "2026-12-28", "2027-01-03"),
        (MONTH, "2026-02-28", "2026-02", "2026-02-01", "2026-02-28"),
        (MONTH, "2028-02-29", "2028-02", "2028-02-01", "2028-02-29"),
        (MONTH, "2026-12-31", "2026-12", "2026-12-01", "2026-12-31"),
    ],
)
def test_a_period_is_the_one_that_the_day_lies_in(kind: PeriodKind, day: str, name: str, first: str, last: str) -> None:
    found = period_of(kind, date.fromisoformat(day), SEOUL, "Asia/Seoul")
    assert (found.name, found.first, found.last, found.zone) == (name, first, last, "Asia/Seoul")


def test_a_period_begins_and_ends_at_the_midnights_of_its_zone() -> None:
    found = period_of(WEEK, date(2026, 3, 4), SEOUL, "Asia/Seoul")
    assert found.begin_ms == ms("2026-03-02T00:00:00+09:00")
    assert found.end_ms == ms("2026-03-09T00:00:00+09:00")


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, "2026-03-29", 167),
        (BERLIN, "2026-10-25", 169),
        (NEW_YORK, "2026-03-08", 167),
        (SEOUL, "2026-03-29", 168),
    ],
)
def test_a_week_in_which_clocks_change_has_another_hour(zone: ZoneInfo, day: str, hours: int) -> None:
    found = period_of(WEEK, date.fromisoformat(day), zone, zone.key)
    assert found.end_ms - found.begin_ms == hours * HOUR


def test_a_midnight_that_clocks_leave_out_is_the_moment_at_which_they_do() -> None:
    assert midnight_ms(date(2018, 11, 4), SAO_PAULO) == ms("2018-11-04T03:00:00+00:00")


@given(st.sampled_from(list(PeriodKind)), st.dates(date(1990, 1, 1), date(2080, 1, 1)))
def test_periods_follow_each_other_without_a_gap(kind: PeriodKind, day: date) -> None:
    for zone in (SEOUL, BERLIN, SAO_PAULO):
        now = period_of(kind, day, zone, zone.key)
        before = period_before(now, zone)
        assert before.end_ms == now.begin_ms
        assert day.isoformat() in days_of(now)
        assert date.fromisoformat(before.last) + timedelta(days=1) == date.fromisoformat(now.first)


def test_the_last_one_over_is_that_of_the_zone() -> None:
    # Monday has begun in Seoul while it is Sunday in UTC.
    now_ms = ms("2026-03-08T15:00:00+00:00")
    assert last_finished(WEEK, now_ms, SEOUL, "Asia/Seoul").name == "2026-W10"
    assert last_finished(WEEK, now_ms, timezone.utc, "UTC").name == "2026-W09"
    assert last_finished(WEEK, now_ms - 1, SEOUL, "Asia/Seoul").name == "2026-W09"


@pytest.mark.parametrize(
    ("kind", "day", "points"),
    [(DAY, "2026-03-28", 24), (DAY, "2026-03-29", 23), (WEEK, "2026-03-29", 28), (MONTH, "2026-03-29", 31)],
)
def test_a_budget_is_looked_at_each_hour_four_times_a_day_or_at_midnight(
    kind: PeriodKind, day: str, points: int
) -> None:
    found = period_of(kind, date.fromisoformat(day), BERLIN, "Europe/Berlin")
    moments = moments_of(found, BERLIN)
    assert len(moments) == points + 1
    assert (moments[0], moments[-1]) == (found.begin_ms, found.end_ms)
    assert list(moments) == sorted(set(moments))
