"""The tokens that let us into Google Drive, renewed while the work goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Protocol
from urllib.parse import urlencode

from lumen_action.archive.stores import BusyError, RefusedError, StoreError
from lumen_action.http import Http, HttpError, Request, Timing, origin

SERVICE_ACCOUNT = "GDRIVE_SERVICE_ACCOUNT"
REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET = "GDRIVE_REFRESH_TOKEN", "GDRIVE_CLIENT_ID", "GDRIVE_CLIENT_SECRET"
TOKEN = "GDRIVE_TOKEN"  # noqa: S105 - its name, not itself
GUIDE = "docs/archive-gdrive.md says how"
_RENEW_EARLY_SECONDS = 60.0
_SKEW_SECONDS = 60.0
PRINTABLE = re.compile(r"[!-~]+")


class Access(Protocol):
    """Gives bearer tokens that have not expired yet as far as anybody knows."""

    @property
    def who(self) -> str:
        """Return whose rights they carry, for messages."""

    @property
    def service_account(self) -> bool:
        """Tell whether that is no person, and owns no storage."""

    def token(self) -> str:
        """Return a token; a BusyError or RefusedError when none is to be had."""

    def renewed(self, stale: str) -> str:
        """Return another token than one that was refused; a RefusedError when there is no other."""


@dataclass(frozen=True)
class MadeToken:
    """A token that somebody made; nothing here can make the next."""

    value: str = field(repr=False)
    who: str = f"the account of {TOKEN}"
    service_account: bool = False

    def token(self) -> str:
        """Return it, whatever has become of it."""
        return self.value

    def renewed(self, stale: str) -> str:
        """Say that it is over."""
        del stale
        raise RefusedError(
            f"token_expired: Google refuses {TOKEN}, an access token that lives for an hour; set {SERVICE_ACCOUNT}, "
            f"or {REFRESH_TOKEN} with {CLIENT_ID} and {CLIENT_SECRET}; {GUIDE}"
        )


@dataclass(frozen=True)
class Grant:
    """What a token is asked for with, and what to say of a refusal."""

    who: str
    service_account: bool
    token_url: str
    form: Callable[[], Mapping[str, str]] = field(repr=False)
    """Made anew for each request: an assertion carries the time."""
    ended: str
    """What an `invalid_grant` means."""
    unknown: str
    """What any other refusal means."""


class GrantedToken:
    """A token that is renewed before it expires, and when it is refused."""

    def __init__(self, grant: Grant, http: Http, timing: Timing, timeout_seconds: float) -> None:
        """Ask for nothing yet."""
        self.who = grant.who
        self.service_account = grant.service_account
        self._grant = grant
        self._http = http
        self._timing = timing
        self._timeout_seconds = timeout_seconds
        self._lock = Lock()
        self._value = ""
        self._expires_at = 0.0

    def token(self) -> str:
        """Return the token at hand, or a fresh one."""
        with self._lock:
            if not self._value or self._timing.clock() >= self._expires_at:
                self._renew()
            return self._value

    def renewed(self, stale: str) -> str:
        """Return a fresh token, unless somebody has just fetched one."""
        with self._lock:
            if self._value == stale:
                self._renew()
            return self._value

    def _renew(self) -> None:
        self._value = ""
        said = self._asked()
        value, seconds = said.get("access_token"), said.get("expires_in", 0)
        if not isinstance(value, str) or not PRINTABLE.fullmatch(value) or not isinstance(seconds, int | float):
            raise BusyError(f"POST {origin(self._grant.token_url)} answered without a token")
        self._expires_at = self._timing.clock() + seconds - _RENEW_EARLY_SECONDS
        self._value = value

    def _asked(self) -> Mapping[str, Any]:
        body = urlencode(self._grant.form()).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        request = Request("POST", self._grant.token_url, body, form, timeout_seconds=self._timeout_seconds)
        try:
            said = json.loads(self._http.send(request).body)
        except HttpError as fault:
            raise self._told(request, fault) from None
        except ValueError:
            said = None
        return said if isinstance(said, dict) else {}

    def _told(self, request: Request, fault: HttpError) -> StoreError:
        """Say what a refusal means; its own words may repeat what was sent, so only its code is quoted."""
        if fault.answer is None:
            return BusyError(str(fault)) if fault.passing else StoreError(str(fault))
        error = _code(fault.answer.body)
        told = f"{request.place} gives no token: {fault.status} {error}".rstrip()
        if not error:  # not a refusal: the service is away, or has been asked too often
            return BusyError(told, retry_after_seconds=fault.retry_after_seconds)
        if error != "invalid_grant":
            return RefusedError(f"{told}; {self._grant.unknown}")
        off = _ahead_seconds(fault.answer.headers.get("date", ""), self._timing.now())
        if self._grant.service_account and abs(off) > _SKEW_SECONDS:
            way = "ahead of" if off > 0 else "behind"
            return RefusedError(f"{told}; the clock of this machine is {abs(off):.0f} s {way} Google's; set it right")
        return RefusedError(f"token_expired: {told}; {self._grant.ended}")


def _code(body: bytes) -> str:
    """Return the code of a refusal, when it is one that is known."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, str) and error in _CODES else ""


_CODES = frozenset(
    {
        *("invalid_grant", "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client"),
        *("deleted_client", "disabled_client", "access_denied", "admin_policy_enforced", "org_internal"),
        *("unsupported_grant_type", "rapt_required"),
    }
)


def _ahead_seconds(date: str, now: float) -> float:
    try:
        return now - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return 0.0
