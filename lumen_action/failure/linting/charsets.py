"""Sets of characters as numbers, one bit each, so that two of them are compared at once."""

from __future__ import annotations

import re
from functools import lru_cache

# Latin-1 is kept exactly. What lies beyond shares buckets, letters apart from signs: sets that do not meet may seem to,
# but never the other way round.
_EXACT = 256
_BUCKETS = 64
_LETTERS = ((1 << _BUCKETS) - 1) << _EXACT
_SIGNS = _LETTERS << _BUCKETS
ANY = (1 << (_EXACT + 2 * _BUCKETS)) - 1
_LATIN = (1 << _EXACT) - 1
# A sample is shown to people, so it is made of what they read most easily: words, or else signs.
PALETTES = ("a0 A./:-_x1b2", "-.:/_=a0 A")


def _matching(pattern: str) -> int:
    found = re.compile(pattern)
    return sum(1 << code for code in range(_EXACT) if found.match(chr(code)))


DIGITS = _matching(r"[0-9]")
WORD = _matching(r"\w") | _LETTERS
SPACE = _matching(r"\s")
NEWLINE = 1 << ord("\n")
CATEGORIES = {"DIGIT": DIGITS, "SPACE": SPACE, "WORD": WORD}


@lru_cache(maxsize=4096)
def one(code: int) -> int:
    """Return the set of one character."""
    if code < _EXACT:
        return 1 << code
    character = chr(code)
    region = _EXACT if character.isalnum() else _EXACT + _BUCKETS
    return 1 << (region + code % _BUCKETS)


def span(low: int, high: int) -> int:
    """Return the set of all characters from one to another."""
    if high - max(low, _EXACT) >= 2 * _BUCKETS:
        return _LETTERS | _SIGNS | _run(low, min(high, _EXACT - 1))
    found = 0
    for code in range(low, high + 1):
        found |= one(code)
    return found


def _run(low: int, high: int) -> int:
    return ((1 << (high + 1)) - (1 << low)) if low <= high else 0


def without(found: int) -> int:
    """Return all other characters; a bucket that is not full still holds some of them."""
    rest = ANY & ~found
    for region in (_LETTERS, _SIGNS):
        if found & region != region:
            rest |= region
    return rest


def either_case(found: int) -> int:
    """Return the set with the other case of each letter."""
    more = found
    for code in range(_EXACT):
        if found >> code & 1:
            for character in (chr(code).lower(), chr(code).upper()):
                if len(character) == 1:
                    more |= one(ord(character))
    return more


def example(found: int, palette: str) -> str:
    """Return one character of the set, of the palette if possible; empty when only unknown ones are left."""
    readable = (character for character in palette if found >> ord(character) & 1)
    printable = (chr(code) for code in range(_EXACT) if found >> code & 1 and chr(code).isprintable())
    low = found & _LATIN
    lowest = chr((low & -low).bit_length() - 1) if low else ""
    return next(readable, "") or next(printable, "") or lowest


NAMES = {
    DIGITS: r"\d",
    SPACE: r"\s",
    WORD: r"\w",
    without(DIGITS): r"\D",
    without(SPACE): r"\S",
    without(WORD): r"\W",
}
