"""Quiet hours by the wall clock: over midnight, on whole days, and on the nights when the clock is changed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.ops.notify.quiet import Quiet, days_of, hours_of

BERLIN, SEOUL = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Seoul")
NIGHT = Quiet(*hours_of("22:00-07:00"))


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def until(quiet: Quiet, at: str, zone: ZoneInfo = BERLIN) -> str:
    ends = quiet.until_ms(ms(at), zone)
    return "" if ends is None else datetime.fromtimestamp(ends / 1000, timezone.utc).isoformat()[:16]


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-01-05T21:59:59+01:00", ""),
        ("2026-01-05T22:00:00+01:00", "2026-01-06T06:00"),
        ("2026-01-06T06:59:59+01:00", "2026-01-06T06:00"),
        ("2026-01-06T07:00:00+01:00", ""),
        # In this night an hour is left out, in the other it comes twice.
        ("2026-03-28T23:00:00+01:00", "2026-03-29T05:00"),
        ("2026-10-24T23:00:00+02:00", "2026-10-25T06:00"),
    ],
)
def test_a_night_ends_in_the_morning_of_the_wall_clock(at: str, ends: str) -> None:
    assert until(NIGHT, at) == ends


def test_hours_within_a_day_and_another_zone() -> None:
    lunch = Quiet(*hours_of("12:00-13:30"))
    assert until(lunch, "2026-01-05T12:10:00+09:00", SEOUL) == "2026-01-05T04:30"
    assert until(lunch, "2026-01-05T12:10:00+00:00", SEOUL) == ""


def test_whole_days_join_the_nights_around_them() -> None:
    weekend = Quiet(*hours_of("22:00-07:00"), days_of(["sat", "Sunday"]))
    assert until(weekend, "2026-01-02T23:00:00+01:00") == "2026-01-05T06:00"
    assert until(Quiet(days=days_of(["sun"])), "2026-01-04T00:00:00+01:00") == "2026-01-04T23:00"


def test_without_a_rule_it_is_never_quiet() -> None:
    assert Quiet().until_ms(0, BERLIN) is None


@pytest.mark.parametrize("text", ["", "22-7", "22:00", "24:00-07:00", "07:00-07:00", "22:00-07:60", "night"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        hours_of(text)


@pytest.mark.parametrize("names", [["someday"], ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]])
def test_days_that_are_none_or_all_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError):
        days_of(names)


TIMES = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda time: f"{time[0]:02}:{time[1]:02}")
# Around both changes of the clock.
MOMENTS = st.sampled_from(["2026-03-28T12:00:00+00:00", "2026-10-24T12:00:00+00:00"]).flatmap(
    lambda day: st.integers(0, 36 * 60).map(lambda minutes: datetime.fromisoformat(day) + timedelta(minutes=minutes))
)


@given(TIMES, TIMES, st.sets(st.sampled_from(range(7)), max_size=6), MOMENTS)
def test_it_is_quiet_until_then_and_not_after(begins: str, ends: str, days: set[int], at: datetime) -> None:
    hours = hours_of(f"{begins}-{ends}") if begins != ends else (None, None)
    quiet = Quiet(*hours, frozenset(days))

    def told(moment: datetime) -> bool:
        local = moment.astimezone(BERLIN)
        clock = f"{local:%H:%M}"
        inside = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
        return local.weekday() in days or (begins != ends and inside)

    found = quiet.until_ms(int(at.timestamp() * 1000), BERLIN)
    assert (found is not None) is told(at)
    if found is not None:
        over = datetime.fromtimestamp(found / 1000, timezone.utc)
        assert not told(over)
        assert all(told(at + timedelta(minutes=step)) for step in range(0, int((over - at).total_seconds() // 60), 7))
        assert told(over - timedelta(minutes=1))
