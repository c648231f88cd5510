"""What `lumen serve` answers, when it folds, and what it does not let a client do."""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

import pytest
from servers import wait_until

from lumen_action.commands.coalescing import Folder, Shown
from lumen_action.commands.serve import address
from lumen_action.commands.webpages import Site, serving
from lumen_action.errors import ConfigError, LedgerError


@dataclass
class Ledger:
    """A ledger and its view in one, that counts what is asked of it and waits where it was told to."""

    facts: int = 0
    down: bool = False
    folds: list[int] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    folding: threading.Event = field(default_factory=threading.Event)
    owner: set[int] = field(default_factory=set)

    def open(self) -> Ledger:
        self.opened += 1
        return self

    def head(self) -> int:
        self.owner.add(threading.get_ident())
        if self.down:
            raise LedgerError("ledger postgresql://db.example: does not answer")
        return self.facts

    def fold(self, head: int) -> Shown:
        self.folding.set()
        assert self.gate.wait(20)
        self.folds.append(head)
        return Shown(head, f"lumen_runs_total {head}\n".encode(), f"<p>{head}".encode())

    def close(self) -> None:
        self.closed += 1


@dataclass
class Service:
    """A served ledger."""

    ledger: Ledger
    folder: Folder
    url: str
    told: list[str]
    clock: list[float]

    def get(self, path: str, method: str = "GET") -> tuple[int, bytes, Message]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers

    def raw(self, data: bytes) -> bytes:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            # The server may have seen enough before it has heard all.
            with contextlib.suppress(OSError):
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextlib.contextmanager
def serve(ledger: Ledger, *, most_wait_seconds: float = 20) -> Iterator[Service]:
    told: list[str] = []
    clock = [0.0]
    folder = Folder(
        ledger.open,
        refresh_seconds=60,
        tell=told.append,
        clock=lambda: clock[0],
        most_wait_seconds=most_wait_seconds,
    )
    worker = threading.Thread(target=folder.work)
    with serving("127.0.0.1", 0, Site(folder.shown)) as url:
        worker.start()
        try:
            yield Service(ledger, folder, url, told, clock)
        finally:
            folder.stop()
            ledger.gate.set()
            worker.join()


@pytest.fixture
def service() -> Iterator[Service]:
    ledger = Ledger(facts=3)
    ledger.gate.set()
    with serve(ledger) as running:
        yield running


def test_what_is_shown_where(service: Service) -> None:
    for path, status, kind, body in (
        ("/", 200, "text/html; charset=utf-8", b"<p>3"),
        ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", b"lumen_runs_total 3\n"),
        ("/metrics?format=any", 200, "text/plain; version=0.0.4; charset=utf-8", b"lumen_runs_total 3\n"),
        ("/healthz", 200, "text/plain; charset=utf-8", b"alive\n"),
        ("/readyz", 200, "text/plain; charset=utf-8", b"ready\n"),
        ("/../etc/passwd", 404, "text/plain; charset=utf-8", b"known are / /metrics /healthz /readyz\n"),
    ):
        found = service.get(path)
        assert (found[0], found[2]["Content-Type"], found[1]) == (status, kind, body)


def test_head_tells_the_length_without_the_body(service: Service) -> None:
    status, body, headers = service.get("/metrics", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "19")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_nothing_can_be_done_but_reading(service: Service, method: str) -> None:
    status, _, headers = service.get("/", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/metrics", "/nowhere"])
def test_every_answer_keeps_a_browser_from_mischief(service: Service, path: str) -> None:
    headers = service.get(path)[2]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert headers["Server"] == "lumen"


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000, b"HTTP/1.0 431 "),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 4000, b"HTTP/1.0 431 "),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"HTTP/1.0 400 "),
        (b"GET / HTTP/9.9\r\n\r\n", b"HTTP/1.0 400 "),
        (b"", b""),
    ],
)
def test_a_request_that_is_none_is_refused(service: Service, request_bytes: bytes, answer: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it hangs up on the rest of what is too long
        assert service.raw(request_bytes).startswith(answer)
    assert service.get("/healthz")[0] == 200


def test_a_client_that_says_nothing_more_holds_nobody_up(service: Service) -> None:
    host, _, port = service.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as silent:
        silent.sendall(b"GET / HT")
        assert service.get("/metrics")[0] == 200


def test_it_folds_again_only_when_the_head_moved_or_the_time_passed(service: Service) -> None:
    for _ in range(3):
        service.get("/metrics")
    assert service.ledger.folds == [3]
    service.ledger.facts = 4
    assert service.get("/metrics")[1] == b"lumen_runs_total 4\n"
    service.clock[0] = 59.9
    service.get("/")
    assert service.ledger.folds == [3, 4]
    service.clock[0] = 60
    service.get("/")
    assert service.ledger.folds == [3, 4, 4]


def test_many_that_ask_during_a_fold_are_answered_by_one_more_look_in_one_thread(service: Service) -> None:
    service.get("/readyz")
    service.ledger.gate.clear()
    service.ledger.folding.clear()
    service.ledger.facts = 5
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    clients = [threading.Thread(target=lambda: answers.put(service.get("/metrics")[1])) for _ in range(16)]
    for client in clients:
        client.start()
    assert service.ledger.folding.wait(20)
    service.ledger.gate.set()
    for client in clients:
        client.join()
    assert {answers.get() for _ in clients} == {b"lumen_runs_total 5\n"}
    assert service.ledger.folds == [3, 5]
    assert len(service.ledger.owner) == 1


def test_it_is_not_ready_before_the_first_fold() -> None:
    ledger = Ledger(facts=1)
    with serve(ledger, most_wait_seconds=0.05) as service:
        for path in ("/readyz", "/metrics", "/"):
            status, _, headers = service.get(path)
            assert (status, headers["Retry-After"]) == (503, "5")
        assert service.get("/healthz")[0] == 200
        ledger.gate.set()
        wait_until("it is ready", lambda: service.get("/readyz")[0] == 200)


def test_a_fold_that_takes_longer_than_a_scrape_shows_what_was_true_before() -> None:
    ledger = Ledger(facts=1)
    ledger.gate.set()
    with serve(ledger, most_wait_seconds=0.5) as service:
        wait_until("it is ready", lambda: service.get("/readyz")[0] == 200)
        ledger.gate.clear()
        ledger.facts = 2
        assert service.get("/metrics")[1] == b"lumen_runs_total 1\n"
        ledger.gate.set()
        wait_until("the new fold is shown", lambda: service.get("/metrics")[1] == b"lumen_runs_total 2\n")


def test_while_the_ledger_does_not_answer_it_says_so_once_and_is_opened_anew(service: Service) -> None:
    service.get("/readyz")
    service.ledger.down = True
    assert [service.get(path)[0] for path in ("/readyz", "/metrics", "/", "/healthz")] == [503, 503, 503, 200]
    assert b"db.example" not in service.get("/metrics")[1]
    [told] = service.told
    assert "postgresql://db.example: does not answer" in told
    service.ledger.down = False
    assert service.get("/readyz")[0] == 200
    assert service.ledger.opened > 1
    assert service.ledger.folds == [3]


def test_when_it_ends_nobody_waits_and_the_ledger_is_closed() -> None:
    ledger = Ledger(facts=1)
    ledger.gate.set()
    with serve(ledger) as service:
        assert service.get("/readyz")[0] == 200
        service.folder.stop()
        assert service.get("/metrics")[0] == 503
    assert ledger.closed == 1


def test_an_address_in_use_is_a_mistake_that_names_the_option(service: Service) -> None:
    port = int(service.url.rpartition(":")[2])
    with (
        pytest.raises(ConfigError, match=f"listen: cannot use 127.0.0.1:{port} .*--listen"),
        serving("127.0.0.1", port, lambda: None),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:9469", ("127.0.0.1", 9469)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),  # noqa: S104 - what a person may ask for
        ("[::1]:80", ("::1", 80)),
        ("localhost:9469", ("localhost", 9469)),
    ],
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    assert address(text) == found


@pytest.mark.parametrize("text", ["", "9469", ":9469", "host", "host:", "host:99999", "a@b:1", "::1:80", "http://a:1"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="is not HOST:PORT"):
        address(text)


def test_where_a_fold_takes_long_most_of_the_time_is_left_for_answering() -> None:
    clock, folds = [100.0], []

    class Busy:
        def head(self) -> int:
            return int(clock[0] * 1000)  # a fact has come, whenever one looks

        def fold(self, head: int) -> Shown:
            clock[0] += 0.1
            folds.append(head)
            return Shown(head, b"", b"")

        def close(self) -> None:
            pass

    folder = Folder(Busy, refresh_seconds=60, tell=print, clock=lambda: clock[0])
    worker = threading.Thread(target=folder.work)
    worker.start()
    try:
        first = folder.shown()
        assert first is not None
        for _ in range(20):
            clock[0] += 0.04
            assert folder.shown() is first
        assert folds == [first.head]
        clock[0] += 1
        later = folder.shown()
        assert later is not None
        assert later.head > first.head
        wait_until("it has folded again", lambda: len(folds) == 2)
    finally:
        folder.stop()
        worker.join()
