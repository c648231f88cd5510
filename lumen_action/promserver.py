"""Asking a Prometheus, or what answers as one does: Mimir, Thanos, VictoriaMetrics."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from lumen_action.addresses import access_faults, address_fault, login_secrets
from lumen_action.http import Http, HttpError, Request, Timing, origin, split_credentials

Labels = Mapping[str, str]

FIELD = "prometheus-url"
TIMEOUT_SECONDS = 120.0
_MOST_TRIES = 3
_UNPROCESSABLE, _UNAVAILABLE = 422, 503
_TOO_MUCH = ("too many samples", "timed out", "exceeded maximum resolution", "limit")
_DONT_TRY_AGAIN = (
    (401, "set LUMEN_PROMETHEUS_TOKEN, or LUMEN_PROMETHEUS_USER and LUMEN_PROMETHEUS_PASSWORD"),
    (403, "let LUMEN_PROMETHEUS_TOKEN, or LUMEN_PROMETHEUS_USER, read this Prometheus"),
    (404, "give the address that stands before /api/v1, of Mimir with /prometheus"),
    (400, "correct the query"),
    (_UNPROCESSABLE, "correct the query; the page of Prometheus shows what it finds"),
    (_UNAVAILABLE, "try again later; a query that needs too long needs fewer series, or recording rules"),
    (None, "start it, or correct the address in `prometheus-url` or connectionDetails"),
)


class TooMuchError(HttpError):
    """A query that reads more than the server allows; half of it may pass."""


class DoubtfulError(HttpError):
    """An answer that the server itself warns of."""


@dataclass(frozen=True)
class Access:
    """Where a Prometheus is, and how to be let in; the URL may carry user and password."""

    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def name(self) -> str:
        """Return what may be shown of the URL."""
        return origin(self.url)

    def request(self, path: str, asked: Mapping[str, str]) -> Request:
        """Return the request for a path below the URL."""
        query = f"?{urlencode(asked)}" if asked else ""
        return Request(
            "GET",
            f"{self.url.rstrip('/')}{path}{query}",
            headers=self.headers,
            timeout_seconds=self.timeout_seconds,
            auth=self.auth,
            token=self.token,
            ca_file=self.ca_file,
        )


@dataclass(frozen=True)
class PrometheusOptions:
    """What the settings say of the Prometheus that objectives are asked of; the URL wins over that of a document."""

    url: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown: the secrets, and the header values they become."""
        in_url = split_credentials(self.url)[1]
        return (*login_secrets((self.user, self.password), self.token), *login_secrets(in_url, ""))

    def access(self, url: str) -> Access:
        """Return how to reach a server at a URL."""
        login = (self.user, self.password) if self.user else None
        return Access(url, self.token, login, self.headers, self.ca_file)


def problems(options: PrometheusOptions) -> list[str]:
    """Say all that is wrong with the options, without repeating a secret."""
    fault = address_fault(options.url) if options.url else ""
    found = [f"{FIELD}: {fault}; write for example `{FIELD}: https://prometheus.example`"] if fault else []
    found += access_faults("prometheus", "LUMEN_PROMETHEUS_TOKEN", options.token, options.ca_file, TIMEOUT_SECONDS)
    if options.token and (options.user or (not fault and split_credentials(options.url)[1])):
        found.append("LUMEN_PROMETHEUS_TOKEN: a user is given too; keep one of the two")
    if bool(options.user) != bool(options.password):
        found.append("LUMEN_PROMETHEUS_USER and LUMEN_PROMETHEUS_PASSWORD: only one is set; set both or none")
    return found


@dataclass(frozen=True)
class Series:
    """Labels, and the samples with their milliseconds since 1970."""

    labels: Labels
    samples: tuple[tuple[int, float], ...]

    @property
    def last(self) -> float:
        """Return the newest value."""
        return self.samples[-1][1]


class PromServer:
    """A Prometheus that several threads may ask at once."""

    def __init__(self, access: Access, timing: Timing | None = None) -> None:
        """Keep a connection for each thread that asks."""
        self.name = access.name
        self._access = access
        self._timing = timing or Timing()
        self._own = threading.local()
        self._opened: list[Http] = []

    def instant(self, expression: str, at_ms: int) -> list[Series]:
        """Return a vector at a moment, or the raw samples of a range up to it."""
        return self._series("/api/v1/query", query=expression, time=_seconds(at_ms))

    def range(self, expression: str, begin_ms: int, end_ms: int, step_ms: int) -> list[Series]:
        """Return the values at the begin and at every step up to the end."""
        return self._series(
            "/api/v1/query_range",
            query=expression,
            start=_seconds(begin_ms),
            end=_seconds(end_ms),
            step=_seconds(step_ms),
        )

    def close(self) -> None:
        """Close the kept connections."""
        for client in self._opened:
            client.close()

    def _series(self, path: str, **asked: str) -> list[Series]:
        answer = self._patiently(path, asked)
        try:
            if doubts := answer.get("warnings"):
                raise DoubtfulError(f"{self.name} warns that its answer is not whole: {doubts[0]}")
            return _read(answer["data"])
        except (KeyError, TypeError, AttributeError, ValueError, IndexError):
            raise HttpError(f"{self.name} answered something else than a Prometheus does") from None

    def _patiently(self, path: str, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - an answer of JSON
        """Return an answer; a query that took all its time once would do so again."""
        tries = 0
        while True:
            tries += 1
            try:
                return json_of(self._client, self._access.request(path, asked), f"GET {self.name}{path}")
            except HttpError as fault:
                explained = _explained(fault, self.name)
                if isinstance(explained, TooMuchError) or not fault.passing or tries == _MOST_TRIES:
                    raise explained from None
                pause = self._timing.pause(tries, fault.retry_after_seconds)
            self._timing.sleep(pause)

    @property
    def _client(self) -> Http:
        client: Http | None = getattr(self._own, "client", None)
        if client is None:
            client = Http(patience_seconds=TIMEOUT_SECONDS, timing=self._timing, tries_again=False)
            self._own.client = client
            self._opened.append(client)
        return client


def json_of(client: Http, request: Request, told: str) -> Any:  # noqa: ANN401 - an answer of JSON
    """Return an answer; an HttpError says why there is none."""
    body = client.send(request).body
    try:
        return json.loads(body)
    except ValueError:
        raise HttpError(f"{told} answered without JSON") from None


def vector(answer: Any) -> list[tuple[Labels, float]]:  # noqa: ANN401 - an answer of JSON
    """Return labels and values of the answer to an instant query."""
    return [(series.labels, series.last) for series in _read(answer["data"])]


def remedy(fault: HttpError) -> str:
    """Return what to try."""
    if isinstance(fault, DoubtfulError):
        return "a count of a part is wrong: mend what it names and try again"
    return next((fix for status, fix in _DONT_TRY_AGAIN if status == fault.status), "try again later")


def _read(data: Mapping[str, Any]) -> list[Series]:
    found = data["result"]
    if data["resultType"] == "scalar":
        return [Series({}, (_sample(found),))]
    if data["resultType"] == "vector":
        return [Series(item["metric"], (_sample(item["value"]),)) for item in found]
    return [Series(item["metric"], tuple(map(_sample, item["values"]))) for item in found if item.get("values")]


def _sample(pair: Sequence[Any]) -> tuple[int, float]:
    return round(float(pair[0]) * 1000), float(pair[1])


def _seconds(time_ms: int) -> str:
    whole, rest = divmod(time_ms, 1000)
    return f"{whole}.{rest:03}" if rest else str(whole)


def _explained(fault: HttpError, name: str) -> HttpError:
    """Take the server's own words out of its answer."""
    try:
        words = str(json.loads(fault.answer.body)["error"]) if fault.answer else ""
    except (ValueError, KeyError, TypeError):
        words = ""
    if not words:
        return fault
    sort = HttpError
    if fault.status in {_UNPROCESSABLE, _UNAVAILABLE} and any(each in words for each in _TOO_MUCH):
        sort = TooMuchError
    return sort(f"{name} answered {fault.status}: {words}", status=fault.status, passing=fault.passing)
