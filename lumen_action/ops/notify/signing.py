"""Messages signed over the exact bytes that are sent: as standardwebhooks.com describes, or as GitHub does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lumen_action.errors import ConfigError

_SECRET_START = "whsec_"  # noqa: S105 - how a secret begins
_BETWEEN, _LINES = re.compile(r"[\s,]+"), re.compile(r"\s*[\r\n]\s*")
_KEY_BYTES = range(24, 65)
# What stands in a list and is shorter is rather a part of a secret that has a blank or a comma in it.
_SHORTEST_LISTED = 16
_MAKE_ONE = "make one with `echo whsec_$(openssl rand -base64 32)`"


class Style(str, Enum):
    """How a signature is written."""

    STANDARD = "standard"
    GITHUB = "github"
    """It holds no time, so that whoever gets hold of a message can send it again."""


@dataclass(frozen=True)
class Signer:
    """Signs with all secrets that are valid just now, the newest first."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    style: Style = Style.STANDARD

    def __bool__(self) -> bool:
        """Tell whether it signs at all."""
        return bool(self.secrets)

    @property
    def weak(self) -> bool:
        """Tell whether a secret is short enough to be guessed."""
        return any(len(key) < _KEY_BYTES.start for key in self._keys)

    def headers(self, id_: str, at_seconds: float, body: bytes) -> Mapping[str, str]:
        """Return the headers of one try: the id stays the same over all tries, the time does not."""
        at = str(int(at_seconds))
        headers = {"webhook-id": id_, "webhook-timestamp": at}
        if not self.secrets:
            return headers
        if self.style is Style.GITHUB:
            mac = hmac.new(self._keys[0], body, hashlib.sha256).hexdigest()
            return {**headers, "X-Hub-Signature-256": f"sha256={mac}"}
        signatures = [signature(key, id_, at, body) for key in self._keys]
        return {**headers, "webhook-signature": " ".join(signatures)}

    @property
    def _keys(self) -> list[bytes]:
        return [secret.encode() if self.style is Style.GITHUB else signing_key(secret) for secret in self.secrets]


def signer(text: str, variable: str, style: Style = Style.STANDARD) -> Signer:
    """Read secrets; a ConfigError names the variable and repeats nothing."""
    secrets = listed(text)
    problems = [
        f"{variable}: the {_ordinal(number)} {fault}"
        for number, secret in enumerate(secrets, 1)
        if (fault := _fault(secret, style, alone=len(secrets) == 1))
    ]
    if problems:
        raise ConfigError(problems)
    return Signer(secrets, style)


def listed(text: str) -> tuple[str, ...]:
    """Tell secrets apart that have line breaks between, or also blanks and commas where one begins with `whsec_`.

    An older secret may be a sentence, so it ends with its line.
    """
    parts = _BETWEEN.split(text.strip())
    many = any(each.startswith(_SECRET_START) for each in parts)
    return tuple(dict.fromkeys(each for each in (parts if many else _LINES.split(text.strip())) if each))


def signing_key(secret: str) -> bytes:
    """Return the bytes of a secret, `whsec_` and base64 or any other text."""
    if secret.startswith(_SECRET_START):
        return base64.b64decode(secret.removeprefix(_SECRET_START), validate=True)
    return secret.encode()


def signature(key: bytes, id_: str, at: str, body: bytes) -> str:
    """Sign the id, the time and the exact bytes of a message."""
    mac = hmac.new(key, b".".join([id_.encode(), at.encode(), body]), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def _fault(secret: str, style: Style, *, alone: bool) -> str:
    """Say what is wrong with a secret; a plain text of older set-ups is taken as it is."""
    if style is Style.STANDARD and secret.startswith(_SECRET_START):
        try:
            size = len(signing_key(secret))
        except ValueError:
            return f"secret begins with {_SECRET_START}, and what follows is not base64; paste it again"
        if size not in _KEY_BYTES:
            return f"secret has {size} bytes after {_SECRET_START}, and 24 to 64 are needed; {_MAKE_ONE}"
    elif not alone and len(secret.encode()) < _SHORTEST_LISTED:
        return f"secret is too short for one of several; {_MAKE_ONE}"
    return ""


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
