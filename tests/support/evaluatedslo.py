"""Objectives with a number of events, evaluated; short to write in tests."""

from __future__ import annotations

from datetime import timezone
from zoneinfo import ZoneInfo

from lumen_action.slo.evaluating import evaluate
from lumen_action.slo.evaluation import Evaluation, Measured, Tick
from lumen_action.slo.objective import (
    About,
    Budgeting,
    CountsSource,
    Duration,
    Events,
    LedgerSource,
    Objective,
    RollingWindow,
    Slo,
    Source,
    Window,
)
from lumen_action.slo.spans import span_of

NOON = 1_772_625_600_000  # 2026-03-04T12:00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
COUNTS = CountsSource("counts.csv", "bad", "total", part_is_good=False)
RUNS = LedgerSource(Events.RUN, "nightly")
MONTH = RollingWindow(Duration(30, "d"))


def evaluated(
    total: int = 0,
    bad: int = 0,
    target: float = 0.95,
    *,
    name: str = "shop",
    display: str = "",
    source: Source = COUNTS,
    window: Window = MONTH,
    planned: float | None = None,
    ago: int = 2 * HOUR,
    ticks: tuple[Tick, ...] = (),
    budgeting: Budgeting = Budgeting.OCCURRENCES,
    slice_window: Duration | None = None,
    targets: tuple[float, ...] = (),
    notes: tuple[str, ...] = (),
    now_ms: int = NOON,
) -> Evaluation:
    """Evaluate events that all happened at one moment, or as the ticks say."""
    happened = ticks or ((Tick(now_ms - ago, total, bad),) if total else ())
    objective = Objective(target, slice_window=slice_window)
    others = tuple(Objective(each) for each in targets)
    slo = Slo(About(name, display), "team", About(name), source, (objective, *others), window, budgeting)
    span = span_of(window, now_ms, lambda zone: timezone.utc if zone == "UTC" else ZoneInfo(zone))
    measured = Measured(happened, max((tick.at_ms for tick in happened), default=None), notes)
    return evaluate(slo, objective, span, measured, planned)
