"""An expression as tokens; three sets of rules: in braces, in brackets, and outside of both."""

from __future__ import annotations

import re
from typing import NamedTuple

from lumen_action.promql.faults import Fault

OPERATOR_WORDS = frozenset({"and", "or", "unless", "atan2"})
KEYWORDS = OPERATOR_WORDS | frozenset(
    [
        "sum",
        "avg",
        "count",
        "min",
        "max",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "count_values",
        "quantile",
        "offset",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "bool",
        "start",
        "end",
    ]
)
NUMBER, DURATION, STRING, NAME, METRIC, NOTHING = "number", "duration", "string", "name", "metric name", "the end"


class Token(NamedTuple):
    """A piece of an expression; a keyword or a sign is its own kind."""

    kind: str
    text: str
    position: int


_DIGITS = "[0-9](?:_?[0-9])*"
_NUMERIC = (
    r"(?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![A-Za-z0-9_]))"
    r"|(?P<number>(?:0[xX]_?[0-9A-Fa-f](?:_?[0-9A-Fa-f])*"
    rf"|(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?)(?![A-Za-z0-9_]))"
    r"|(?P<broken>\.?[0-9][A-Za-z0-9_.]*)"
)
_STRING = r"""(?P<string>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|`[^`]*`)"""
_SPACE = r"(?:[ \t\r\n]+|#[^\r\n]*)+"
_OUTSIDE = re.compile(
    rf"{_SPACE}|(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)|{_NUMERIC}|{_STRING}|(?P<sign>==|!=|<=|>=|=(?!~)|[-+*/%^<>,(){{\[@])"
)
_BRACES = re.compile(rf"{_SPACE}|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|{_STRING}|(?P<sign>=~|!~|!=|=|,|\}})")
_BRACKETS = re.compile(rf"{_SPACE}|{_NUMERIC}|(?P<sign>[:\]])")

_CLOSING = {"{": (_BRACES, "}"), "[": (_BRACKETS, "]")}
_PLACES = {_OUTSIDE: "", _BRACES: " between braces", _BRACKETS: " between brackets"}


def tokens(text: str) -> list[Token]:
    """Split an expression; the last token stands for its end."""
    if (bad := text.find("\ufffd")) >= 0:
        raise Fault(bad, "a character that is no UTF-8", "save the file as UTF-8")
    found: list[Token] = []
    rules, closing, opened, position = _OUTSIDE, "", 0, 0
    while position < len(text):
        match = rules.match(text, position)
        if not match:
            raise _unknown(text, position, rules)
        if match.lastgroup:
            token = _token(match.lastgroup, match.group(), position, named=rules is _BRACES)
            found.append(token)
            if token.kind == closing:
                rules, closing = _OUTSIDE, ""
            elif token.kind in _CLOSING:
                (rules, closing), opened = _CLOSING[token.kind], position
        position = match.end()
    if closing:
        raise Fault(opened, f"`{text[opened]}` without its `{closing}`", f"close it with `{closing}`")
    found.append(Token(NOTHING, "", position))
    return found


def _token(kind: str, piece: str, position: int, *, named: bool) -> Token:
    if kind == "broken":
        raise Fault(position, f"`{piece}`", "write a number such as `1.5` or a duration such as `1d12h`")
    if kind == "word":
        kind = NAME if named else _word(piece)
    return Token(piece if kind == "sign" else kind, piece, position)


def _word(piece: str) -> str:
    lowered = piece.lower()
    if lowered in KEYWORDS:
        return lowered
    if lowered in {"inf", "nan"}:
        return NUMBER
    return METRIC if ":" in piece else NAME


def _unknown(text: str, position: int, rules: re.Pattern[str]) -> Fault:
    character = text[position]
    place = _PLACES[rules]
    if character in "\"'`" and rules is not _BRACKETS:
        return Fault(position, "a string that does not end on its line", f"close it with {character}")
    if text.startswith(("=~", "!~"), position):
        return Fault(position, f"`{text[position : position + 2]}`", 'match labels in braces: `metric{label=~"a|b"}`')
    if character == "{":
        return Fault(position, f"`{{`{place}", "close the first brace, or quote it")
    fix = {
        _OUTSIDE: "take it away, or quote it",
        _BRACES: 'write matchers such as `{label="value"}`',
        _BRACKETS: "write a range such as `[5m]` or a subquery such as `[1h:5m]`",
    }[rules]
    return Fault(position, f"`{character}`{place}", fix)
