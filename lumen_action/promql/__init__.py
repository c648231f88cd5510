"""PromQL without Prometheus: read an expression as promtool does, find what it selects, write it in one spelling."""

from __future__ import annotations

from lumen_action.promql.checking import check
from lumen_action.promql.dialect import ANY, Dialect
from lumen_action.promql.faults import Fault, PromqlError
from lumen_action.promql.parsing import Parser
from lumen_action.promql.rendering import render
from lumen_action.promql.selecting import Selected, selectors
from lumen_action.promql.tree import Expr, ValueType

__all__ = [
    "ANY",
    "Dialect",
    "Expr",
    "PromqlError",
    "Selected",
    "ValueType",
    "parse",
    "render",
    "selectors",
    "value_type",
]


def parse(text: str, dialect: Dialect = ANY) -> Expr:
    """Return the tree of an expression; a PromqlError names the first fault."""
    try:
        expr = Parser(text, dialect).whole()
        check(expr, dialect)
    except Fault as fault:
        raise PromqlError(text, fault.position, fault.found, fault.fix) from None
    except RecursionError:
        raise PromqlError(text, 0, "more levels than anyone can read", "record parts of it by rules") from None
    return expr


def value_type(expr: Expr) -> ValueType:
    """Tell whether an expression that was parsed gives a scalar, a string, an instant or a range vector."""
    return check(expr, Dialect(experimental=True))
