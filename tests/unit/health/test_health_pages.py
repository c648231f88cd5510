"""`/health/…` of `lumen serve`, and what may be posted to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from facts import NOON

from lumen_action.commands.coalescing import Shown
from lumen_action.commands.health.watching import Watch
from lumen_action.commands.healthpages import health_pages
from lumen_action.commands.webpages import Site, serving
from lumen_action.health.check import Check, Finding, ProbeKind, Status
from lumen_action.health.judging import Judged

FAST, SLOW = (Check(name, ProbeKind.LLM, {"model": name, "url": "http://m"}) for name in ("fast", "slow"))
DISK = Check("disk", ProbeKind.DISK)
ALERT = b'{"version": "4"}'


@dataclass
class Team:
    """A server, what its checks find, and what it was posted."""

    statuses: dict[str, Status] = field(default_factory=dict)
    shown: Shown | None = field(default_factory=lambda: Shown(1, b"", b""))
    now_ms: int = NOON
    rounds: int = 0
    taken: list[tuple[bytes, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    checks: tuple[Check, ...] = (FAST, SLOW, DISK)
    watch: Watch = field(init=False)
    url: str = ""

    def __post_init__(self) -> None:
        self.watch = Watch(
            self.checks, self.look, interval_seconds=30, clock_ms=lambda: self.now_ms, tell=self.told.append
        )

    def look(self, checks: Sequence[Check]) -> list[Judged]:
        self.rounds += 1
        statuses = [self.statuses.get(check.name, Status.PASS) for check in checks]
        return [
            Judged(Finding(check, status, self.now_ms, 7, "" if status is Status.PASS else "no answer"))
            for check, status in zip(checks, statuses, strict=True)
        ]

    def one_round(self) -> None:
        self.watch.stop()
        self.watch._over.clear()
        thread = threading.Thread(target=self.watch.work)
        before = self.rounds
        thread.start()
        while self.rounds == before or self.watch.latest is None or self.watch.latest.at_ms != self.now_ms:
            assert thread.is_alive()
        self.watch.stop()
        thread.join()

    def take(self, body: bytes, authorization: str) -> tuple[int, bytes]:
        self.taken.append((body, authorization))
        return 202, b'{"opened": 1}'

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, answer.headers["Content-Type"], answer.read()

    def json(self, path: str, **headers: str) -> tuple[int, Any]:
        status, _, body = self.ask(path, **headers)
        return status, json.loads(body)

    def raw(self, data: bytes) -> bytes:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextlib.contextmanager
def serve(team: Team, *, takes: bool = True) -> Iterator[Team]:
    site = Site(
        lambda: team.shown, health_pages(team.watch, lambda: team.shown), {"/alerts": team.take} if takes else {}
    )
    with serving("127.0.0.1", 0, site) as url:
        team.url = url
        yield team


@pytest.fixture
def team() -> Iterator[Team]:
    with serve(Team()) as made:
        yield made


def test_before_the_first_round_only_live_is_well(team: Team) -> None:
    assert team.json("/health/live") == (200, {"status": "healthy"})
    told = {"status": "unhealthy", "message": "the first look is not done"}
    for path in ("/health/ready", "/health/components", "/health/llm?model=fast", "/health/llm/all"):
        assert team.json(path) == (503, told), path


def test_ready_asks_whether_we_can_answer_and_not_how_others_are(team: Team) -> None:
    team.statuses["disk"] = Status.FAIL
    team.one_round()
    assert team.json("/health/ready") == (200, {"status": "healthy"})
    team.shown = None
    assert team.json("/health/ready")[0] == 503
    assert team.json("/health/live")[0] == 200


def test_components_are_answered_from_memory_however_many_ask(team: Team) -> None:
    team.statuses["slow"] = Status.WARN
    team.one_round()
    rounds = team.rounds
    for _ in range(50):
        status, found = team.json("/health/components")
    assert team.rounds == rounds
    assert (status, found["status"], found["components"]["slow"]["message"]) == (200, "degraded", "no answer")
    assert [each["status"] for each in found["components"].values()] == ["healthy", "degraded", "healthy"]
    team.now_ms += 2500
    assert team.json("/health/components")[1]["age_seconds"] == 2.5


def test_a_failed_component_is_a_503_in_either_shape(team: Team) -> None:
    team.statuses["disk"] = Status.FAIL
    team.one_round()
    assert team.json("/health/components")[1]["status"] == "unhealthy"
    for path, accept in (
        ("/health/components?words=standard", "*/*"),
        ("/health/components", "application/health+json"),
    ):
        status, kind, body = team.ask(path, Accept=accept)
        assert (status, kind, json.loads(body)["status"]) == (503, "application/health+json", "fail")
        assert json.loads(body)["output"] == "disk: no answer"


def test_what_was_found_long_ago_is_not_passed_off_as_now(team: Team) -> None:
    team.one_round()
    team.now_ms += 200_000
    status, found = team.json("/health/components")
    assert (status, found["message"]) == (503, "nothing was looked at for 200 s")


def test_models_one_and_all(team: Team) -> None:
    team.statuses["slow"] = Status.FAIL
    team.one_round()
    status, found = team.json("/health/llm?model=fast")
    assert (status, found["status"], found["model"]) == (200, "healthy", "fast")
    assert team.json("/health/llm?model=slow")[0] == 503
    status, found = team.json("/health/llm/all")
    assert (status, list(found["components"])) == (503, ["fast", "slow"])
    assert team.json("/health/llm?model=huge") == (
        404,
        {"error": "no such model is looked at", "known": ["fast", "slow"]},
    )


def test_a_model_that_failed_is_a_503_to_who_asks_for_it_though_the_whole_is_well_without() -> None:
    check = Check("spare", ProbeKind.LLM, {"model": "spare"}, critical=False)
    with serve(Team(statuses={"spare": Status.FAIL}, checks=(FAST, check))) as team:
        team.one_round()
        assert team.json("/health/llm/all")[0] == team.json("/health/components")[0] == 200
        status, found = team.json("/health/llm?model=spare")
        assert (status, found["status"], found["critical"]) == (503, "unhealthy", False)
        status, found = team.json("/health/llm?model=spare&words=standard")
        assert (status, found["status"]) == (503, "fail")


@pytest.mark.parametrize(
    "path",
    [
        "/health/llm",
        "/health/llm?model=",
        "/health/llm?model=fast&model=slow",
        "/health/llm?modell=fast",
        "/health/components?words=klingon",
        "/health/components?model=fast",
        "/health/components?words=%FF",
        "/health/components?" + "&".join(f"a{number}=1" for number in range(20)),
    ],
)
def test_parameters_that_mean_nothing_are_refused(team: Team, path: str) -> None:
    team.one_round()
    status, found = team.json(path)
    assert status == 400
    assert found["error"]


def test_a_round_that_breaks_is_told_and_the_next_one_tries_again(team: Team) -> None:
    broken = [True]
    look = team.watch._look

    def breaks(checks: Sequence[Check]) -> Sequence[Judged]:
        if broken.pop() if broken else False:
            raise OSError("no more files")
        return look(checks)

    team.watch._look = breaks
    team.watch._interval_seconds = 0.01
    team.one_round()
    assert team.told == ["warning: the checks could not be made: OSError: no more files"]
    assert team.json("/health/components")[0] == 200


def test_an_alert_is_handed_over_with_what_lets_it_in(team: Team) -> None:
    found = team.ask("/alerts", "POST", ALERT, Content_Type="application/json; charset=utf-8", Authorization="Bearer x")
    assert found == (202, "application/json", b'{"opened": 1}')
    assert team.taken == [(ALERT, "Bearer x")]


def test_a_body_that_comes_late_or_in_parts_is_whole(team: Team) -> None:
    host, _, port = team.url.removeprefix("http://").rpartition(":")
    body = b'"' + b"x" * 200_000 + b'"'
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = b"POST /alerts HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        for part in (head[:20], head[20:] + body[:7], body[7:90_000], body[90_000:]):
            connection.sendall(part)
        assert connection.recv(100).startswith(b"HTTP/1.0 202 ")
    assert team.taken[0][0] == body


_JSON = b"Content-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (_JSON, 411),
        (_JSON + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 411),
        (_JSON + b"Content-Length: -1\r\n", 400),
        (_JSON + b"Content-Length: 1e3\r\n", 400),
        (_JSON + "Content-Length: ١٢\r\n".encode(), 400),
        (_JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n", 400),
        (_JSON + b"Content-Length: 1048577\r\n", 413),
        (_JSON + b"Content-Length: 99999999999999999999999\r\n", 413),
        (b"Content-Type: text/plain\r\nContent-Length: 4\r\n", 415),
        (b"Content-Length: 4\r\n", 415),
        (_JSON + b"Content-Length: 400\r\n", 400),
    ],
)
def test_a_body_of_another_kind_or_length_is_refused(team: Team, head: bytes, status: int) -> None:
    answer = team.raw(b"POST /alerts HTTP/1.1\r\n" + head + b"\r\n{}  ")
    assert answer.startswith(b"HTTP/1.0 %d " % status), answer
    assert team.taken == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_alerts_are_only_posted(team: Team, method: str) -> None:
    assert team.ask("/alerts", method)[0] == 405
    assert team.taken == []


@pytest.mark.parametrize("path", ["/", "/metrics", "/health/components", "/alerts/", "/nowhere"])
def test_nothing_else_takes_a_body(team: Team, path: str) -> None:
    assert team.ask(path, "POST", ALERT, Content_Type="application/json")[0] == 405
    assert team.taken == []


def test_without_being_told_to_it_takes_no_alerts() -> None:
    with serve(Team(), takes=False) as team:
        assert team.ask("/alerts", "POST", ALERT, Content_Type="application/json")[0] == 405
        assert team.ask("/alerts")[0] == 404
