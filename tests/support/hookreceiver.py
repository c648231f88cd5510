"""Whoever listens at the URL of a webhook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import loopback
from loopback import Quiet


class Receiver:
    """Takes messages, or answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[Receiver]:
        with loopback.answering(self._answer) as server:
            self.url = f"{server}/hook/s3cr3t-path"
            yield self

    def _answer(self, handler: Quiet) -> None:
        assert handler.command == "POST"
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.got.append(({name.lower(): value for name, value in handler.headers.items()}, body))
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        handler.reply(status, headers, b"")
