"""The zone in which a report tells moments."""

from __future__ import annotations

from datetime import timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from lumen_action.report.model import Period


def zone_of(period: Period) -> tzinfo:
    """Return the zone that a period was cut in."""
    return _zone(period.zone)


@cache
def _zone(name: str) -> tzinfo:
    return timezone.utc if name == "UTC" else ZoneInfo(name)
