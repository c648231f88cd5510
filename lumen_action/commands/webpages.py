"""A small web server: pages that are read, perhaps a place that takes alerts; all requests are bounded."""

from __future__ import annotations

import http.server
import io
import re
import socket
import socketserver
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from lumen_action.commands.coalescing import Shown
from lumen_action.errors import ConfigError
from lumen_action.sinks.exposition import PROMETHEUS_TYPE

_MOST_HEAD_BYTES = 16 * 1024
_HEAD_SECONDS = 5.0
_WRITE_SECONDS = 10.0
_MOST_CONNECTIONS = 64
_MOST_BODY_BYTES = 1 << 20
_BODY_SECONDS = 10.0
_MOST_DIGITS = 10
_HEAD_END = re.compile(rb"\r?\n\r?\n")
# What http.server lets pass, it reads otherwise than others on the way may have: the rest of the head as a body.
_HEADERS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*(?:\r?\n|\Z))*\r?\n?")

_TEXT = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_SAFETY: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Path -> type and what of the ledger is shown there.
_OF_LEDGER: Mapping[str, tuple[str, Callable[[Shown], bytes]]] = {
    "/": (_HTML, lambda shown: shown.page),
    "/metrics": (PROMETHEUS_TYPE, lambda shown: shown.metrics),
    "/readyz": (_TEXT, lambda _: b"ready\n"),
}


@dataclass(frozen=True)
class Answer:
    """What a page answers."""

    status: HTTPStatus
    kind: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Page = Callable[[str, str], Answer]
"""Makes an answer of the query of a URL and of the header Accept."""
Taker = Callable[[bytes, str], tuple[int, bytes]]
"""Takes a JSON body and the header Authorization; returns the status and the answer."""


@dataclass(frozen=True)
class Site:
    """What is served: the ledger as it is shown, pages beside it, and who takes what is posted, each by its path."""

    shown: Callable[[], Shown | None]
    pages: Mapping[str, Page] = field(default_factory=dict)
    takers: Mapping[str, Taker] = field(default_factory=dict)

    @property
    def paths(self) -> str:
        """Return what can be read."""
        return " ".join(["/", "/metrics", "/healthz", "/readyz", *self.pages])


@contextmanager
def serving(host: str, port: int, site: Site) -> Iterator[str]:
    """Serve until left, then finish the answers that have begun; hand out the URL."""
    try:
        server = _Server(host, port, site)
    except OSError as fault:
        why = fault.strerror or str(fault)
        raise ConfigError(f"listen: cannot use {host}:{port} ({why}); give another with --listen HOST:PORT") from fault
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="web")
    thread.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """A thread a connection."""

    allow_reuse_address = True
    request_queue_size = _MOST_CONNECTIONS

    def __init__(self, host: str, port: int, site: Site) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.site = site
        self.free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__((host, port), _Handler)

    def handle_error(self, *_: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that hung up or fell silent
            traceback.print_exc()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request and hangs up."""

    server: _Server
    default_request_version = "HTTP/1.0"  # older ones have no status to be told
    error_content_type = _TEXT
    error_message_format = "%(message)s\n"
    # What an answer to a request that was not read needs to know of it.
    command, requestline, request_version = "", "", "HTTP/1.0"
    _begun = b""

    def handle(self) -> None:
        """Answer when this is not one connection too many: a flood must not take the machine's memory."""
        if self.server.free.acquire(blocking=False):
            try:
                self._handle()
            finally:
                self.server.free.release()

    def _handle(self) -> None:
        head, self._begun = self._head()
        self.connection.settimeout(_WRITE_SECONDS)
        if len(head) > _MOST_HEAD_BYTES:
            self._reply(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TEXT, b"the request is too long\n")
        elif head:
            self.rfile = io.BytesIO(head)
            self.raw_requestline = self.rfile.readline()
            if not _HEADERS.fullmatch(head, len(self.raw_requestline)):
                self._reply(HTTPStatus.BAD_REQUEST, _TEXT, b"a header is malformed\n")
            elif self.parse_request():
                self._answer()

    def _head(self) -> tuple[bytes, bytes]:
        """Read the head of the request within a size and a time, and what has come of a body with it."""
        until, head = time.monotonic() + _HEAD_SECONDS, b""
        end = None
        while end is None and len(head) <= _MOST_HEAD_BYTES:
            self.connection.settimeout(max(0.001, until - time.monotonic()))
            part = self.connection.recv(4096)
            if not part:
                break
            head = (head + part).lstrip(b"\r\n")  # RFC 9112, 2.2
            end = _HEAD_END.search(head)
        return (head[: end.end()], head[end.end() :]) if end else (head, b"")

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        site = self.server.site
        if path in site.takers and self.command == "POST":
            self._take(site.takers[path])
        elif path in site.takers and path not in site.pages:
            self._reply(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"this is only posted to\n", Allow="POST")
        elif self.command not in ("GET", "HEAD"):
            self._reply(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"this is only read from\n", Allow="GET, HEAD")
        elif path == "/healthz":
            self._reply(HTTPStatus.OK, _TEXT, b"alive\n")
        elif path in site.pages:
            answer = site.pages[path](query, self.headers.get("Accept", ""))
            self._reply(answer.status, answer.kind, answer.body, **answer.headers)
        elif path not in _OF_LEDGER:
            self._reply(HTTPStatus.NOT_FOUND, _TEXT, f"known are {site.paths}\n".encode())
        elif shown := site.shown():
            kind, part = _OF_LEDGER[path]
            self._reply(HTTPStatus.OK, kind, part(shown))
        else:
            why = b"the first fold is not done, or the ledger does not answer\n"
            self._reply(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, why, **{"Retry-After": "5"})

    def _take(self, taker: Taker) -> None:
        """Hand over a body that is JSON of a known and modest length; of any other none is read."""
        status, why = self._refusal()
        if status is None:
            body = self._body(int(self.headers["Content-Length"]))
            if body is None:
                status, why = HTTPStatus.BAD_REQUEST, "the body is shorter than its Content-Length"
            else:
                code, answer = taker(body, self.headers.get("Authorization", ""))
                self._reply(HTTPStatus(code), "application/json", answer)
                return
        self._reply(status, _TEXT, f"{why}\n".encode())

    def _refusal(self) -> tuple[HTTPStatus | None, str]:
        length = self.headers.get("Content-Length", "")
        if not length or self.headers.get("Transfer-Encoding"):
            return HTTPStatus.LENGTH_REQUIRED, "say the length of the body by Content-Length"
        if not (length.isascii() and length.isdigit()) or len(self.headers.get_all("Content-Length", [])) > 1:
            return HTTPStatus.BAD_REQUEST, "Content-Length is no number"
        if len(length) > _MOST_DIGITS or int(length) > _MOST_BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {_MOST_BODY_BYTES} bytes are taken"
        if self.headers.get_content_type() != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "only application/json is taken"
        return None, ""

    def _body(self, length: int) -> bytes | None:
        """Read the body within a time, None where it ends early."""
        until, body = time.monotonic() + _BODY_SECONDS, bytearray(self._begun[:length])
        while len(body) < length:
            self.connection.settimeout(max(0.001, until - time.monotonic()))
            try:
                part = self.connection.recv(min(65_536, length - len(body)))
            except TimeoutError:
                part = b""
            if not part:
                self.connection.settimeout(_WRITE_SECONDS)
                return None
            body += part
        self.connection.settimeout(_WRITE_SECONDS)
        return bytes(body)

    def _reply(self, status: HTTPStatus, kind: str, body: bytes, **more: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Call what cannot be read the client's fault, also where it is of a protocol to come."""
        refused = HTTPStatus.BAD_REQUEST if code >= HTTPStatus.INTERNAL_SERVER_ERROR else code
        super().send_error(refused, message, explain)

    def end_headers(self) -> None:
        """Add what every answer carries."""
        for name, value in _SAFETY.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        """Name the program, and no versions."""
        return "lumen"

    def log_message(self, *_: object) -> None:
        """Keep quiet about every scrape."""
