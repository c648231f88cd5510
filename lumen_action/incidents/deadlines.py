"""By when a postmortem has to be written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Protocol

from lumen_action.incidents.incident import Incident

_SATURDAY = 5


class Zoned(Protocol):
    """Knows the days of a time zone."""

    @property
    def zone(self) -> tzinfo:
        """Return the time zone."""

    def day_of(self, instant_ms: int) -> str:
        """Return the day of an instant as YYYY-MM-DD."""


def postmortem_due_ms(incident: Incident, working_days: int, holidays: Collection[str], calendar: Zoned) -> int | None:
    """Return the last millisecond in which the postmortem of a closed incident is in time, None where none is owed.

    It is the end of the so-manieth working day after the day of the closing, in the calendar's zone: Saturdays, Sundays
    and holidays are no working days, and the day of the closing does not count. An incident that was closed again has
    its time from the last closing on.
    """
    if not incident.postmortem_owed or incident.closed_ms is None:
        return None
    day = date.fromisoformat(calendar.day_of(incident.closed_ms))
    left = working_days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY and day.isoformat() not in holidays
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), calendar.zone)
    return int(midnight.astimezone(timezone.utc).timestamp() * 1000) - 1
