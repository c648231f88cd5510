"""Secrets out of a message, once and before any channel gives it a form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lumen_action.failure.redaction import REDACTED, redact
from lumen_action.ops.notify.message import Link, Message, Row

# What no rule takes for a secret by itself.
_ANY = "value"
_SECRET_NAME = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|_PWD|_PASS|PASSPHRASE|CREDENTIALS?|IDENTITY"
    r"|(?:API|ACCESS|PRIVATE|ACCOUNT|SIGNING|ENCRYPTION|ARCHIVE)_?KEY|KEYS_OLD)$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s,]+")
# Shorter ones, such as `postgres`, are also words that people have to read.
_SHORTEST = 12


def environment_secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the environment keeps under the name of a secret, for whomever it is meant."""
    values = [value for name, value in env.items() if _SECRET_NAME.search(name)]
    words = (word for value in values for word in (value.strip(), *_BETWEEN.split(value)))
    return tuple(dict.fromkeys(word for word in words if len(word) >= _SHORTEST))


def redacted(message: Message, secrets: Sequence[str] = ()) -> Message:
    """Return the message without the given secrets and all that has the shape of one; files stay as they are."""

    def clean(text: str) -> str:
        return redact(text, secrets)

    return replace(
        message,
        subject=clean(message.subject),
        sentence=clean(message.sentence),
        rows=tuple(Row(clean(row.name), _valued(row.name, row.text, secrets)) for row in message.rows),
        text=clean(message.text),
        links=tuple(Link(clean(link.text), clean(link.url)) for link in message.links),
        left_out=clean(message.left_out),
        details=_mapped(message.details, secrets),
    )


def _mapped(values: Mapping[str, object], secrets: Sequence[str]) -> dict[str, object]:
    return {redact(str(name), secrets): _cleaned(str(name), value, secrets) for name, value in values.items()}


def _cleaned(name: str, value: object, secrets: Sequence[str]) -> object:
    """Clean every text in a value."""
    if isinstance(value, str):
        return _valued(name, value, secrets)
    if isinstance(value, Mapping):
        return _mapped(value, secrets)
    if isinstance(value, list | tuple):
        return [_cleaned(name, each, secrets) for each in value]
    return value


def _valued(name: str, text: str, secrets: Sequence[str]) -> str:
    """Clean a text, also as what its name makes of it; under a name such as `password` nothing of it stays."""
    start = f"{name}: "
    if redact(f"{start}{_ANY}") != f"{start}{_ANY}":
        return REDACTED if text else text
    cleaned = redact(text, secrets)
    said = redact(f"{start}{cleaned}", secrets)
    return said.removeprefix(start) if said.startswith(start) else cleaned
