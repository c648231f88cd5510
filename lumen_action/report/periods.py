"""Days, ISO weeks and months of a pipeline's zone, whatever its clocks do on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone, tzinfo

from lumen_action.report.model import Period, PeriodKind

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_HOUR_MS = 3_600_000


def _whole_week(day: date) -> tuple[date, date]:
    first = day - timedelta(days=day.weekday())
    return first, first + _WEEK


def _whole_month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + 31 * _DAY).replace(day=1)


def _week_name(first: date) -> str:
    year, week, _ = first.isocalendar()
    return f"{year:04}-W{week:02}"


# From a day to the first day of its period and that of the next one, and what the period is called.
_KINDS: Mapping[PeriodKind, tuple[Callable[[date], tuple[date, date]], Callable[[date], str]]] = {
    PeriodKind.DAY: (lambda day: (day, day + _DAY), date.isoformat),
    PeriodKind.WEEK: (_whole_week, _week_name),
    PeriodKind.MONTH: (_whole_month, lambda first: first.isoformat()[:7]),
}


def period_of(kind: PeriodKind, day: date, zone: tzinfo, zone_name: str) -> Period:
    """Return the period that a day lies in."""
    around, name = _KINDS[kind]
    first, following = around(day)
    return Period(
        kind,
        name(first),
        first.isoformat(),
        (following - _DAY).isoformat(),
        midnight_ms(first, zone),
        midnight_ms(following, zone),
        zone_name,
    )


def period_before(period: Period, zone: tzinfo) -> Period:
    """Return the period of the same kind that ends where this one begins."""
    return period_of(period.kind, date.fromisoformat(period.first) - _DAY, zone, period.zone)


def last_finished(kind: PeriodKind, now_ms: int, zone: tzinfo, zone_name: str) -> Period:
    """Return the last period that is over."""
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    return period_before(period_of(kind, today, zone, zone_name), zone)


def days_of(period: Period) -> tuple[str, ...]:
    """Return the days of a period in order."""
    return tuple(day.isoformat() for day in _days(period))


def moments_of(period: Period, zone: tzinfo) -> tuple[int, ...]:
    """Return its begin and the moments at which to look at a budget: each hour, four times a day, or each midnight.

    Every day is cut into equal parts: one of 23 or 25 hours has as many quarters as any other.
    """
    found = [period.begin_ms]
    for day in _days(period):
        begin_ms, end_ms = midnight_ms(day, zone), midnight_ms(day + _DAY, zone)
        parts = {PeriodKind.WEEK: 4, PeriodKind.MONTH: 1}.get(period.kind, max(1, (end_ms - begin_ms) // _HOUR_MS))
        found += [begin_ms + (end_ms - begin_ms) * part // parts for part in range(1, parts + 1)]
    return tuple(found)


def midnight_ms(day: date, zone: tzinfo) -> int:
    """Return the first moment of a day; where clocks leave midnight out it is the one at which they do."""
    return int(datetime.combine(day, time(), zone).astimezone(timezone.utc).timestamp() * 1000)


def _days(period: Period) -> Iterator[date]:
    day, last = date.fromisoformat(period.first), date.fromisoformat(period.last)
    while day <= last:
        yield day
        day += _DAY
