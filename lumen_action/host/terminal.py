"""Text from elsewhere, made harmless for a terminal and for a log that is shown as one."""

from __future__ import annotations

import re

# Terminal sequences, control characters, and the marks that make text run backwards; tabs stay.
_UNSPEAKABLE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def speakable(line: str) -> str:
    """Return a line without what a terminal would obey."""
    return _UNSPEAKABLE.sub("", line)
