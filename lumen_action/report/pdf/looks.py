"""Sizes and colours of the paper; the colours are those of the page in light."""

from __future__ import annotations

from collections.abc import Mapping

from lumen_action.report.document import Tone

# A4 in points.
PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
LEFT, RIGHT = 48.0, PAGE_WIDTH - 48.0
TOP, BOTTOM = 56.0, PAGE_HEIGHT - 60.0
WIDTH = RIGHT - LEFT

INK, SOFT, LINE, BACK, WHITE, LINK = "#1b1f24", "#57606a", "#d8dee4", "#f6f7f9", "#ffffff", "#0550ae"
INKS: Mapping[Tone, str] = {
    Tone.GOOD: "#116329",
    Tone.WARN: "#bc4c00",
    Tone.BAD: "#a40e26",
    Tone.IDLE: "#57606a",
    Tone.PLAIN: INK,
}
# A field of it may be large, and what went wrong has to be seen first.
FILLS: Mapping[Tone, str] = {**INKS, Tone.GOOD: "#7dbb8a", Tone.PLAIN: "#6e97c9"}
BACKS: Mapping[Tone, str] = {
    Tone.GOOD: "#dafbe1",
    Tone.WARN: "#fff1e5",
    Tone.BAD: "#ffebe9",
    Tone.IDLE: "#eaeef2",
    Tone.PLAIN: BACK,
}
# For lines of one chart that stand equally well; told apart by shape and dash too.
PALETTE = (LINK, "#bc4c00", "#116329", "#8250df", "#a40e26", "#57606a")

TITLE, ANSWER, HEADING, BODY, SMALL = 20.0, 13.0, 13.5, 9.5, 8.0
LEADING = 1.4
