"""One repository of GitHub's REST API: calls counted, pages followed, limits honoured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from lumen_action.ciapi.faults import (
    PERMISSION,
    REFUSED,
    ApiError,
    RateLimitedError,
    TooManyCallsError,
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
_MOST_BYTES = 32 * 1024 * 1024
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
_LIMIT_WORDS = re.compile(rb"rate limit|abuse detection", re.IGNORECASE)

Query = Mapping[str, str | int]


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
        url = f"{self.access.url}/repos/{quote(self.access.repo)}/{path}"
        return self._page(f"{url}?{urlencode(query)}" if query else url)

    def pages(self, path: str, query: Query) -> Iterator[Page]:
        """Yield an object a page, as long as the API names a next one."""
        page = self.get(path, {**query, "per_page": PAGE})
        yield page
        while page.next_url:
            page = self._page(page.next_url)
            yield page

    @contextmanager
    def at_most(self, calls: int) -> Iterator[None]:
        """Allow so many calls inside, tries included; one more is a TooManyCallsError."""
        self._most_calls = self.calls + calls
        try:
            yield
        finally:
            self._most_calls = None

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _page(self, url: str) -> Page:
        answer = self._patiently(url)
        following = _NEXT.search(answer.headers.get("link", ""))
        next_url = following[1] if following else ""
        if next_url and origin(next_url) != origin(self.access.url):
            raise ApiError(f"{origin(url)} names a next page on {origin(next_url)}; set GITHUB_API_URL to that server")
        return Page(_json_object(answer, origin(url)), next_url)

    def _patiently(self, url: str) -> Response:
        """Ask until an answer comes that is whole JSON; a cut one may be whole the next time."""
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._ask(url)
                _json_object(answer, origin(url))
            except HttpError as fault:
                self._refuse(fault, tries)
            except ApiError:
                if tries >= _TRIES:
                    raise
                self._timing.sleep(self._timing.pause(tries))
            else:
                return answer

    def _ask(self, url: str) -> Response:
        if self._most_calls is not None and self.calls >= self._most_calls:
            raise TooManyCallsError(f"{self.access.repo}: an attempt of a run is not worth more calls")
        self.calls += 1
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        request = Request(
            "GET",
            url,
            headers=headers,
            token=self.access.token,
            timeout_seconds=self.access.timeout_seconds,
            max_answer_bytes=_MOST_BYTES,
        )
        return self._http.send(request)

    def _refuse(self, fault: HttpError, tries: int) -> None:
        """Wait for what passes; raise what does not, in words that say what to do."""
        wait = self._limit_seconds(fault)
        if wait is not None:
            self._wait(wait)
            return
        if fault.status == 401:  # noqa: PLR2004 - the status by its number, as everybody knows it
            raise ConfigError("token: " + REFUSED.format(server=origin(self.access.url))) from None
        if fault.status == 403:  # noqa: PLR2004
            raise ConfigError("token: " + PERMISSION.format(repo=self.access.repo, said=fault)) from None
        if fault.status in (404, 410):
            raise VanishedError(str(fault)) from None
        passing = fault.status is None or fault.status >= 500  # noqa: PLR2004
        if not passing or tries >= _TRIES:
            raise ApiError(f"{fault} ({tries} {'try' if tries == 1 else 'tries'})") from None
        self._timing.sleep(self._timing.pause(tries, fault.retry_after_seconds))

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


def _json_object(answer: Response, server: str) -> Mapping[str, object]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(f"{server} answered {answer.status} without a JSON object; is GITHUB_API_URL the API's address?")
    return found
