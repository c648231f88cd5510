"""A small read-only web server: four pages, bounded requests, nothing that a browser could be led to do."""

from __future__ import annotations

import http.server
import io
import socket
import socketserver
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from lumen_action.commands.coalescing import Shown
from lumen_action.errors import ConfigError
from lumen_action.sinks.exposition import PROMETHEUS_TYPE

_MOST_HEAD_BYTES = 16 * 1024
_HEAD_SECONDS = 5.0
_WRITE_SECONDS = 10.0
_MOST_CONNECTIONS = 64

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


@contextmanager
def serving(host: str, port: int, shown: Callable[[], Shown | None]) -> Iterator[str]:
    """Serve until left, then finish the answers that have begun; hand out the URL."""
    try:
        server = _Server(host, port, shown)
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

    def __init__(self, host: str, port: int, shown: Callable[[], Shown | None]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.shown = shown
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

    def handle(self) -> None:
        """Answer when this is not one connection too many: a flood must not take the machine's memory."""
        if self.server.free.acquire(blocking=False):
            try:
                self._handle()
            finally:
                self.server.free.release()

    def _handle(self) -> None:
        head = self._head()
        self.connection.settimeout(_WRITE_SECONDS)
        if len(head) > _MOST_HEAD_BYTES:
            self._reply(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TEXT, b"the request is too long\n")
        elif head:
            self.rfile = io.BytesIO(head)
            self.raw_requestline = self.rfile.readline()
            if self.parse_request():
                self._answer()

    def _head(self) -> bytes:
        """Read the head of the request within a size and a time; a body is never asked for."""
        until, head = time.monotonic() + _HEAD_SECONDS, b""
        while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) <= _MOST_HEAD_BYTES:
            self.connection.settimeout(max(0.001, until - time.monotonic()))
            part = self.connection.recv(4096)
            if not part:
                break
            head += part
        return head

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        if self.command not in ("GET", "HEAD"):
            self._reply(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"this server is only read from\n", Allow="GET, HEAD")
        elif path == "/healthz":
            self._reply(HTTPStatus.OK, _TEXT, b"alive\n")
        elif path not in _OF_LEDGER:
            self._reply(HTTPStatus.NOT_FOUND, _TEXT, b"known are / /metrics /healthz /readyz\n")
        elif shown := self.server.shown():
            kind, part = _OF_LEDGER[path]
            self._reply(HTTPStatus.OK, kind, part(shown))
        else:
            why = b"the first fold is not done, or the ledger does not answer\n"
            self._reply(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, why, **{"Retry-After": "5"})

    def _reply(self, status: HTTPStatus, kind: str, body: bytes, **more: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

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
