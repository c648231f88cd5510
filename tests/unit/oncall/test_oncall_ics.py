"""Calendars of shifts, read back by a reader that knows RFC 5545 and not the writer."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st
from rosters import FOUR_ZONES, OFFICE_HOURS, ms, roster

from lumen_action.oncall.ics import calendar, shifts_for
from lumen_action.oncall.shifts import Stretch, Why
from lumen_action.oncall.spans import Span

NOW = ms("2026-02-02T08:00")
_ESCAPED = re.compile(r"\\(.)")


def events(text: str) -> list[dict[str, str]]:
    """Unfold, split and unescape as RFC 5545 3.1 and 3.3.11 say."""
    raw = text.encode()
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    lines = raw.split(b"\r\n")[:-1]
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()  # No line ends within a character.
    unfolded: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    found: list[dict[str, str]] = []
    depth: list[str] = []
    for line in unfolded:
        name, _, value = line.decode().partition(":")
        assert re.fullmatch(r"[A-Z-]+", name)
        if name == "BEGIN":
            depth.append(value)
            if value == "VEVENT":
                found.append({})
        elif name == "END":
            assert depth.pop() == value
        elif depth == ["VCALENDAR", "VEVENT"]:
            assert name not in found[-1]
            found[-1][name] = _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    assert depth == []
    return found


def at_ms(value: str) -> int:
    return int(datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp() * 1000)


def test_every_shift_is_an_event_in_utc() -> None:
    known = roster(OFFICE_HOURS)
    found = shifts_for(known, Span(ms("2026-02-02"), ms("2026-02-03")))

    read = events(calendar(found, "On call", NOW))

    assert [(at_ms(each["DTSTART"]), at_ms(each["DTEND"]), each["SUMMARY"]) for each in read] == [
        (ms("2026-02-02T00:00"), ms("2026-02-02T09:00"), "On call: Ada (primary)"),
        (ms("2026-02-02T09:00"), ms("2026-02-02T14:00"), "On call: Cy (secondary)"),
    ]
    assert {each["DTSTAMP"] for each in read} == {"20260202T080000Z"}


def test_the_frame_says_the_version_and_who_made_it() -> None:
    assert calendar((), "On call, all", NOW).split("\r\n")[:6] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//lumen-sli-action//oncall//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:On call\\, all",
    ]


def test_a_shift_keeps_its_identity_whenever_and_for_whatever_span_it_is_written() -> None:
    known = roster(FOUR_ZONES)
    long = events(calendar(shifts_for(known, Span(ms("2026-02-01"), ms("2026-05-01"))), "x", NOW))
    short = events(calendar(shifts_for(known, Span(ms("2026-03-07T12:00"), ms("2026-03-07T12:01"))), "x", NOW + 5000))

    without_stamp = [{**each, "DTSTAMP": ""} for each in long]
    assert short
    assert all({**each, "DTSTAMP": ""} in without_stamp for each in short)
    assert len({each["UID"] for each in long}) == len(long)


def test_a_long_override_is_one_event_on_each_of_its_days() -> None:
    override = "overrides: [{layer: primary, from: 2026-02-02, to: 2026-04-30, person: Di}]\n"
    known = roster(OFFICE_HOURS + override)
    first, later = (
        events(calendar(shifts_for(known, Span(ms(day), ms(day) + 60_000), layer="primary"), "x", NOW))
        for day in ("2026-02-03", "2026-03-20")
    )

    assert first == later
    assert [(at_ms(each["DTSTART"]), at_ms(each["DTEND"])) for each in first] == [
        (ms("2026-02-01T15:00"), ms("2026-04-30T15:00"))
    ]


def test_what_is_written_later_comes_before_what_was_imported() -> None:
    found = shifts_for(roster(OFFICE_HOURS), Span(ms("2026-02-02"), ms("2026-02-03")))
    numbers = [int(events(calendar(found, "x", now))[0]["SEQUENCE"]) for now in (NOW, NOW + 60_000, ms("2199-12-31"))]

    assert numbers[0] < numbers[1] < numbers[2] < 2**31


def test_who_takes_over_by_an_override_takes_over_the_event() -> None:
    override = "overrides: [{layer: primary, from: 2026-02-02 09:00, to: 2026-02-02 18:00, person: Di, reason: swap}]\n"
    day = Span(ms("2026-02-02"), ms("2026-02-02T05:00"))
    (before,) = events(calendar(shifts_for(roster(OFFICE_HOURS), day), "x", NOW))
    (after,) = events(calendar(shifts_for(roster(OFFICE_HOURS + override), day), "x", NOW))

    assert before["UID"] == after["UID"]
    assert (after["SUMMARY"], after["DESCRIPTION"]) == ("On call: Di (primary)", "override: swap")


def test_one_person_or_one_layer_can_be_chosen() -> None:
    known, whole = roster(OFFICE_HOURS), Span(ms("2026-02-02"), ms("2026-03-02"))

    assert {each.person for each in shifts_for(known, whole, person="Bo")} == {"Bo"}
    assert {each.layer for each in shifts_for(known, whole, layer="secondary")} == {"secondary"}


LETTERS = st.characters(codec="utf-8")
TRICKY = st.sampled_from("김민준가ß€😀,;\\:\"' \r\n\t\u2028n")


@given(
    # Long enough to be folded several times, wherever that falls.
    st.text(alphabet=LETTERS, max_size=300) | st.text(alphabet=LETTERS, min_size=100, max_size=300),
    st.text(alphabet=TRICKY, max_size=300) | st.text(alphabet=TRICKY, min_size=100, max_size=300),
    st.integers(ms("2000-01-01") // 60_000, ms("2199-01-01") // 60_000),
)
def test_any_name_and_reason_come_back_as_they_were(name: str, reason: str, minute: int) -> None:
    stretch = Stretch(minute * 60_000, minute * 60_000 + 60_000, "primary", name, Why.OVERRIDE, 0, "", reason)

    (read,) = events(calendar([stretch], name, NOW))

    def kept(text: str) -> str:
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(sign for sign in lines if sign == "\n" or sign.isprintable())

    assert read["SUMMARY"] == kept(f"On call: {name} (primary)")
    assert read["DESCRIPTION"] == (f"override: {kept(reason)}" if reason else "override")
    assert at_ms(read["DTSTART"]) == stretch.start_ms
    assert at_ms(read["DTEND"]) == stretch.end_ms
