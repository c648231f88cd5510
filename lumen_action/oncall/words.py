"""Words for days, times of the day and moments, read from the fields of a roster."""

from __future__ import annotations

import re
from datetime import date, timedelta

from lumen_action.oncall.roster import DAY_MINUTES, DAYS, HOLIDAY
from lumen_action.oncall.walltime import moment_ms, why_unknown
from lumen_action.slo.reading import Fields, Node, nearest

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\S+))?")
KNOWN_YEARS = range(2000, 2200)
_HOLIDAYS = "holidays"
_WHOLE_WORDS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = {word: number for words in (DAYS, _WHOLE_WORDS) for number, word in enumerate(words)}


def time_of(node: Node, why: str = "") -> int | None:
    """Return a time of the day in minutes after midnight; `24:00` is its end."""
    found = _minutes(node.value)
    if found is None:
        node.refuse(node.shown, f'{why}write a time of the day in quotes, such as `"17:00"`')
    return found


def day_of(node: Node) -> date | None:
    """Return a day."""
    found = _date(node.value)
    if found is None:
        node.refuse(node.shown, "write a day from 2000 to 2199, such as `2026-01-02`")
    return found


def weekday_time_of(node: Node, example: str) -> tuple[int, int] | None:
    """Return a day of the week and a time: `fri 17:00`."""
    word, _, rest = node.value.strip().partition(" ") if isinstance(node.value, str) else ("", "", "")
    weekday, minutes = _WEEKDAYS.get(word.lower()), _minutes(rest.strip())
    if weekday is None or minutes is None:
        node.refuse(node.shown, f"write a day of the week and a time, such as `{example}`")
        return None
    return weekday, minutes


def days_of_week(node: Node) -> frozenset[int]:
    """Return days: `mon-fri`, `sat, sun`, `holidays`, or a list of such words."""
    words = node.value if isinstance(node.value, list) else str(node.value or "").split(",")
    found: set[int] = set()
    for word in words:
        first, dash, last = str(word).strip().lower().partition("-")
        begins, ends = _WEEKDAYS.get(first.strip()), _WEEKDAYS.get(last.strip() if dash else first.strip())
        if first == _HOLIDAYS and not dash:
            found.add(HOLIDAY)
        elif begins is None or ends is None:
            guess = nearest(first, (*DAYS, _HOLIDAYS))
            node.refuse(node.shown, f"write days such as `mon-fri`, `sat, sun` or `{_HOLIDAYS}`{guess}")
            return frozenset()
        else:
            # A range may go over the end of the week: fri-mon.
            found |= {(begins + step) % len(DAYS) for step in range((ends - begins) % len(DAYS) + 1)}
    return frozenset(found)


def zone_in(fields: Fields, otherwise: str) -> str:
    """Return the time zone of a field, the other one where none is given or known."""
    node = fields.get("timezone")
    name = node.text() if node else ""
    wrong = why_unknown(name) if name else None
    if node and wrong:
        node.refuse(*wrong)
    return name if name and not wrong else otherwise


def span_in(fields: Fields, zone: str) -> tuple[int, int] | None:
    """Return the moments `from` and `to`, each a day with or without a time; a day alone ends with its end."""
    begins, ends = fields.need("from", "2026-01-02 18:00"), fields.need("to", "2026-01-03 08:00")
    start_ms = _moment(begins, zone, 0) if begins else None
    end_ms = _moment(ends, zone, DAY_MINUTES) if ends else None
    if ends is None or start_ms is None or end_ms is None:
        return None
    if end_ms <= start_ms:
        ends.refuse(ends.shown, "write a moment after `from`")
        return None
    return start_ms, end_ms


def _moment(node: Node, zone: str, otherwise: int) -> int | None:
    match = _MOMENT.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    day = _date(match[1]) if match else None
    minutes = (_minutes(match[2]) if match[2] else otherwise) if match else None
    if day is None or minutes is None:
        node.refuse(node.shown, "write a day or a day and a time on the clock there, such as `2026-01-02 18:00`")
        return None
    return moment_ms(zone, day, minutes)


def _minutes(value: object) -> int | None:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    hours, _, minutes = value.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes)) // timedelta(minutes=1)


def _date(value: object) -> date | None:
    if not isinstance(value, str) or not _DAY.fullmatch(value) or not value.isascii():
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if found.year in KNOWN_YEARS else None
