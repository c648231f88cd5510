"""The tree of an expression. Parentheses are no part of it: they are where `render` needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

METRIC_NAME = "__name__"
START = "start()"
END = "end()"


def _position() -> int:
    return field(default=0, compare=False, repr=False, kw_only=True)


class ValueType(Enum):
    """What an expression gives."""

    SCALAR = "a scalar"
    STRING = "a string"
    INSTANT = "an instant vector"
    RANGE = "a range vector"


@dataclass(frozen=True)
class Number:
    """A number without a sign, as `render` writes it: as text, because NaN does not equal itself."""

    literal: str
    position: int = _position()

    @property
    def value(self) -> float:
        """Return the number."""
        return float(self.literal)


@dataclass(frozen=True)
class Text:
    """A string, without its quotes and escapes; a byte that is no UTF-8 is a lone surrogate."""

    value: str
    position: int = _position()


@dataclass(frozen=True)
class Matcher:
    """A condition on a label: `=`, `!=`, `=~` or `!~`."""

    label: str
    operator: str
    value: str
    position: int = _position()


@dataclass(frozen=True)
class Selector:
    """Series by name and matchers; with a range it is a range vector."""

    name: str | None
    matchers: tuple[Matcher, ...] = ()
    range_ms: int | None = None
    offset_ms: int = 0
    at: int | str | None = None  # milliseconds since 1970, START or END
    position: int = _position()


@dataclass(frozen=True)
class Subquery:
    """An expression evaluated at every step of a range."""

    expr: Expr
    range_ms: int
    step_ms: int | None = None
    offset_ms: int = 0
    at: int | str | None = None
    position: int = _position()


@dataclass(frozen=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple[Expr, ...] = ()
    position: int = _position()


@dataclass(frozen=True)
class Grouping:
    """The labels that an aggregation keeps (`by`) or drops (`without`)."""

    word: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Aggregation:
    """An aggregation operator over an expression."""

    operator: str
    expr: Expr
    parameter: Expr | None = None
    grouping: Grouping | None = None
    position: int = _position()


@dataclass(frozen=True)
class Matching:
    """How the two sides of a binary operator find each other; `group` is group_left, group_right or empty."""

    word: str
    labels: tuple[str, ...]
    group: str = ""
    include: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binary:
    """Two expressions and an operator."""

    operator: str
    left: Expr
    right: Expr
    returns_bool: bool = False
    matching: Matching | None = None
    position: int = _position()


@dataclass(frozen=True)
class Unary:
    """A sign before an expression."""

    operator: str
    expr: Expr
    position: int = _position()


Expr = Number | Text | Selector | Subquery | Call | Aggregation | Binary | Unary


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the expressions directly below."""
    if isinstance(expr, Call):
        return expr.arguments
    if isinstance(expr, Binary):
        return expr.left, expr.right
    if isinstance(expr, Aggregation):
        return (expr.expr,) if expr.parameter is None else (expr.parameter, expr.expr)
    return (expr.expr,) if isinstance(expr, Unary | Subquery) else ()
