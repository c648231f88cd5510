"""HTTP with patience and without leaks: the only module that knows requests, and only once a request is made."""

from __future__ import annotations

import base64
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from lumen_action import __version__
from lumen_action.errors import RemoteError

if TYPE_CHECKING:
    import requests

PASSING_STATUSES = frozenset({429, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
READING = frozenset({"GET", "HEAD"})
REPEATABLE = READING | {"PUT", "DELETE"}
# What may follow a redirect to another host; anything else could be a credential.
HARMLESS_HEADERS = frozenset({"accept", "accept-language", "user-agent"})
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
MAX_REDIRECTS = 5
MAX_QUOTED_LETTERS = 200
_FIRST_REFUSAL = 400
_PIECE_BYTES = 1 << 20

_SECRET_HEADER = re.compile("authorization|token|key|secret", re.IGNORECASE)


class HttpError(RemoteError):
    """A request that did not succeed; `status` is None when no answer came."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        passing: bool = False,
        retry_after_seconds: float | None = None,
        answer: Response | None = None,
        unsent: bool = False,
    ) -> None:
        """Keep what decides about another try: whether the fault may pass, and when the server wants to be asked."""
        super().__init__(message)
        self.status = status
        self.passing = passing
        self.retry_after_seconds = retry_after_seconds
        self.answer = answer
        self.unsent = unsent


@dataclass(frozen=True)
class Response:
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Streamed:
    """An answer whose body is still on its way; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


@dataclass(frozen=True)
class Request:
    """What to send. `auth` is user and password, also taken from the URL; `token` is a bearer token."""

    method: str
    url: str = field(repr=False)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 10.0
    auth: tuple[str, str] | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    ca_file: str | None = None
    max_answer_bytes: int = 64 * 1024 * 1024

    @property
    def place(self) -> str:
        """Name method, scheme, host and port: a path or query may hold a secret."""
        return f"{self.method} {origin(self.url)}"

    @property
    def authorization(self) -> str:
        """Return the value of the header, empty without credentials."""
        if self.token:
            return f"Bearer {self.token}"
        return f"Basic {self._basic}" if self.auth else ""

    def redacted(self, text: str) -> str:
        """Remove every form of our credentials that an answer might repeat."""
        password = self.auth[1] if self.auth else ""
        in_headers = (value.rpartition(" ")[2] for name, value in self.headers.items() if _SECRET_HEADER.search(name))
        for secret in (self.token, self._basic, password, quote(password, safe=""), *in_headers):
            text = text.replace(secret, "***") if secret else text
        return text

    @property
    def _basic(self) -> str:
        return base64.b64encode(":".join(self.auth).encode()).decode() if self.auth else ""


@dataclass(frozen=True)
class Timing:
    """The clocks, the sleep and the chance that waiting needs."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random

    def pause(
        self,
        tries: int,
        asked: float | None = None,
        *,
        first: float = FIRST_PAUSE_SECONDS,
        longest: float = LONGEST_PAUSE_SECONDS,
    ) -> float:
        """Choose any pause up to a limit that doubles with each try, so that many runners do not come back together."""
        limit: float = min(longest, first * 2 ** min(tries - 1, 16))
        return (asked or 0.0) + self.chance() * limit


class Http:
    """Sends requests and tries again, with growing random pauses, until an answer comes or the time is up."""

    def __init__(
        self,
        *,
        patience_seconds: float = 30.0,
        timing: Timing | None = None,
        tries_again: bool = True,
        follows_redirects: bool = True,
    ) -> None:
        """Take the timing as an argument, so that waiting can be proven without waiting.

        Who counts requests, or knows more of the server's limits, tries again himself; who does not follow redirects is
        answered by them.
        """
        self._tries_again = tries_again
        self._follows_redirects = follows_redirects
        self._patience_seconds = patience_seconds
        self._timing = timing or Timing()
        self._session: requests.Session | None = None

    def send(self, request: Request) -> Response:
        """Return a 2xx answer; an HttpError names method, host, status and the answer's first line."""
        address, in_url = split_credentials(request.url)
        headers = {"User-Agent": f"lumen-sli-action/{__version__}", **request.headers}
        return self._patiently(replace(request, url=address, headers=headers, auth=request.auth or in_url))

    def get_json(
        self, url: str, headers: Mapping[str, str] | None = None, timeout: float = 10.0
    ) -> Mapping[str, object]:
        """Return the JSON object at a URL."""
        answer = self.send(Request("GET", url, headers=headers or {}, timeout_seconds=timeout))
        try:
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise HttpError(f"GET {origin(url)} answered {answer.status} without a JSON object", status=answer.status)
        return found

    @contextmanager
    def streamed(self, request: Request) -> Iterator[Streamed]:
        """Give a 2xx answer whose body comes in pieces; one try, and a body that ends early is an HttpError."""
        address, in_url = split_credentials(request.url)
        as_it_is = {"User-Agent": f"lumen-sli-action/{__version__}", "Accept-Encoding": "identity"}
        call = replace(request, url=address, headers={**as_it_is, **request.headers}, auth=request.auth or in_url)
        for _ in range(MAX_REDIRECTS + 1):
            with self._asked(call, self._timing.clock() + self._patience_seconds) as answer:
                if answer.ok and answer.status_code not in REDIRECTS:
                    yield Streamed(answer.status_code, _headers(answer), _streamed(call, answer))
                    return
                body = self._body(call, answer, self._timing.clock() + self._patience_seconds)
                said = Response(answer.status_code, _headers(answer), body)
            if said.status not in REDIRECTS:
                self._accepted(call, said, answer.reason)
            call = _redirected(call, said)
        raise HttpError(f"{call.place} redirects in a circle")

    def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _patiently(self, call: Request) -> Response:
        give_up_at = self._timing.clock() + self._patience_seconds
        tries = 0
        while True:
            tries += 1
            try:
                return self._follow(call, give_up_at)
            except HttpError as fault:
                if not (fault.passing and self._tries_again) or call.method not in REPEATABLE:
                    raise
                pause = self._timing.pause(tries, fault.retry_after_seconds)
                if self._timing.clock() + pause >= give_up_at:
                    raise _given_up(fault, tries) from fault
            self._timing.sleep(pause)

    def _follow(self, call: Request, give_up_at: float) -> Response:
        """Follow redirects of reading requests; to another host without credentials."""
        for _ in range(MAX_REDIRECTS + 1):
            with self._asked(call, give_up_at) as answer:
                body = self._body(call, answer, give_up_at)
                said = Response(answer.status_code, _headers(answer), body)
            if said.status not in REDIRECTS or not self._follows_redirects:
                return self._accepted(call, said, answer.reason)
            call = _redirected(call, said)
        raise HttpError(f"{call.place} redirects in a circle")

    def _accepted(self, call: Request, said: Response, reason: str) -> Response:
        if said.status < _FIRST_REFUSAL:
            return said
        raise HttpError(
            f"{call.place} answered {said.status}{_quoted(call, reason, said.body)}",
            status=said.status,
            passing=said.status in PASSING_STATUSES,
            retry_after_seconds=retry_after_seconds(said.headers.get("retry-after", ""), self._timing.now()),
            answer=said,
        )

    def _asked(self, call: Request, give_up_at: float) -> requests.Response:
        """Send one request and return the head of its answer."""
        from lumen_action.httptime import TimelySession, within

        if self._session is None:
            self._session = TimelySession()

        def left() -> float:
            return give_up_at - self._timing.clock()

        timeout = max(0.001, min(call.timeout_seconds, left()))
        with _telling(call), within(left):
            return self._session.request(
                call.method,
                call.url,
                data=call.body,
                headers=dict(call.headers),
                timeout=timeout,
                # A callable of our own, even when it adds nothing, keeps requests from looking into ~/.netrc,
                # while proxies and the CA bundle still come from the environment.
                auth=_signing(call.authorization),
                verify=call.ca_file or True,
                allow_redirects=False,
                stream=True,
            )

    def _body(self, call: Request, answer: requests.Response, give_up_at: float) -> bytes:
        """Return the body within the size and the time allowed."""
        from lumen_action.httptime import within

        try:
            with _telling(call), within(lambda: give_up_at - self._timing.clock()):
                return b"".join(_bounded(call, answer))
        except HttpError as fault:
            if fault.status is not None or self._timing.clock() < give_up_at:
                raise
            told = f"{call.place} did not finish its answer in {self._patience_seconds:g} s"
            raise HttpError(told, status=answer.status_code) from None


@contextmanager
def _telling(call: Request) -> Iterator[None]:
    """Turn what requests raises into an HttpError without a secret."""
    import requests

    try:
        yield
    except ValueError:  # its message would repeat a bad URL or header in full
        raise HttpError(f"{call.place} cannot be sent: the URL, a header or the proxy is malformed") from None
    except requests.exceptions.RequestException as fault:
        raise _unanswered(call, fault) from None
    except OSError as fault:  # the CA file is missing or unreadable
        raise HttpError(f"{call.place} failed: {call.redacted(str(fault))}") from None


def _bounded(call: Request, answer: requests.Response) -> Iterator[bytes]:
    read = 0
    for piece in answer.iter_content(65536):
        read += len(piece)
        if read > call.max_answer_bytes:
            told = f"{call.place} answered more than the {call.max_answer_bytes} bytes that were expected"
            raise HttpError(told, status=answer.status_code)
        yield piece


def _streamed(call: Request, answer: requests.Response) -> Iterator[bytes]:
    with _telling(call):
        yield from answer.iter_content(_PIECE_BYTES)


def _headers(answer: requests.Response) -> Mapping[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Take user and password out of a URL."""
    parts = urlsplit(url)
    userinfo, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=place)), (unquote(user), unquote(password))


def origin(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def retry_after_seconds(value: str, now: float) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; None when it says nothing."""
    if value.strip().isdecimal():
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _signing(authorization: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def sign(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if authorization:
            prepared.headers["Authorization"] = authorization
        return prepared

    return sign


def redirect_target(url: str, answer: Response) -> str:
    """Return where an answer leads, nothing where that is no address."""
    try:
        target = urljoin(url, answer.headers.get("location", ""))
        return target if urlsplit(target).port != 0 else ""
    except ValueError:
        return ""


def _redirected(call: Request, answer: Response) -> Request:
    target = redirect_target(call.url, answer)
    if not target:
        raise HttpError(f"{call.place} answered {answer.status}, a redirect to nowhere", status=answer.status)
    if call.method not in READING:
        raise HttpError(
            f"{call.place} answered {answer.status}, a redirect to {origin(target)}; configure that address instead",
            status=answer.status,
            answer=answer,
        )
    scheme = urlsplit(target).scheme
    if scheme != "https" and scheme != urlsplit(call.url).scheme:
        raise HttpError(f"{call.place} redirects to {origin(target)}, which is less safe", status=answer.status)
    if origin(target) == origin(call.url):
        return replace(call, url=target)
    headers = {name: value for name, value in call.headers.items() if name.lower() in HARMLESS_HEADERS}
    return replace(call, url=target, headers=headers, auth=None, token="")


def _unanswered(call: Request, fault: requests.exceptions.RequestException) -> HttpError:
    import socket
    import ssl

    cause = _root(fault)
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    passing = not isinstance(cause, ssl.SSLCertVerificationError)
    unsent = isinstance(cause, ConnectionRefusedError | socket.gaierror)
    return HttpError(f"{call.place} failed: {call.redacted(reason)}", passing=passing, unsent=unsent)


def _root(fault: BaseException) -> BaseException:
    """Find what the layers of requests and urllib3 wrap."""
    while True:
        wrapped = getattr(fault, "reason", None), *fault.args, fault.__cause__
        inner = next((item for item in wrapped if isinstance(item, BaseException)), None)
        if inner is None:
            return fault
        fault = inner


def _quoted(call: Request, reason: str, body: bytes) -> str:
    lines = call.redacted(body.decode(errors="replace")).splitlines()
    line = next((line.strip() for line in lines if line.strip()), "")
    if not line or line.startswith("<"):  # a page for browsers
        return f" {reason}"
    line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return f": {line[:MAX_QUOTED_LETTERS]}"


def _given_up(fault: HttpError, tries: int) -> HttpError:
    asked = f", it asks to wait {fault.retry_after_seconds:.0f} s" if fault.retry_after_seconds else ""
    return HttpError(f"{fault} ({tries} {'try' if tries == 1 else 'tries'}{asked})", status=fault.status, passing=True)
