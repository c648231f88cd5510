"""One raw line in, what a person reads out: without prefixes of the CI, with the level they carried."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

_MAX_SEGMENTS = 64
# Every part may be missing, so one match takes off whatever stands there.
_PREFIX = re.compile(
    "".join(
        f"(?:{each})?"
        for each in (
            "\ufeff",
            r"[^\t\n]{1,120}\t[^\t\n]{1,120}\t(?=\ufeff?\d{4}-\d\d-\d\dT)\ufeff?",  # gh run view --log
            r"\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)\]? ?",  # GitHub, Azure, Jenkins
            r"\d\d[OE][ +]",  # GitLab, after its time
            r"\[?\d\d:\d\d:\d\d(?:\.\d{1,6})?\]?(?: |$)",  # Jenkins Timestamper, bors
            r"#\d{1,4} \d{1,6}\.\d{1,3} ",  # BuildKit
            r"\[[^\]\n]{1,80}\] {1,3}\| ",  # act
            "[│╷╵|] ",  # Terraform's box
            r"(?:section|travis_fold):(?:start|end):\S{1,120}(?:\s|$)",
        )
    )
)
_ORPHAN_COLOURS = re.compile(r"\x1b?\[\d{1,3}(?:;\d{1,3}){0,4}m|\x1b?\[0?K(?![A-Za-z])")


class Level(str, Enum):
    """What the CI or the tool itself says about a line."""

    PLAIN = "plain"
    FAULT = "fault"
    """An error of the step, by the CI's own marker."""
    ERROR = "error"
    """An error in the words of a tool."""
    WARNING = "warning"
    INFO = "info"
    GROUP = "group"
    ENDGROUP = "endgroup"
    COMMAND = "command"


_MARKERS: tuple[tuple[re.Pattern[str], Level], ...] = tuple(
    (re.compile(pattern), level)
    for pattern, level in (
        (r"^##\[error\] ?", Level.FAULT),
        (r"^##\[warning\] ?", Level.WARNING),
        (r"^##\[group\] ?", Level.GROUP),
        (r"^##\[endgroup\] ?", Level.ENDGROUP),
        (r"^##\[command\] ?|^\[command\]", Level.COMMAND),
        (r"^##\[(?:debug|notice|section)\] ?", Level.INFO),
        (r"^::error(?: [^:\n]{0,400})?::", Level.FAULT),
        (r"^::warning(?: [^:\n]{0,400})?::", Level.WARNING),
        (r"^::group::", Level.GROUP),
        (r"^::endgroup::", Level.ENDGROUP),
        (r"^::(?:debug|notice)(?: [^:\n]{0,400})?::", Level.INFO),
        (r"^##vso\[task\.logissue type=error[^\]\n]{0,400}\]", Level.FAULT),
        (r"^##vso\[task\.logissue type=warning[^\]\n]{0,400}\]", Level.WARNING),
        (r"^\[(?:ERROR|error)\] ?", Level.ERROR),
        (r"^\[(?:WARNING|WARN|warning|warn)\] ?", Level.WARNING),
        (r"^\[(?:INFO|DEBUG|info|debug)\] ?", Level.INFO),
    )
)
_MARKED = ("#", ":", "[")
_STAMPED = r"\[?\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d[^A-Za-z\n]{0,14}(?:\[[^\]\n]{0,60}\] )?(?:\S{1,60} )?\[?"
_WORD = re.compile(
    rf"(?P<warning>\s{{0,8}}(?:npm (?:warn|WARN)\b|(?i:warn(?:ing)?)\b[: \[(]|W: |WARN\b|DEPRECATION\b|yarn warn)"
    rf"|{_STAMPED}WARN)"
    rf"|\s{{0,8}}(?:DEBUG|INFO|TRACE|debug|trace)\b[:\s\]]|{_STAMPED}(?:INFO|DEBUG|TRACE|FINE)"
)


@dataclass(frozen=True)
class Line:
    """What a line says, and the level it says it with."""

    text: str
    level: Level


def clean(raw: bytes) -> Line:
    """Decode one line and take off what the CI put around it."""
    text = _ORPHAN_COLOURS.sub("", raw.decode("utf-8", "replace")) if b"[" in raw else raw.decode("utf-8", "replace")
    prefix = _PREFIX.match(text)
    text = text[prefix.end() :] if prefix else text
    level = Level.PLAIN
    if text.startswith(_MARKED):
        for marker, marked in _MARKERS:
            found = marker.match(text)
            if found:
                text, level = text[found.end() :], marked
                break
    if level in (Level.PLAIN, Level.INFO):
        word = _WORD.match(text)
        level = level if not word else Level.WARNING if word["warning"] else Level.INFO
    return Line((text if text.isprintable() else _printable(text)).rstrip(), level)


def _printable(text: str) -> str:
    """Replace what commands a terminal, turns text around or takes no room."""
    return "".join(each if each.isprintable() or each == "\t" else " " for each in text)


def segments(raw: bytes) -> list[bytes]:
    """Split a line that a progress display has overwritten into what was shown one after the other."""
    if b"\r" not in raw:
        return [raw]
    return [part for part in raw.split(b"\r") if part.strip()][-_MAX_SEGMENTS:] or [b""]


# Lines that matter often stand together, and then each is a neighbour of the others.
@lru_cache(maxsize=64)
def shown(raw: bytes) -> str:
    """Return the text of a line as it stood last on a screen."""
    return clean(segments(raw)[-1]).text
