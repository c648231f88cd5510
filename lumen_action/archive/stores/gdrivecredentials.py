"""What the environment lets us into Google Drive with: a service account, a refresh token or a token somebody made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lumen_action.addresses import address_fault, is_loopback
from lumen_action.archive.stores.gdriveaccess import (
    CLIENT_ID,
    CLIENT_SECRET,
    GUIDE,
    PRINTABLE,
    REFRESH_TOKEN,
    SERVICE_ACCOUNT,
    TOKEN,
    Access,
    Grant,
    GrantedToken,
    MadeToken,
)
from lumen_action.errors import ConfigError, shown
from lumen_action.http import Http, Timing

KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
SCOPE = "https://www.googleapis.com/auth/drive"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - where tokens come from
"""Assertions are made out to it wherever they are sent, as Google's own client does."""
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_KIND = re.compile(r"[a-z_]{1,40}")


def token_fault(url: str) -> str:
    """Say why no token may go to a URL, nothing when it may."""
    if fault := address_fault(url):
        return fault
    parts = urlsplit(url)
    if parts.username or parts.query or parts.fragment:
        return "it holds more than scheme, host and path"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "everybody on the way could read the token; use https"
    return ""


@dataclass(frozen=True)
class Means:
    """What reaches the services that give tokens."""

    folder: Path
    """What the path of a key file is relative to."""
    http: Http
    timing: Timing
    timeout_seconds: float
    token_url: str = TOKEN_URL


def read_access(
    env: Mapping[str, str], means: Means, tell: Callable[[str], None], problems: list[str]
) -> Access | None:
    """Return what the environment lets us in with, the lasting before the passing; what is wrong joins the problems."""
    reader = _Reader({name: value.strip() for name, value in env.items()}, means, tell, problems)
    for name, read in _READERS.items():
        if reader.env.get(name):
            return read(reader, name)
    problems.append(
        f"nothing lets us into Google Drive; set {SERVICE_ACCOUNT} (the JSON key of a service account, or its path), "
        f"or {REFRESH_TOKEN} with {CLIENT_ID} and {CLIENT_SECRET}; {GUIDE}"
    )
    return None


@dataclass(frozen=True)
class _Reader:
    """Reads one kind of credentials; what they say is never repeated."""

    env: Mapping[str, str] = field(repr=False)
    means: Means
    tell: Callable[[str], None]
    problems: list[str]

    def service_account(self, name: str) -> Access | None:
        from lumen_action.crypto.jwt import service_account_jwt

        key = self._key(name)
        if key is None:
            return None
        parts = ("client_email", "private_key", "private_key_id", "token_uri")
        email, secret, key_id, token_url = (str(key.get(part) or "") for part in parts)
        token_url = token_url or self.means.token_url
        if not email or not secret:
            self.problems.append(f"{name}: the key lacks `client_email` or `private_key`; paste the whole file again")
            return None
        if wrong := token_fault(token_url):
            self.problems.append(f"{name}: `token_uri` of the key is wrong: {wrong}; paste the whole file again")
            return None

        def form() -> Mapping[str, str]:
            now_s = int(self.means.timing.now())
            assertion = service_account_jwt(
                email=email, private_key=secret, key_id=key_id, scope=SCOPE, audience=TOKEN_URL, now_s=now_s
            )
            return {"grant_type": _JWT_GRANT, "assertion": assertion}

        try:
            form()
        except ConfigError as fault:
            self.problems.extend(f"{name}: {each}" for each in fault.problems)
            return None
        return self._granted(
            Grant(
                who=email,
                service_account=True,
                token_url=token_url,
                form=form,
                ended=f"the key in {name} was deleted, or {email} was; make a new key of the account and set it",
                unknown=f"check {name}; {GUIDE}",
            )
        )

    def refreshing(self, name: str) -> Access | None:
        missing = [each for each in (CLIENT_ID, CLIENT_SECRET) if not self.env.get(each)]
        self.problems.extend(
            f"{each}: it is empty; {name} works only with the client that it was made for" for each in missing
        )
        if missing:
            return None
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.env[name],
            "client_id": self.env[CLIENT_ID],
            "client_secret": self.env[CLIENT_SECRET],
        }
        return self._granted(
            Grant(
                who=f"the account of {name}",
                service_account=False,
                token_url=self.means.token_url,
                form=lambda: form,
                ended=(
                    f"{name} was revoked or has expired (a client in the state Testing gives tokens for 7 days; one "
                    f"that is not used for 6 months ends too); make a new one; {GUIDE}"
                ),
                unknown=f"check {CLIENT_ID} and {CLIENT_SECRET}; {GUIDE}",
            )
        )

    def made(self, name: str) -> Access | None:
        if not PRINTABLE.fullmatch(self.env[name]):
            self.problems.append(f"{name}: it holds a blank, a line break or a letter outside ASCII; paste it again")
            return None
        self.tell(
            f"{name} is an access token: it dies within an hour of its making. For what runs by itself set "
            f"{SERVICE_ACCOUNT}, or {REFRESH_TOKEN} with {CLIENT_ID} and {CLIENT_SECRET}; {GUIDE}"
        )
        return MadeToken(self.env[name])

    def _key(self, name: str) -> Mapping[str, Any] | None:
        """Return the key of a service account, given as it is or as a path."""
        text = self.env[name]
        if not text.startswith("{"):
            try:
                text = (self.means.folder / text).read_text(encoding="utf-8")
            except (OSError, ValueError):
                self.problems.append(
                    f"{name}: it is neither the JSON of a key nor a file that can be read; paste the JSON"
                )
                return None
        try:
            key = json.loads(text)
        except ValueError:
            key = None
        if not isinstance(key, dict):
            self.problems.append(f"{name}: it is not the JSON of a key; paste the whole file again")
            return None
        kind = str(key.get("type"))
        if kind != "service_account":
            told = shown(kind) if _KIND.fullmatch(kind) else "unknown"
            self.problems.append(
                f"{name}: the type of the key is {told}; give one of the type `service_account`, or {TOKEN} with a "
                "token that the job makes"
            )
            return None
        return key

    def _granted(self, grant: Grant) -> Access:
        return GrantedToken(grant, self.means.http, self.means.timing, self.means.timeout_seconds)


_READERS: Mapping[str, Callable[[_Reader, str], Access | None]] = {
    SERVICE_ACCOUNT: _Reader.service_account,
    REFRESH_TOKEN: _Reader.refreshing,
    TOKEN: _Reader.made,
    # Last: other programs of the job may need it for something else.
    KEY_FILE: _Reader.service_account,
}
