"""Good or bad events, and all events, of each stretch of a window, as a Prometheus counts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial

from lumen_action.errors import ConfigError, shown
from lumen_action.measuring.asking import Asking, Bundle
from lumen_action.measuring.rising import Counters
from lumen_action.measuring.sampling import sampled
from lumen_action.measuring.stretches import Stretch, bundles, within
from lumen_action.promql import Expr, parse, render
from lumen_action.promql.literals import duration
from lumen_action.promql.tree import Call, Selector, children
from lumen_action.slo.counting import Term, over, terms
from lumen_action.slo.objective import WINDOW_PLACEHOLDER, RatioSource

Count = float | None
"""None where there was no series to count."""

# No window that anybody writes, so that it is known again in the tree.
_STAND_IN_MS = 1_234_567_891
_STAND_IN = f"{_STAND_IN_MS}ms"
_RISING = frozenset({"increase", "rate"})


@dataclass(frozen=True)
class Counts:
    """The part and the total of each stretch, and what a reader has to know of them."""

    parts: Sequence[Count]
    totals: Sequence[Count]
    notes: tuple[str, ...] = ()


def counts_of(source: RatioSource, asking: Asking, stretches: Sequence[Stretch]) -> Counts:
    """Return the counts of both queries."""
    texts = (source.part, source.total)
    if source.counter:
        return _risen([_counters(text, asking.subject) for text in texts], asking, stretches)
    if not any(WINDOW_PLACEHOLDER in text for text in texts):
        return _of_samples([parse(text) for text in texts], asking, stretches)
    exprs = [parse(text.replace(WINDOW_PLACEHOLDER, _STAND_IN)) for text in texts]
    ranged = [terms(expr, _ranged_counter) for expr in exprs]
    if all(ranged):
        found = _risen([each for each in ranged if each], asking, stretches)
        return replace(found, notes=("increase() is replaced by exact differences", *found.notes))
    _refuse_labels(exprs, asking.subject)
    closed = _closed(asking, stretches[-1].end_ms)
    parts, totals = (_by_itself(partial(_within, text), asking, stretches, closed=closed) for text in texts)
    return Counts(parts, totals)


def _within(text: str, length_ms: int) -> str:
    return text.replace(WINDOW_PLACEHOLDER, duration(length_ms))


def _counters(text: str, subject: str) -> tuple[Term, ...]:
    found = terms(parse(text))
    if found is None:
        raise ConfigError(
            f"{subject}: {shown(text)} is no sum of counters, so it cannot be compared at both ends of a window; write "
            f"a sum, as `sum(a) + sum(b)`, or `counter: false` and a query over `[{WINDOW_PLACEHOLDER}]`"
        )
    return found


def _ranged_counter(expr: Expr) -> Selector | None:
    """Return the counter whose rise over the window is asked for."""
    if not (isinstance(expr, Call) and expr.function in _RISING):
        return None
    (selector,) = expr.arguments
    own = isinstance(selector, Selector) and selector.range_ms == _STAND_IN_MS and selector.at is None
    return replace(selector, range_ms=None) if own and isinstance(selector, Selector) else None


def _risen(queries: Sequence[Sequence[Term]], asking: Asking, stretches: Sequence[Stretch]) -> Counts:
    counters = Counters(asking)
    parts, totals = counters.rises(queries, stretches)
    return Counts(parts, totals, tuple(counters.seen.notes(_moment)))


def _of_samples(exprs: Sequence[Expr], asking: Asking, stretches: Sequence[Stretch]) -> Counts:
    """Take each sample for a count of its own."""
    closed = _closed(asking, stretches[-1].end_ms)
    counts: list[list[Count]] = []
    notes: tuple[str, ...] = ()
    for expr in exprs:
        summed = terms(expr)
        if summed is None:
            counts.append(_of_minutes(expr, asking, stretches))
            notes = (f"{shown(render(expr))} is taken once a minute, each time as a count of its own",)
            continue
        by_term = [
            _by_itself(partial(_sum_over_time, term.selector), asking, stretches, closed=closed) for term in summed
        ]
        counts.append([_signed(summed, each) for each in zip(*by_term, strict=True)])
    return Counts(counts[0], counts[1], notes)


def _sum_over_time(selector: Selector, length_ms: int) -> str:
    return f"sum({over('sum_over_time', selector, length_ms)})"


def _signed(summed: Sequence[Term], values: Sequence[Count]) -> Count:
    known = [term.sign * value for term, value in zip(summed, values, strict=True) if value is not None]
    return sum(known) if known else None


def _of_minutes(expr: Expr, asking: Asking, stretches: Sequence[Stretch]) -> list[Count]:
    found: dict[Stretch, Count] = dict.fromkeys(stretches)
    for at_ms, value in sampled(asking, expr, stretches).samples:
        stretch = within(stretches, at_ms)
        found[stretch] = (found[stretch] or 0.0) + value
    return list(found.values())


def _by_itself(
    expression: Callable[[int], str], asking: Asking, stretches: Sequence[Stretch], *, closed: bool
) -> list[Count]:
    """Return what a query over the range of each stretch gives; several series are counts that belong together."""
    found: dict[Stretch, Count] = dict.fromkeys(stretches)

    def ask(bundle: Bundle) -> Mapping[Stretch, Count]:
        answer = asking.over(expression, bundle, short_by_ms=1 if closed else 0)
        return {
            stretch: sum(series.last for series in series_then) if (series_then := answer[stretch.end_ms]) else None
            for stretch in bundle
        }

    for counts in asking.halving(bundles(stretches), ask):
        for stretch, count in counts.items():
            if count is not None:
                asked = within(stretches, stretch.end_ms)
                found[asked] = (found[asked] or 0.0) + count
    return list(found.values())


def _closed(asking: Asking, now_ms: int) -> bool:
    """Tell whether a range includes its begin, as before Prometheus 3: a sample there would count twice."""
    minute_ms = now_ms - now_ms % 60_000
    (points,) = asking.server.instant("count_over_time(vector(1)[1m:1m])", minute_ms)
    return points.last > 1


def _refuse_labels(exprs: Sequence[Expr], subject: str) -> None:
    """Refuse the window as a label: it is asked for in stretches, which no label has."""
    for selector in (each for expr in exprs for each in selectors(expr)):
        if any(_STAND_IN in matcher.value for matcher in selector.matchers):
            raise ConfigError(
                f"{subject}: `{WINDOW_PLACEHOLDER}` stands in a label, but the window is asked for day by day; "
                f"write it as a range, as `[{WINDOW_PLACEHOLDER}]`"
            )


def selectors(expr: Expr) -> list[Selector]:
    """Return every selector of an expression."""
    if isinstance(expr, Selector):
        return [expr]
    return [selector for child in children(expr) for selector in selectors(child)]


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
