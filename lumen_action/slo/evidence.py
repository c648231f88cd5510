"""How much a number of runs can say about a success ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile

Z = 1.6449
"""The quantile of a one-sided 95 % bound, with the digits the rules carry."""
DOUBT = 0.05
PERIOD_DAYS = 30
MIN_FAILURES = 3
"""Fewer failures than this never show a burn: one is an event, two may be luck."""

# The smallest share that is still told from rounding.
_HAIR = 1e-9
_NOTHING = 1e-20


class Regime(Enum):
    """What a period's budget of failures is good for; the value says it in words."""

    R0 = "not measurable: a single failure breaks the objective"
    R1 = "coarse: under 10 failures fit, rows of failures tell more than ratios"
    R2 = "guarded: under 150 failures fit, ratios need proof that they are no luck"
    R3 = "dense: the usual burn-rate table is valid"


# Below how many failures a regime ends.
_REGIME_ENDS = ((1, Regime.R0), (10, Regime.R1), (150, Regime.R2))


@dataclass(frozen=True)
class Proposals:
    """Three ways to make an objective measurable; each alone is enough."""

    target: float
    """The highest target at this volume and period; 0 where no target above 0 allows a failure."""
    runs: int
    """The fewest runs in the period for this target."""
    days: int
    """The shortest period for this target at this volume."""


def wilson_low(failed: float, runs: float) -> float:
    """Return the one-sided 95 % lower bound of the failure probability."""
    return _wilson(failed, runs, -1)


def wilson_high(failed: float, runs: float) -> float:
    """Return the one-sided 95 % upper bound of the failure probability."""
    return _wilson(failed, runs, 1)


def _wilson(failed: float, runs: float, side: int) -> float:
    ratio = failed / runs
    spread = Z * math.sqrt(ratio * (1 - ratio) / runs + Z * Z / 4 / runs / runs)
    return (ratio + Z * Z / 2 / runs + side * spread) / (1 + Z * Z / runs)


def budget(runs: float, target: float) -> float:
    """Return how many of these runs may fail."""
    return (1 - target) * runs


def regime(failures_allowed: float) -> Regime:
    """Return what a budget of this many failures in the period is good for."""
    allowed = failures_allowed + _HAIR
    return next((name for end, name in _REGIME_ENDS if allowed < end), Regime.R3)


def shows_burn(failed: int, runs: int, factor: float, target: float, fewest: int = MIN_FAILURES) -> bool:
    """Tell whether runs burn their budget this many times too fast, and not by luck."""
    bad = 1 - target
    return failed >= fewest and failed / runs > factor * bad and wilson_low(failed, runs) > bad


def failures_to_fire(runs: int, factor: float, target: float, fewest: int = MIN_FAILURES) -> int | None:
    """Return the fewest failures among these runs that show a burn; None where even all would not."""
    counts = range(fewest, runs + 1)
    return next((failed for failed in counts if shows_burn(failed, runs, factor, target, fewest)), None)


def highest_target(runs: float) -> float:
    """Return the highest target that allows one failure among these runs."""
    return max(0.0, 1 - 1 / runs)


def fewest_runs(target: float) -> int:
    """Return the fewest runs among which the target allows one failure."""
    return math.ceil(1 / (1 - target) - _HAIR / (1 - target))


def proposals(runs_per_day: float, target: float, days: int = PERIOD_DAYS) -> Proposals:
    """Return what would make the objective measurable, for a linter to put into words."""
    runs = fewest_runs(target)
    return Proposals(highest_target(runs_per_day * days), runs, math.ceil(runs / runs_per_day - _HAIR))


def clean_runs_to_show(target: float) -> int:
    """Return how many runs without a failure show the target at 95 %."""
    return clean_runs_still_needed(0, 0, target)


def clean_runs_still_needed(failed: int, runs: int, target: float) -> int:
    """Return how many more runs, all good, would show the target at 95 % after these; 0 where it is shown.

    Exact: with so few failures a pipeline that misses its target is seen at most once in 20 times.
    """
    if luck(failed, runs, target) <= DOUBT:
        return 0
    short, enough = 0, 1
    while luck(failed, runs + enough, target) > DOUBT:
        short, enough = enough, 2 * enough
    while enough - short > 1:
        middle = (short + enough) // 2
        if luck(failed, runs + middle, target) > DOUBT:
            short = middle
        else:
            enough = middle
    return enough


def luck(failed: int, runs: int, target: float) -> float:
    """Return the chance of at most this many failures in a pipeline that only just misses its target."""
    if failed >= runs:
        return 1.0
    bad, good = math.log1p(-target), math.log(target)

    def chance(some: int) -> float:
        ways = math.lgamma(runs + 1) - math.lgamma(some + 1) - math.lgamma(runs - some + 1)
        return math.exp(ways + some * bad + (runs - some) * good)

    # From the likeliest count on they only fall; of millions of terms a few thousand are more than nothing.
    likeliest = min(failed, int((runs + 1) * (1 - target)))
    sides = (range(likeliest, -1, -1), range(likeliest + 1, failed + 1))
    return math.fsum(term for side in sides for term in takewhile(_NOTHING.__lt__, map(chance, side)))
