"""What an expression reads from storage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lumen_action.promql.tree import METRIC_NAME, Expr, Matcher, Selector, Subquery, children


@dataclass(frozen=True)
class Selected:
    """A selector of an expression, and how far before the time of evaluation its oldest sample may lie."""

    metric: str | None  # None where the name is a pattern or not given
    matchers: tuple[Matcher, ...]  # without the name
    range_ms: int | None
    offset_ms: int
    reach_ms: int
    position: int


def selectors(expr: Expr) -> tuple[Selected, ...]:
    """Return every selector, from left to right."""
    return tuple(_selected(expr, 0))


def _selected(expr: Expr, reach_ms: int) -> Iterator[Selected]:
    if isinstance(expr, Selector):
        yield _one(expr, reach_ms)
        return
    if isinstance(expr, Subquery):
        reach_ms += expr.range_ms + expr.offset_ms
    for child in children(expr):
        yield from _selected(child, reach_ms)


def _one(selector: Selector, reach_ms: int) -> Selected:
    metric = selector.name
    for matcher in selector.matchers:
        if metric is None and matcher.label == METRIC_NAME and matcher.operator == "=":
            metric = matcher.value
    return Selected(
        metric,
        tuple(matcher for matcher in selector.matchers if matcher.label != METRIC_NAME),
        selector.range_ms,
        selector.offset_ms,
        reach_ms + (selector.range_ms or 0) + selector.offset_ms,
        selector.position,
    )
