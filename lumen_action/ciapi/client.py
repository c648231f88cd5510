"""One repository of GitHub's REST API: calls counted, pages followed, limits honoured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

from lumen_action.ciapi.faults import (
    PERMISSION,
    REFUSED,
    ApiError,
    NotPermittedError,
    RateLimitedError,
    RefusedError,
    TooManyCallsError,
    UncertainError,
    VanishedError,
)
from lumen_action.errors import ConfigError
from lumen_action.http import Http, HttpError, Request, Response, Timing, origin

API_VERSION = "2022-11-28"
PAGE = 100
_TRIES = 4
# A job that only waits costs money: a limit that lasts longer is for the next call.
_LONGEST_WAIT_SECONDS = 90.0
# What GitHub advises when a secondary limit names no time.
_SECONDARY_SECONDS = 60.0
_MOST_BYTES = 64 * 1024 * 1024
_GONE = (404, 410)
_SERVER_FAULT = 500
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
_NO_JSON = "GitHub's API answered {status} without a JSON {kind}; is GITHUB_API_URL the API's address?"
_LIMIT_WORDS = re.compile(rb"rate limit|abuse detection", re.IGNORECASE)

Query = Mapping[str, str | int]
T = TypeVar("T")


@dataclass(frozen=True)
class Access:
    """Where the API is and what lets us in; `timeout_seconds` is for a whole answer."""

    url: str
    repo: str
    token: str = field(repr=False)
    timeout_seconds: float = 20.0


@dataclass(frozen=True)
class Page:
    """One JSON object of an answer and where the next one is."""

    body: Mapping[str, object]
    next_url: str = ""


class Client:
    """Asks the API, with patience for what passes and plain words for what does not."""

    def __init__(self, access: Access, *, timing: Timing | None = None, tell: Callable[[str], None]) -> None:
        """Open nothing yet; `tell` hears when we wait."""
        self.access = access
        self.calls = 0
        self._timing = timing or Timing()
        self._http = Http(patience_seconds=access.timeout_seconds, timing=self._timing, tries_again=False)
        self._tell = tell
        self._most_calls: int | None = None
        self._waited_seconds = 0.0

    def get(self, path: str, query: Query | None = None) -> Page:
        """Return the JSON object at a path of the repository."""
        return self._page(self._url(path, query))

    def pages(self, path: str, query: Query) -> Iterator[Page]:
        """Yield an object a page, as long as the API names a next one."""
        page = self.get(path, {**query, "per_page": PAGE})
        yield page
        while page.next_url:
            page = self._page(page.next_url)
            yield page

    def listed(self, path: str, query: Query) -> Iterator[object]:
        """Yield the items of an answer that is a list, page after page."""
        url = self._url(path, {**query, "per_page": PAGE})
        while url:
            answer, found = self._patiently(url, _json_list)
            yield from found
            url = self._next_url(answer, url)

    def text(self, path: str) -> bytes:
        """Return what is no JSON, a log for instance, from where the API redirects to."""
        return self._patiently(self._url(path), lambda answer: answer.body)[1]

    def send(self, method: str, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        """Change something, again only where the answer proves that nothing was done.

        A RefusedError or VanishedError changed nothing; after an UncertainError look before you send it again.
        """
        url, encoded = self._url(path), json.dumps(body).encode()
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._ask(method, url, encoded)
            except HttpError as fault:
                self._refuse_change(fault, tries)
            else:
                return _changed(answer, origin(url))

    @contextmanager
    def at_most(self, calls: int) -> Iterator[None]:
        """Allow so many calls inside, tries included; one more is a TooManyCallsError."""
        outside = self._most_calls
        inside = self.calls + calls
        self._most_calls = inside if outside is None else min(inside, outside)
        try:
            yield
        finally:
            self._most_calls = outside

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _url(self, path: str, query: Query | None = None) -> str:
        url = f"{self.access.url}/repos/{quote(self.access.repo)}/{path}"
        return f"{url}?{urlencode(query)}" if query else url

    def _page(self, url: str) -> Page:
        answer, found = self._patiently(url, _json_object)
        return Page(found, self._next_url(answer, url))

    def _next_url(self, answer: Response, url: str) -> str:
        following = _NEXT.search(answer.headers.get("link", ""))
        next_url = following[1] if following else ""
        if next_url and origin(next_url) != origin(self.access.url):
            raise ApiError(f"{origin(url)} names a next page on {origin(next_url)}; set GITHUB_API_URL to that server")
        return next_url

    def _patiently(self, url: str, read: Callable[[Response], T]) -> tuple[Response, T]:
        """Ask until an answer comes that can be read whole; a cut one may be whole the next time."""
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._ask("GET", url)
            except HttpError as fault:
                self._refuse(fault, tries)
                continue
            try:
                return answer, read(answer)
            except ApiError:
                if tries >= _TRIES:
                    raise
                self._timing.sleep(self._timing.pause(tries))

    def _ask(self, method: str, url: str, body: bytes | None = None) -> Response:
        if self._most_calls is not None and self.calls >= self._most_calls:
            raise TooManyCallsError(f"{self.access.repo}: an attempt of a run is not worth more calls")
        self.calls += 1
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        request = Request(
            method,
            url,
            body=body,
            headers=headers if body is None else {**headers, "Content-Type": "application/json"},
            token=self.access.token,
            timeout_seconds=self.access.timeout_seconds,
            max_answer_bytes=_MOST_BYTES,
        )
        return self._http.send(request)

    def _refuse(self, fault: HttpError, tries: int) -> None:
        """Wait for what passes; raise what does not, in words that say what to do."""
        if self._outlasted(fault):
            return
        if fault.status == 403:  # noqa: PLR2004 - the status by its number, as everybody knows it
            words = PERMISSION.format(repo=self.access.repo, said=fault)
            raise NotPermittedError(f"token: {words}", _said(fault)) from None
        if fault.status in _GONE:
            raise VanishedError(str(fault)) from None
        passing = fault.status is None or fault.status >= _SERVER_FAULT
        if not passing or tries >= _TRIES:
            raise ApiError(_counted(fault, tries)) from None
        self._timing.sleep(self._timing.pause(tries, fault.retry_after_seconds))

    def _refuse_change(self, fault: HttpError, tries: int) -> None:
        """Wait where nothing was done and it may pass; else say whether something may have been done."""
        if self._outlasted(fault):
            return
        if fault.unsent:
            if tries >= _TRIES:
                raise ApiError(_counted(fault, tries)) from None
            self._timing.sleep(self._timing.pause(tries))
            return
        if fault.status in _GONE:
            raise VanishedError(str(fault)) from None
        if fault.status is not None and fault.status < _SERVER_FAULT:
            raise RefusedError(str(fault), fault.status, _said(fault)) from None
        raise UncertainError(f"{fault}; whether it was done is not known") from None

    def _outlasted(self, fault: HttpError) -> bool:
        """Wait for the end of a limit, if the fault is one; a refused token never passes."""
        wait = self._limit_seconds(fault)
        if wait is not None:
            self._wait(wait)
            return True
        if fault.status == 401:  # noqa: PLR2004
            raise ConfigError("token: " + REFUSED.format(server=origin(self.access.url))) from None
        return False

    def _limit_seconds(self, fault: HttpError) -> float | None:
        """Return how long a rate limit lasts, None when the fault is none."""
        if fault.status not in (403, 429) or fault.answer is None:
            return None
        if fault.retry_after_seconds is not None:
            return fault.retry_after_seconds
        headers = fault.answer.headers
        reset = headers.get("x-ratelimit-reset", "")
        if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            return max(1.0, int(reset) - self._timing.now() + 1)
        limited = fault.status == 429 or _LIMIT_WORDS.search(fault.answer.body)  # noqa: PLR2004
        return _SECONDARY_SECONDS if limited else None

    def _wait(self, seconds: float) -> None:
        if self._waited_seconds + seconds > _LONGEST_WAIT_SECONDS:
            raise RateLimitedError(seconds, self._timing.now()) from None
        # A limit of 0 s may be named again and again.
        pause = self._timing.pause(1, seconds)
        self._waited_seconds += max(1.0, pause)
        self._tell(f"GitHub's rate limit: waiting {pause:.0f} s")
        self._timing.sleep(pause)


def _json_object(answer: Response) -> Mapping[str, object]:
    found = _json(answer)
    if not isinstance(found, dict):
        raise ApiError(_NO_JSON.format(status=answer.status, kind="object"))
    return found


def _json_list(answer: Response) -> list[object]:
    found = _json(answer)
    if not isinstance(found, list):
        raise ApiError(_NO_JSON.format(status=answer.status, kind="list"))
    return found


def _json(answer: Response) -> object:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _changed(answer: Response, server: str) -> Mapping[str, object]:
    """Read what came of a change; some answers are empty by design."""
    found = _json(answer) if answer.body.strip() else {}
    if not isinstance(found, dict):
        raise UncertainError(f"{server} answered {answer.status} without a JSON object: what was done is not known")
    return found


def _said(fault: HttpError) -> str:
    """Return the API's own sentence about a refusal."""
    found = _json(fault.answer) if fault.answer else None
    said = found.get("message") if isinstance(found, dict) else None
    return said if isinstance(said, str) else ""


def _counted(fault: HttpError, tries: int) -> str:
    return f"{fault} ({tries} {'try' if tries == 1 else 'tries'})"
