"""Where in the line of the log stands what was read: the way back from the cleaned text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lumen_action.failure.lines import INDENTATION, ORPHAN_COLOURS, head, printable
from lumen_action.failure.reading import CLIP_MARK, ESCAPES

_ESCAPES = re.compile(ESCAPES.pattern.decode("latin-1") + "|\0")
_CLIPPED = re.compile(CLIP_MARK.pattern.decode())
_SHOWN = re.compile(r"[^\r]+")


@dataclass(frozen=True)
class _Traced:
    """A text and the place each of its characters had in the log's line."""

    text: str
    places: tuple[int, ...]

    def without(self, pattern: re.Pattern[str]) -> _Traced:
        """Take out what matches."""
        gone = {place for match in pattern.finditer(self.text) for place in range(*match.span())}
        kept = [place for place in range(len(self.text)) if place not in gone]
        return _Traced("".join(self.text[place] for place in kept), tuple(self.places[place] for place in kept))

    def cut(self, begin: int, end: int) -> _Traced:
        """Return a part."""
        return _Traced(self.text[begin:end], self.places[begin:end])


def column_of(original: bytes, text: str, offset: int) -> int:
    """Return where a character of the text that was read stands in the log's line, from 1; 0 when it is not there.

    Behind the part that was left out of an overlong line it counts that part's bytes.
    """
    line = original.decode("utf-8", "replace")
    clip = _CLIPPED.search(line)
    shift = int(clip[1]) - len(clip[0]) if clip else 0
    behind = clip.end() if clip else 0
    whole = _Traced(line, tuple(place + (shift if clip and place >= behind else 0) for place in range(len(line))))
    plain = whole.without(_ESCAPES)
    for shown in reversed([plain.cut(*match.span()) for match in _SHOWN.finditer(plain.text)]):
        clean = shown.without(ORPHAN_COLOURS)
        for indentation in range(1 + len(clean.text) - len(clean.text.lstrip(INDENTATION))):
            line_ = clean.cut(indentation, len(clean.text))
            rest = line_.cut(head(line_.text)[0], len(line_.text))
            if printable(rest.text).rstrip() == text and offset < len(rest.places):
                return rest.places[offset] + 1
    return 0
