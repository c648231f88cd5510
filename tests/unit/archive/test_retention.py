"""What a rule keeps: the newest archive of each of the last days, weeks and months that have one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lumen_action.archive import ArchiveId
from lumen_action.archive.holdings import Held, newest_versions
from lumen_action.archive.retention import Rule, kept, planned
from lumen_action.archive.stores import Stored


def archive(day: str, version: str = "1", region: str = "eu") -> ArchiveId:
    return ArchiveId("nightly", day, region, version)


def held(id_: ArchiveId, *, sealed: bool = True, label: bool = True) -> Held:
    return Held(id_, Stored(id_.sealed, 9) if sealed else None, Stored(id_.label, 9) if label else None)


def days_kept(days: Iterable[str], rule: Rule) -> list[str]:
    return sorted(id_.day for id_ in kept([archive(day) for day in days], rule))


def days_from(first: str, count: int) -> list[str]:
    begin = date.fromisoformat(first)
    return [(begin + timedelta(days=number)).isoformat() for number in range(count)]


def test_daily_counts_days_that_have_an_archive_and_not_days_of_the_calendar() -> None:
    assert days_kept(["2026-01-01", "2026-03-05", "2026-07-30"], Rule(daily=2)) == ["2026-03-05", "2026-07-30"]


def test_weekly_keeps_the_newest_of_each_week_from_monday_on() -> None:
    """2026-01-04 is a Sunday; the week of new year belongs to both years."""
    week_of_new_year, next_week = days_from("2025-12-29", 7), days_from("2026-01-05", 2)
    assert days_kept([*week_of_new_year, *next_week], Rule(weekly=2)) == ["2026-01-04", "2026-01-06"]


def test_monthly_keeps_the_newest_of_each_month() -> None:
    assert days_kept(days_from("2026-01-30", 60), Rule(monthly=2)) == ["2026-02-28", "2026-03-30"]


def test_what_several_words_keep_is_kept_once_and_says_so() -> None:
    found = kept([archive("2026-01-01"), archive("2026-01-02")], Rule(daily=1, weekly=3, monthly=1))
    assert found == {archive("2026-01-02"): ("daily", "weekly", "monthly")}


def test_of_a_day_the_newest_version_is_kept_and_ten_comes_after_nine() -> None:
    ids = [archive("2026-01-01", version) for version in ("9", "10", "1")]
    assert list(kept(ids, Rule(daily=5))) == [archive("2026-01-01", "10")]
    assert newest_versions(ids) == [archive("2026-01-01", "10")]


def test_each_region_is_kept_by_itself() -> None:
    ids = [archive("2026-01-01"), archive("2026-01-02"), archive("2026-01-01", region="us")]
    assert set(kept(ids, Rule(daily=1))) == {archive("2026-01-02"), archive("2026-01-01", region="us")}


def test_what_lost_a_part_takes_no_place_of_a_whole_one_and_stays_as_evidence() -> None:
    old, lost, new = (held(archive(f"2026-01-0{n}"), sealed=n != 2) for n in (1, 2, 3))
    plans = {plan.id.day: plan.goes for plan in planned([old, lost, new], Rule(daily=2))}
    assert plans == {"2026-01-01": False, "2026-01-02": False, "2026-01-03": False}


def test_a_removal_that_was_cut_off_is_finished() -> None:
    """Only its label is left, and three newer ones are there."""
    rest = held(archive("2026-01-01"), sealed=False)
    plans = planned([rest, *(held(archive(f"2026-01-0{n}")) for n in (2, 3, 4))], Rule(daily=3))
    assert [plan.id.day for plan in plans if plan.goes] == ["2026-01-01"]


numbers = st.integers(0, 4)
rules = st.builds(Rule, numbers, numbers, numbers).filter(bool)
ids = st.builds(
    archive,
    st.dates(date(2025, 11, 1), date(2026, 3, 1)).map(date.isoformat),
    st.sampled_from(["1", "2", "10"]),
    st.sampled_from(["eu", "us"]),
)
holdings = st.dictionaries(ids, st.sampled_from([(True, True), (True, True), (True, False), (False, True)]))


@given(holdings, rules)
def test_pruning_twice_is_pruning_once_and_never_takes_the_newest(
    there: dict[ArchiveId, tuple[bool, bool]], rule: Rule
) -> None:
    before = [held(id_, sealed=sealed, label=label) for id_, (sealed, label) in there.items()]
    left = [plan.held for plan in planned(before, rule) if not plan.goes]
    assert [plan.held for plan in planned(left, rule) if not plan.goes] == left
    for region in ("eu", "us"):
        whole = [each.id for each in before if each.whole and each.id.region == region]
        of_region = [each.id for each in left if each.whole and each.id.region == region]
        newest = newest_versions(whole)
        assert newest[-1:] == newest_versions(of_region)[-1:]
        if rule.daily:
            assert set(newest[-rule.daily :]) <= set(of_region)
    assert {each.id for each in left if each.whole} == set(kept([each.id for each in before if each.whole], rule))
