"""One call of Dropbox after another: what is sent, and what its answers mean."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from lumen_action.archive.stores import BusyError, LockedError, RefusedError, StoreError
from lumen_action.archive.stores.dropboxaccess import APP_KEY, GUIDE, REFRESH_TOKEN, TOKEN, Tokens
from lumen_action.archive.stores.patience import Patience
from lumen_action.errors import LumenError
from lumen_action.http import REDIRECTS, Http, HttpError, Request, Response, Streamed, Timing

TIMEOUT_SECONDS = 60.0
OUT_OF_RANGE = 416
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _CONFLICT, _TOO_MANY, _SERVER_FAULT = 400, 401, 403, 409, 429, 500
_STALE = frozenset({"expired_access_token", "invalid_access_token"})
_WORD = re.compile(r"[a-z_]{1,60}")
_SCOPE = re.compile(r"[a-z_.]{1,60}")
_SCOPE_WANTED = re.compile(r"required scope '([^']*)'")
_Answer = TypeVar("_Answer")

_REFUSALS: Mapping[str, str] = {
    "insufficient_space": "the Dropbox is full; free some space there, or keep archives elsewhere",
    "no_write_permission": "the account may not write there; name another folder or let it edit this one",
    "disallowed_name": "Dropbox takes no such name; name another folder",
    "malformed_path": "Dropbox takes no such path; name another folder",
    "team_folder": "it is a team folder; name a folder inside",
    "operation_suppressed": "something else works on that folder; try again when it has finished",
    "restricted_content": "Dropbox blocks the file for its content; ask its support",
}
_TRANSIENT: Mapping[str, str] = {
    "content_hash_mismatch": "says that the bytes did not arrive as they were sent",
    "too_many_write_operations": "is busy with other writes to that folder",
}


class UnansweredError(BusyError):
    """A call that may have been carried out: its answer was lost, or the server failed."""


class DeclinedError(StoreError):
    """A call that was answered with "no" and with the reason, which its caller has to know."""

    def __init__(self, told: str, tags: tuple[str, ...], details: Mapping[str, Any]) -> None:
        """Keep the reasons from the outermost in, and what stands beside them."""
        super().__init__(told)
        self.tags = tags
        self.details = details
        self.after_silence = False
        """An earlier try of the same call went unanswered: what is in the way may be its work."""


@dataclass(frozen=True)
class Places:
    """Where Dropbox is."""

    api: str
    content: str


class Calls:
    """Calls of one account."""

    def __init__(
        self, url: str, places: Places, tokens: Tokens, timing: Timing, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Take how long a silent server is waited for."""
        self.url = url
        self._places = places
        self._tokens = tokens
        self._timeout_seconds = timeout_seconds
        self._patience = Patience(url, timing=timing)
        self._http = Http(patience_seconds=2 * timeout_seconds, timing=timing, tries_again=False)

    def ask(self, route: str, arg: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a route that takes and gives JSON."""
        headers = {"Content-Type": "application/json"}
        url = f"{self._places.api}/2/files/{route}"
        return self._patiently(route, lambda token: self._sent(url, json.dumps(arg).encode(), headers, token))

    def send(self, route: str, arg: Mapping[str, Any], body: bytes) -> Mapping[str, Any]:
        """Call a route that takes bytes; what is said about them stands in a header, which has to be ASCII."""
        headers = {"Content-Type": "application/octet-stream", "Dropbox-API-Arg": json.dumps(arg)}
        url = f"{self._places.content}/2/files/{route}"
        return self._patiently(route, lambda token: self._sent(url, body, headers, token))

    @contextmanager
    def download(self, path: str, offset: int) -> Iterator[Streamed]:
        """Give the answer to one try of a download."""
        headers = {"Dropbox-API-Arg": json.dumps({"path": path})}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        url = f"{self._places.content}/2/files/download"
        with ExitStack() as answers:

            def opened(token: str) -> Streamed:
                request = Request("POST", url, None, headers, timeout_seconds=self._timeout_seconds, token=token)
                return answers.enter_context(self._http.streamed(request))

            yield self._authorized("download", opened)

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()
        self._tokens.close()

    def _sent(self, url: str, body: bytes, headers: Mapping[str, str], token: str) -> Response:
        return self._http.send(Request("POST", url, body, headers, timeout_seconds=self._timeout_seconds, token=token))

    def _patiently(self, route: str, attempt: Callable[[str], Response]) -> Mapping[str, Any]:
        silent = False

        def once() -> Mapping[str, Any]:
            nonlocal silent
            try:
                return _read(route, self._authorized(route, attempt).body)
            except UnansweredError:
                silent = True
                raise
            except DeclinedError as fault:
                fault.after_silence = silent
                raise

        return self._patience.ask(once)

    def _authorized(self, route: str, attempt: Callable[[str], _Answer]) -> _Answer:
        """Make a call, once more with another token when this one has died meanwhile."""
        token = self._tokens.current()
        try:
            return attempt(token)
        except HttpError as fault:
            tags, _ = _reasons(fault)
            if fault.status != _UNAUTHORIZED or not _STALE.intersection(tags):
                raise self._told(route, fault) from None
            why = tags[0]
        try:
            return attempt(self._tokens.after(token, why))
        except HttpError as fault:
            raise self._told(route, fault) from None

    def _told(self, route: str, fault: HttpError) -> LumenError:
        """Say what an answer means; of its words only those are repeated that cannot be a secret."""
        tags, details = _reasons(fault)
        if fault.status is None or fault.status < _BAD_REQUEST:
            told = f"{route}: {fault}"
            may_pass = fault.passing or (fault.status is not None and fault.status not in REDIRECTS)
            return UnansweredError(told) if may_pass else StoreError(f"{self.url}: {told}")
        if fault.status == _TOO_MANY or fault.status >= _SERVER_FAULT:
            asked = fault.retry_after_seconds
            kind = BusyError if fault.status == _TOO_MANY else UnansweredError
            told = f"Dropbox answered {route} with {fault.status}"
            return kind(told, retry_after_seconds=_asked_to_wait(details) if asked is None else asked)
        if fault.status == _CONFLICT:
            return self._declined(route, tags, details)
        why = self._refused(fault.status, tags, str(details.get("required_scope") or _scope_wanted(fault)))
        if why:
            return RefusedError(f"{self.url}: {route} is refused ({'/'.join(tags) or fault.status}): {why} ({GUIDE})")
        told = f"{self.url}: Dropbox answered {route} with {fault.status}"
        return DeclinedError(told, (str(fault.status), *tags), details)

    def _refused(self, status: int, tags: tuple[str, ...], scope: str) -> str:
        """Say what to do about a refusal that is for a person to mend, nothing of another answer."""
        if _SCOPE.fullmatch(scope):
            return f"the app or its token lacks the permission {scope}; tick it in the App Console and make a new token"
        if status == _UNAUTHORIZED and _STALE.intersection(tags):
            return f"token_expired: Dropbox refuses even a new token; make {REFRESH_TOKEN} anew"
        if status in (_UNAUTHORIZED, _FORBIDDEN):
            return f"look at {REFRESH_TOKEN} with {APP_KEY}, or at {TOKEN}, and at the account"
        return ""

    def _declined(self, route: str, tags: tuple[str, ...], details: Mapping[str, Any]) -> LumenError:
        for tag in tags:
            if tag in _REFUSALS:
                return RefusedError(f"{self.url}: {route} is refused ({tag}): {_REFUSALS[tag]}")
            if tag in _TRANSIENT:
                return BusyError(f"Dropbox {_TRANSIENT[tag]} ({route})", retry_after_seconds=_asked_to_wait(details))
        if tags[-1:] == ("locked",):
            return LockedError(f"{self.url}: somebody has locked the file; unlock it in Dropbox")
        return DeclinedError(f"{self.url}: {route} is refused ({'/'.join(tags) or 'no reason given'})", tags, details)


def _read(route: str, body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = body
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise UnansweredError(f"Dropbox answered {route} with something that is no JSON object")
    return said


def _reasons(fault: HttpError) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Return the reasons of an answer from the outermost in, and what stands beside the innermost."""
    try:
        error = json.loads(fault.answer.body)["error"] if fault.answer else None
    except (ValueError, KeyError, TypeError, RecursionError):
        error = None
    tags: list[str] = []
    details: Mapping[str, Any] = {}
    while isinstance(error, dict):
        details = {**details, **error}
        tag = error.get(".tag", "")
        if isinstance(tag, str) and _WORD.fullmatch(tag):
            tags.append(tag)
        error = error.get(tag, error.get("reason")) if isinstance(tag, str) else None
    return tuple(tags), details


def _asked_to_wait(details: Mapping[str, Any]) -> float | None:
    seconds = details.get("retry_after")
    return float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None


def _scope_wanted(fault: HttpError) -> str:
    found = _SCOPE_WANTED.search(fault.answer.body.decode(errors="replace")) if fault.answer else None
    return found.group(1) if found else ""
