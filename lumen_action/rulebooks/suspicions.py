"""Faults that such rules are known to have: told to the person who takes them over, never repaired in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lumen_action.rulebooks.foreign import Part

_SHORT = 5
_FAULTS: tuple[tuple[bool, re.Pattern[str], str], ...] = (
    (
        True,
        re.compile(r"(?<!\\)\[[^\]\\]*\w\|\w[^\]]*\]"),
        "`{0}` is one sign out of these, not one word of several; perhaps `(?:…|…)` was meant",
    ),
    (
        True,
        re.compile(r"(?<!\\)\((?!\?)[\w ,.-]+\)(?![*+?{])"),
        "the round brackets of `{0}` are not escaped, so the line is expected without them",
    ),
    (
        False,
        re.compile(r"\\[dswb.()\[\]]|\.[*+]|\(\?|\[\^"),
        "`{0}` looks like a pattern but stands where the source takes plain text, and so is it taken here",
    ),
)
_NUMBER_AT_THE_END = re.compile(r"(?<![\\}])\d\Z")


def suspicions(part: Part) -> Iterator[str]:
    """Yield what looks wrong in what a rule searches for."""
    for regular, fault, words in _FAULTS:
        match = fault.search(part.text) if regular is part.regular else None
        if match:
            yield words.format(match[0])
    if _NUMBER_AT_THE_END.search(part.text):
        yield f"a number stands at the end, so `{part.text[-20:]}0` fits, too"
    if len(part.text) < _SHORT:
        yield f"`{part.text}` is short and will be found in much that is no failure"
