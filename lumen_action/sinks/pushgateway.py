"""The Prometheus Pushgateway: whole groups, replaced by PUT under a key that never changes."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lumen_action.addresses import access_faults, address_fault, login_secrets
from lumen_action.http import Http, Request, split_credentials
from lumen_action.sinks import Group
from lumen_action.sinks.exposition import PROMETHEUS_TYPE, prometheus_text

JOB = "lumen"
FIELD = "pushgateway-url"

# A value of dots alone would be taken for a step up or down the path.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*[A-Za-z0-9_~-][A-Za-z0-9._~-]*")


@dataclass(frozen=True)
class PushgatewayOptions:
    """Where the Pushgateway is and how to be let in; the URL may carry user and password."""

    url: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca_file: str | None = None
    timeout_seconds: float = 10.0

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown: the secrets, and the header value they become."""
        login = (self.user, self.password) if self.user else split_credentials(self.url)[1]
        return login_secrets(login, self.token)


def problems(options: PushgatewayOptions) -> list[str]:
    """Say all that is wrong with the options, without repeating a secret."""
    found = _url_problems(options.url)
    in_url = not found and split_credentials(options.url)[1] is not None
    if options.token and (in_url or options.user):
        found.append(f"{FIELD}: both a password and a bearer token are given; keep one")
    if in_url and options.user:
        found.append(f"{FIELD}: user and password are given twice, in the URL and beside it; keep one")
    given = (options.token, options.ca_file, options.timeout_seconds)
    return [*found, *access_faults("pushgateway", "LUMEN_PUSHGATEWAY_TOKEN", *given)]


def _url_problems(url: str) -> list[str]:
    example = "write for example http://pushgateway:9091"
    if fault := address_fault(url):
        return [f"{FIELD}: {fault}; {example}"]
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        return [f"{FIELD}: the URL has a ? or # part, which a Pushgateway does not know; {example}"]
    if re.search(r"/metrics(/|$)", parts.path):
        return [f"{FIELD}: leave out /metrics and what follows, it is added; {example}"]
    return []


def group_path(labels: Mapping[str, str]) -> str:
    """Return the path of a group: plain values as they are, all others in URL-safe base64."""
    return "/metrics/" + "/".join(_path_part(name, value) for name, value in {"job": JOB, **labels}.items())


def _path_part(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"{name}/{value}"
    encoded = base64.urlsafe_b64encode(value.encode()).decode()
    # An empty part of a path would be lost, so the gateway reads lone padding as empty.
    return f"{name}@base64/{encoded or '='}"


class Pushgateway:
    """Replaces groups; what was there under the same key is gone, what is under other keys stays."""

    def __init__(self, options: PushgatewayOptions, http: Http) -> None:
        """Take the credentials out of the URL, so that neither the name nor a message can hold them."""
        address, in_url = split_credentials(options.url)
        self._base = address.rstrip("/")
        self._options = options
        self._auth = (options.user, options.password) if options.user else in_url
        self._http = http
        self.name = f"pushgateway:{self._base}"

    def publish(self, groups: Sequence[Group]) -> int:
        """PUT every group once."""
        for group in groups:
            self._send("PUT", group_path(group.labels), prometheus_text([group]).encode())
        return sum(group.size for group in groups)

    def probe(self) -> None:
        """Ask for what only a Pushgateway has, so that a Prometheus given by mistake is found out."""
        self._send("GET", "/api/v1/status")

    def _send(self, method: str, path: str, body: bytes | None = None) -> None:
        options = self._options
        self._http.send(
            Request(
                method,
                self._base + path,
                body=body,
                headers={"Content-Type": PROMETHEUS_TYPE} if body is not None else {},
                timeout_seconds=options.timeout_seconds,
                auth=self._auth,
                token=options.token,
                ca_file=options.ca_file,
            )
        )
