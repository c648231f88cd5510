"""What is told, as values, before any channel gives it a form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lumen_action.model.fact import canonical

RESOLVED = "resolved"
# What machines tell alarms apart by.
LABELS = ("pipeline", "region", "stage", "error_class")
_KEY_LETTERS = 32


class Severity(str, Enum):
    """How bad it is, in the words of PagerDuty, the worst first."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message where a channel can carry it."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Link:
    """Where to read on."""

    text: str
    url: str


@dataclass(frozen=True)
class Row:
    """A name and what is to be said of it."""

    name: str
    text: str


@dataclass(frozen=True)
class Message:
    """One message; foreign words may stand in every text, so each channel makes them harmless in its own form."""

    subject: str
    sentence: str
    """What has to be known, in one sentence."""
    rows: tuple[Row, ...]
    text: str
    """All of it as plain text for people, the sentence first."""
    key: str
    """The same for every try of this message, and another for the next."""
    thread: str
    """The same for all messages that follow each other; what a channel opens under it, a recovery closes."""
    at_ms: int
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    left_out: str = ""
    """What to say where an attachment has to be left out."""
    kind: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    """The same for machines; those of `LABELS` that are texts become labels."""
    severity: Severity | None = None
    """None where nothing has gone wrong or right, as in a report: channels that page people do not take that."""
    resolves: bool = False
    """Whether this ends what its thread began; the severity is that of what ends."""

    @property
    def standing(self) -> str:
        """Return how things stand in one word, nothing where nothing has gone wrong or right."""
        if self.severity is None:
            return ""
        return RESOLVED if self.resolves else self.severity.value

    @property
    def title(self) -> str:
        """Return the subject in one line, with how things stand before it; the subject itself does not say it."""
        subject = one_line(self.subject)
        return f"[{self.standing}] {subject}" if self.standing else subject

    def label(self, name: str) -> str:
        """Return a detail that is a text, nothing where it is none."""
        value = self.details.get(name)
        return value if isinstance(value, str) else ""


def digest(*parts: str) -> str:
    """Return a name for some texts that is always the same and tells nothing of them."""
    return hashlib.sha256(canonical(list(parts))).hexdigest()[:_KEY_LETTERS]


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, so that it can stand in a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def clipped(text: str, limit: int) -> str:
    """Cut a text, counting as JavaScript does, where a letter outside the first plane is two; none counts more."""
    units = text.encode("utf-16-le", errors="replace")
    if len(units) <= 2 * limit:
        return text
    return units[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore") + "…"


def as_json(value: object) -> bytes:
    """Return the bytes of a value as they are sent, so that what is signed or measured is what leaves."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
