"""HTTP endpoints that are slow, wrong, without end, or lie: none is taken for healthy, and none holds anybody up."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import liars
import pytest
import servers
from healthteam import around, found
from liars import page, saying, talking

from lumen_action.health.check import Status

PASS, WARN, FAIL = Status


def http(port: int, more: str = "", timeout: str = "10s") -> str:
    return f"kind: http, url: 'http://127.0.0.1:{port}/health', timeout: {timeout}{', ' if more else ''}{more}"


def test_a_good_answer_is_a_pass() -> None:
    with talking(saying(page(b'{"status": "ok", "queue": {"age": 3}}'))) as port:
        finding = found(http(port, "expect: ['status == \"ok\"', queue.age < 5]"))
    assert (finding.status, finding.said) == (PASS, "")


@pytest.mark.parametrize(
    ("answer", "more", "said"),
    [
        (page(b"boom", "500 Internal Server Error"), "", "answered 500: boom"),
        (page(b"<html>Sorry</html>"), "expect: status present", "answered without JSON, a page for browsers"),
        (page(b'{"status": "broken"}'), "expect: 'status == \"ok\"'", 'expected status == "ok", found "broken"'),
        (page(b"{"), "expect: status present", "answered without JSON"),
        (page(b"[" * 100_000), "expect: status present", "answered without JSON"),
        (page(b"all well"), "contains: ready", "answered without 'ready'"),
        (page(b"", "302 Found", Location="https://login.example/?from=x"), "", "a redirect to https://login.example"),
        (page(b"", "302 Found", Location="http://[::1"), "", "a redirect to nowhere"),
        (page(b"", "204 No Content"), "status: 200", "answered 204, which is not expected"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{}", "", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "expect: a present", "without JSON"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n", "", "failed: "),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "", "failed: "),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "", "failed: "),
        (b"", "", "failed: "),
    ],
)
def test_a_wrong_answer_is_failed_and_says_why(answer: bytes, more: str, said: str) -> None:
    with talking(saying(answer)) as port:
        finding = found(http(port, more))
    assert finding.status is FAIL
    assert said in finding.said


@pytest.mark.parametrize(
    "talk",
    [
        liars.silent,
        liars.trickling(b"HTTP/1.1 200 OK\r\nX-"),
        liars.trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
    ],
    ids=["silent", "head", "body"],
)
def test_who_never_comes_to_an_end_is_left_behind(talk: liars.Talk) -> None:
    with talking(talk) as port:
        finding = found(http(port, timeout="0.3s"))
    assert finding.status is FAIL
    told = ("too long", "timed out", "did not finish its answer in 0.3 s")
    assert any(each in finding.said for each in told), finding.said


def test_an_endless_answer_is_read_to_a_bound() -> None:
    with talking(liars.endless) as port:
        finding = found(http(port))
    assert (finding.status, "more than the 1048576 bytes" in finding.said) == (FAIL, True)


_BOMBED = """
import resource, sys
sys.path[:0] = sys.argv[2:]
from healthteam import found
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
finding = found(sys.argv[1])
print(finding.status, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_an_answer_that_is_small_on_its_way_does_not_fill_the_memory() -> None:
    with talking(saying(liars.bomb(400))) as port:
        paths = [str(servers.ROOT), str(servers.ROOT / "tests" / "support"), str(servers.ROOT / "tools")]
        command = [sys.executable, "-c", _BOMBED, http(port), *paths]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert said[0] == "fail"
    assert int(said[1]) < 150


def test_who_answers_late_but_well_is_slow(tmp_path: Path) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        over.wait(0.3)
        connection.sendall(page(b"{}"))

    with talking(talk) as port:
        finding = found(http(port, "slow: 0.1"), around(tmp_path))
    assert (finding.status, finding.said.startswith("slow: ")) == (WARN, True)


@pytest.mark.parametrize(
    ("status", "body", "kind", "more", "wanted"),
    [
        ("200 OK", {"status": "up"}, "application/json", "status-at: status", PASS),
        ("200 OK", {"state": {"word": "degraded"}}, "application/json", "status-at: state.word", WARN),
        ("200 OK", {"status": "unhealthy"}, "application/json", "status-at: status", FAIL),
        ("200 OK", {"status": "down"}, "application/json", "", PASS),
        ("200 OK", {"status": "fail", "output": "disk"}, "application/health+json", "", FAIL),
        ("503 Service Unavailable", {"status": "fail"}, "application/health+json", "", FAIL),
        ("503 Service Unavailable", {"status": "warn"}, "application/health+json", "", FAIL),
        ("200 OK", {"status": "purple"}, "application/health+json", "", FAIL),
        ("200 OK", {}, "application/health+json", "", FAIL),
    ],
)
def test_a_services_own_word_counts_where_it_is_asked_for(
    status: str, body: object, kind: str, more: str, wanted: Status
) -> None:
    with talking(saying(page(json.dumps(body).encode(), status, Content_Type=kind))) as port:
        assert found(http(port, more)).status is wanted


def test_a_token_is_sent_and_never_repeated() -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(page(b'{"error": "bad token s3cr3t-t0ken"}', "401 Unauthorized"))

    with talking(talk) as port:
        finding = found(http(port, "token-env: API_TOKEN"), around(env={"API_TOKEN": "s3cr3t-t0ken"}))
    assert b"Authorization: Bearer s3cr3t-t0ken" in heard[0]
    assert finding.status is FAIL
    assert "s3cr3t" not in f"{finding}"
    assert found("kind: http, url: 'http://127.0.0.1:1/', token-env: NOT_SET").said.startswith("the variable NOT_SET")
