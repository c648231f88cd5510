"""One raw line in, what a person reads out: without prefixes of the CI, with the level they carried."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

_MAX_SEGMENTS = 64
# The time that an application writes itself; what follows may say its level.
_STAMP = (
    r"(?P<stamp>\[?\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?\]?:? )(?=\S)"
)
# What stands before each line of a message in a box.
_BOX = "│╷╵|"
# Every part may be missing, so one match takes off whatever stands there.
_PREFIX = re.compile(
    "".join(
        f"(?:{each})?"
        for each in (
            "\ufeff",
            r"[^\t\n]{1,120}\t[^\t\n]{1,120}\t(?=\ufeff?\d{4}-\d\d-\d\dT)\ufeff?",  # gh run view --log
            r"\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)\]? ?",  # GitHub, Azure, Jenkins
            r"\d\d[OE][ +]",  # GitLab, after its time
            r"\d{1,6}\t",  # a view with line numbers
            r"\[Container\] ",  # CodeBuild
            r"Step #\d{1,3}(?: - \"[^\"\n]{1,80}\")?: ",  # Cloud Build
            _STAMP,
            r"\[?\d\d:\d\d:\d\d(?:\.\d{1,6})?\]?:?(?: |$)",  # Jenkins Timestamper, bors, fastlane
            r"\d{1,2}:\d\d:\d\d [AP]M: ?",  # Netlify
            r"[\w.-]{1,60}[_-]\d{1,3} {1,20}\| ",  # docker compose
            r"#\d{1,4} {1,2}\d{1,6}\.\d{1,3} ",  # BuildKit
            r"\[[^\]\n]{1,80}\] {1,3}\| ",  # act
            f"[{_BOX}] ",  # Terraform's
            r"INFO \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d\d)?\]: ",  # fastlane
            "▸ ",
            r"\[Step \d{1,2}/\d{1,2}\] ",  # TeamCity
            r"\s{0,12}\[(?:exec|apply)\] ",  # Ant, Phing
            r"\(\d\d:\d\d:\d\d\) ",  # Bazel
            r"[IWE]\d{4} \d\d:\d\d:\d\d\.\d{3}\] ",  # Prow
            r"(?:stderr|stdout): (?:\[[ \d+]{1,12}(?:ms)?\] |(?=\w))",  # Flutter; Jenkins, around git
            r"(?:section|travis_fold):(?:start|end):\S{1,120}(?:\s|$)",
        )
    )
)
ORPHAN_COLOURS = re.compile(r"\x1b?\[\d{1,3}(?:;\d{1,3}){0,4}m(?!s\])|\x1b?\[0?K(?![A-Za-z])")


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
        # The same, as the Actions UI shows and copies it.
        (r"^Error: (?=Process completed with exit code \d|The operation was canceled\.)", Level.FAULT),
        (r"^\[(?:ERROR|error)\] ?", Level.ERROR),
        (r"^\[(?:WARNING|WARN|warning|warn)\] ?", Level.WARNING),
        (r"^\[(?:INFO|DEBUG|info|debug)\] ?", Level.INFO),
    )
)
_MARKED = ("#", ":", "[", "Error: Process ", "Error: The op")
_WORD = re.compile(
    r"\s{0,8}(?:(?P<warning>npm (?:warn|WARN)\b|(?i:warn(?:ing)?)\b(?! {2,8}[A-Z][a-z]+[A-Z]|: Error: )[: \[(]"
    r"|W: |WARN\b|DEPRECATION\b|yarn warn)|(?:DEBUG|INFO|TRACE|debug|trace)\b[:\s\]])"
)
# The level after the time of an application: the name of a thread or a logger may come before it.
_STAMPED_WORD = re.compile(
    r"[^A-Za-z\n]{0,14}(?:\[[^\]\n]{0,60}\] )?(?:\S{1,60} )?\[?(?:(?P<warning>WARN)|INFO|DEBUG|TRACE|FINE)"
)
# What indents or quotes a log, and how far it is believed to.
INDENTATION = " \t>|"
_DEEPEST = 12
# Where the left wall of a box stands at most: there may be a time before it.
_WALL, _WALLS, _WALL_WITHIN = "│".encode(), "│ \r".encode(), 160


@dataclass(frozen=True)
class Line:
    """What a line says, and the level it says it with."""

    text: str
    level: Level


def clean(raw: bytes, indentation: bytes = b"") -> Line:
    """Decode one line and take off what the CI, or whoever pasted the log, put around it."""
    text = raw.removeprefix(indentation).decode("utf-8", "replace")
    if "[" in text:
        text = ORPHAN_COLOURS.sub("", text)
    begin, level = head(text)
    return Line(printable(text[begin:]).rstrip(), level)


def head(text: str) -> tuple[int, Level]:
    """Return how much of a line the CI put before it, and the level it says."""
    prefix = _PREFIX.match(text)
    begin = prefix.end() if prefix else 0
    level = Level.PLAIN
    if text.startswith(_MARKED, begin):
        rest = text[begin:]
        for marker, marked in _MARKERS:
            found = marker.match(rest)
            if found:
                begin, level = begin + found.end(), marked
                break
    if level in (Level.PLAIN, Level.INFO):
        word = _WORD.match(text, begin) or (prefix and prefix["stamp"] and _STAMPED_WORD.match(text, begin))
        level = level if not word else Level.WARNING if word["warning"] else Level.INFO
    return begin, level


def is_wrapped(raw: bytes) -> bool:
    """Tell whether a line stands in a box, where long sentences are wrapped, and not in a table."""
    begin = raw.find(_WALL, 0, _WALL_WITHIN)
    return begin >= 0 and bool(raw[begin:].strip(_WALLS)) and _WALL not in raw[begin + len(_WALL) :].rstrip(_WALLS)


def unboxed(text: str) -> str:
    """Take off the right wall of a box."""
    return text.rstrip(" │")


def indentation_of(text: bytes) -> bytes:
    """Return what stands before almost every line, as in a quoted or indented log."""
    lines = (line for line in text.split(b"\n") if line.strip())
    heads = Counter(line[: min(_DEEPEST, len(line) - len(line.lstrip(INDENTATION.encode())))] for line in lines)
    enough = max(3, 0.9 * sum(heads.values()))
    common = [head for head in heads if sum(n for other, n in heads.items() if other.startswith(head)) >= enough]
    return max(common, key=len, default=b"")


def printable(text: str) -> str:
    """Replace what commands a terminal, turns text around or takes no room."""
    if text.isprintable():
        return text
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
