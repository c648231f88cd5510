"""PromQL in documents: what may stand there, and counting what another tool asks for as a rate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lumen_action.promql import Expr, PromqlError, ValueType, parse, render, value_type
from lumen_action.promql.tree import Call, Selector, children
from lumen_action.slo.objective import WINDOW_PLACEHOLDER
from lumen_action.slo.reading import Node

_PLACEHOLDER = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")
# As long as the placeholder, so that positions in an expression stay right.
_STAND_IN = "0000000005m"
_QUANTILES = frozenset({"histogram_quantile", "quantile_over_time"})
_NO_ZEROS = re.compile(r"\.?0*\Z")


def promql(node: Node) -> tuple[str, Expr] | None:
    """Return a query and its tree, None with a fault told; the window's placeholder gets one spelling."""
    text = _PLACEHOLDER.sub(WINDOW_PLACEHOLDER, node.text()).strip()
    if not text:
        return None
    try:
        expr = parse(text.replace(WINDOW_PLACEHOLDER, _STAND_IN))
    except PromqlError as fault:
        node.refuse(
            f"PromQL that does not parse (its line {fault.line}, column {fault.column}: {fault.found})", fault.fix
        )
        return None
    if value_type(expr) in {ValueType.RANGE, ValueType.STRING}:
        node.refuse(f"PromQL that gives {value_type(expr).value}", "write an expression that gives one number a series")
        return None
    return text, expr


def takes_a_quantile(expr: Expr) -> bool:
    """Tell whether a percentile is computed; it is a value in seconds, and no share of events."""
    return any(isinstance(each, Call) and each.function in _QUANTILES for each in _all(expr))


def selector(node: Node) -> Selector | None:
    """Return the one selector that a query consists of, None with a fault told."""
    found = promql(node)
    if found is None:
        return None
    if isinstance(found[1], Selector):
        return found[1]
    node.refuse(node.shown, 'write a metric with its matchers alone, such as `requests_total{code=~"5.."}`')
    return None


def counted(text: str, expr: Expr) -> str:
    """Make every `rate` an `increase`, so that a query gives events and not events a second."""
    for call in sorted(_rates(expr), key=lambda each: each.position, reverse=True):
        begin, end = call.position, call.position + len(call.function)
        text = f"{text[:begin]}increase{text[end:]}"
    return text


def over_window(selected: Selector, function: str) -> str:
    """Return the function over the window that is asked about, summed over all series."""
    bare = render(replace(selected, offset_ms=0, at=None))
    return f"sum({function}({bare}[{WINDOW_PLACEHOLDER}]{render(selected)[len(bare) :]}))"


def bucket_bounds(seconds: float) -> str:
    """Return the matcher of a bucket; client libraries write a whole bound as `5` or as `5.0`."""
    bound = _NO_ZEROS.sub("", f"{seconds:.9f}")
    return f'le="{bound}"' if "." in bound else f'le=~"{bound}(\\\\.0)?"'


def _rates(expr: Expr) -> Iterator[Call]:
    return (each for each in _all(expr) if isinstance(each, Call) and each.function == "rate")


def _all(expr: Expr) -> Iterator[Expr]:
    yield expr
    for child in children(expr):
        yield from _all(child)
