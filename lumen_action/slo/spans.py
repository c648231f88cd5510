"""From the window of an objective and a moment to the stretch of time that is looked at."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo

from lumen_action.slo.evaluation import Span
from lumen_action.slo.objective import UNIT_SECONDS, CalendarWindow, Duration, Window

_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_MONTHS_OF_A_YEAR = 12
_DAYS = {"d": 1, "w": 7}
# Of a year that has 365.2425 days on average.
_MONTH_MS = 2_629_746_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MS = timedelta(milliseconds=1)


def duration_ms(duration: Duration) -> int:
    """Return how long a duration is; months, quarters and years as they are on average."""
    if duration.unit in _MONTHS:
        return duration.count * _MONTHS[duration.unit] * _MONTH_MS
    return duration.count * UNIT_SECONDS[duration.unit] * 1000


def span_of(window: Window, now_ms: int, zone: Callable[[str], tzinfo]) -> Span:
    """Return the window that ends now, or the calendar period around now."""
    if isinstance(window, CalendarWindow):
        return _period(window, now_ms, zone(window.zone))
    now = _EPOCH + now_ms * _MS
    return Span(_instant_ms(_later(now, window.duration, -1)), now_ms, now_ms)


def _period(window: CalendarWindow, now_ms: int, zone: tzinfo) -> Span:
    def begin_ms(number: int) -> int:
        if window.duration.unit in _MONTHS or window.duration.unit in _DAYS:
            return _instant_ms(_later(window.start, window.duration, number).replace(tzinfo=zone))
        return _instant_ms(window.start.replace(tzinfo=zone)) + number * duration_ms(window.duration)

    number = (now_ms - begin_ms(0)) // duration_ms(window.duration)
    while begin_ms(number) > now_ms:
        number -= 1
    while begin_ms(number + 1) <= now_ms:
        number += 1
    return Span(begin_ms(number), now_ms, begin_ms(number + 1))


def _later(moment: datetime, duration: Duration, times: int) -> datetime:
    """Step by whole durations as a clock shows them; a day that a month lacks is its last one."""
    if duration.unit not in _MONTHS:
        return moment + timedelta(milliseconds=times * duration_ms(duration))
    months = moment.year * _MONTHS_OF_A_YEAR + moment.month - 1 + times * duration.count * _MONTHS[duration.unit]
    year, month = divmod(months, _MONTHS_OF_A_YEAR)
    last = monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _instant_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS
