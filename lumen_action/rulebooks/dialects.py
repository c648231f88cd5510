"""Regular expressions of JavaScript, .NET and Ruby, written again for Python; what has no like there is refused."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

LONGEST_GAP = 300

# A class of signs is one piece, so that nothing inside it is taken for a group or a repetition.
_PIECE = (
    r"\\(?:[pPu]\{{[^}}]*\}}|k(?:<[^>]*>|'[^']*')|x[0-9a-fA-F]{{2}}|u[0-9a-fA-F]{{4}}|.)"
    r"|\[\^?{first}(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"
    r"|\(\?(?:<(?![=!])[^>]*>|'[^']*'|<?[=!]|>|:|\#[^)]*\)|[a-zA-Z-]+[:)]|.)|[*+?]\+|\{{\d*,?\d*\}}\+?|."
)
# Where a class may be empty, a bracket behind its begin ends it; elsewhere it is its first sign.
_PIECES = {
    may_be_empty: re.compile(_PIECE.format(first="" if may_be_empty else r"\]?"), re.DOTALL)
    for may_be_empty in (True, False)
}
_UNDERSTOOD = frozenset("AbBdDsSwWfnrtv")
_FLAGS = re.compile(r"\(\?([a-zA-Z]+)\)\Z")
_NAMED_GROUP = re.compile(r"\(\?(?:<(\w+)>|'(\w+)')\Z", re.ASCII)
_BACK_REFERENCE = re.compile(r"\\k[<'](\w+)[>']\Z", re.ASCII)
_NESTED_CLASS = re.compile(r"(?<!\\)\[")
_POSIX_NAME = re.compile(r"\[:(\^?\w+):\]")
_POSIX = {"alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "space": r"\s", "upper": "A-Z", "lower": "a-z"}
_ACROSS_LINES = frozenset({r"[\s\S]", r"[\S\s]", r"[\d\D]", r"[\D\d]", r"[\w\W]", r"[\W\w]", "[^]"})
_BOUNDS = {"*": f"{{0,{LONGEST_GAP}}}", "+": f"{{1,{LONGEST_GAP}}}"}
_REPEATS = re.compile(r"(?:[*+]|\{\d+,?\d*\})\Z")


class LeftOutError(ValueError):
    """A rule, or a pattern of one, that cannot be taken over; it says why."""


@dataclass(frozen=True)
class Dialect:
    """What one language writes differently."""

    name: str
    escapes: Mapping[str, str] = field(default_factory=dict)
    open_repeat: bool = False
    posix: bool = False
    empty_class: bool = False


JAVASCRIPT = Dialect("JavaScript", empty_class=True)
DOTNET = Dialect(".NET", {r"\Z": r"\Z", r"\z": r"\Z", r"\e": r"\x1b", r"\a": r"\x07"})
RUBY = Dialect(
    "Ruby",
    {r"\Z": r"\Z", r"\z": r"\Z", r"\e": r"\x1b", r"\a": r"\x07", r"\h": "[0-9A-Fa-f]", r"\H": "[^0-9A-Fa-f]"},
    open_repeat=True,
    posix=True,
)


@dataclass(frozen=True)
class Translation:
    """A pattern in Python that ignores case, in several parts where it may run over the ends of lines."""

    patterns: tuple[str, ...]
    bounded: bool


def translated(pattern: str, dialect: Dialect) -> Translation:
    """Say a pattern in Python; what may be anything is given a bound, so that long lines stay cheap."""
    pieces = _PIECES[dialect.empty_class].findall(pattern)
    flags = "i"
    if pieces and (inline := _FLAGS.match(pieces[0])):
        flags += _more_flags(inline[1])
        pieces = pieces[1:]
    said = [_said(piece, dialect) for piece in pieces]
    trimmed = [_trimmed(part) for part in _parts(pieces, said)]
    bounded = [_bounded(part) for part in trimmed]
    patterns = tuple(_compiled(f"(?{flags}){''.join(part)}") for part in bounded if part)
    return Translation(patterns, bounded=bounded != trimmed)


def _more_flags(given: str) -> str:
    """Return the flags that change anything in a single line and that are not set anyway."""
    strange = sorted(set(given) - set("imsx"))
    if strange:
        raise LeftOutError(f"the flag `{strange[0]}` has no like in Python")
    return "x" if "x" in given else ""


def _said(piece: str, dialect: Dialect) -> str:
    """Return one piece as Python writes it."""
    if piece in dialect.escapes:
        return dialect.escapes[piece]
    if piece[0] == "\\":
        return _escape(piece, dialect)
    if piece[0] == "[" and len(piece) > 1:
        return _class(piece, dialect)
    if piece.startswith("(?"):
        return _group(piece)
    if len(piece) > 1 and piece[-1] == "+":
        raise LeftOutError(f"`{piece}` never gives back, which needs a newer Python; write it without the `+`")
    if piece.startswith("{,") and not dialect.open_repeat:
        return f"\\{piece}"
    return piece


def _escape(piece: str, dialect: Dialect) -> str:
    reference = _BACK_REFERENCE.match(piece)
    if reference:
        return f"(?P={reference[1]})"
    known = piece[1] in _UNDERSTOOD or (piece[1] in "xu" and "{" not in piece and len(piece) > 2)  # noqa: PLR2004
    if piece[1].isalpha() and not known:
        raise LeftOutError(f"`{piece}` of {dialect.name} has no like in Python")
    return piece


def _class(piece: str, dialect: Dialect) -> str:
    if dialect.empty_class and piece in ("[^]", "[]"):
        if piece == "[]":
            raise LeftOutError("`[]` matches nothing at all")
        return r"[\s\S]"
    inside = piece[1:-1]
    if dialect.posix:
        inside = _POSIX_NAME.sub(_posix, inside)
        for escape in (r"\h", r"\e", r"\a"):
            inside = inside.replace(escape, dialect.escapes[escape].strip("[]"))
    if "-[" in inside or (dialect.posix and _NESTED_CLASS.search(inside)):
        raise LeftOutError(f"`{piece}` reckons with classes of signs, which Python cannot")
    for escape in re.findall(r"\\([A-Za-z])", inside):
        if escape not in _UNDERSTOOD | {"x", "u"}:
            raise LeftOutError(f"`\\{escape}` of {dialect.name} has no like in Python")
    return "[" + _NESTED_CLASS.sub(r"\\[", inside) + "]"


def _posix(match: re.Match[str]) -> str:
    if match[1] not in _POSIX:
        raise LeftOutError(f"`{match[0]}` has no like in Python")
    return _POSIX[match[1]]


def _group(piece: str) -> str:
    name = _NAMED_GROUP.match(piece)
    if name:
        return f"(?P<{name[1] or name[2]}>"
    if piece == "(?>":
        raise LeftOutError("`(?>` never gives back, which needs a newer Python; write `(?:`")
    if piece.startswith(("(?<", "(?'")) and piece not in ("(?<=", "(?<!"):
        raise LeftOutError(f"`{piece}` has no like in Python")
    if _FLAGS.match(piece):
        raise LeftOutError(f"`{piece}` stands in the middle; put it at the begin")
    return piece


def _parts(pieces: Sequence[str], said: Sequence[str]) -> Iterator[list[str]]:
    """Cut where anything may follow, even the end of the line; not inside of brackets nor where there are choices."""
    depths = list(_depths(pieces))
    cuttable = not any(piece == "|" and depth == 0 for piece, depth in zip(pieces, depths, strict=True))
    part: list[str] = []
    position = 0
    while position < len(pieces):
        repeat = "".join(pieces[position + 1 : position + 2])
        if cuttable and depths[position] == 0 and pieces[position] in _ACROSS_LINES and _REPEATS.match(repeat):
            yield part
            part = []
            position += 3 if pieces[position + 2 : position + 3] == ["?"] else 2
            continue
        part.append(said[position])
        position += 1
    yield part


def _depths(pieces: Sequence[str]) -> Iterator[int]:
    depth = 0
    for piece in pieces:
        if piece == ")":
            depth -= 1
        yield depth
        if piece[0] == "(" and not piece.endswith(")"):
            depth += 1


def _trimmed(part: list[str]) -> list[str]:
    """Drop `.*` at both ends: to a search it says nothing, and it makes long lines slow."""
    begin, end = 0, len(part)
    start = 1 if part[:1] == ["^"] else 0
    if part[start : start + 2] == [".", "*"]:
        begin = start + (3 if part[start + 2 : start + 3] == ["?"] else 2)
    if part[end - 1 : end] == ["$"] and end - 1 > begin:
        end -= 1
    end -= 1 if part[end - 1 : end] == ["?"] and part[end - 2 : end - 1] == ["*"] else 0
    return part[begin : end - 2] if end - 2 >= begin and part[end - 2 : end] == [".", "*"] else part[begin:]


def _bounded(part: list[str]) -> list[str]:
    """Give `.*` and `.+` the bound that a rule of ours would have."""
    before = ["", *part]
    return [
        _BOUNDS.get(piece, piece) if previous == "." else piece for previous, piece in zip(before, part, strict=False)
    ]


def _compiled(pattern: str) -> str:
    with warnings.catch_warnings():
        # Python warns of what it will read otherwise one day.
        warnings.simplefilter("error")
        try:
            re.compile(pattern)
        except (re.error, Warning, RecursionError, OverflowError) as fault:
            raise LeftOutError(f"Python says: {fault}") from None
    return pattern
