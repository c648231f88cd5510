"""What lets us into Dropbox, and where it is: tokens that live for hours, and what makes the next."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import urlencode, urlsplit

from lumen_action.addresses import address_fault, is_loopback
from lumen_action.archive.stores import BusyError, RefusedError, StoreError
from lumen_action.errors import shown
from lumen_action.http import Http, HttpError, Request, Timing

REFRESH_TOKEN, APP_KEY, APP_SECRET = "DROPBOX_REFRESH_TOKEN", "DROPBOX_APP_KEY", "DROPBOX_APP_SECRET"
TOKEN = "DROPBOX_TOKEN"  # noqa: S105 - its name, not itself
API_HOST, CONTENT_HOST = "DROPBOX_API_HOST", "DROPBOX_API_CONTENT_HOST"
GUIDE = "docs/archive-dropbox.md says how"
SHORT_LIVED = f"{TOKEN} dies 4 hours after it was made; {REFRESH_TOKEN} with {APP_KEY} does not ({GUIDE})"

_HOSTS: Mapping[str, str] = {API_HOST: "api.dropboxapi.com", CONTENT_HOST: "content.dropboxapi.com"}
_RENEW_EARLY_SECONDS = 300.0
_TIMEOUT_SECONDS = 30.0
_SERVER_FAULT, _TOO_MANY = 500, 429
_PRINTABLE = re.compile(r"[!-~]+")
_WORD = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class Renewal:
    """What new tokens are made with."""

    url: str
    refresh_token: str = field(repr=False)
    app_key: str
    app_secret: str = field(default="", repr=False)

    @property
    def form(self) -> bytes:
        """Return what is sent for a token."""
        said = {"grant_type": "refresh_token", "refresh_token": self.refresh_token, "client_id": self.app_key}
        return urlencode({**said, **({"client_secret": self.app_secret} if self.app_secret else {})}).encode()


class Tokens:
    """The token of the moment, and the next one when it dies."""

    def __init__(self, made: str, renewal: Renewal | None, timing: Timing) -> None:
        """Start with a token that somebody made, or with none."""
        self._token = made
        self._renewal = renewal
        self._timing = timing
        self._dies_at = float("inf")
        self._lock = Lock()
        self._http = Http(patience_seconds=_TIMEOUT_SECONDS, timing=timing, tries_again=False)

    def current(self) -> str:
        """Return a token that lives as far as anybody knows."""
        with self._lock:
            if not self._token or self._timing.clock() > self._dies_at - _RENEW_EARLY_SECONDS:
                self._renew()
            return self._token

    def after(self, stale: str, why: str) -> str:
        """Return another token than one that Dropbox refused."""
        with self._lock:
            if self._token == stale:
                if self._renewal is None:
                    raise RefusedError(f"token_expired: Dropbox refuses {TOKEN} ({why}). {SHORT_LIVED}")
                self._renew()
            return self._token

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def _renew(self) -> None:
        if self._renewal is None:
            return
        self._token = ""
        request = Request(
            "POST",
            self._renewal.url,
            self._renewal.form,
            {"Content-Type": "application/x-www-form-urlencoded"},
            timeout_seconds=_TIMEOUT_SECONDS,
        )
        try:
            said = json.loads(self._http.send(request).body)
            token, seconds = said["access_token"], float(said["expires_in"])
        except HttpError as fault:
            raise _refused(fault) from None
        except (ValueError, KeyError, TypeError):
            raise BusyError("Dropbox answered a request for a token with something else") from None
        if not isinstance(token, str) or not _PRINTABLE.fullmatch(token):
            raise BusyError("Dropbox answered a request for a token with something else")
        self._token, self._dies_at = token, self._timing.clock() + max(seconds, 2 * _RENEW_EARLY_SECONDS)


def _refused(fault: HttpError) -> StoreError:
    """Say why there is no token; only words that are known to be none of our secrets are repeated."""
    if fault.status is None and not fault.passing:
        return StoreError(f"Dropbox gives no token: {fault}")
    if fault.status is None or fault.status >= _SERVER_FAULT or fault.status == _TOO_MANY:
        answered = f"answered {fault.status}" if fault.status else "did not answer"
        return BusyError(
            f"Dropbox {answered} when it was asked for a token", retry_after_seconds=fault.retry_after_seconds
        )
    try:
        word = _WORD.match(str(json.loads(fault.answer.body)["error"])) if fault.answer else None
    except (ValueError, KeyError, TypeError):
        word = None
    reason = word.group() if word else f"HTTP {fault.status}"
    advice = {
        "invalid_grant": f"token_expired: {REFRESH_TOKEN} was revoked or is of another app than {APP_KEY}; make one",
        "invalid_client": f"{APP_KEY} or {APP_SECRET} is not that of the app; copy both from the App Console",
        "unauthorized_client": f"the app of {APP_KEY} may not use refresh tokens; make {REFRESH_TOKEN} anew",
    }
    default = f"look at {REFRESH_TOKEN}, {APP_KEY} and {APP_SECRET}"
    return RefusedError(f"Dropbox gives no token ({reason}). {advice.get(reason, default)} ({GUIDE})")


def read_tokens(env: Mapping[str, str], api: str, timing: Timing, problems: list[str]) -> Tokens:
    """Return what lets us in; adds to the problems what is missing or cannot be right."""
    said = {name: env.get(name, "").strip() for name in (REFRESH_TOKEN, APP_KEY, APP_SECRET, TOKEN)}
    problems += [
        f"{name}: it holds a blank, a line break or a letter outside ASCII; paste it again"
        for name, value in said.items()
        if value and not _PRINTABLE.fullmatch(value)
    ]
    if said[REFRESH_TOKEN]:
        if not said[APP_KEY]:
            problems.append(f"{APP_KEY}: it is missing; {REFRESH_TOKEN} works only with the key of its app ({GUIDE})")
        renewal = Renewal(f"{api}/oauth2/token", said[REFRESH_TOKEN], said[APP_KEY], said[APP_SECRET])
        return Tokens("", renewal, timing)
    if not said[TOKEN]:
        problems.append(f"{REFRESH_TOKEN}: nothing lets us into Dropbox; set it, and {APP_KEY} ({GUIDE})")
    return Tokens(said[TOKEN], None, timing)


def read_host(env: Mapping[str, str], name: str, problems: list[str]) -> str:
    """Return where Dropbox is, as its official clients are told."""
    said = env.get(name, "").strip() or _HOSTS[name]
    url = said.rstrip("/") if "://" in said else f"https://{said}"
    fault = address_fault(url)
    parts = None if fault else urlsplit(url)
    if parts and (parts.path or parts.query or parts.fragment or parts.username):
        fault = "a host is wanted, without a path or credentials"
    if parts and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        fault = "everybody on the way could read the token; use https"
    if fault:
        problems.append(f"{name}: {shown(said)}: {fault}; leave it out for {_HOSTS[name]}")
    return url
