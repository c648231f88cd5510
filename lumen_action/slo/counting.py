"""Counting events from counters: which queries are sums of counters, and by how much a counter rose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from lumen_action.promql import render
from lumen_action.promql.tree import Aggregation, Binary, Call, Expr, Number, Selector

T = TypeVar("T")

# A scrape of an older state is a little lower, and the next ones are right again; a restart begins near zero.
_DIP_KEEPS, _DIP_LASTS = 0.9, 3


@dataclass(frozen=True)
class Term:
    """Counters that are added, or subtracted where the sign is -1."""

    sign: int
    selector: Selector


@dataclass(frozen=True)
class Rise:
    """By how much a counter rose, the value it goes on from, and what was seen on the way."""

    by: float
    reached: float
    restarts: int = 0
    dips: int = 0


def over_sums(expr: Expr, leaf: Callable[[Expr], T | None], joined: Callable[[Expr, tuple[T, ...]], T]) -> T | None:
    """Fold an expression that only sums, adds and subtracts what the leaf knows; None for any other."""
    if isinstance(expr, Aggregation) and expr.operator == "sum":
        within = over_sums(expr.expr, leaf, joined)
        return None if within is None else joined(expr, (within,))
    if isinstance(expr, Binary) and expr.operator in {"+", "-"}:
        left, right = over_sums(expr.left, leaf, joined), over_sums(expr.right, leaf, joined)
        return None if left is None or right is None else joined(expr, (left, right))
    if isinstance(expr, Binary) and expr.operator == "or" and _is_zero(expr.right):
        return over_sums(expr.left, leaf, joined)  # what is absent counts as nothing anyway
    return leaf(expr)


def counter(expr: Expr) -> Selector | None:
    """Return the counter that an expression is, as it is now."""
    return expr if isinstance(expr, Selector) and expr.range_ms is None and expr.at is None else None


def over(function: str, selector: Selector, length_ms: int) -> str:
    """Return the text of a function over the last so many milliseconds of a counter."""
    return render(Call(function, (replace(selector, range_ms=length_ms),)))


def terms(expr: Expr, counter_of: Callable[[Expr], Selector | None] = counter) -> tuple[Term, ...] | None:
    """Return the counters that an expression sums, None for what is not linear in them."""

    def leaf(expr: Expr) -> tuple[Term, ...] | None:
        found = counter_of(expr)
        return None if found is None else (Term(1, found),)

    return over_sums(expr, leaf, _signed)


def _signed(expr: Expr, parts: tuple[tuple[Term, ...], ...]) -> tuple[Term, ...]:
    if not (isinstance(expr, Binary) and expr.operator == "-"):
        return tuple(term for part in parts for term in part)
    left, right = parts
    return left + tuple(replace(term, sign=-term.sign) for term in right)


def _is_zero(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.function == "vector" and expr.arguments == (Number("0"),)


def rise(base: float, values: Sequence[float]) -> Rise:
    """Return by how much a counter rose above the base; nothing is lost at a restart, nothing is gained at a dip."""
    by, restarts, dips = 0.0, 0, 0
    reached, dipping = base, False
    for position, value in enumerate(values):
        if value >= reached:
            by += value - reached
            reached, dipping = value, False
        elif _dips(reached, values[position:]):
            dips += not dipping
            dipping = True
        else:
            by += value
            restarts += 1
            reached, dipping = value, False
    return Rise(by, reached, restarts, dips)


def _dips(reached: float, following: Sequence[float]) -> bool:
    """Tell whether a fall is one of a scrape and not of the counter; one that is too fresh to tell is taken for it."""
    soon = following[1 : 1 + _DIP_LASTS]
    back = any(value >= reached for value in soon)
    return following[0] >= reached * _DIP_KEEPS and (back or len(soon) < _DIP_LASTS)


def whole(counts: Iterable[float]) -> Iterator[int]:
    """Round counts so that the sum of any number of the first ones is off by half an event at most."""
    exact, told = Fraction(0), 0
    for count in counts:
        exact += Fraction(count)
        rounded = int(exact + Fraction(1, 2))
        yield rounded - told
        told = rounded
