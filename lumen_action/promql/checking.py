"""Whether the parts of an expression fit together: types, arguments, operators, matchers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lumen_action.promql.dialect import Dialect
from lumen_action.promql.faults import Fault
from lumen_action.promql.functions import AGGREGATORS, FUNCTIONS, Function
from lumen_action.promql.regex import RegexFault, matches_empty
from lumen_action.promql.tree import (
    METRIC_NAME,
    Aggregation,
    Binary,
    Call,
    Expr,
    Matcher,
    Number,
    Selector,
    Subquery,
    Text,
    Unary,
    ValueType,
)

SETS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
SCALAR, STRING, INSTANT, RANGE = ValueType.SCALAR, ValueType.STRING, ValueType.INSTANT, ValueType.RANGE
BOTH = 2

_TOWARDS = {
    (INSTANT, RANGE): "wrap it in a function over time, such as rate() or max_over_time()",
    (RANGE, INSTANT): "give it a range, such as `[5m]`, or `[1h:5m]` after an expression",
    (SCALAR, INSTANT): "wrap it in scalar()",
    (INSTANT, SCALAR): "wrap it in vector()",
}


def check(expr: Expr, dialect: Dialect) -> ValueType:
    """Return the type of an expression, or refuse it."""
    return _CHECKS[type(expr)](expr, dialect)


def _expect(wanted: ValueType, expr: Expr, dialect: Dialect, place: str) -> None:
    given = check(expr, dialect)
    if given is not wanted:
        fix = _TOWARDS.get((wanted, given), f"write {wanted.value}")
        raise Fault(expr.position, f"{given.value} {place}, which takes {wanted.value}", fix)


def _selector(selector: Selector, _: Dialect) -> ValueType:
    selective = selector.name is not None
    for matcher in selector.matchers:
        empty = _matches_empty(matcher)
        if selector.name is None:
            selective = selective or not empty
        elif matcher.label == METRIC_NAME:
            found = f"a second name, `{matcher.value}`, for the metric `{selector.name}`"
            raise Fault(matcher.position, found, "keep one of them")
    if not selective:
        raise Fault(
            selector.position,
            "a selector whose matchers all match the empty text, so it would read every series",
            'name the metric, or add a matcher such as `job!=""`',
        )
    return INSTANT if selector.range_ms is None else RANGE


def _matches_empty(matcher: Matcher) -> bool:
    if matcher.operator in {"=", "!="}:
        return (matcher.value == "") == (matcher.operator == "=")
    try:
        return matches_empty(matcher.value) == (matcher.operator == "=~")
    except RegexFault as fault:
        found = f"{fault.found} in the pattern of the label {matcher.label}"
        raise Fault(matcher.position, found, fault.fix) from None


def _subquery(subquery: Subquery, dialect: Dialect) -> ValueType:
    _expect(INSTANT, subquery.expr, dialect, "before a subquery")
    return RANGE


def _call(call: Call, dialect: Dialect) -> ValueType:
    function = known(call.function, call.position, dialect)
    count = len(call.arguments)
    if count < function.fewest or (function.most is not None and count > function.most):
        found = f"{count} argument{'' if count == 1 else 's'} for {call.function}()"
        raise Fault(call.position, found, f"give {_arity(function)}")
    for index, argument in enumerate(call.arguments):
        if call.function == "info" and index == 1:
            continue  # its matchers choose labels, not series
        wanted = function.takes[min(index, len(function.takes) - 1)]
        _expect(wanted, argument, dialect, f"in {call.function}()")
    return function.gives


def _arity(function: Function) -> str:
    if function.most is None:
        return f"{function.fewest} or more"
    if function.most == function.fewest:
        return str(function.most) if function.most else "none"
    return f"{function.fewest} to {function.most}"


def known(name: str, position: int, dialect: Dialect) -> Function:
    """Find a function by its name, in the version that is asked for."""
    function = FUNCTIONS.get(name)
    if function is None:
        likeness = name.lower()
        like = likeness if likeness in FUNCTIONS else ""
        raise Fault(
            position,
            f"the unknown function {name}()",
            f"write {like}()" if like else "check its name; labels and metrics are not called",
        )
    dialect.needs(function.since, position, f"{name}()", "do without it")
    if function.until and dialect.version and dialect.version >= function.until:
        found = f"{name}(), which Prometheus {function.until[0]}.{function.until[1]} no longer has"
        raise Fault(position, found, "do without it")
    if function.experimental:
        dialect.needs_experiments(position, f"{name}()")
    return function


def _aggregation(aggregation: Aggregation, dialect: Dialect) -> ValueType:
    place = f"in {aggregation.operator}()"
    _expect(INSTANT, aggregation.expr, dialect, place)
    wanted = AGGREGATORS[aggregation.operator].parameter
    if wanted and aggregation.parameter is not None:
        _expect(wanted, aggregation.parameter, dialect, f"as the parameter {place}")
    return INSTANT


def _binary(binary: Binary, dialect: Dialect) -> ValueType:
    scalars = 0
    for side in (binary.left, binary.right):
        given = check(side, dialect)
        if given not in {SCALAR, INSTANT}:
            fix = _TOWARDS.get((INSTANT, given), "compare and calculate with scalars and instant vectors only")
            raise Fault(side.position, f"{given.value} beside `{binary.operator}`", fix)
        scalars += given is SCALAR
    _check_operator(binary, scalars)
    return SCALAR if scalars == BOTH else INSTANT


def _check_operator(binary: Binary, scalars: int) -> None:
    operator, matching = binary.operator, binary.matching
    found = fix = ""
    if binary.returns_bool and operator not in COMPARISONS:
        found, fix = f"`bool` after `{operator}`", "only comparisons take it: leave it out"
    elif operator in COMPARISONS and not binary.returns_bool and scalars == BOTH:
        found, fix = f"a comparison of two scalars by `{operator}`", f"write `{operator} bool`"
    elif operator in SETS and scalars:
        found, fix = f"a scalar beside `{operator}`", "wrap it in vector()"
    elif matching and scalars and matching.labels:
        found, fix = f"`{matching.word}` beside a scalar", "only two instant vectors are matched: leave it out"
    elif matching and operator in SETS and matching.group:
        found, fix = f"`{matching.group}` after `{operator}`", "sets match many to many: leave it out"
    elif matching and matching.word == "on" and (twice := set(matching.labels) & set(matching.include)):
        found, fix = f"the label {min(twice)} in `on` and in `{matching.group}`", "keep it in one of them"
    if found:
        raise Fault(binary.position, found, fix)


def _unary(unary: Unary, dialect: Dialect) -> ValueType:
    given = check(unary.expr, dialect)
    if given not in {SCALAR, INSTANT}:
        fix = _TOWARDS.get((INSTANT, given), "a sign stands before scalars and instant vectors only")
        raise Fault(unary.position, f"{given.value} after `{unary.operator}`", fix)
    return given


_CHECKS: dict[type, Callable[[Any, Dialect], ValueType]] = {
    Number: lambda _number, _dialect: SCALAR,
    Text: lambda _text, _dialect: STRING,
    Selector: _selector,
    Subquery: _subquery,
    Call: _call,
    Aggregation: _aggregation,
    Binary: _binary,
    Unary: _unary,
}
