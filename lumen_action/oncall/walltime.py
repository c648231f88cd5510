"""What the clock on the wall means: local times to moments and back, also where clocks are put forward or back."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

UTC = "UTC"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = timedelta(seconds=1)


@cache
def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name; UTC needs no database."""
    return timezone.utc if name == UTC else ZoneInfo(name)


def why_unknown(name: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of a time zone, and what to do; None for one that is known."""
    try:
        zone_of(name)
    except (KeyError, ValueError, OSError):
        if available_timezones():
            return f"`{name[:60]}`, which is no time zone", "write a name of the IANA database, such as `Asia/Seoul`"
        return (
            f"`{name[:60]}`, but this machine has no time zone database",
            "install the package tzdata (of the system, or `pip install tzdata`); only `UTC` works without",
        )
    return None


@lru_cache(maxsize=1 << 16)
def moment_ms(zone: str, day: date, minutes: int) -> int:
    """Return the first moment at which a clock in the zone shows this time of the day or a later one.

    A time that clocks skip in spring is thus the moment at which they are put forward, and of a time that they show
    twice in autumn it is the first.
    """
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    known = zone_of(zone)
    first, last = (_seconds(wall.replace(tzinfo=known, fold=fold)) for fold in (0, 1))
    if first > last:
        # Clocks skip it: before `last` they show less, at `first` more, and between them they are put forward.
        while first - last > 1:
            middle = (first + last) // 2
            if wall_clock(zone, middle * 1000) < wall:
                last = middle
            else:
                first = middle
    return first * 1000


def wall_clock(zone: str, at_ms: int) -> datetime:
    """Return what a clock in the zone shows, without a zone."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone_of(zone)).replace(tzinfo=None, fold=0)


def utc_offset_minutes(zone: str, at_ms: int) -> int:
    """Return how far clocks in the zone are ahead of UTC."""
    return round((wall_clock(zone, at_ms) - wall_clock(UTC, at_ms)) / timedelta(minutes=1))


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _SECOND
