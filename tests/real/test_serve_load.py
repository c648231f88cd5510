"""`lumen serve` under load while its ledger grows: no error, and no memory that only grows."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import servers
from servedledger import Storm, growing, load, start_serve, watched_memory

PATHS = ("/metrics", "/health/live", "/health/ready", "/health/components", "/", "/healthz", "/readyz")
SECONDS = 8


def raw(server: servers.Server, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            return b"".join(iter(lambda: connection.recv(65536), b""))
    return b""


@pytest.mark.slow
def test_load_while_facts_arrive(tmp_path: Path, running: Callable[..., servers.Server]) -> None:
    storm = Storm(tmp_path)
    storm.go_on(300)
    served = running(start_serve, storm.url)
    load(tmp_path, served.url, PATHS, seconds=2, a_second=500)
    with watched_memory(served.process.pid) as memory, growing(storm, 5):
        found = load(tmp_path, served.url, PATHS, seconds=SECONDS, a_second=500)
    assert found.errors == 0
    assert found.requests > 100
    assert memory.late_kb < 1.2 * memory.settled_kb
    runs = storm.runs
    servers.wait_until("every run is shown", lambda: shown_runs(served) == runs)


def shown_runs(served: servers.Server) -> float:
    lines = servers.fetch(f"{served.url}/metrics").splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("lumen_runs_total{"))


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * 30_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"\x00\xff\xfe\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1 more words\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        b"GET / HTTP/1.1\r\nX\x00: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\n\r\n",
        b"GET /health/../../etc/passwd HTTP/1.1\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n\r\n",
        b"GET http://elsewhere.example/ HTTP/1.1\r\n\r\n",
        b"GET /health/llm?model=" + "😀".encode() + b" HTTP/1.1\r\n\r\n",
        b"GET /health/components?words=%00 HTTP/1.1\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
        b"DELETE / HTTP/1.1\r\n\r\n",
        b"CONNECT elsewhere.example:443 HTTP/1.1\r\n\r\n",
        b"POST /alerts HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_bad_request_is_the_clients_fault(request_bytes: bytes, bad_served: servers.Server) -> None:
    answer = raw(bad_served, request_bytes)
    assert answer.startswith(b"HTTP/1.0 4"), answer[:100]
    assert servers.fetch(f"{bad_served.url}/healthz") == "alive\n"


def test_a_line_too_many_before_a_request_is_forgiven(bad_served: servers.Server) -> None:
    assert raw(bad_served, b"\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz").endswith(b"\r\n\r\nalive\n")


@pytest.fixture(scope="module")
def bad_served(tmp_path_factory: pytest.TempPathFactory) -> servers.Server:
    folder = tmp_path_factory.mktemp("bad")
    storm = Storm(folder)
    storm.go_on(1)
    server = start_serve(folder, storm.url)
    yield server
    server.stop()


@pytest.mark.slow
def test_clients_that_speak_a_letter_at_a_time_give_the_place_back(bad_served: servers.Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", bad_served.port), timeout=20))
            slow.sendall(b"GET /metr")
        servers.wait_until("there is room again", lambda: servers._answers(f"{bad_served.url}/healthz"))
        assert "lumen_runs_total" in servers.fetch(f"{bad_served.url}/metrics")
