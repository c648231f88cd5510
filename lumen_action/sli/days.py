"""Calendar days of a pipeline in its own time zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo

_GRACE = timedelta(hours=6)


@dataclass(frozen=True)
class Calendar:
    """Which day an instant belongs to, and when that day is closed."""

    zone: tzinfo = field(default=timezone.utc)
    grace: timedelta = _GRACE

    def day_of(self, instant_ms: int) -> str:
        """Return the day of an instant as YYYY-MM-DD."""
        return datetime.fromtimestamp(instant_ms / 1000, self.zone).date().isoformat()

    def closes_ms(self, day: str) -> int:
        """Return when a day can no longer be won: local midnight after it plus the grace."""
        following = datetime.fromisoformat(day) + timedelta(days=1)
        midnight = following.replace(tzinfo=self.zone)
        return int((midnight.astimezone(timezone.utc) + self.grace).timestamp() * 1000)
