"""An expression in canonical text: one spelling, and parentheses only where the tree needs them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lumen_action.promql.literals import duration, quoted
from lumen_action.promql.parsing import LABEL_WORDS, LEVELS, METRIC_WORDS, RIGHT_ASSOCIATIVE, SIGNED
from lumen_action.promql.tokens import KEYWORDS, METRIC, NAME
from lumen_action.promql.tree import Aggregation, Binary, Call, Expr, Matching, Number, Selector, Subquery, Text, Unary

_LABEL = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_METRIC = re.compile("[A-Za-z_:][A-Za-z0-9_:]*")
_TIGHTEST = 9


def render(expr: Expr) -> str:
    """Write an expression so that parsing the text gives the same tree."""
    return _WRITERS[type(expr)](expr)


def _subquery(expr: Subquery) -> str:
    step = "" if expr.step_ms is None else duration(expr.step_ms)
    return f"{_within(expr.expr, _TIGHTEST)}[{duration(expr.range_ms)}:{step}]{_times(expr)}"


def _call(expr: Call) -> str:
    return f"{expr.function}({', '.join(map(render, expr.arguments))})"


def _unary(expr: Unary) -> str:
    return f"{expr.operator}{_within(expr.expr, SIGNED + 1)}"


def _within(expr: Expr, level: int) -> str:
    """Write an expression beside something that binds as tightly as the level."""
    own = LEVELS[expr.operator] if isinstance(expr, Binary) else SIGNED if isinstance(expr, Unary) else _TIGHTEST
    return render(expr) if own >= level else f"({render(expr)})"


def _binary(expr: Binary) -> str:
    level = LEVELS[expr.operator]
    turned = expr.operator == RIGHT_ASSOCIATIVE
    left = _within(expr.left, level + turned)
    right = render(expr.right) if isinstance(expr.right, Unary) else _within(expr.right, level + (not turned))
    bool_word = " bool" if expr.returns_bool else ""
    return f"{left} {expr.operator}{bool_word}{_matching(expr.matching)} {right}"


def _matching(matching: Matching | None) -> str:
    if matching is None:
        return ""
    group = f" {matching.group} {_labels(matching.include)}" if matching.group else ""
    return f" {matching.word} {_labels(matching.labels)}{group}"


def _labels(labels: tuple[str, ...]) -> str:
    return f"({', '.join(_bare_or_quoted(label, among=LABEL_WORDS) for label in labels)})"


def _bare_or_quoted(label: str, *, among: frozenset[str] | None = None) -> str:
    lowered = label.lower()
    reserved = among is not None and lowered in KEYWORDS | {"inf", "nan"} and lowered not in among
    return label if _LABEL.fullmatch(label) and not reserved else quoted(label)


def _aggregation(expr: Aggregation) -> str:
    grouping = f" {expr.grouping.word} {_labels(expr.grouping.labels)} " if expr.grouping else ""
    parameter = "" if expr.parameter is None else f"{render(expr.parameter)}, "
    return f"{expr.operator}{grouping}({parameter}{render(expr.expr)})"


def _selector(expr: Selector) -> str:
    matchers = [f"{_bare_or_quoted(each.label)}{each.operator}{quoted(each.value)}" for each in expr.matchers]
    name = expr.name or ""
    if name and not _bare_metric(name):
        matchers.insert(0, quoted(name))
        name = ""
    braces = f"{{{', '.join(matchers)}}}" if matchers or not name else ""
    length = "" if expr.range_ms is None else f"[{duration(expr.range_ms)}]"
    return f"{name}{braces}{length}{_times(expr)}"


def _bare_metric(name: str) -> bool:
    lowered = name.lower()
    reserved = lowered in KEYWORDS | {"inf", "nan"} and lowered not in METRIC_WORDS - {NAME, METRIC}
    return bool(_METRIC.fullmatch(name)) and not reserved


def _times(expr: Selector | Subquery) -> str:
    at = expr.at
    fixed = "" if at is None else f" @ {at}" if isinstance(at, str) else f" @ {_seconds(at)}"
    sign = "-" if expr.offset_ms < 0 else ""
    return fixed + (f" offset {sign}{duration(abs(expr.offset_ms))}" if expr.offset_ms else "")


def _seconds(time_ms: int) -> str:
    whole, rest = divmod(abs(time_ms), 1000)
    return f"{'-' if time_ms < 0 else ''}{whole}" + (f".{rest:03}" if rest else "")


_WRITERS: dict[type, Callable[[Any], str]] = {
    Number: lambda number: str(number.literal),
    Text: lambda text: quoted(text.value),
    Selector: _selector,
    Subquery: _subquery,
    Call: _call,
    Aggregation: _aggregation,
    Binary: _binary,
    Unary: _unary,
}
