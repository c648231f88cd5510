"""Calls of the Drive API: sent with a token that is renewed once, each answer turned into what a person can act on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from lumen_action.archive.stores import BusyError, RefusedError, StoreError
from lumen_action.archive.stores.gdriveaccess import GUIDE, Access
from lumen_action.archive.stores.patience import Patience
from lumen_action.http import Http, HttpError, Request, Response, Streamed

DRIVE = "https://www.googleapis.com"
FILES = "/drive/v3/files"
UPLOADS = "/upload/drive/v3/files"
EVERY_DRIVE = {"supportsAllDrives": "true"}
"""Without it everything in a Shared Drive is as if it were not there."""
_EXPIRED, _FORBIDDEN, _MISSING, _LATE, _TOO_MANY, _SERVER_FAULT = 401, 403, 404, 408, 429, 500
_Answer = TypeVar("_Answer")

_SCOPE = "the token does not carry the scope https://www.googleapis.com/auth/drive; make it with that scope"
_SHARE = (
    "{who} may not do that there; make it a member of the Shared Drive as Content manager (Contributor is enough to "
    "store and read), or share the folder with it as Editor"
)
_QUOTA = "the storage of {who} is full; free some, buy some, or use a folder of a Shared Drive"
_NO_QUOTA = (
    "a service account owns no storage on My Drive: use a folder of a Shared Drive that {who} is a member of, or "
    "GDRIVE_REFRESH_TOKEN of a person's account"
)
_DAY = "the limit that Google sets for a day is reached; wait for tomorrow, or ask for more in the Cloud console"
_DISABLED = "the Google Drive API is not enabled in the project of {who}; enable it in the Cloud console"
_BUSY_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "backendError", "internalError"})
_OTHER_REASONS = frozenset(
    {"notFound", "badRequest", "invalid", "authError", "forbidden", "insufficientFilePermissions"}
)
_ADVICE: Mapping[str, str] = {
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _SCOPE,
    "insufficientPermissions": _SCOPE,
    "insufficientScopes": _SCOPE,
    "appNotAuthorizedToFile": f"with the scope drive.file a client sees only what it made itself; {_SCOPE}",
    "accessNotConfigured": _DISABLED,
    "SERVICE_DISABLED": _DISABLED,
    "dailyLimitExceeded": _DAY,
    "quotaExceeded": _DAY,
    "uploadLimitExceeded": _DAY,
    "teamDriveFileLimitExceeded": "the Shared Drive holds as many items as it may; remove some or use another",
    "numChildrenInNonRootLimitExceeded": "the folder holds as many items as it may; remove some or use another",
    "domainPolicy": "the administrators of the domain do not allow it; ask them to let the app of {who} use Drive",
    "cannotDownloadAbusiveFile": "Google takes the file for harmful; an owner has to ask for a review in Drive",
}
_FULL = "storageQuotaExceeded"
_WORDS = frozenset({*_ADVICE, _FULL}) | _BUSY_REASONS | _OTHER_REASONS


@dataclass(frozen=True)
class Limits:
    """How much is sent at once, and how long is waited."""

    chunk_bytes: int = 8 << 20
    """A multiple of 256 KiB."""
    timeout_seconds: float = 60.0
    """For a chunk to be sent, and for an answer to come on."""
    patience_seconds: float = 300.0


class Calls:
    """The Drive API behind one address."""

    def __init__(self, base: str, access: Access, http: Http, patience: Patience, limits: Limits) -> None:
        """Take everything; nothing is asked yet."""
        self.url = patience.url
        self.access = access
        self.limits = limits
        self.patience = patience
        self._base = base
        self._http = http

    def address(self, path: str, query: Mapping[str, str]) -> str:
        """Return the address of a call."""
        return f"{self._base}{path}?{urlencode(query, quote_via=quote)}"

    def is_ours(self, address: str) -> bool:
        """Tell whether an address lies where our token may be sent."""
        ours, theirs = urlsplit(self._base), urlsplit(address)
        return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)

    def asked(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any] | None:
        """Return the JSON object that a call answers, None when what it names is not there; it is sent until it is."""
        headers = {"Accept": "application/json"}
        sent = None
        if body is not None:
            sent = json.dumps(body).encode()
            headers["Content-Type"] = "application/json; charset=UTF-8"
        request = Request(method, self.address(path, query), sent, headers)

        def once() -> Mapping[str, Any] | None:
            answer = self.answer(request, {_MISSING})
            return None if answer.status == _MISSING else _object(request, answer)

        return self.patience.ask(once)

    def answer(self, request: Request, accepted: Container[int]) -> Response:
        """Send a request once and return an answer that is good or accepted; any other is an error."""

        def send(call: Request) -> Response:
            try:
                return self._http.send(call)
            except HttpError as fault:
                if fault.answer is None or fault.status not in accepted:
                    raise
                return fault.answer

        return self._let_in(request, send)

    @contextlib.contextmanager
    def streamed(self, request: Request) -> Iterator[Streamed]:
        """Give an answer whose body comes in pieces, in one try."""
        with contextlib.ExitStack() as open_answer:
            answer = self._let_in(request, lambda call: open_answer.enter_context(self._http.streamed(call)))
            yield replace(answer, pieces=self._pieces(request, answer.pieces))

    def _pieces(self, request: Request, pieces: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from pieces
        except HttpError as fault:
            raise self._told(request, fault) from None

    def _let_in(self, request: Request, send: Callable[[Request], _Answer]) -> _Answer:
        """Send with a token, and once more with a fresh one when it was refused."""
        call = replace(request, token=self._token(), timeout_seconds=self.limits.timeout_seconds)
        try:
            return send(call)
        except HttpError as fault:
            if fault.status != _EXPIRED:
                raise self._told(request, fault) from None
        fresh = self._token(call.token)
        try:
            return send(replace(call, token=fresh))
        except HttpError as fault:
            raise self._told(request, fault) from None

    def _token(self, refused: str = "") -> str:
        try:
            return self.access.renewed(refused) if refused else self.access.token()
        except BusyError:
            raise
        except StoreError as fault:
            raise type(fault)(f"{self.url}: {fault}") from None

    def _told(self, request: Request, fault: HttpError) -> StoreError:
        """Say what went wrong; of an answer only words that are known are quoted, the rest might be a secret."""
        if fault.answer is None:
            told = str(fault).replace(request.url, request.place)
            return BusyError(told) if fault.passing or fault.status else StoreError(f"{self.url}: {told}")
        status = fault.answer.status
        reason = next((each for each in _reasons(fault.answer.body) if each in _WORDS), "")
        told = f"{request.place} answered {status} {reason}".rstrip()
        if status in (_LATE, _TOO_MANY) or status >= _SERVER_FAULT or reason in _BUSY_REASONS:
            return BusyError(told, retry_after_seconds=fault.retry_after_seconds)
        if status == _EXPIRED:
            return RefusedError(f"{self.url}: token_expired: {told} to a fresh token of {self.access.who}; {GUIDE}")
        if status == _FORBIDDEN:
            return RefusedError(f"{self.url}: {told}; {self._advice(reason)}")
        return StoreError(f"{self.url}: {told}")

    def _advice(self, reason: str) -> str:
        full = _NO_QUOTA if self.access.service_account else _QUOTA
        return (full if reason == _FULL else _ADVICE.get(reason, _SHARE)).format(who=self.access.who)


def _object(request: Request, answer: Response) -> Mapping[str, Any]:
    if not answer.body:
        return {}
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise BusyError(f"{request.place} answered {answer.status} without a JSON object")
    return said


def _reasons(body: bytes) -> Iterator[str]:
    """Yield the words by which Drive says why, the most exact first."""
    try:
        error = json.loads(body)["error"]
        for each in (*error.get("details", ()), *error.get("errors", ())):
            if isinstance(each.get("reason"), str):
                yield each["reason"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # not an answer of Drive's
        return
