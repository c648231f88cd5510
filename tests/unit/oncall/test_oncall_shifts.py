"""Who is on call by rotation, hours, weekends, holidays, overrides and absences."""

from __future__ import annotations

import pytest
from rosters import OFFICE_HOURS, PEOPLE, ms, roster

from lumen_action.oncall.roster import Roster
from lumen_action.oncall.shifts import Why, on_call, stretches
from lumen_action.oncall.spans import Span, minutes_of


def with_layers(layers: str, more: str = "", people: str = PEOPLE) -> Roster:
    return roster(f"timezone: Europe/Berlin\n{people}\nlayers:\n{layers}\n{more}")


def names(known: Roster, *moments: str) -> list[str | None]:
    found = (on_call(known, ms(each)).layers[0].person for each in moments)
    return [person.name if person else None for person in found]


WEEKLY = with_layers("  primary: {rotation: [Ada, Bo, Cy], anchor: 2026-01-02}")


def test_turns_change_at_the_hand_off_and_begin_anew_after_the_last() -> None:
    assert names(WEEKLY, "2026-01-02T16:00", "2026-01-09T15:59", "2026-01-09T16:00", "2026-01-23T16:00") == [
        "Ada",
        "Ada",
        "Bo",
        "Ada",
    ]


def test_turns_go_back_beyond_the_anchor() -> None:
    assert names(WEEKLY, "2026-01-02T15:59", "2025-12-26T15:59") == ["Cy", "Bo"]


def test_the_hand_off_stays_at_five_on_the_wall_when_clocks_change() -> None:
    assert names(WEEKLY, "2026-04-03T14:59", "2026-04-03T15:00") == ["Ada", "Bo"]


def test_duty_says_since_when_until_when_and_who_is_next() -> None:
    (duty,) = on_call(WEEKLY, ms("2026-01-05")).layers

    assert (duty.since_ms, duty.until_ms) == (ms("2026-01-02T16:00"), ms("2026-01-09T16:00"))
    assert duty.next
    assert (duty.next.name, duty.next_ms, duty.resumes_ms) == ("Bo", duty.until_ms, duty.until_ms)


def test_one_person_without_hours_is_on_call_without_an_end() -> None:
    alone = with_layers("  primary: {rotation: [Ada], anchor: 2026-01-02}")

    (duty,) = on_call(alone, ms("2026-01-05")).layers

    assert duty.person == alone.people["Ada"]
    assert (duty.since_ms, duty.until_ms, duty.next) == (None, None, None)


def test_outside_the_hours_of_all_layers_nobody_is_on_call_and_it_is_known_until_when() -> None:
    duty = on_call(roster(OFFICE_HOURS), ms("2026-01-03T18:00"))

    assert duty.nobody
    assert duty.people == ()
    assert duty.resumes_ms == ms("2026-01-04T00:00")
    assert [each.next.name if each.next else None for each in duty.layers] == ["Ada", "Cy"]


def test_people_are_called_in_the_order_of_the_layers_each_once() -> None:
    known = with_layers(
        "  primary: {rotation: [Ada], anchor: 2026-01-02}\n  secondary: {rotation: [Bo], anchor: 2026-01-02}\n"
        "  third: {rotation: [Ada], anchor: 2026-01-02}"
    )

    assert [person.name for person in on_call(known, ms("2026-01-05")).people] == ["Ada", "Bo"]


def test_an_override_holds_for_its_time_whatever_the_hours_of_the_layer_are() -> None:
    known = roster(
        f"{OFFICE_HOURS}overrides:\n"
        "- {layer: primary, from: 2026-01-05 17:00, to: 2026-01-05 20:00, person: Di, reason: swap}\n"
    )

    duty = on_call(known, ms("2026-01-05T10:00")).layers[0]

    assert duty.stretch
    assert (duty.stretch.person, duty.stretch.why, duty.stretch.reason) == ("Di", Why.OVERRIDE, "swap")
    assert names(known, "2026-01-05T07:59", "2026-01-05T08:00", "2026-01-05T11:00") == ["Ada", "Di", None]


def test_the_next_of_the_rotation_steps_in_for_who_is_away() -> None:
    people = PEOPLE.replace("Ada: {", "Ada: {unavailable: [{from: 2026-01-05, to: 2026-01-06}], ")
    known = with_layers("  primary: {rotation: [Ada, Bo, Cy], anchor: 2026-01-02}", people=people)

    duty = on_call(known, ms("2026-01-05T12:00")).layers[0]

    assert duty.stretch
    assert (duty.stretch.person, duty.stretch.why, duty.stretch.instead_of) == ("Bo", Why.STAND_IN, "Ada")
    assert names(known, "2026-01-04T22:59", "2026-01-06T22:59", "2026-01-06T23:00") == ["Ada", "Bo", "Ada"]


AWAY = PEOPLE.replace("{phone", "{unavailable: [{from: 2026-01-05, to: 2026-01-05}], phone", 2)


def test_where_all_are_away_the_fallback_takes_over_as_far_as_it_is_on_call_itself() -> None:
    secondary = 'secondary: {rotation: [Cy], anchor: 2026-01-02, cover: [{days: mon, from: "08:00", to: "12:00"}]}'
    known = with_layers(
        f"  primary: {{rotation: [Ada, Bo], anchor: 2026-01-02, fallback: secondary}}\n  {secondary}", people=AWAY
    )

    assert names(known, "2026-01-05T06:59", "2026-01-05T07:00", "2026-01-05T11:00") == [None, "Cy", None]
    assert on_call(known, ms("2026-01-05T08:00")).layers[0].stretch.why is Why.FALLBACK  # type: ignore[union-attr]


def test_where_all_are_away_without_a_fallback_nobody_is_on_call() -> None:
    known = with_layers("  primary: {rotation: [Ada, Bo], anchor: 2026-01-02}", people=AWAY)

    assert names(known, "2026-01-04T22:59", "2026-01-05T12:00", "2026-01-05T23:00") == ["Ada", None, "Ada"]


def test_weekends_have_a_rotation_of_their_own_and_holidays_go_with_the_weekend_beside_them() -> None:
    known = with_layers(
        "  primary:\n    rotation: [Ada, Bo]\n    anchor: 2026-01-02\n"
        "    weekend: {rotation: [Cy, Di], from: fri 17:00, to: mon 09:00}",
        # A Monday after the second weekend, a Wednesday before the third.
        "holidays: [2026-01-12, 2026-01-14]",
    )

    weekends = names(known, "2026-01-02T16:00", "2026-01-05T07:59", "2026-01-05T08:00", "2026-01-10T12:00")
    holidays = names(known, "2026-01-12T12:00", "2026-01-14T12:00", "2026-01-17T12:00")

    assert weekends == ["Cy", "Cy", "Ada", "Di"]
    assert holidays == ["Di", "Cy", "Cy"]


@pytest.mark.parametrize(
    ("cover", "covered"),
    [
        ('[{days: mon-sat, from: "00:00", to: "24:00"}, {days: sun, from: "10:00", to: "12:00"}]', 2),
        ('[{days: mon-sun, from: "09:00", to: "18:00"}, {days: holidays, from: "10:00", to: "13:30"}]', 3.5),
        ('[{days: mon-fri, from: "09:00", to: "18:00"}]', 0),
    ],
)
def test_a_holiday_is_a_sunday_unless_it_has_hours_of_its_own(cover: str, covered: float) -> None:
    known = with_layers(f"  primary: {{rotation: [Ada], anchor: 2026-01-02, cover: {cover}}}", "holidays: [2026-01-06]")

    found = stretches(known, known.layers[0], Span(ms("2026-01-05T23:00"), ms("2026-01-06T23:00")))

    assert minutes_of(found) == covered * 60


def test_a_window_over_midnight_ends_on_the_next_day_even_where_that_is_none_of_its_days() -> None:
    known = with_layers(
        '  primary: {rotation: [Ada], anchor: 2026-01-02, cover: [{days: fri, from: "22:00", to: "06:00"}]}'
    )

    (found,) = stretches(known, known.layers[0], Span(ms("2026-01-05"), ms("2026-01-11")))

    assert (found.start_ms, found.end_ms) == (ms("2026-01-09T21:00"), ms("2026-01-10T05:00"))


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    known = with_layers(
        '  primary: {rotation: [Ada], anchor: 2026-01-02, cover: [{days: sat, from: "22:00", to: "06:00"}]}'
    )

    spring = stretches(known, known.layers[0], Span(ms("2026-03-28"), ms("2026-03-30")))
    autumn = stretches(known, known.layers[0], Span(ms("2026-10-24"), ms("2026-10-26")))

    assert (minutes_of(spring), minutes_of(autumn)) == (7 * 60, 9 * 60)
