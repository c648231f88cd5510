"""Who is on call, minute by minute, beside another computation that knows only the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosters import FOUR_ZONES, ms, roster
from slowroster import MINUTE, SlowRoster, utc

from lumen_action.oncall.roster import MINUTE_MS
from lumen_action.oncall.shifts import on_call, stretches
from lumen_action.oncall.spans import Span

ROSTER, SLOW = roster(FOUR_ZONES), SlowRoster(FOUR_ZONES)
LAYERS = [layer.name for layer in ROSTER.layers]
CHANGES = {
    "berlin": ("2026-03-29", "2026-10-25"),
    "newyork": ("2026-03-08", "2026-11-01"),
    "lordhowe": ("2026-04-05", "2026-10-04"),
    "seoul": ("2026-03-29",),
}


def differences(layers: Sequence[str], first: str, last: str) -> list[str]:
    """Return the minutes in which the two do not say the same."""
    whole = Span(ms(first), ms(last))
    expected: dict[str, list[str | None]] = {layer: [None] * whole.minutes for layer in layers}
    for layer, people in expected.items():
        for stretch in stretches(ROSTER, ROSTER.layer(layer), whole):
            begin, end = ((at_ms - whole.start_ms) // MINUTE_MS for at_ms in (stretch.start_ms, stretch.end_ms))
            assert not any(people[begin:end]), "two at once"
            people[begin:end] = [stretch.person] * (end - begin)
    found, minute = [], -1
    for minute, (now, shown) in enumerate(SLOW.minutes(utc(first), utc(last))):
        for layer, people in expected.items():
            person = SLOW.who(layer, shown)
            if person != people[minute]:
                found.append(f"{now} {layer}: {people[minute]}, by the rules {person}")
    assert minute + 1 == whole.minutes
    return found


@pytest.mark.parametrize(("layer", "day"), [(layer, day) for layer, days in CHANGES.items() for day in days])
def test_a_month_around_a_change_of_clocks_is_minute_by_minute_as_the_rules_say(layer: str, day: str) -> None:
    first, last = utc(day) - timedelta(days=10), utc(day) + timedelta(days=21)

    assert differences([layer], f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}") == []


@pytest.mark.slow
@pytest.mark.parametrize(("first", "last"), [("2026-01-01", "2026-07-01"), ("2026-07-01", "2027-01-01")])
def test_a_year_is_minute_by_minute_as_the_rules_say(first: str, last: str) -> None:
    assert differences(LAYERS, first, last) == []


MINUTES = st.integers(min_value=ms("2025-06-01") // MINUTE_MS, max_value=ms("2028-06-01") // MINUTE_MS)


@settings(max_examples=60)
@given(MINUTES)
def test_at_any_minute_the_duty_is_what_the_rules_say(minute: int) -> None:
    duty = on_call(ROSTER, minute * MINUTE_MS)

    said = {each.layer: each.person.name if each.person else None for each in duty.layers}
    assert said == SLOW.at(utc("1970-01-01") + minute * MINUTE)


PEOPLE = ["Ada", "Bo", "Cy", "Di"]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Seoul", "UTC"]
CLOCKS = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
DAYS = st.sampled_from(["mon-fri", "sat-sun", "fri-mon", "wed", "tue, thu", "holidays", "sun, holidays"])
# Most on the days on which a clock of these zones is changed.
DATES = st.sampled_from([day for days in CHANGES.values() for day in days]) | st.dates(
    utc("2026-03-01").date(), utc("2026-11-30").date()
).map(str)
ROTATIONS = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4)


@st.composite
def layers(draw: st.DrawFn, name: str) -> str:
    days = draw(st.integers(1, 5))
    told = [f"rotation: {draw(ROTATIONS)}", f"timezone: {draw(st.sampled_from(ZONES))}"]
    told += [f"length: {days}d", f'hand-off: "{draw(CLOCKS)}"', f"anchor: {draw(DATES)}"]
    clocks = st.lists(CLOCKS, min_size=2, max_size=2, unique=True)
    for windows in draw(st.lists(st.lists(st.tuples(DAYS, clocks), min_size=1, max_size=3), max_size=1)):
        each = [f'{{days: "{on}", from: "{first}", to: "{last}"}}' for on, (first, last) in windows]
        told.append(f"cover: [{', '.join(each)}]")
    if draw(st.booleans()):
        edges = (
            f"from: {draw(st.sampled_from(['fri', 'sat']))} {draw(CLOCKS)}, to: {draw(st.sampled_from(['sun', 'mon']))}"
        )
        told.append(f"weekend: {{rotation: {draw(ROTATIONS)}, {edges} {draw(CLOCKS)}}}")
    if name != "last" and draw(st.booleans()):
        told.append("fallback: last")
    return f"  {name}: {{{', '.join(told)}}}"


@st.composite
def rosters(draw: st.DrawFn) -> str:
    lines = [f"timezone: {draw(st.sampled_from(ZONES))}", "people:"]
    for name in PEOPLE:
        away = [
            f"{{from: {day} {first}, to: {day} 24:00}}"
            for day, first in draw(st.lists(st.tuples(DATES, CLOCKS), max_size=2))
        ]
        unavailable = f", unavailable: [{', '.join(away)}]" if away else ""
        lines.append(f'  {name}: {{phone: "1", timezone: {draw(st.sampled_from(ZONES))}{unavailable}}}')
    lines += ["layers:", draw(layers("first")), draw(layers("last"))]
    holidays = draw(st.lists(DATES, max_size=3, unique=True))
    lines += [f"holidays: {holidays}"] if holidays else []
    for day, clock, person in draw(st.lists(st.tuples(DATES, CLOCKS, st.sampled_from(PEOPLE)), max_size=1)):
        lines.append(f"overrides: [{{layer: first, from: {day} {clock}, to: {day} 24:00, person: {person}}}]")
    return "\n".join(lines)


@settings(max_examples=20)
@given(rosters(), DATES, st.lists(st.integers(-600, 2400), min_size=4, max_size=12))
def test_any_roster_says_what_the_rules_say(text: str, day: str, minutes: list[int]) -> None:
    known, slow = roster(text), SlowRoster(text)
    for minute in minutes:
        now = utc(day) + minute * MINUTE
        duty = on_call(known, int(now.timestamp()) * 1000)

        said = {each.layer: each.person.name if each.person else None for each in duty.layers}
        assert said == slow.at(now)


@settings(max_examples=60)
@given(MINUTES)
def test_since_until_and_next_are_where_the_person_changes(minute: int) -> None:
    at_ms = minute * MINUTE_MS
    for duty in on_call(ROSTER, at_ms).layers:
        layer = ROSTER.layer(duty.layer)
        known = stretches(ROSTER, layer, Span(at_ms - 90 * 86_400_000, at_ms + 90 * 86_400_000))

        def person(when_ms: int, known: list = known) -> str | None:  # type: ignore[type-arg]
            return next((each.person for each in known if each.start_ms <= when_ms < each.end_ms), None)

        if duty.person:
            assert duty.since_ms is not None
            assert duty.until_ms is not None
            assert duty.since_ms <= at_ms < duty.until_ms
            assert person(duty.since_ms - 1) != duty.person.name
            assert person(duty.until_ms) != duty.person.name
            assert {person(each) for each in range(duty.since_ms, duty.until_ms, 30 * MINUTE_MS)} == {duty.person.name}
        else:
            assert duty.resumes_ms is not None
            assert person(duty.resumes_ms - 1) is None
            assert person(duty.resumes_ms) is not None
        assert duty.next is not None
        assert duty.next_ms is not None
        assert person(duty.next_ms) == duty.next.name
        assert duty.next != duty.person


@settings(max_examples=40)
@given(MINUTES, st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_span_cut_in_two_says_the_same_as_the_whole(minute: int, before: int, after: int) -> None:
    start_ms, middle_ms = minute * MINUTE_MS, (minute + before) * MINUTE_MS
    end_ms = middle_ms + after * MINUTE_MS
    for layer in ROSTER.layers:
        whole = stretches(ROSTER, layer, Span(start_ms, end_ms))
        parts = [
            *stretches(ROSTER, layer, Span(start_ms, middle_ms)),
            *stretches(ROSTER, layer, Span(middle_ms, end_ms)),
        ]

        def edges(found: list) -> list[tuple[int, int, str]]:  # type: ignore[type-arg]
            joined: list[tuple[int, int, str]] = []
            for each in found:
                if joined and joined[-1][1:] == (each.start_ms, each.person):
                    joined[-1] = (joined[-1][0], each.end_ms, each.person)
                else:
                    joined.append((each.start_ms, each.end_ms, each.person))
            return joined

        assert edges(parts) == edges(whole)
