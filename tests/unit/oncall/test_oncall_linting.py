"""What lint finds: hours that nobody has, people in two places, and who carries too much; counted in whole minutes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosters import FOUR_ZONES, OFFICE_HOURS, PEOPLE, ms, roster

from lumen_action.oncall import coverage
from lumen_action.oncall.linting import Finding, Level, Linted
from lumen_action.oncall.load import cycle_days, loads
from lumen_action.oncall.phrases import weekly
from lumen_action.oncall.spans import Span, minutes_of

NOW = "2026-02-02"


def linted(text: str, now: str = NOW, weeks: int = 12) -> Linted:
    return Linted(roster(text), ms(now), weeks)


def found(about: str, text: str, now: str = NOW, weeks: int = 12) -> list[Finding]:
    return [each for each in linted(text, now, weeks).findings if each.about == about]


def always(layers: str, more: str = "", people: str = PEOPLE) -> str:
    return f"timezone: Europe/Berlin\n{people}\nlayers:\n{layers}\n{more}\n"


TWO_LAYERS = always(
    "  primary: {rotation: [Ada, Bo], anchor: 2026-01-02}\n  secondary: {rotation: [Cy, Di], anchor: 2026-01-02}"
)


def test_office_hours_with_evenings_and_weekends_leave_80_of_168_hours_uncovered() -> None:
    seen = linted(OFFICE_HOURS)

    assert minutes_of(seen.typical_gaps) == 80 * 60
    assert [weekly("Asia/Seoul", gap) for gap in seen.typical_gaps] == [
        "Mon 23:00 - Tue 09:00, 10 h",
        "Tue 23:00 - Wed 09:00, 10 h",
        "Wed 23:00 - Thu 09:00, 10 h",
        "Thu 23:00 - Fri 09:00, 10 h",
        "Fri 23:00 - Sat 09:00, 10 h",
        "Sat 18:00 - Sun 09:00, 15 h",
        "Sun 18:00 - Mon 09:00, 15 h",
    ]
    assert minutes_of(seen.gaps) == 12 * 80 * 60


def test_uncovered_hours_break_the_promise_for_a_sev1() -> None:
    (finding,) = found("uncovered", OFFICE_HOURS)

    assert finding.level is Level.FAULT
    assert finding.what == (
        "nobody is on call in 80 h of the 168 h of a typical week: "
        "a Sev1 that is to be answered within 15 min cannot be"
    )


@pytest.mark.parametrize(("hours", "level"), [("80", Level.NOTE), ("79.5", Level.FAULT)])
def test_a_team_may_accept_uncovered_hours_up_to_a_number(hours: str, level: Level) -> None:
    (finding,) = found("uncovered", f"{OFFICE_HOURS}accepted-uncovered-hours: {hours}\n")

    assert finding.level is level


def test_the_typical_week_is_one_in_which_no_clock_changes() -> None:
    night = '[{days: mon-sun, from: "08:00", to: "24:00"}]'
    text = always(f"  primary: {{rotation: [Ada], anchor: 2026-01-02, cover: {night}}}")

    seen = linted(text, "2026-03-25", weeks=1)

    assert minutes_of(seen.typical_gaps) == 7 * 8 * 60
    assert minutes_of(seen.gaps) == 7 * 8 * 60 - 60


def test_a_roster_without_a_gap_has_nothing_to_tell() -> None:
    assert linted(TWO_LAYERS).findings == ()


def test_hours_that_a_holiday_takes_away_are_told_with_its_name() -> None:
    text = f"{OFFICE_HOURS}accepted-uncovered-hours: 80\nholidays: [{{day: 2026-02-17, name: Seollal}}]\n"

    told = [each.what for each in found("cover_lost", text)]

    assert told == ["nobody is on call Tue 2026-02-17 18:00 - 23:00, 5 h (holiday 2026-02-17 Seollal)"]


def test_hours_for_which_all_are_away_are_told() -> None:
    away = PEOPLE.replace("{phone", "{unavailable: [{from: 2026-02-10, to: 2026-02-10}], phone", 2)
    text = always("  primary: {rotation: [Ada, Bo], anchor: 2026-01-02}", people=away)

    (finding,) = found("cover_lost", text)

    assert finding.what == (
        "nobody is on call Tue 2026-02-10 00:00 - Wed 2026-02-11 00:00, 24 h (all whose turn it could be are away)"
    )


def test_what_an_override_covers_is_not_lost() -> None:
    holiday = f"{OFFICE_HOURS}holidays: [2026-02-17]\n"
    text = f"{holiday}overrides: [{{layer: primary, from: 2026-02-17, to: 2026-02-17, person: Ada}}]\n"

    assert found("cover_lost", holiday)
    assert not found("cover_lost", text)


FOLLOW_THE_SUN = f"""
timezone: UTC
{PEOPLE}
layers:
  asia:
    rotation: [Ada]
    anchor: 2026-01-02
    timezone: Asia/Seoul
    cover: [{{days: mon-sun, from: "09:00", to: "17:00"}}]
  europe:
    rotation: [Bo]
    anchor: 2026-01-02
    timezone: Europe/Berlin
    cover: [{{days: mon-sun, from: "10:00", to: "18:00"}}]
  america:
    rotation: [Cy]
    anchor: 2026-01-02
    timezone: America/New_York
    cover: [{{days: mon-sun, from: "12:00", to: "20:00"}}]
"""
"""Around the clock in summer; in winter Europe and America begin an hour later on the clock of UTC."""


def test_hours_that_clocks_will_drive_apart_are_found_half_a_year_before() -> None:
    (finding,) = found("clock_gap", FOLLOW_THE_SUN, "2026-06-15")

    # From 25 October to 27 March an hour a day.
    assert finding.what == (
        "nobody is on call in 154 h of the coming year that a typical week covers, for clocks are changed: "
        "Sun 2026-10-25 08:00 - 09:00, 1 h; Mon 2026-10-26 08:00 - 09:00, 1 h; Tue 2026-10-27 08:00 - 09:00, 1 h; "
        "and 151 more times"
    )
    assert not found("uncovered", FOLLOW_THE_SUN, "2026-06-15")
    assert not found("clock_gap", f"{FOLLOW_THE_SUN}accepted-uncovered-hours: 7\n", "2026-06-15")


def test_the_same_gap_is_no_news_where_all_layers_share_a_clock() -> None:
    # Nobody has the night before a Sunday until a time that is skipped in spring.
    berlin = OFFICE_HOURS.replace("Asia/Seoul", "Europe/Berlin").replace(
        'sat-sun, from: "09:00"', 'sat-sun, from: "02:30"'
    )

    assert found("uncovered", berlin)
    assert not found("clock_gap", berlin)


def test_one_person_in_two_layers_at_once_is_nobody_to_call_next() -> None:
    text = always(
        "  primary: {rotation: [Ada, Bo], anchor: 2026-01-02}\n"
        "  secondary: {rotation: [Bo, Ada], anchor: 2026-01-02, hand-off: fri 12:00}"
    )

    told = [each.what for each in found("double", text)]

    assert [each.partition(":")[0] for each in told] == [
        "Ada is on call in primary and secondary at once for 30 h",
        "Bo is on call in primary and secondary at once for 30 h",
    ]
    assert "Fri 2026-02-06 12:00 - 17:00, 5 h" in " ".join(told)
    assert "and 3 more times" in told[0]


def test_what_was_earlier_in_the_week_is_no_finding() -> None:
    text = always(
        "  primary: {rotation: [Ada, Bo], anchor: 2026-01-02, hand-off: fri 12:00}\n"
        "  secondary: {rotation: [Bo, Ada], anchor: 2026-01-02}"
    )
    before, after = (
        [each.what.partition(" is on call")[0] for each in found("double", text, now, weeks=2)]
        for now in ("2026-02-06T08:00", "2026-02-06T20:00")
    )

    # On this Friday Bo was in both, on the next Ada will be.
    assert (sorted(before), after) == (["Ada", "Bo"], ["Ada"])


def test_who_is_named_twice_carries_more_than_a_share() -> None:
    # Nine weeks of Ada, one of them an hour shorter by the change of clocks.
    (finding,) = found("unfair", always("  primary: {rotation: [Ada, Bo, Ada, Cy, Ada], anchor: 2026-01-02}"))[:1]

    assert finding.level is Level.FAULT
    assert finding.what.startswith("Ada carries 1511 hours in 15 weeks where an equal share is 839.7 (80 % more)")


def test_load_is_counted_over_whole_cycles_in_hours_nights_weekends_and_holidays() -> None:
    text = always("  primary: {rotation: [Ada, Bo, Cy], anchor: 2026-01-02}", "holidays: [2026-02-16, 2026-02-18]")
    seen = linted(text, weeks=4)

    assert (seen.cycle_weeks, seen.weeks) == (3, 6)
    ada, *others = seen.loads
    assert (ada.person, ada.carried.minutes, ada.carried.nights, ada.carried.weekends) == ("Ada", 2 * 168 * 60, 14, 2)
    assert [each.carried.holidays for each in seen.loads] == [2, 0, 0]
    assert {each.share.minutes for each in seen.loads} == {2 * 168 * 60}
    assert {each.carried.minutes for each in others} == {2 * 168 * 60}


def test_a_night_is_one_where_the_person_lives() -> None:
    people = PEOPLE.replace("Ada: {", "Ada: {timezone: America/New_York, ")
    text = always(
        '  primary: {rotation: [Ada], anchor: 2026-01-02, cover: [{days: mon-fri, from: "09:00", to: "11:00"}]}',
        people=people,
    )

    (ada,) = linted(text, weeks=1).loads

    assert (ada.carried.minutes, ada.carried.nights) == (600, 5)


@pytest.mark.parametrize(
    ("about", "level", "words", "text"),
    [
        (
            "no_contact",
            Level.FAULT,
            "Ada has neither",
            always("  p: {rotation: [Ada, Bo], anchor: 2026-01-02}").replace(
                'Ada: {phone: "+49 30 555 0101", mail: ada@team.example}', "Ada:"
            ),
        ),
        (
            "mail_only",
            Level.NOTE,
            "Ada can be reached by mail only",
            TWO_LAYERS.replace('phone: "+49 30 555 0101", ', ""),
        ),
        ("unused", Level.NOTE, "Di is in no rotation", always("  p: {rotation: [Ada, Bo, Cy], anchor: 2026-01-02}")),
        ("alone", Level.NOTE, "one person: Ada is never off", always("  p: {rotation: [Ada], anchor: 2026-01-02}")),
        (
            "night_hand_off",
            Level.NOTE,
            "handed over at night for Ada, Bo: Fri 2026-02-06 23:00 Europe/Berlin",
            always("  p: {rotation: [Ada, Bo], hand-off: fri 23:00, anchor: 2026-01-02}"),
        ),
        (
            "night_hand_off",
            Level.NOTE,
            "at night for Bo: Sat 2026-02-07 01:00 Asia/Seoul",
            TWO_LAYERS.replace("Bo: {", "Bo: {timezone: Asia/Seoul, "),
        ),
        (
            "override_away",
            Level.FAULT,
            "needs Ada, who is away then",
            TWO_LAYERS.replace("Ada: {", "Ada: {unavailable: [{from: 2026-02-10, to: 2026-02-12}], ")
            + "overrides: [{layer: primary, from: 2026-02-11, to: 2026-02-13, person: Ada}]\n",
        ),
        (
            "override_outside",
            Level.NOTE,
            "has 15 h outside the hours of the layer: Di is on call then too",
            f"{OFFICE_HOURS}overrides: [{{layer: primary, from: 2026-02-11, to: 2026-02-11, person: Di}}]\n",
        ),
        (
            "override_over",
            Level.NOTE,
            "1 of 2 overrides are over",
            f"""{TWO_LAYERS}overrides:
- {{layer: primary, from: 2026-01-11, to: 2026-01-12, person: Cy}}
- {{layer: primary, from: 2026-03-11 08:00, to: 2026-03-11 09:00, person: Ada}}
""",
        ),
    ],
)
def test_lint_also_finds(about: str, level: Level, words: str, text: str) -> None:
    told = found(about, text)

    assert words in " ".join(each.what for each in told)
    assert {each.level for each in told} == {level}
    assert all(each.fix for each in told)


def test_rotations_that_meet_only_after_years_are_looked_at_for_two() -> None:
    text = always(
        "  a: {rotation: [Ada, Bo, Cy, Di, Ada, Bo, Cy], length: 13d, hand-off: '17:00', anchor: 2026-01-02}\n"
        "  b: {rotation: [Ada, Bo, Cy, Di, Bo], length: 11d, hand-off: '17:00', anchor: 2026-01-02}"
    )

    assert cycle_days(roster(text)) == 7 * 13 * 11 * 5
    assert linted(text).weeks == 104
    assert [each.level for each in found("long_cycle", text)] == [Level.NOTE]


@settings(max_examples=25)
@given(st.integers(0, 5_000_000), st.integers(1, 200_000))
def test_every_minute_is_either_covered_or_not_and_somebody_carries_what_is(minute: int, length: int) -> None:
    known = roster(FOUR_ZONES)
    start_ms = ms("2025-06-01") + minute // 10 * 60_000
    whole = Span(start_ms, start_ms + length * 60_000)

    empty = coverage.uncovered(known, whole)
    spans = [Span(each.start_ms, each.end_ms) for layer in coverage.by_layer(known, whole).values() for each in layer]

    assert minutes_of(empty) + minutes_of(coverage.merged(spans)) == length
    assert sum(load.carried.minutes for load in loads(known, whole)) == minutes_of(spans)
