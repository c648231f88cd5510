"""Break text into lines that fit a width: between words, as Korean is too; within a word only where it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Measure = Callable[[str], float]
_PIECE = re.compile(r"[^-/_.,:;=&?@|)\]]*[-/_.,:;=&?@|)\]]|[^-/_.,:;=&?@|)\]]+")


def pieces(word: str) -> list[str]:
    """Return the parts between which a long word is broken first."""
    return _PIECE.findall(word)


def wrapped(text: str, width: float, measure: Measure, most: int = 0, *, verbatim: bool = False) -> list[str]:
    """Return the lines; more than `most` are cut, and the last line says how many are not shown."""
    lines = [line for given in text.split("\n") for line in _lines(given, width, measure, verbatim=verbatim)]
    if most and len(lines) > most:
        left_out = len(lines) - most + 1
        marks = (f"[... +{left_out}]", f"+{left_out}", "+")
        return [*lines[: most - 1], next((mark for mark in marks if measure(mark) <= width), "")]
    return lines


def fitted(text: str, width: float, measure: Measure) -> str:
    """Return the text on one line, cut with dots where it is too long."""
    line = " ".join(text.split())
    if measure(line) <= width:
        return line
    for letters in _chopped(line, width - measure("..."), measure):
        return f"{letters}..."
    return ""


def _lines(text: str, width: float, measure: Measure, *, verbatim: bool) -> Iterator[str]:
    line = ""
    for word in re.findall(r" +|[^ ]+", text) if verbatim else text.split():
        gap = "" if verbatim or not line else " "
        if measure(line + gap + word) <= width:
            line += gap + word
        elif measure(word) <= width:
            yield line.rstrip(" ")
            line = word.lstrip(" ")
        else:
            *full, line = _broken(line + gap, word, width, measure)
            yield from full
    yield line


def _broken(begun: str, word: str, width: float, measure: Measure) -> Iterator[str]:
    """Yield the lines of a word that no line holds, the first behind what stands there; the last may go on."""
    line = begun
    for piece in pieces(word):
        if measure(line + piece) <= width:
            line += piece
        elif measure(piece) <= width:
            yield line.rstrip(" ")
            line = piece
        else:
            *full, line = _chopped(line + piece, width, measure)
            yield from full
    yield line


def _chopped(text: str, width: float, measure: Measure) -> Iterator[str]:
    """Yield parts that fit, of at least one letter each."""
    begin, used = 0, 0.0
    for index, letter in enumerate(text):
        wide = measure(letter)
        if index > begin and used + wide > width:
            yield text[begin:index]
            begin, used = index, 0.0
        used += wide
    yield text[begin:]
