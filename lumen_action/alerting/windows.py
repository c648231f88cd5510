"""The ladder of burn-rate windows, and how many failures in a row are no chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lumen_action.slo.evidence import MIN_FAILURES

SECONDS: Mapping[str, int] = {
    "5m": 300,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "6h": 21_600,
    "1d": 86_400,
    "3d": 259_200,
    "7d": 604_800,
    "30d": 2_592_000,
}
"""Every window that is recorded."""

MONTH_DAYS = 30
FEWEST_IN_A_ROW, MOST_IN_A_ROW = 2, 5
# How often a month a healthy pipeline may show such a row: once a year.
_ROWS_A_MONTH = 1 / 12


@dataclass(frozen=True)
class Rung:
    """A window that burns its budget `factor` times too fast, while the short window says it goes on."""

    severity: str
    long: str
    short: str
    factor: float
    failures: int = MIN_FAILURES
    """With fewer failures than this the window says nothing."""

    @property
    def long_seconds(self) -> int:
        """Return the length of the window that is judged."""
        return SECONDS[self.long]

    @property
    def short_seconds(self) -> int:
        """Return the length of the window that says whether it goes on."""
        return SECONDS[self.short]


LADDER = (
    # A month has so many short windows that three failures meet in one by chance: with 3 in both a pipeline that keeps
    # its target is paged up to 0.38 times a month (300 runs a day, 99.5 %), with these 0.1 times at most
    # (bench/false_pages.py, docs/simulate.md).
    Rung("page", "1h", "5m", 14.4, failures=4),
    Rung("page", "6h", "30m", 6, failures=5),
    Rung("ticket", "1d", "2h", 3),
    Rung("ticket", "3d", "6h", 1),
    Rung("ticket", "7d", "1d", 1),
)
"""A window that cannot hold enough failures switches itself off, so one ladder suits every frequency."""

USUAL = tuple(Rung(rung.severity, rung.long, rung.short, rung.factor, failures=1) for rung in LADDER[:4])
"""The usual multi-window table, made for services with many requests (SRE Workbook, chapter 5)."""


def threshold_in_a_row(runs_per_day: float, target: float) -> int:
    """Return how many failures in a row are no chance: a healthy pipeline shows such a row once a year at most.

    Healthy is failing at half the rate that the target allows.
    """
    rate = (1 - target) / 2
    rows = MONTH_DAYS * runs_per_day * (1 - rate)
    enough = (row for row in range(FEWEST_IN_A_ROW, MOST_IN_A_ROW) if rows * rate**row < _ROWS_A_MONTH)
    return next(enough, MOST_IN_A_ROW)
