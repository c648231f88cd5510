"""Objectives for tests: short to write, complete to use."""

from __future__ import annotations

from datetime import datetime, timezone

from lumen_action.slo.objective import (
    About,
    Budgeting,
    CalendarWindow,
    Comparison,
    Duration,
    Events,
    LedgerSource,
    Objective,
    RollingWindow,
    Slo,
    Source,
    Threshold,
    Window,
)

MONTH = RollingWindow(Duration(30, "d"))
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def ms(moment: str) -> int:
    """Return a moment of UTC as milliseconds."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).timestamp() * 1000)


def lasting(text: str) -> Duration:
    return Duration(int(text[:-1]), text[-1])


def rolling(text: str) -> RollingWindow:
    return RollingWindow(lasting(text))


def calendar(text: str, start: str, zone: str = "UTC") -> CalendarWindow:
    return CalendarWindow(lasting(text), datetime.fromisoformat(start), zone)


def counts_of(
    events: Events = Events.RUN,
    pipeline: str = "nightly",
    *,
    region: str = "",
    stage: str = "",
    at_most_seconds: float | None = None,
) -> LedgerSource:
    threshold = None if at_most_seconds is None else Threshold(Comparison.LTE, at_most_seconds)
    return LedgerSource(events, pipeline, region, stage, threshold)


def promise(
    *targets: float,
    name: str = "x",
    source: Source | None = None,
    window: Window = MONTH,
    budgeting: Budgeting = Budgeting.OCCURRENCES,
    slice_target: float | None = None,
    slice_window: str = "",
) -> Slo:
    about = About(name)
    width = lasting(slice_window) if slice_window else None
    objectives = tuple(Objective(target, "", slice_target, width) for target in targets or (0.95,))
    return Slo(about, "service", about, source or counts_of(), objectives, window, budgeting)
