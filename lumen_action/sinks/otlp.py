"""OTLP over HTTP as JSON: totals and durations as metrics, run attempts as traces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lumen_action.addresses import address_fault
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.http import (
    MAX_QUOTED_LETTERS,
    Http,
    HttpError,
    Request,
    Response,
    Timing,
    split_credentials,
)
from lumen_action.model import Fact
from lumen_action.sinks import Group
from lumen_action.sinks.otlp_metrics import durations_request, totals_request
from lumen_action.sinks.otlp_traces import ended_attempts, traces_request
from lumen_action.sli.state import State

FIELD = "otlp-url"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
CERTIFICATE = "OTEL_EXPORTER_OTLP_CERTIFICATE"
METRICS_PATH, TRACES_PATH = "/v1/metrics", "/v1/traces"

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[ -~]*")
# Shorter words are ids of tenants and the like, and removing them would make a message unreadable.
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class OtlpOptions:
    """Where the receiver is and how to be let in; `header_list` is written as OpenTelemetry's own variable is."""

    url: str = field(repr=False)
    header_list: str = field(default="", repr=False)
    ca_file: str | None = None
    timeout_seconds: float = 10.0

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers by name."""
        pairs = (entry.partition("=") for entry in self.header_list.split(",") if entry.strip())
        return {unquote(name).strip(): unquote(value).strip() for name, _, value in pairs}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown: any header may be the one that lets us in."""
        _, login = split_credentials(self.url)
        values = [word for value in self.headers.values() for word in (value, value.rpartition(" ")[2])]
        words = [*values, login[1] if login else ""]
        return tuple(sorted({word for word in words if len(word) >= _SHORTEST_SECRET}, key=len, reverse=True))


def options_from(env: Mapping[str, str], url: str = "") -> OtlpOptions | None:
    """Return the options of this URL, or else of OpenTelemetry's variables; None when neither names a receiver."""
    address = url or env.get(ENDPOINT, "")
    if not address:
        return None
    return OtlpOptions(address, env.get(HEADERS, ""), ca_file=env.get(CERTIFICATE) or None)


def problems(options: OtlpOptions) -> list[str]:
    """Say all that is wrong with the options, without repeating a secret."""
    found = _url_problems(options.url)
    for number, entry in enumerate(options.header_list.split(","), start=1):
        name, equals, value = entry.partition("=")
        sound = _HEADER_NAME.fullmatch(unquote(name).strip()) and _HEADER_VALUE.fullmatch(unquote(value).strip())
        if entry.strip() and not (equals and sound):
            found.append(f"{HEADERS}: entry {number} is not `name=value`; write for example `api-key=…,x-tenant=…`")
    if options.ca_file and not Path(options.ca_file).is_file():
        found.append(f"{CERTIFICATE}: {options.ca_file!r} is not a file; give the authority's certificate as PEM")
    return found


def _url_problems(url: str) -> list[str]:
    example = "write for example http://collector:4318"
    if fault := address_fault(url):
        return [f"{FIELD}: {fault}; {example}"]
    parts = urlsplit(url)
    if parts.query or parts.fragment or re.search(r"/v1/(metrics|traces|logs)/?$", parts.path):
        return [f"{FIELD}: leave out /v1/…, ? and #, the path of each signal is added; {example}"]
    return []


class Otlp:
    """Sends to one receiver; repeating a request is harmless, since points and spans carry fixed times and ids."""

    def __init__(
        self,
        options: OtlpOptions,
        http: Http,
        *,
        clock_ms: Callable[[], int],
        patience_seconds: float = 30.0,
        timing: Timing | None = None,
    ) -> None:
        """Keep the URL without its credentials as the name."""
        address, self._auth = split_credentials(options.url)
        self._base = address.rstrip("/")
        self._options = options
        self._http = http
        self._clock_ms = clock_ms
        self._patience_seconds = patience_seconds
        self._timing = timing or Timing()
        self.name = f"otlp:{self._base}"

    def publish(self, groups: Sequence[Group]) -> int:
        """Send the totals of the groups as they stand now."""
        self._send(METRICS_PATH, totals_request(groups, self._clock_ms()))
        return sum(group.size for group in groups)

    def send_durations(self, state: State) -> None:
        """Send how long all attempts of runs took: a histogram is a total."""
        self._send(METRICS_PATH, durations_request(state, self._clock_ms()))

    def send_traces(self, facts: Iterable[Fact]) -> int:
        """Send a trace for every run attempt among the facts that has ended; return the number of attempts."""
        attempts = ended_attempts(facts)
        if attempts:
            self._send(TRACES_PATH, traces_request(attempts))
        return len(attempts)

    def probe(self) -> None:
        """Send a request that holds nothing."""
        if faults := problems(self._options):
            raise ConfigError(faults)
        self._send(METRICS_PATH, {"resourceMetrics": []})

    def _send(self, path: str, document: Mapping[str, object]) -> None:
        options = self._options
        request = Request(
            "POST",
            self._base + path,
            body=json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(),
            headers={**options.headers, "Content-Type": "application/json"},
            timeout_seconds=options.timeout_seconds,
            auth=self._auth,
            ca_file=options.ca_file,
        )
        try:
            answer = self._patiently(request)
        except HttpError as fault:
            message = self._redacted(request, str(fault))
            raise HttpError(message, status=fault.status, passing=fault.passing) from None
        self._check_all_taken(request, answer)

    def _patiently(self, request: Request) -> Response:
        """Try again what may pass, with growing random pauses, until the time is up."""
        give_up_at = self._timing.clock() + self._patience_seconds
        tries = 0
        while True:
            tries += 1
            try:
                return self._http.send(request)
            except HttpError as fault:
                pause = self._timing.pause(tries, fault.retry_after_seconds)
                if not fault.passing or self._timing.clock() + pause >= give_up_at:
                    raise
            self._timing.sleep(pause)

    def _check_all_taken(self, request: Request, answer: Response) -> None:
        """Report what the receiver refused of a request that it took; sending it again would not help."""
        found: object = None
        with suppress(ValueError):
            found = json.loads(answer.body or b"{}")
        partial = found.get("partialSuccess") if isinstance(found, dict) else None
        told = partial if isinstance(partial, dict) else {}
        refused = str(told.get("rejectedDataPoints") or told.get("rejectedSpans") or 0)
        if refused.isdecimal() and int(refused) == 0:
            return
        why = self._redacted(request, str(told.get("errorMessage") or "no reason was given"))
        why = "".join(letter if letter.isprintable() else "?" for letter in why)[:MAX_QUOTED_LETTERS]
        raise RemoteError(f"{self.name} refused {refused[:20]} points or spans of a request it took: {why}")

    def _redacted(self, request: Request, text: str) -> str:
        text = request.redacted(text)
        for secret in self._options.secrets:
            text = text.replace(secret, "***")
        return text
