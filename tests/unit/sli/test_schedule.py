"""A pipeline's expected starts, in its own zone and in UTC, over changes of the clock and without holidays."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Cron, Schedule

UTC = Calendar()
SEOUL = Calendar(ZoneInfo("Asia/Seoul"))
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
DAY_MS = 86_400_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


def nightly(cron: str = "0 2 * * *", **more: object) -> Schedule:
    return Schedule((Cron.parse(cron),), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "day", "hours"),
    [
        ("0 2 * * *", "2026-03-04", [2]),
        ("0 */6 * * *", "2026-03-04", [0, 6, 12, 18]),
        ("0 1-3,22 * * *", "2026-03-04", [1, 2, 3, 22]),
        ("0 4 * * mon-fri", "2026-03-07", []),
        ("0 4 * * 7", "2026-03-08", [4]),
        ("0 4 * * SUN", "2026-03-08", [4]),
        ("0 5 1 * *", "2026-03-01", [5]),
        ("0 5 1 jan,jul *", "2026-03-01", []),
        ("0 5 13 * 5", "2026-03-06", [5]),
        ("0 5 13 * 5", "2026-03-13", [5]),
        ("0 5 14 * 5", "2026-03-14", [5]),
        ("0 5/8 * * *", "2026-03-04", [5, 13, 21]),
    ],
)
def test_a_cron_expression_fires_as_cron_has_it(text: str, day: str, hours: list[int]) -> None:
    assert [slot.hour for slot in Cron.parse(text).slots(date.fromisoformat(day))] == hours


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0 2 * *", "has 4 fields, not 5"),
        ("60 2 * * *", "minute: `60` is not from 0 to 59"),
        ("0 2 * foo *", "month: `foo` is not from 1 to 12"),
        ("0 5-2 * * *", "hour: `5-2` names nothing"),
        ("0 */0 * * *", "names nothing"),
        ("0 2 ? * *", "day of month: `\\?` is not a number, a range or `\\*`"),
        ("@daily", "has 1 fields"),
    ],
)
def test_a_wrong_expression_says_which_field_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Cron.parse(text)


def test_a_cron_of_utc_belongs_to_the_day_of_the_zone() -> None:
    assert nightly("0 20 * * *").slots("2026-03-05", SEOUL) == (at("2026-03-04T20:00"),)


def test_a_time_of_day_follows_the_zone_over_the_change_of_its_clock() -> None:
    schedule = Schedule(times=(time(6, 0),))
    assert schedule.slots("2026-03-28", BERLIN) == (at("2026-03-28T05:00"),)
    assert schedule.slots("2026-03-29", BERLIN) == (at("2026-03-29T04:00"),)


def test_nothing_is_expected_on_a_holiday() -> None:
    schedule = nightly(holidays=frozenset({"2026-12-25"}))
    assert schedule.slots("2026-12-25", UTC) == ()
    assert schedule.slots("2026-12-24", UTC)


def test_a_closed_day_without_a_run_was_missed_and_an_open_one_was_not_yet() -> None:
    schedule = nightly("0 2 * * 1-5")
    seen = frozenset({"2026-03-03", "2026-03-05"})
    assert schedule.missed("2026-03-02", seen, at("2026-03-10T05:59"), UTC) == (
        "2026-03-02",
        "2026-03-04",
        "2026-03-06",
    )
    assert schedule.missed("2026-03-02", seen, at("2026-03-10T06:00"), UTC)[-1] == "2026-03-09"


def test_the_next_deadline_is_some_patience_after_the_next_expected_start() -> None:
    weekdays = nightly("0 2 * * 1-5")
    friday_is_done = at("2026-03-06T02:40")
    assert weekdays.next_deadline_ms(friday_is_done, UTC) == at("2026-03-09T05:00")
    assert weekdays.next_deadline_ms(at("2026-03-09T01:59"), UTC) == at("2026-03-09T05:00")
    assert weekdays.next_deadline_ms(at("2026-03-09T02:00"), UTC) == at("2026-03-10T05:00")
    assert replace(weekdays, patience_minutes=30).next_deadline_ms(friday_is_done, UTC) == at("2026-03-09T02:30")
    assert Schedule().next_deadline_ms(at("2026-03-07T12:00"), UTC) is None


def test_runs_a_day_are_a_mean_over_the_weeks() -> None:
    assert nightly("0 2 * * 1-5").runs_per_day("2026-03-02", UTC) == pytest.approx(5 / 7)
    assert nightly("0 */6 * * *").runs_per_day("2026-03-02", UTC) == 4


@given(
    st.integers(0, 59),
    st.integers(0, 23),
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.sampled_from([UTC, SEOUL, BERLIN]),
)
def test_each_slot_of_utc_belongs_to_exactly_one_day(minute: int, hour: int, day: date, calendar: Calendar) -> None:
    schedule = nightly(f"{minute} {hour} * * *")
    days = [(day + timedelta(days=offset)).isoformat() for offset in range(-3, 4)]
    slots = [slot for each in days for slot in schedule.slots(each, calendar)]
    assert len(slots) == len(set(slots)) == 7
    assert all(later - earlier == DAY_MS for earlier, later in itertools.pairwise(slots))
