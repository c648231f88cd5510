"""Times on the wall: what is skipped in spring and shown twice in autumn has one defined moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosters import ms

from lumen_action.oncall.phrases import both
from lumen_action.oncall.walltime import moment_ms, wall_clock

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Seoul",
    "Africa/Cairo",
    "Pacific/Apia",
    "UTC",
)


@pytest.mark.parametrize(
    ("zone", "day", "time", "expected"),
    [
        ("Asia/Seoul", "2026-03-29", "02:30", "2026-03-28T17:30"),
        ("Europe/Berlin", "2026-03-29", "01:59", "2026-03-29T00:59"),
        ("Europe/Berlin", "2026-03-29", "02:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29", "02:59", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29", "03:01", "2026-03-29T01:01"),
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30"),
        ("Europe/Berlin", "2026-10-25", "03:00", "2026-10-25T02:00"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45"),
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00"),
        # A whole day was skipped.
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00"),
    ],
)
def test_a_time_is_the_first_moment_at_which_clocks_show_it_or_more(
    zone: str, day: str, time: str, expected: str
) -> None:
    hours, minutes = map(int, time.split(":"))

    assert moment_ms(zone, date.fromisoformat(day), hours * 60 + minutes) == ms(expected)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2009, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0)),  # noqa: DTZ001 - what a wall shows
)
def test_before_that_moment_clocks_show_less(zone: str, wall: datetime) -> None:
    at_ms = moment_ms(zone, wall.date(), wall.hour * 60 + wall.minute)

    assert wall_clock(zone, at_ms) >= wall
    assert all(wall_clock(zone, at_ms - minutes * 60_000) < wall for minutes in (1, 2, 15, 29, 30, 59, 60, 61, 120))


@given(st.sampled_from(ZONES), st.datetimes(datetime(2009, 1, 1), datetime(2040, 1, 1)), st.integers(0, 3000))  # noqa: DTZ001 - what a wall shows
def test_a_later_time_is_never_an_earlier_moment(zone: str, wall: datetime, minutes: int) -> None:
    later = wall + timedelta(minutes=minutes)

    assert moment_ms(zone, wall.date(), wall.hour * 60 + wall.minute) <= moment_ms(
        zone, later.date(), later.hour * 60 + later.minute
    )


def test_a_moment_is_told_with_its_offset_and_in_utc() -> None:
    assert both("Asia/Seoul", ms("2026-01-01T16:00")) == "Fri 2026-01-02 01:00 +09:00 (Thu 16:00 UTC)"
    assert both("America/New_York", ms("2026-11-01T06:30")) == "Sun 2026-11-01 01:30 -05:00 (06:30 UTC)"
    assert both("UTC", ms("2026-11-01T06:30")) == "Sun 2026-11-01 06:30 UTC"
