"""The time that an answer may take as a whole: a socket alone only limits each wait for more of it.

Only the module `http` uses this one, and only once a request is made: it loads requests.
"""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool

_LEFT: ContextVar[Callable[[], float] | None] = ContextVar("left", default=None)


@contextmanager
def within(left: Callable[[], float]) -> Iterator[None]:
    """End every wait for an answer once nothing is left of the time, however often something of it arrives."""
    before = _LEFT.set(left)
    try:
        yield
    finally:
        _LEFT.reset(before)


class TimelySession(requests.Session):
    """Asks within a time, and reads nothing that it was not told to."""

    def __init__(self) -> None:
        """Have every connection made so."""
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _TimelyAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find no redirect: requests would read all of its body, and follow none of it."""


class _TimelyAdapter(HTTPAdapter):
    """Makes connections whose answers end in their time."""

    def get_connection_with_tls_context(self, *request: Any, **more: Any) -> ConnectionPool:  # noqa: ANN401 - requests'
        """Return where the connections of a request are kept."""
        pool = super().get_connection_with_tls_context(*request, **more)
        if isinstance(pool, HTTPConnectionPool) and getattr(pool.ConnectionCls, "response_class", None) is not _Answer:
            made = pool.ConnectionCls
            pool.ConnectionCls = type(made.__name__, (made,), {"response_class": _Answer})
        return pool


class _Answer(http.client.HTTPResponse):
    """Reads head and body through a source that knows the time."""

    def __init__(self, sock: socket.socket, *how: Any, **more: Any) -> None:  # noqa: ANN401 - as http.client has it
        super().__init__(sock, *how, **more)
        self.fp = io.BufferedReader(_Source(sock, self.fp.detach()))


class _Source(io.RawIOBase):
    """What arrives at a socket; each wait for it is as long as the socket allows, and no longer than is left."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._longest = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a buffer
        seconds, left = self._longest, _LEFT.get()
        if left is not None:
            rest = left()
            if rest <= 0:
                raise TimeoutError("timed out")
            seconds = rest if seconds is None else min(seconds, rest)
        if seconds != self._sock.gettimeout():
            self._sock.settimeout(seconds)
        found: int | None = self._raw.readinto(buffer)
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()
