"""Events that are samples: values that are good or not, and counts of which each sample is one."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lumen_action.measuring.asking import Asking
from lumen_action.measuring.stretches import DAY_MS, Stretch
from lumen_action.promql import Expr, render
from lumen_action.promql.tree import Selector
from lumen_action.promserver import Series
from lumen_action.slo.counting import over
from lumen_action.slo.objective import Comparison, Threshold

STEP_MS = 60_000
# As many samples of a day are read one by one; 12 MB as an answer.
_MOST_READ = 500_000

_KEEPS: Mapping[Comparison, Callable[[float, float], bool]] = {
    Comparison.LT: operator.lt,
    Comparison.LTE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GTE: operator.ge,
}


@dataclass(frozen=True)
class Sampled:
    """The samples of an expression, in no order; `stepped` where it was asked for them each minute."""

    samples: Sequence[tuple[int, float]]
    stepped: bool


def sampled(asking: Asking, expr: Expr, stretches: Sequence[Stretch]) -> Sampled:
    """Return all samples from the first begin up to the last end: those scraped, or what it gives each minute."""

    def ask(bundle: tuple[Stretch, ...]) -> Sampled:
        (day,) = bundle
        scraped = _scraped(asking, expr, day) if isinstance(expr, Selector) else None
        return (
            Sampled(_each_minute(asking, expr, day), stepped=True)
            if scraped is None
            else Sampled(scraped, stepped=False)
        )

    begin_ms, end_ms = stretches[0].begin_ms, stretches[-1].end_ms
    days = [Stretch(begin, min(begin + DAY_MS, end_ms)) for begin in range(begin_ms, end_ms, DAY_MS)]
    found = asking.halving([(day,) for day in days], ask)
    return Sampled([sample for each in found for sample in each.samples], any(each.stepped for each in found))


def good_and_bad(samples: Sequence[tuple[int, float]], threshold: Threshold) -> Iterator[tuple[int, bool]]:
    """Yield when there was a value, and whether it was bad; a NaN is none."""
    keeps = _KEEPS[threshold.comparison]
    for at_ms, value in samples:
        if not math.isnan(value):
            yield at_ms, not keeps(value, threshold.value)


def _scraped(asking: Asking, selector: Selector, day: Stretch) -> list[tuple[int, float]] | None:
    """Return the samples themselves, None where they are too many."""
    ranged = replace(selector, range_ms=day.length_ms)
    counted = asking.server.instant(f"sum({over('count_over_time', selector, day.length_ms)})", day.end_ms)
    if sum(series.last for series in counted) > _MOST_READ:
        return None
    return _after(asking.server.instant(render(ranged), day.end_ms), day.begin_ms, selector.offset_ms)


def _each_minute(asking: Asking, expr: Expr, day: Stretch) -> list[tuple[int, float]]:
    first_ms = day.begin_ms // STEP_MS * STEP_MS + STEP_MS
    if first_ms > day.end_ms:
        return []
    return _after(asking.server.range(render(expr), first_ms, day.end_ms, STEP_MS), day.begin_ms, 0)


def _after(found: Sequence[Series], begin_ms: int, offset_ms: int) -> list[tuple[int, float]]:
    shifted = [(at_ms + offset_ms, value) for series in found for at_ms, value in series.samples]
    return [sample for sample in shifted if sample[0] > begin_ms]
