"""Make any text one that a font can draw: what it lacks is replaced by what means the same, or shown by its number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

# What says the same, best first; the empty text for letters that are never seen.
SUBSTITUTES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff\u00ad", ("",)),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", (" ",)),
    **dict.fromkeys("\u200a\u202f\u205f\u3000", (" ",)),
    # Ticks, crosses, hyphens, dashes, quotes, frames.
    **dict.fromkeys("\u2713\u2714\u2705\u2611", ("\u221a", "v")),
    **dict.fromkeys("\u2715\u2716\u2717\u2718\u274c", ("\u00d7", "x")),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2501", ("-",)),
    **dict.fromkeys("\u2018\u2019\u201a\u2032", ("'",)),
    **dict.fromkeys("\u201c\u201d\u201e\u2033", ('"',)),
    **dict.fromkeys("\u2502\u2503", ("|",)),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╵╷", ("+",)),
    **dict.fromkeys("•●⬤", ("•", "*")),
    "…": ("...",),
    "·": ("-",),
    "→": ("->",),
    "←": ("<-",),
    "↑": ("^",),
    "↓": ("v",),
    "▲": ("^",),
    "▼": ("v",),
    "⇒": ("=>",),
    "≥": (">=",),
    "≤": ("<=",),
    "\u00d7": ("x",),
    "⚠": ("(!)",),
}
_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def drawable(text: str, shows: Callable[[str], bool]) -> str:
    """Return the text in letters that can be drawn, with line feeds where lines end."""
    lines = _LINE_END.sub("\n", unicodedata.normalize("NFC", text)).expandtabs(4)
    if lines.isascii() and lines.isprintable() and all(map(shows, set(lines))):
        return lines
    return "".join(letter if letter == "\n" else _drawable(letter, shows) for letter in lines)


def lacking(text: str, shows: Callable[[str], bool]) -> set[str]:
    """Return the letters that can only be shown by their number."""
    letters = set(_LINE_END.sub("\n", unicodedata.normalize("NFC", text))) - {"\n", "\t"}
    return {letter for letter in letters if _drawable(letter, shows) == _number(letter)}


def _drawable(letter: str, shows: Callable[[str], bool]) -> str:
    # Controls, marks that turn the order of letters around and parts of letters are shown, never obeyed.
    if unicodedata.category(letter) in ("Cc", "Cs") or _REORDERING.match(letter):
        return _number(letter)
    alternatives = SUBSTITUTES.get(letter, ())
    if letter in SUBSTITUTES and alternatives[0].strip() == "":
        return alternatives[0]
    if shows(letter):
        return letter
    return next((each for each in alternatives if all(map(shows, each))), _number(letter))


def _number(letter: str) -> str:
    return f"[U+{ord(letter):04X}]"
