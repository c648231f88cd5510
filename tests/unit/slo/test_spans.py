"""Which stretch of time a window is, at a moment."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from promises import DAY_MS, HOUR_MS, calendar, lasting, ms, rolling

from lumen_action.slo.evaluation import Span
from lumen_action.slo.spans import duration_ms, span_of

SPRING, AUTUMN = "2026-03-29", "2026-10-25"  # the days on which clocks change in Berlin


def berlin(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "length"),
    [("5m", 300_000), ("4h", 4 * HOUR_MS), ("30d", 30 * DAY_MS), ("2w", 14 * DAY_MS)],
)
def test_a_rolling_window_is_so_long_and_ends_now(text: str, length: int) -> None:
    now = ms("2026-03-04T12:00:00")
    assert span_of(rolling(text), now, ZoneInfo) == Span(now - length, now, now)
    assert duration_ms(lasting(text)) == length


@pytest.mark.parametrize(
    ("text", "begin"),
    [("1M", "2026-02-28T12:00:00"), ("1Q", "2025-12-31T12:00:00"), ("1Y", "2025-03-31T12:00:00")],
)
def test_a_rolling_month_goes_back_to_the_same_day_or_the_last_one(text: str, begin: str) -> None:
    now = ms("2026-03-31T12:00:00")
    assert span_of(rolling(text), now, ZoneInfo) == Span(ms(begin), now, now)


@pytest.mark.parametrize(
    ("text", "start", "now", "begin", "closes"),
    [
        ("1d", "2026-01-01", "2026-03-04T23:59:59", "2026-03-04", "2026-03-05"),
        ("1w", "2026-01-05", "2026-03-04T12:00:00", "2026-03-02", "2026-03-09"),
        ("2w", "2026-01-05", "2026-03-04T12:00:00", "2026-03-02", "2026-03-16"),
        ("1M", "2026-01-01", "2026-02-28T23:00:00", "2026-02-01", "2026-03-01"),
        ("1M", "2026-01-31", "2026-03-01T00:00:00", "2026-02-28", "2026-03-31"),
        ("1M", "2024-01-31", "2024-02-29T12:00:00", "2024-02-29", "2024-03-31"),
        ("1Q", "2026-01-01", "2026-05-05T00:00:00", "2026-04-01", "2026-07-01"),
        ("1Y", "2024-02-29", "2026-02-27T00:00:00", "2025-02-28", "2026-02-28"),
        ("6h", "2026-01-01T03:00:00", "2026-01-02T02:00:00", "2026-01-01T21:00:00", "2026-01-02T03:00:00"),
        ("30m", "2026-01-01", "2026-01-02T02:31:00", "2026-01-02T02:30:00", "2026-01-02T03:00:00"),
        ("1M", "2030-01-01", "2026-03-04T00:00:00", "2026-03-01", "2026-04-01"),
    ],
)
def test_a_calendar_window_is_the_period_around_now(text: str, start: str, now: str, begin: str, closes: str) -> None:
    assert span_of(calendar(text, start), ms(now), ZoneInfo) == Span(ms(begin), ms(now), ms(closes))


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), ("2026-07-01", 24)])
def test_a_day_is_as_long_as_clocks_make_it(day: str, hours: int) -> None:
    span = span_of(calendar("1d", "2026-01-01", "Europe/Berlin"), berlin(f"{day}T12:00:00"), ZoneInfo)
    assert span.begin_ms == berlin(f"{day}T00:00:00")
    assert span.length_ms == hours * HOUR_MS


def test_a_period_that_begins_has_nothing_of_the_one_before() -> None:
    midnight = ms("2026-03-01")
    assert span_of(calendar("1M", "2026-01-01"), midnight, ZoneInfo) == Span(midnight, midnight, ms("2026-04-01"))
    assert span_of(calendar("1M", "2026-01-01"), midnight - 1, ZoneInfo).closes_ms == midnight


@given(
    st.integers(1, 9),
    st.sampled_from("mhdwMQY"),
    st.integers(ms("2000-01-01"), ms("2040-01-01")).map(
        lambda start: datetime.fromtimestamp(start // 1000, timezone.utc)
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.integers(ms("2010-01-01"), ms("2030-01-01")),
)
def test_periods_follow_each_other_without_a_gap(count: int, unit: str, start: datetime, zone: str, now: int) -> None:
    window = calendar(f"{count}{unit}", f"{start:%Y-%m-%dT%H:%M:%S}", zone)
    span = span_of(window, now, ZoneInfo)
    assert span.begin_ms <= now < span.closes_ms
    assert span_of(window, span.closes_ms, ZoneInfo).begin_ms == span.closes_ms
    assert span_of(window, span.begin_ms - 1, ZoneInfo).closes_ms == span.begin_ms
