"""A strict stand-in for the part of Dropbox that keeps archives; its official client was run against it.

It refuses what Dropbox refuses and what would only work by luck: an argument nobody knows, a route asked of the wrong
host, a header that is not ASCII, bytes that do not have their content hash, a token that died, a gap in a session.
What it holds lies in a folder, so its size costs no memory. Faults happen to the requests that are named by number.
"""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import loopback
import servers
from dropboxaccount import ROUTES, Account, Reply, bad, refused

LIFE_SECONDS = 14_400
PIECE = 1 << 20

BREAKS = ("reset", "half", "lost", "slow", "cut", "unmeasured")
"""No whole answer comes: nothing was read, half was, all was done, too late, half an answer, half of unsaid size."""
REFUSALS = ("503", "500", "429 header", "429 body", "mismatch", "expired", "garbage")
LIES = ("wrong hash", "flip")


@dataclass
class FakeDropbox(Account):
    """One account; `serving()` gives it two addresses."""

    certificate: servers.Certificate | None = None
    refresh_token: str = "refresh-me"  # noqa: S105 - one of a test
    app_key: str = "app-key"
    app_secret: str = ""
    made_token: str = "made-by-hand"  # noqa: S105 - one of a test
    scopes: set[str] = field(default_factory=lambda: {route.scope for route in ROUTES.values()})
    faults: dict[int, str] = field(default_factory=dict)
    always: str = ""
    """A fault of every request to a route whose name begins so, as `upload:503`."""
    delay_seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    api: str = ""
    content: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = {self.made_token}
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def serving(self) -> Iterator[FakeDropbox]:
        with contextlib.ExitStack() as stack:
            self.api, self.content = (stack.enter_context(self._listening(content=each)) for each in (False, True))
            yield self

    @property
    def env(self) -> dict[str, str]:
        """Return what a client is told of it."""
        return {
            "DROPBOX_API_HOST": self.api,
            "DROPBOX_API_CONTENT_HOST": self.content,
            "DROPBOX_REFRESH_TOKEN": self.refresh_token,
            "DROPBOX_APP_KEY": self.app_key,
            **({"DROPBOX_APP_SECRET": self.app_secret} if self.app_secret else {}),
        }

    @contextlib.contextmanager
    def _listening(self, *, content: bool) -> Iterator[str]:
        fake = self

        class Handler(loopback.Quiet):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle(self) -> None:
                with contextlib.suppress(ssl.SSLError):  # a client that does not know our authority
                    super().handle()

            def do_POST(self) -> None:  # noqa: N802 - the name http.server gives it
                with contextlib.suppress(OSError):  # a client that has waited long enough hangs up
                    fake._serve(self, content=content)

            def do_GET(self) -> None:  # noqa: N802 - the name http.server gives it
                self.reply(405, {}, b"Dropbox is asked by POST")

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate.chain, self.certificate.key)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        with loopback.running(server) as place:
            yield f"{'https' if self.certificate else 'http'}://{place}"

    def _serve(self, asked: loopback.Quiet, *, content: bool) -> None:
        name = asked.path.removeprefix("/2/files/")
        with self._lock:
            fault = self.faults.pop(len(self.asked), "")
            self.asked.append(name)
        begins, _, each_time = self.always.partition(":")
        if each_time and name.startswith(begins):
            fault = each_time
        length = int(asked.headers.get("Content-Length", "-1"))
        if fault == "reset" or length < 0:
            asked.close_connection = True
            return
        body = asked.rfile.read(length // 2 if fault == "half" else length)
        if fault == "half":
            asked.close_connection = True
            return
        with self._lock:
            self.sent.append(len(body))
            try:
                self._refuse(fault)
                self._flips = fault == "flip"
                if asked.path == "/oauth2/token" and not content:
                    self._issue(asked.headers, body)
                self._call(name, asked.headers, body, content=content)
                raise AssertionError(name)
            except Reply as raised:
                reply = raised
            finally:
                self._flips = False
        if fault == "slow":
            time.sleep(self.delay_seconds)
        if fault in ("lost", "slow"):
            asked.close_connection = True
            return
        if fault == "wrong hash":
            reply.body = re.sub(rb'("content_hash": ")[0-9a-f]{64}', rb"\g<1>" + b"0" * 64, reply.body)
        self._answer(asked, reply, fault)

    def _answer(self, asked: loopback.Quiet, reply: Reply, fault: str) -> None:
        """Send an answer, or the first half of it; how long it is may be left unsaid."""
        asked.close_connection = asked.close_connection or fault in ("cut", "unmeasured")
        with reply.file.open("rb") if reply.file else io.BytesIO(reply.body) as source:
            source.seek(reply.start)
            size = (reply.file.stat().st_size if reply.file else len(reply.body)) - reply.start
            asked.send_response(reply.status)
            measured = {} if fault == "unmeasured" else {"Content-Length": str(size)}
            for name, value in {**reply.headers, **measured}.items():
                asked.send_header(name, value)
            asked.end_headers()
            left = size // 2 if fault in ("cut", "unmeasured") else size
            while left and (piece := source.read(min(left, PIECE))):
                asked.wfile.write(piece)
                left -= len(piece)

    def _refuse(self, fault: str) -> None:
        """Raise the refusal that a fault is."""
        limited = {"error_summary": "too_many_requests/..", "error": {"reason": {".tag": "too_many_requests"}}}
        if fault in ("500", "503"):
            raise Reply(int(fault), b"<html>oh no</html>", {"Content-Type": "text/html", "Retry-After": "1"})
        if fault == "429 header":
            raise Reply(429, b"too many", {"Content-Type": "text/plain", "Retry-After": "2"})
        if fault == "429 body":
            limited["error"] = {"reason": {".tag": "too_many_requests"}, "retry_after": 3}
            raise Reply(429, limited)
        if fault == "mismatch":
            raise refused({".tag": "content_hash_mismatch"})
        if fault == "garbage":
            raise Reply(200, b"<html>log in to the wireless network</html>", {"Content-Type": "text/html"})
        if fault == "expired":
            self.tokens.clear()
        if fault.startswith("{"):
            raise refused(json.loads(fault))

    def _issue(self, headers: Mapping[str, str], body: bytes) -> None:
        if headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Reply(400, {"error": "invalid_request"})
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        if form.get("grant_type") != "refresh_token":
            raise Reply(400, {"error": "unsupported_grant_type"})
        if (form.get("client_id"), form.get("client_secret", "")) != (self.app_key, self.app_secret):
            raise Reply(400, {"error": "invalid_client: Invalid client_id or client_secret"})
        if form.get("refresh_token") != self.refresh_token:
            said = f"refresh token {form.get('refresh_token')} is malformed, invalid or revoked"
            raise Reply(400, {"error": "invalid_grant", "error_description": said})
        token = f"sl.token-{next(self._numbers)}"
        self.tokens.add(token)
        raise Reply(200, {"access_token": token, "token_type": "bearer", "expires_in": LIFE_SECONDS})

    def _call(self, name: str, headers: Mapping[str, str], body: bytes, *, content: bool) -> None:
        known = ROUTES.get(name)
        if known is None or known.content is not content:
            raise bad(f"no {name} at this host", 404)
        authorization = headers.get("Authorization", "")
        if authorization.removeprefix("Bearer ") not in self.tokens or not authorization.startswith("Bearer "):
            raise Reply(401, {"error_summary": "expired_access_token/..", "error": {".tag": "expired_access_token"}})
        if known.scope not in self.scopes:
            error = {".tag": "missing_scope", "required_scope": known.scope}
            raise Reply(401, {"error_summary": "missing_scope/..", "error": error})
        arg = self._argument(name, headers, body, content=content)
        self.call(name, arg, body, headers)

    def _argument(self, name: str, headers: Mapping[str, str], body: bytes, *, content: bool) -> dict[str, Any]:
        kind, said = headers.get("Content-Type"), headers.get("Dropbox-API-Arg")
        if name == "download" and (body or kind not in (None, "text/plain", "application/octet-stream")):
            raise bad("a download has no body")
        if content and name != "download" and kind != "application/octet-stream":
            raise bad(f"bad Content-Type {kind}")
        if not content and (kind != "application/json" or said is not None):
            raise bad("a call of this host has its argument in its body, as JSON")
        if content and (said is None or not re.fullmatch(r"[ -~]+", said)):
            raise bad("Dropbox-API-Arg has to be ASCII JSON")
        try:
            arg = json.loads(said if content and said else body)
        except ValueError:
            raise bad("the argument is no JSON") from None
        if not isinstance(arg, dict):
            raise bad("the argument is no object")
        return arg
