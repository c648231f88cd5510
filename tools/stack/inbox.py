"""Where the notifications of the local Alertmanager arrive: Slack, webhook and mail, each printed as a line or two."""

from __future__ import annotations

import contextlib
import email
import email.policy
import http.server
import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Tell = Callable[[str], None]
# How a page begins.
PAGE = "Slack page"
_MOST_LETTERS = 400
# What a terminal would take for a command.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SLACK_LINK = re.compile(r"<[^|>]*\|([^>]*)>")


@contextlib.contextmanager
def taking(web_port: int, mail_port: int, tell: Tell) -> Iterator[None]:
    """Take what is sent until left."""

    class Web(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            tell(told_of_web(self.path, body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
            pass

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # Alertmanager is stopped first, perhaps in the middle of a mail.
            with contextlib.suppress(OSError):
                for message in _mails(self.rfile.readline, self._say):
                    tell(told_of_mail(message))

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", web_port), Web) as web,
        socketserver.ThreadingTCPServer(("127.0.0.1", mail_port), Mail) as mail,
    ):
        servers: tuple[socketserver.BaseServer, ...] = (web, mail)
        mail.daemon_threads = True
        threads = [threading.Thread(target=each.serve_forever, args=(0.1,), daemon=True) for each in servers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for each in servers:
                each.shutdown()
            for thread in threads:
                thread.join()


def _mails(read: Callable[[], bytes], say: Tell) -> Iterator[bytes]:
    """Speak as much SMTP as a client needs that sends without TLS, and yield what it sends."""
    say("220 stack")
    while line := read():
        word = line[:4].upper().strip()
        if word == b"QUIT":
            say("221 bye")
            return
        if word == b"DATA":
            say("354 go on")
            lines = []
            while (part := read()) != b".\r\n":
                if not part:
                    return
                lines.append(part.removeprefix(b"."))
            say("250 taken")
            yield b"".join(lines)
        else:
            say("250 ok")


def told_of_web(path: str, body: Mapping[str, Any]) -> str:
    """Say what arrived at a hook: Slack's, or the one of machines."""
    if "attachments" in body:
        (message,) = body["attachments"]
        lines = (line for line in message.get("text", "").splitlines() if line.strip())
        text = "; ".join(_SLACK_LINK.sub(r"\1", line) for line in lines)
        return f"Slack {path.rpartition('/')[2]}  {_plain(message['title'])}\n{' ' * 22}{_plain(text)[:_MOST_LETTERS]}"
    names = sorted({alert["labels"]["alertname"] for alert in body["alerts"]})
    return f"webhook     {_plain(body['status'])}: {_plain(', '.join(names))}"


def told_of_mail(raw: bytes) -> str:
    """Say whom a mail is for, and what about."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return f"mail        to {_plain(str(message['To']))}: {_plain(str(message['Subject']))}"


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text)
