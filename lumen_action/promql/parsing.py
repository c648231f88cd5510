"""The grammar: from tokens to a tree."""

from __future__ import annotations

import math
from dataclasses import replace

from lumen_action.promql import literals
from lumen_action.promql.dialect import NUMBERS_AS_DURATIONS, QUOTED_NAMES, UNDERSCORES, Dialect
from lumen_action.promql.faults import Fault
from lumen_action.promql.functions import AGGREGATORS
from lumen_action.promql.tokens import DURATION, KEYWORDS, METRIC, NAME, NOTHING, NUMBER, STRING, Token, tokens
from lumen_action.promql.tree import (
    END,
    START,
    Aggregation,
    Binary,
    Call,
    Expr,
    Grouping,
    Matcher,
    Matching,
    Number,
    Selector,
    Subquery,
    Text,
    Unary,
)

LEVELS = {
    **dict.fromkeys(["or"], 1),
    **dict.fromkeys(["and", "unless"], 2),
    **dict.fromkeys(["==", "!=", "<", "<=", ">", ">="], 3),
    **dict.fromkeys(["+", "-"], 4),
    **dict.fromkeys(["*", "/", "%", "atan2"], 5),
    **dict.fromkeys(["^"], 6),
}
SIGNED = 5  # a sign binds as a product does: -a ^ b is -(a ^ b)
RIGHT_ASSOCIATIVE = "^"

LABEL_WORDS = KEYWORDS - {"without"} | {NAME}
METRIC_WORDS = KEYWORDS - {"atan2", "bool", "on", "ignoring", "group_left", "group_right"} | {NAME, METRIC}
MATCHES = frozenset({"=", "!=", "=~", "!~"})
_LAST_TIME = 2**63

Timed = Selector | Subquery


class Parser:
    """Stands on a token of the text and reads on from there."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        """Split the text into its tokens."""
        self.dialect = dialect
        self.tokens = tokens(text)
        self.at = 0

    @property
    def token(self) -> Token:
        """Return the token we stand on."""
        return self.tokens[self.at]

    def _next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def _takes(self, *kinds: str) -> bool:
        if self.token.kind in kinds:
            self.at += 1
            return True
        return False

    def _expect(self, kind: str, place: str) -> Token:
        if self.token.kind != kind:
            raise self._unexpected(place, f"write `{kind}`" if len(kind) == 1 else f"write a {kind}")
        return self._next()

    def _unexpected(self, place: str, fix: str) -> Fault:
        token = self.token
        found = "the end of the expression" if token.kind == NOTHING else f"`{token.text}`"
        return Fault(token.position, f"{found} {place}", fix)

    def whole(self) -> Expr:
        """Read the whole text as one expression."""
        if self.token.kind == NOTHING:
            raise Fault(0, "no expression", "write one, such as `up == 0`")
        expr = self._expression(0)
        if self.token.kind == ")":
            raise self._unexpected("that closes nothing", "take it away, or open it before")
        if self.token.kind in {"by", "without"}:
            raise self._unexpected("behind something that is no aggregation", "aggregate, as in `sum by (label) (…)`")
        if self.token.kind != NOTHING:
            raise self._unexpected("after a complete expression", "join the two with an operator, or take it away")
        return expr

    def _expression(self, level: int) -> Expr:
        left = self._signed()
        while LEVELS.get(self.token.kind, -1) >= level:
            operator = self._next()
            returns_bool = self._takes("bool")
            matching = self._matching()
            own = LEVELS[operator.kind]
            right = self._expression(own if operator.kind == RIGHT_ASSOCIATIVE else own + 1)
            left = Binary(operator.kind, left, right, returns_bool, matching, position=operator.position)
        return left

    def _signed(self) -> Expr:
        sign = self.token
        if self._takes("-", "+"):
            return Unary(sign.kind, self._expression(SIGNED + 1), position=sign.position)
        return self._timed()

    def _matching(self) -> Matching | None:
        word = self.token.kind
        if not self._takes("on", "ignoring"):
            return None
        labels = self._labels(word)
        group = self.token.kind
        if not self._takes("group_left", "group_right"):
            return Matching(word, labels)
        return Matching(word, labels, group, self._labels(group) if self.token.kind == "(" else ())

    def _comma(self, place: str) -> None:
        if not self._takes(","):
            raise self._unexpected(place, "write `,` before one more, or close with `)`")

    def _labels(self, word: str) -> tuple[str, ...]:
        labels: list[str] = []
        self._expect("(", f"after `{word}`")
        while not self._takes(")"):
            if labels:
                self._comma(f"in the labels of `{word}`")
                if self._takes(")"):
                    break
            token = self.token
            if token.kind == STRING:
                labels.append(self._quoted_name())
            elif self._takes(*LABEL_WORDS):
                labels.append(token.text)
            else:
                raise self._unexpected(f"in the labels of `{word}`", "name labels, as in `by (region, stage)`")
        return tuple(labels)

    def _quoted_name(self) -> str:
        token = self._expect(STRING, "as a name")
        self.dialect.needs(QUOTED_NAMES, token.position, "a name between quotes", "write it without quotes")
        name = literals.unquoted(token.text, token.position)
        if not name or not name.isprintable():
            raise Fault(token.position, "a name that nobody can read", "write a name")
        return name

    def _timed(self) -> Expr:
        """Read an operand and the ranges, offsets and times behind it."""
        bare = self.token.kind != "("
        expr = self._operand()
        while True:
            token = self.token
            if self._takes("["):
                expr = self._ranged(expr, token, bare=bare)
                bare = True
            elif self._takes("offset", "@"):
                if not bare or not isinstance(expr, Selector | Subquery):
                    found = f"`{token.text}` behind something that is no selector"
                    raise Fault(token.position, found, "write it right behind the metric, its matchers and its range")
                expr = self._offset(expr, token) if token.kind == "offset" else self._fixed(expr, token)
            else:
                return expr

    def _ranged(self, expr: Expr, bracket: Token, *, bare: bool) -> Expr:
        range_ms = self._duration("as a range")
        if self._takes(":"):
            step_ms = None if self.token.kind == "]" else self._duration("as a step")
            self._expect("]", "behind a subquery's range")
            return Subquery(expr, range_ms, step_ms, position=expr.position)
        self._expect("]", "behind a range")
        if not bare or not isinstance(expr, Selector) or expr.range_ms is not None:
            found = "a range behind something that is no selector"
            raise Fault(bracket.position, found, "write it right behind the metric, or a subquery such as `[1h:5m]`")
        if expr.offset_ms or expr.at is not None:
            raise Fault(bracket.position, "a range behind `offset` or `@`", "write the range first: `m[5m] offset 1h`")
        return replace(expr, range_ms=range_ms)

    def _offset(self, expr: Timed, word: Token) -> Timed:
        sign = -1 if self._takes("-") else 1
        offset_ms = self._duration("after `offset`")
        if expr.offset_ms:
            raise Fault(word.position, "a second `offset`", "add the two up")
        return replace(expr, offset_ms=sign * offset_ms)

    def _duration(self, place: str) -> int:
        token = self.token
        if token.kind == DURATION:
            self.at += 1
            length = literals.milliseconds(token.text, token.position)
        elif token.kind == NUMBER:
            fix = f"add its unit, as in `{token.text}s`"
            self.dialect.needs(NUMBERS_AS_DURATIONS, token.position, f"`{token.text}` without a unit {place}", fix)
            value = self._number()
            length = round(value * 1000) if math.isfinite(value) else 0
        else:
            raise self._unexpected(place, "write a duration such as `5m`")
        if not length:
            raise Fault(token.position, f"no time at all {place}", "write a duration above 0, or leave it out")
        return length

    def _fixed(self, expr: Timed, sign: Token) -> Timed:
        if expr.at is not None:
            raise Fault(sign.position, "a second `@`", "keep one of them")
        word = self.token
        if self._takes("start", "end"):
            self._expect("(", f"after `{word.text}`")
            self._expect(")", f"after `{word.text}(`")
            return replace(expr, at=START if word.kind == "start" else END)
        negative = -1 if self.token.kind == "-" else 1
        self._takes("-", "+")
        if self.token.kind != NUMBER:
            raise self._unexpected("after `@`", "write seconds since 1970, `start()` or `end()`")
        time_ms = negative * self._number() * 1000
        if not abs(time_ms) < _LAST_TIME:
            raise Fault(sign.position, "a time out of bounds after `@`", "write seconds since 1970")
        return replace(expr, at=round(time_ms))

    def _number(self) -> float:
        token = self._next()
        if token.kind == DURATION:
            self.dialect.needs(NUMBERS_AS_DURATIONS, token.position, f"`{token.text}` as a number", "write seconds")
            return literals.milliseconds(token.text, token.position) / 1000
        if "_" in token.text:
            self.dialect.needs(UNDERSCORES, token.position, f"`{token.text}`", "leave the underscores out")
        return literals.number(token.text, token.position)

    def _operand(self) -> Expr:
        token = self.token
        following = self.tokens[min(self.at + 1, len(self.tokens) - 1)].kind
        if token.text.lower() in AGGREGATORS and following in {"(", "by", "without"} and token.kind != STRING:
            return self._aggregation()
        if token.kind == NAME and following == "(":
            self.at += 1
            return Call(token.text, self._arguments(token.text), position=token.position)
        if token.kind in METRIC_WORDS or token.kind == "{":
            return self._selector()
        if token.kind in {NUMBER, DURATION}:
            return Number(literals.written(self._number()), position=token.position)
        if self._takes(STRING):
            return Text(literals.unquoted(token.text, token.position), position=token.position)
        if self._takes("("):
            expr = self._expression(0)
            self._expect(")", "in an open parenthesis")
            return expr
        raise self._unexpected("where an operand belongs", "write a metric, a number, a function or `(…)`")

    def _arguments(self, name: str) -> tuple[Expr, ...]:
        arguments: list[Expr] = []
        self._expect("(", f"after `{name}`")
        while not self._takes(")"):
            if arguments:
                self._comma(f"in the arguments of {name}()")
            arguments.append(self._expression(0))
        return tuple(arguments)

    def _aggregation(self) -> Aggregation:
        token = self._next()
        name = token.text.lower()
        operator = AGGREGATORS[name]
        self.dialect.needs(operator.since, token.position, f"{name}()", "do without it")
        if operator.experimental:
            self.dialect.needs_experiments(token.position, f"{name}()")
        grouping = self._grouping()
        arguments = self._arguments(name)
        grouping = grouping or self._grouping()
        wanted = 2 if operator.parameter else 1
        if len(arguments) != wanted:
            found = f"{len(arguments)} argument{'' if len(arguments) == 1 else 's'} for {name}()"
            fix = f"write `{name}(parameter, vector)`" if operator.parameter else f"write `{name}(vector)`"
            raise Fault(token.position, found, fix)
        parameter = arguments[0] if operator.parameter else None
        return Aggregation(name, arguments[-1], parameter, grouping, position=token.position)

    def _grouping(self) -> Grouping | None:
        word = self.token.kind
        return Grouping(word, self._labels(word)) if self._takes("by", "without") else None

    def _selector(self) -> Selector:
        begun = self.token.position
        name = None if self.token.kind == "{" else self._next().text
        matchers: list[Matcher] = []
        if self._takes("{"):
            entries = 0
            while not self._takes("}"):
                if entries:
                    self._expect(",", "between matchers")
                    if self._takes("}"):
                        break
                entries += 1
                name = self._matcher(name, matchers)
        return Selector(name, tuple(matchers), position=begun)

    def _matcher(self, name: str | None, matchers: list[Matcher]) -> str | None:
        """Read one entry between braces and return the name of the metric, which may be that entry."""
        token = self.token
        if token.kind == STRING:
            label = self._quoted_name()
            if self.token.kind in {",", "}"}:
                if name is not None:
                    raise Fault(
                        token.position, f"a second name, `{label}`, for the metric `{name}`", "keep one of them"
                    )
                return label
        else:
            label = self._expect(NAME, "where a label belongs").text
        operator = self.token
        if not self._takes(*MATCHES):
            raise self._unexpected(f"after the label {label}", 'write `="value"`')
        value = self._expect(STRING, "where a value between quotes belongs")
        text = literals.unquoted(value.text, value.position)
        matchers.append(Matcher(label, operator.kind, text, position=token.position))
        return name
