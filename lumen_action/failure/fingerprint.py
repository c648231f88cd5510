"""What makes two failures the same one: the signature and the line without what varies from run to run."""

from __future__ import annotations

import hashlib
import re

_VARIES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), placeholder)
    for pattern, placeholder in (
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?\b", "<time>"),
        (r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?\b", "<time>"),
        (r"(?:/private)?/(?:tmp|var/folders|var/tmp)/[^\s'\":,;)]{1,300}", "<tmp>"),
        (r"(?i)\b[a-z]:\\(?:users\\[^\\\s]{1,60}\\appdata\\local\\temp|temp)\\[^\s'\",;)]{1,300}", "<tmp>"),
        (r"(?:/home/runner|/Users/runner|/__w|/builds)/[^\s'\":,;)/]{1,100}", "<work>"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b", "<ip>"),
        (r"\[[0-9a-fA-F:]{3,39}\](?::\d{1,5})?", "<ip>"),
        (r"(?<=[a-z\]]):\d{2,5}\b", ":<port>"),
        (r"\b0x[0-9a-fA-F]{1,16}\b", "<hex>"),
        (r"\b(?=[0-9a-f]{0,40}\d)[0-9a-f]{7,64}\b", "<hex>"),
        (r"\b\d{1,9}(?:\.\d{1,9})? ?(?:ns|us|µs|ms|s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?)\b", "<duration>"),
        (r"\b\d{2,}\b", "<n>"),
    )
)


def normalised(text: str) -> str:
    """Replace what varies from run to run."""
    for pattern, placeholder in _VARIES:
        text = pattern.sub(placeholder, text)
    return " ".join(text.split())


def fingerprint(signature: str, text: str) -> str:
    """Return the same 16 hex digits for the same failure of another run."""
    return hashlib.sha256(f"{signature}\n{normalised(text)}".encode()).hexdigest()[:16]
