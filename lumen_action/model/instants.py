"""Moments as machines write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_BIRTH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def stamp(at_ms: int) -> str:
    """Return a moment as ISO 8601 in UTC, to the second."""
    return (_BIRTH + timedelta(seconds=at_ms // 1000)).isoformat().replace("+00:00", "Z")


def stamp_of(at_ms: int | None) -> str | None:
    """Return a moment as ISO 8601 where it is known."""
    return None if at_ms is None else stamp(at_ms)
