"""Shifts as an iCalendar file (RFC 5545), in UTC, so that no time zone has to be explained to anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone

from lumen_action.oncall.roster import HOUR_MS, MINUTE_MS, Roster
from lumen_action.oncall.shifts import Stretch, Why, stretches
from lumen_action.oncall.spans import Span

_FOLD_BYTES = 75
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_WEEK_MS = 7 * 24 * HOUR_MS
_DAY_MS = 24 * HOUR_MS
_WHY = {
    Why.OVERRIDE: "override",
    Why.STAND_IN: "stands in for {instead_of}",
    Why.FALLBACK: "takes over: all of {layer} are away",
}


def shifts_for(roster: Roster, whole: Span, *, layer: str = "", person: str = "") -> list[Stretch]:
    """Return the shifts that touch the whole, uncut: the same shift is the same event whenever it is written."""
    around = max(each.days for each in roster.layers) * _DAY_MS + _WEEK_MS
    reaching = [each for each in roster.overrides if each.start_ms < whole.end_ms and each.end_ms > whole.start_ms]
    first_ms = min([whole.start_ms, *(each.start_ms for each in reaching)])
    last_ms = max([whole.end_ms, *(each.end_ms for each in reaching)])
    wide = Span(first_ms - around, last_ms + around)
    found = [each for known in roster.layers if layer in ("", known.name) for each in stretches(roster, known, wide)]
    touching = (each for each in found if each.start_ms < whole.end_ms and each.end_ms > whole.start_ms)
    return sorted((each for each in touching if person in ("", each.person)), key=lambda each: each.start_ms)


def calendar(found: Sequence[Stretch], title: str, now_ms: int) -> str:
    """Return the calendar of shifts; a shift that somebody else takes over stays the same event."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//lumen-sli-action//oncall//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(title)}",
        *(line for stretch in found for line in _event(stretch, now_ms)),
        "END:VCALENDAR",
    ]
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(stretch: Stretch, now_ms: int) -> Iterator[str]:
    mark = hashlib.sha256(f"{stretch.layer}\n{stretch.start_ms}".encode()).hexdigest()[:24]
    told = [_WHY[stretch.why].format(instead_of=stretch.instead_of, layer=stretch.layer)] if stretch.why in _WHY else []
    yield "BEGIN:VEVENT"
    yield f"UID:{mark}@oncall.lumen-sli-action"
    yield f"DTSTAMP:{_utc(now_ms)}"
    # What is written later counts; seconds would not fit into a signed 32-bit number after 2038.
    yield f"SEQUENCE:{now_ms // MINUTE_MS}"
    yield f"DTSTART:{_utc(stretch.start_ms)}"
    yield f"DTEND:{_utc(stretch.end_ms)}"
    yield f"SUMMARY:{_text(f'On call: {stretch.person} ({stretch.layer})')}"
    if told or stretch.reason:
        yield f"DESCRIPTION:{_text(': '.join(part for part in (*told, stretch.reason) if part))}"
    # Whoever is on call can still be invited to meetings.
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _utc(at_ms: int) -> str:
    return f"{_EPOCH + timedelta(milliseconds=at_ms):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Escape a text; what is neither printable nor the end of a line has no place in a calendar."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in ends if sign == "\n" or sign.isprintable()).translate(_ESCAPES)


def _folded(line: str) -> Iterator[str]:
    """Yield a line in parts of at most 75 bytes, cut between characters; each but the first begins with a blank."""
    part, size = "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > _FOLD_BYTES:
            yield part
            part, size = " ", 1
        part, size = part + sign, size + width
    yield part
