"""What the settings say of a pipeline's frequency, and how many failures in a row are no chance then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumen_action.settings import Settings

if TYPE_CHECKING:
    from lumen_action.gate.policy import Freshness

_TWO_IN_A_ROW = 2


def runs_per_day(settings: Settings, now_ms: int) -> float | None:
    """Return the planned runs a day: as told, else by the schedule."""
    if settings.expected_runs_per_day is not None or settings.schedule is None:
        return settings.expected_runs_per_day
    return settings.schedule.runs_per_day(settings.calendar.day_of(now_ms), settings.calendar)


def failures_threshold(settings: Settings, planned: float | None) -> int:
    """Return the failures in a row that alert: as told, else by frequency and objective; without those two are."""
    target = settings.objectives.get("run")
    if settings.consecutive_failures_threshold is not None:
        return settings.consecutive_failures_threshold
    if planned is None or target is None:
        return _TWO_IN_A_ROW
    from lumen_action.alerting.windows import threshold_in_a_row

    return threshold_in_a_row(planned, target)


def freshness(settings: Settings, pipeline: str, max_age_ms: int | None = None) -> Freshness:
    """Return how old the data of a pipeline may be: as told, else by `gate.max-age`, else by its schedule."""
    from lumen_action.gate.policy import Freshness

    schedule, calendar = settings.schedule, settings.calendar
    due_ms = (lambda since: schedule.next_deadline_ms(since, calendar)) if schedule else None
    return Freshness(max_age_ms or settings.gate.get("max-age"), pipeline, due_ms)
