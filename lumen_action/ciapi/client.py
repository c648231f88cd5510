"""One repository of GitHub's REST API: calls counted, pages followed, limits honoured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

from lumen_action.ciapi.answers import changed, json_list, json_object, said
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
from lumen_action.ciapi.patience import Limits, until_answered
from lumen_action.errors import ConfigError
from lumen_action.http import Http, HttpError, Request, Response, Timing, origin

API_VERSION = "2022-11-28"
PAGE = 100
_TRIES = 4
# What GitHub advises when a secondary limit names no time.
_SECONDARY_SECONDS = 60.0
_MOST_BYTES = 64 * 1024 * 1024
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_GONE = (404, 410)
_LIMITED = 429
_SERVER_FAULT = 500
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
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
        self._limits = Limits("GitHub", timing=self._timing, tell=tell)
        self._most_calls: int | None = None

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
            answer, found = self._patiently(url, json_list)
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
        answer = until_answered(lambda: self._ask(method, url, encoded), self._refuse_change)
        return changed(answer, origin(url))

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
        answer, found = self._patiently(url, json_object)
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
        if fault.status == _FORBIDDEN:
            words = PERMISSION.format(repo=self.access.repo, said=fault)
            raise NotPermittedError(f"token: {words}", said(fault)) from None
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
            raise RefusedError(str(fault), fault.status, said(fault)) from None
        raise UncertainError(f"{fault}; whether it was done is not known") from None

    def _outlasted(self, fault: HttpError) -> bool:
        """Wait for the end of a limit, if the fault is one; a refused token never passes."""
        wait = self._limit_seconds(fault)
        if wait is not None:
            if not self._limits.outlasted(wait):
                raise RateLimitedError(wait, self._timing.now()) from None
            return True
        if fault.status == _UNAUTHORIZED:
            raise ConfigError("token: " + REFUSED.format(server=origin(self.access.url))) from None
        return False

    def _limit_seconds(self, fault: HttpError) -> float | None:
        """Return how long a rate limit lasts, None when the fault is none."""
        if fault.status not in (_FORBIDDEN, _LIMITED) or fault.answer is None:
            return None
        if fault.retry_after_seconds is not None:
            return fault.retry_after_seconds
        headers = fault.answer.headers
        reset = headers.get("x-ratelimit-reset", "")
        if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            return max(1.0, int(reset) - self._timing.now() + 1)
        limited = fault.status == _LIMITED or _LIMIT_WORDS.search(fault.answer.body)
        return _SECONDARY_SECONDS if limited else None


def _counted(fault: HttpError, tries: int) -> str:
    return f"{fault} ({tries} {'try' if tries == 1 else 'tries'})"
