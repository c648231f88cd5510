"""Slips in how a pattern is written: what looks like text and is read as something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P<\w+>|\(\?(?:[:=!>]|<[=!])|\(\?[a-zA-Z-]+[:)]|[()]|[*+?]|\{\d*,?\d*\}|.",
    re.DOTALL,
)
_MEMBER = re.compile(r"(?:\\.|[^\\])-(?:\\.|[^\]\\])|\\.|.", re.DOTALL)
_QUANTIFIER = re.compile(r"[*+?]|\{\d*,?\d*\}")
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")
_LITERAL_GROUP = re.compile(r"\((?!\?)(?:\\\W|[^\\\[\](){}*+?|^$])+\)")
_LETTERS_OF_A_WORD = 3


@dataclass(frozen=True)
class Slip:
    """One piece of a pattern that hardly says what its author meant."""

    piece: str
    fault: str
    fix: str


def pieces(pattern: str) -> list[str]:
    """Split a pattern into escapes, classes, brackets, quantifiers and characters."""
    return _PIECE.findall(pattern)


def alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars that stand in no group; one whose parts lean on each other stays whole."""
    found, depth = [""], 0
    for piece in pieces(pattern):
        depth += (piece.startswith("(") and not piece.endswith(")")) - (piece == ")")
        if piece == "|" and not depth:
            found.append("")
        else:
            found[-1] += piece
    return found if all(map(_stands_alone, found)) else [pattern]


def _stands_alone(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def repeated_groups(pattern: str) -> Iterator[str]:
    """Yield what stands in the groups that are repeated without bound."""
    row, opened = [*pieces(pattern), ""], []
    for index, piece in enumerate(row):
        if piece.startswith("(") and not piece.endswith(")"):
            opened.append(index)
        elif piece == ")" and opened:
            start = opened.pop()
            if _UNBOUNDED.fullmatch(row[index + 1]):
                yield "".join(row[start + 1 : index])


def class_slips(pattern: str, texts: tuple[str, ...]) -> Iterator[Slip]:
    """Find classes of characters that were meant as alternatives or as brackets."""
    for piece in (each for each in pieces(pattern) if each.startswith("[")):
        members = _MEMBER.findall(piece[1:-1].removeprefix("^"))
        single = [member for member in members if len(member) == 1 and member.isalnum()]
        if piece.startswith("[[:"):
            yield Slip(piece, "is no class of characters here", r"write \w, \d, \s or the characters themselves")
        elif _divides(members):
            words = piece[1:-1].replace("|", " or ")
            yield Slip(piece, f"means one character, not {words}", "write (?:...|...), or `\\|` for the bar itself")
        elif len(single) >= _LETTERS_OF_A_WORD and any(piece in text for text in texts):
            yield Slip(piece, "means one character, and the text has the brackets", f"write \\{piece[:-1]}\\]")
        elif len(single) != len(set(single)):
            yield Slip(piece, "holds a character twice, as a word would", f"write \\{piece[:-1]}\\] for the brackets")


def _divides(members: list[str]) -> bool:
    """Tell whether a bar stands between letters or digits."""
    return any(
        members[index] == "|" and members[index - 1][-1:].isalnum() and members[index + 1][:1].isalnum()
        for index in range(1, len(members) - 1)
    )


def group_slips(pattern: str, texts: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Slip]:
    """Find parentheses that were meant as text, and groups that capture what nobody reads."""
    literal = {found.group(): re.sub(r"\\(\W)", r"\1", found.group()) for found in _LITERAL_GROUP.finditer(pattern)}
    for piece, meant in literal.items():
        if any(meant in text for text in texts):
            yield Slip(piece, "is a group, and the text has the parentheses", f"write \\{piece[:-1]}\\)")
            return
    for piece in pieces(pattern):
        if piece == "(":
            yield Slip(piece, "captures what nobody reads", "write `(?:`, or `\\(` for the parenthesis itself")
            return
        if piece.startswith("(?P<") and piece[4:-1] not in names:
            yield Slip(piece, "is a name that nothing reads", f"write `(?:`, or one of {', '.join(names)}")


def newer_syntax(pattern: str) -> Iterator[Slip]:
    """Find what Python 3.10 cannot read."""
    for before, piece in pairwise(("", *pieces(pattern))):
        if piece == "(?>" or (piece == "+" and _QUANTIFIER.fullmatch(before)):
            yield Slip(before + piece, "is unknown to Python 3.10", "bound the repeat instead: {1,300}")


def bare_dots(pattern: str) -> Iterator[Slip]:
    """Find single dots between letters or digits, which stand for any character."""
    row = pieces(pattern)
    for before, piece, after in zip(row, row[1:], row[2:], strict=False):
        if piece == "." and before.isalnum() and after.isalnum():
            yield Slip(f"{before}.{after}", "takes any character for the dot", f"write {before}\\.{after}")
            return
