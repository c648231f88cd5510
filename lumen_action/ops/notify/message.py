"""What is told, as values, before any channel gives it a form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lumen_action.model.fact import canonical

_KEY_LETTERS = 32


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
    """The same for all messages that follow each other."""
    at_ms: int
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    left_out: str = ""
    """What to say where an attachment has to be left out."""
    kind: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    """The same for machines."""


def digest(*parts: str) -> str:
    """Return a name for some texts that is always the same and tells nothing of them."""
    return hashlib.sha256(canonical(list(parts))).hexdigest()[:_KEY_LETTERS]


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, so that it can stand in a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
