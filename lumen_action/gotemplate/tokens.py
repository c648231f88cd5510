"""A template as tokens: text, delimiters and what stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

TEXT, LEFT, RIGHT, SPACE, NUMBER, STRING, CHARACTER = "text", "{{", "}}", "space", "number", "string", "character"
NAME, FIELD, VARIABLE, DOT, BOOL, NOTHING, BROKEN = "name", "field", "variable", ".", "bool", "the end", "broken"
KEYWORDS = frozenset(["block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"])

_LARGEST, _LEAST = 2**64 - 1, -(2**63)


class Token(NamedTuple):
    """A piece of a template; a keyword or a sign is its own kind, and a broken piece carries the fix."""

    kind: str
    text: str
    line: int
    fix: str = ""


_COMMENT = re.compile(r"\{\{(?:-[ \t\r\n])?/\*(?:(?!\*/).)*\*/(?:[ \t\r\n]-)?\}\}", re.DOTALL)
_COMMENT_OPENS = re.compile(r"\{\{(?:-[ \t\r\n])?/\*")
_OPENS = re.compile(r"\{\{(?:-(?=[ \t\r\n]))?")
_ENDS = r"(?=[ \t\r\n.,|:)(]|\}\}|\Z)"
_DIGITS = r"(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9][0-9_]*)"
_EXPONENT = r"(?:[eEpP][+-]?[0-9_]+)?"
_NUMBER = rf"(?:{_DIGITS}(?:\.[0-9a-fA-F_]*)?|\.[0-9][0-9_]*){_EXPONENT}i?"
_INSIDE = re.compile(
    r"(?P<right>(?:[ \t\r\n]-)?\}\})"
    r"|(?P<space>(?:(?![ \t\r\n]-\}\})[ \t\r\n])+)"
    rf"|(?P<number>[+-]?{_NUMBER}(?:[+-]{_NUMBER})?(?!\w))"
    rf"|(?P<variable>\$\w*){_ENDS}|(?P<field>\.(?![0-9])\w+){_ENDS}|(?P<dot>\.){_ENDS}"
    rf"|(?P<name>(?![0-9])\w+){_ENDS}"
    r"""|(?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)|(?P<character>'(?:[^'\\\n]|\\[^\n])*')"""
    r"|(?P<sign>:=|[=|(),]|[!#%&*/;<>?@\[\]^{}~\\])"
)
_ESCAPE = (
    r"\\(?:[abfnrtv\\{quote}]|[0-3][0-7]{{2}}|x[0-9A-Fa-f]{{2}}|u(?![dD][89A-Fa-f])[0-9A-Fa-f]{{4}}"
    r"|U000[0-9A-Fa-f]{{5}}|U0010[0-9A-Fa-f]{{4}})"
)
_STRING = re.compile(rf'"(?:[^"\\]|{_ESCAPE.format(quote=chr(34))})*"|`[^`]*`')
_CHARACTER = re.compile(rf"'(?:[^'\\]|{_ESCAPE.format(quote=chr(39))})'")
_TENS = "[0-9](?:_?[0-9])*"
_FRACTION = rf"(?:(?:{_TENS}\.(?:{_TENS})?|\.{_TENS})(?:[eE][+-]?{_TENS})?|{_TENS}[eE][+-]?{_TENS})"
_INTEGER = r"(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)"
_POWER_OF_TWO = r"0[xX](?:_?[0-9a-fA-F])+(?:\.[0-9a-fA-F]*)?[pP][+-]?[0-9]+"
_COMPLEX = rf"(?:(?:{_FRACTION}|{_TENS})[+-])?(?:{_FRACTION}|{_TENS})i"
_VALID_NUMBER = re.compile(rf"[+-]?(?:{_FRACTION}|{_INTEGER}|{_POWER_OF_TWO}|{_COMPLEX})")


def tokens(text: str) -> Iterator[Token]:
    """Split a template; the last token stands for its end, or for what is broken."""
    position, line = 0, 1
    while position < len(text):
        opening = text.find("{{", position)
        if opening < 0:
            opening = len(text)
        if opening > position:
            yield Token(TEXT, text[position:opening], line)
            line += text.count("\n", position, opening)
            position = opening
        elif comment := _COMMENT.match(text, position):
            line += comment.group().count("\n")
            position = comment.end()
        elif _COMMENT_OPENS.match(text, position):
            yield Token(BROKEN, "a comment that is not closed", line, "close it with `*/}}`, without a space between")
            return
        elif opened := _OPENS.match(text, position):
            yield Token(LEFT, opened.group(), line)
            position = opened.end()
            for inner in _inside(text, position, line):
                yield inner
                if inner.kind == BROKEN:
                    return
                position += len(inner.text)
                line += inner.text.count("\n")
    yield Token(NOTHING, "", line)


def _inside(text: str, position: int, line: int) -> Iterator[Token]:
    """Split an action up to its closing delimiter."""
    while position < len(text):
        match = _INSIDE.match(text, position)
        if not match:
            yield _broken(text, position, line)
            return
        kind, piece = match.lastgroup or "", match.group()
        position = match.end()
        fault = _fault(kind, piece)
        token = Token(BROKEN, fault[0], line, fault[1]) if fault else Token(_kind(kind, piece), piece, line)
        line += piece.count("\n")
        yield token
        if token.kind == RIGHT:
            return
    yield Token(BROKEN, "an action that is not closed", line, "close it with `}}`")


def _kind(kind: str, piece: str) -> str:
    if kind == "name":
        return piece if piece in KEYWORDS else BOOL if piece in {"true", "false"} else NAME
    return {"right": RIGHT, "dot": DOT, "sign": piece}.get(kind, kind)


def _fault(kind: str, piece: str) -> tuple[str, str] | None:
    if kind == STRING and not _STRING.fullmatch(piece):
        return f"an unknown escape in {piece}", r"write `\\` for a backslash, or use `raw quotes`"
    if kind == CHARACTER and not _CHARACTER.fullmatch(piece):
        return f"{piece}, which is no single character", "write text between double quotes"
    if kind == NUMBER and (not _VALID_NUMBER.fullmatch(piece) or _overflows(piece)):
        return f"`{piece}`, which is no number", "write one such as `1.5`"
    return None


def _overflows(number: str) -> bool:
    digits = number.lstrip("+-").replace("_", "")
    return digits.isdigit() and int(digits) > (_LARGEST if number[0] != "-" else -_LEAST)


def _broken(text: str, position: int, line: int) -> Token:
    rest = text[position:]
    if rest[0] in "\"'`":
        return Token(BROKEN, "a string that does not end", line, f"close it with {rest[0]}")
    word = re.match(r"[$.]?\w*", rest)
    piece = word.group() if word else ""
    odd = rest[len(piece) : len(piece) + 1] or piece
    if odd == "-":
        fix = f'write `index {piece.rpartition(".")[0] or "."} "…"` for a name with a dash, and a space around `-`'
        return Token(BROKEN, f"`{piece}-`", line, fix)
    return Token(BROKEN, f"`{piece}{odd if odd != piece else ''}`", line, "quote it, or put a space between")
