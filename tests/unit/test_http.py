"""What our HTTP promises, shown against real servers on loopback; only the clock is ours."""

from __future__ import annotations

import base64
import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from liars import talking, trickling

from lumen_action.http import Http, HttpError, Request, Timing, retry_after_seconds, split_credentials

WEDNESDAY = 1_700_000_000.0


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False


@dataclass
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Script(http.server.ThreadingHTTPServer):
    """Answers from a list, the last one for ever, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers) or [Answer()]
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Script
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(self.command, self.path, headers, body))
        answer = self.server.answers[0] if len(self.server.answers) == 1 else self.server.answers.pop(0)
        if answer.hang_up:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_PUT = do_POST = _answer  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        pass


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    running: list[Script] = []

    def start(*answers: Answer) -> Script:
        server = Script(*answers)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@dataclass
class Waiting:
    """A clock that only sleeping moves."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)
    chance: float = 1.0

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    def timing(self) -> Timing:
        return Timing(
            sleep=self.sleep,
            clock=lambda: self.seconds,
            now=lambda: WEDNESDAY + self.seconds,
            chance=lambda: self.chance,
        )


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def http_client(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    client = Http(timing=waiting.timing())
    yield client
    client.close()


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_sends_method_path_body_and_headers(script: Callable[..., Script], http_client: Http) -> None:
    server = script(Answer(202, b"taken", {"X-Id": "7"}))
    answer = http_client.send(Request("PUT", f"{server.url}/a%2Fb/c@base64/=", body=b"x 1\n", headers={"X-A": "b"}))
    assert (answer.status, answer.body, answer.headers["x-id"]) == (202, b"taken", "7")
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body, seen.headers["x-a"]) == ("PUT", "/a%2Fb/c@base64/=", b"x 1\n", "b")
    assert seen.headers["user-agent"].startswith("lumen-sli-action/")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_tries_again_when_the_fault_may_pass(
    script: Callable[..., Script], http_client: Http, waiting: Waiting, status: int
) -> None:
    server = script(Answer(status), Answer(status), Answer(200, b"ok"))
    assert http_client.send(Request("PUT", server.url)).body == b"ok"
    assert waiting.pauses == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_does_not_repeat_what_will_not_pass(
    script: Callable[..., Script], http_client: Http, waiting: Waiting, status: int
) -> None:
    server = script(Answer(status))
    with pytest.raises(HttpError) as caught:
        http_client.send(Request("PUT", server.url))
    assert (caught.value.status, caught.value.passing) == (status, False)
    assert (len(server.seen), waiting.pauses) == (1, [])


def test_an_answer_lost_on_the_way_is_asked_for_again(script: Callable[..., Script], http_client: Http) -> None:
    server = script(Answer(hang_up=True), Answer(200, b"ok"))
    assert http_client.send(Request("PUT", server.url, body=b"1")).body == b"ok"
    assert [seen.body for seen in server.seen] == [b"1", b"1"]


def test_never_repeats_a_request_that_would_act_twice(script: Callable[..., Script], http_client: Http) -> None:
    server = script(Answer(hang_up=True), Answer(200))
    with pytest.raises(HttpError):
        http_client.send(Request("POST", server.url))
    assert len(server.seen) == 1


def test_pauses_grow_to_a_limit_and_the_time_is_kept(
    script: Callable[..., Script], http_client: Http, waiting: Waiting
) -> None:
    server = script(Answer(503, b"overloaded"))
    with pytest.raises(HttpError, match=r"answered 503: overloaded \(7 tries\)"):
        http_client.send(Request("GET", server.url))
    assert waiting.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert waiting.seconds < 30


def test_the_whole_pause_is_left_to_chance(script: Callable[..., Script], http_client: Http, waiting: Waiting) -> None:
    waiting.chance = 0.25
    http_client.send(Request("GET", script(Answer(503), Answer(503), Answer()).url))
    assert waiting.pauses == [0.125, 0.25]


@pytest.mark.parametrize("asked", ["7", "Tue, 14 Nov 2023 22:13:27 GMT"])
def test_waits_at_least_as_long_as_the_server_asks(
    script: Callable[..., Script], http_client: Http, waiting: Waiting, asked: str
) -> None:
    waiting.chance = 0.0
    http_client.send(Request("GET", script(Answer(429, headers={"Retry-After": asked}), Answer()).url))
    assert waiting.pauses == [7.0]


def test_a_wait_past_the_deadline_is_told_instead_of_slept(
    script: Callable[..., Script], http_client: Http, waiting: Waiting
) -> None:
    server = script(Answer(429, b"slow down", {"Retry-After": "3600"}))
    with pytest.raises(HttpError, match=r"429: slow down \(1 try, it asks to wait 3600 s\)"):
        http_client.send(Request("GET", server.url))
    assert waiting.pauses == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0.0), ("120", 120.0), ("Tue, 14 Nov 2023 22:13:10 GMT", 0.0), ("soon", None), ("", None), ("-5", None)],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after_seconds(header, WEDNESDAY) == seconds


def test_a_server_that_is_not_there_is_named_with_the_cause(http_client: Http, waiting: Waiting) -> None:
    port = closed_port()
    with pytest.raises(HttpError) as caught:
        http_client.send(Request("PUT", f"http://user:geheim@127.0.0.1:{port}/metrics/job/secret-path"))
    assert str(caught.value) == f"PUT http://127.0.0.1:{port} failed: Connection refused (7 tries)"
    assert (caught.value.status, len(waiting.pauses)) == (None, 6)


def test_an_unknown_host_and_a_mute_server_are_told_apart(waiting: Waiting) -> None:
    client = Http(patience_seconds=0.001, timing=waiting.timing())
    with pytest.raises(HttpError, match=r"http://nowhere\.invalid failed: .*(not known|resolution|No address)"):
        client.send(Request("GET", "http://nowhere.invalid/"))
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(HttpError, match="timed out"):
        client.send(Request("GET", f"http://127.0.0.1:{mute.getsockname()[1]}/", timeout_seconds=0.05))
    client.close()


@pytest.mark.parametrize(
    ("url", "clean", "auth"),
    [
        ("http://gateway:9091/x", "http://gateway:9091/x", None),
        ("https://me:p%40ss%3A@gateway/x", "https://gateway/x", ("me", "p@ss:")),
        ("http://me@gateway", "http://gateway", ("me", "")),
        ("http://a@b:c@gateway", "http://gateway", ("a@b", "c")),
    ],
)
def test_user_and_password_are_taken_out_of_the_url(url: str, clean: str, auth: tuple[str, str] | None) -> None:
    assert split_credentials(url) == (clean, auth)


def test_credentials_of_the_url_are_sent_as_basic_auth(script: Callable[..., Script], http_client: Http) -> None:
    server = script()
    http_client.send(Request("PUT", server.url.replace("//", "//me:p%C3%A4ss@")))
    assert server.seen[0].headers["authorization"] == "Basic " + base64.b64encode("me:päss".encode()).decode()


def test_a_bearer_token_is_sent(script: Callable[..., Script], http_client: Http) -> None:
    server = script()
    http_client.send(Request("PUT", server.url, token="t0ken"))  # noqa: S106 - made up
    assert server.seen[0].headers["authorization"] == "Bearer t0ken"


def test_an_answer_that_repeats_the_credentials_is_redacted(script: Callable[..., Script], http_client: Http) -> None:
    encoded = base64.b64encode(b"me:open/sesame").decode()
    server = script(Answer(403, f"no: open/sesame open%2Fsesame {encoded}".encode()))
    with pytest.raises(HttpError, match=r"answered 403: no: \*\*\* \*\*\* \*\*\*$"):
        http_client.send(Request("PUT", server.url, auth=("me", "open/sesame")))


def test_a_token_given_as_a_header_is_redacted_too(script: Callable[..., Script], http_client: Http) -> None:
    server = script(Answer(403, b"bad credentials: ghs_1 glpat_2"))
    headers = {"Authorization": "Bearer ghs_1", "PRIVATE-TOKEN": "glpat_2"}
    with pytest.raises(HttpError, match=r"bad credentials: \*\*\* \*\*\*$"):
        http_client.get_json(server.url, headers)


@pytest.mark.parametrize("secret", ["line\nbreak", " blank", "ключ"])
def test_a_malformed_token_is_refused_without_repeating_it(
    script: Callable[..., Script], http_client: Http, secret: str
) -> None:
    with pytest.raises(HttpError, match="malformed") as caught:
        http_client.send(Request("PUT", script().url, headers={"X-Token": secret}))
    assert secret.strip() not in str(caught.value)
    assert caught.value.__cause__ is None


def test_credentials_do_not_show_in_a_representation() -> None:
    request = Request("PUT", "http://me:pw-a@gateway", token="pw-b", auth=("me", "pw-c"))  # noqa: S106 - made up
    assert "pw-" not in repr(request)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\n  first \nsecond", ": first"),
        (b"", " Bad Request"),
        (b"<html><title>x</title>", " Bad Request"),
        (b"\x1b[31mred\x00 \xff", r": \?\[31mred\? \ufffd"),
        (b"a" * 999, ": " + "a" * 200),
    ],
)
def test_only_the_first_line_of_an_answer_is_quoted(
    script: Callable[..., Script], http_client: Http, body: bytes, told: str
) -> None:
    with pytest.raises(HttpError, match=f"answered 400{told}$"):
        http_client.send(Request("PUT", script(Answer(400, body)).url))


def test_a_write_never_follows_a_redirect(script: Callable[..., Script], http_client: Http) -> None:
    other = script()
    server = script(Answer(307, headers={"Location": f"{other.url}/secret"}))
    with pytest.raises(HttpError, match=f"redirect to {other.url}; configure that address"):
        http_client.send(Request("PUT", server.url, body=b"1", token="t0ken"))  # noqa: S106 - made up
    assert other.seen == []


def test_a_read_takes_no_credentials_to_another_host(script: Callable[..., Script], http_client: Http) -> None:
    other = script(Answer(200, b"log"))
    server = script(Answer(302, headers={"Location": "/again"}), Answer(302, headers={"Location": f"{other.url}/log"}))
    headers = {"PRIVATE-TOKEN": "t", "Authorization": "token t", "Accept": "text/plain"}
    assert http_client.send(Request("GET", server.url, headers=headers, auth=("me", "pw"))).body == b"log"
    assert [seen.headers.get("private-token") for seen in server.seen] == ["t", "t"]
    assert {"private-token", "authorization"}.isdisjoint(other.seen[0].headers)
    assert other.seen[0].headers["accept"] == "text/plain"


def test_a_circle_of_redirects_ends(script: Callable[..., Script], http_client: Http) -> None:
    server = script(Answer(302, headers={"Location": "/"}))
    with pytest.raises(HttpError, match="circle"):
        http_client.send(Request("GET", server.url))
    assert len(server.seen) == 6


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_a_redirect_to_another_protocol_is_refused(
    script: Callable[..., Script], http_client: Http, target: str
) -> None:
    with pytest.raises(HttpError, match="less safe"):
        http_client.send(Request("GET", script(Answer(302, headers={"Location": target})).url))


@pytest.mark.parametrize("target", ["http://[::1", "http://a:99999/"])
def test_a_redirect_to_what_is_no_address_is_refused(
    script: Callable[..., Script], http_client: Http, target: str
) -> None:
    with pytest.raises(HttpError, match="a redirect to nowhere"):
        http_client.send(Request("GET", script(Answer(302, headers={"Location": target})).url))


def test_netrc_is_never_read_but_a_proxy_of_the_environment_is_used(
    script: Callable[..., Script], http_client: Http, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login thief password stolen\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", (proxy := script()).url)
    http_client.send(Request("PUT", "http://gateway.invalid/metrics"))
    assert proxy.seen[0].path == "http://gateway.invalid/metrics"
    assert "authorization" not in proxy.seen[0].headers


def test_get_json_returns_the_object(script: Callable[..., Script], http_client: Http) -> None:
    server = script(Answer(200, b'{"total_count": 2}'))
    assert http_client.get_json(server.url, {"Accept": "application/json"}) == {"total_count": 2}


@pytest.mark.parametrize("body", [b"[1]", b"<html>", b"", b"\xff"])
def test_get_json_refuses_anything_else(script: Callable[..., Script], http_client: Http, body: bytes) -> None:
    with pytest.raises(HttpError, match="answered 200 without a JSON object"):
        http_client.get_json(script(Answer(200, body)).url)


def test_an_answer_larger_than_expected_is_cut(script: Callable[..., Script], http_client: Http) -> None:
    with pytest.raises(HttpError, match="more than the 1000 bytes"):
        http_client.send(Request("GET", script(Answer(200, b"x" * 1001)).url, max_answer_bytes=1000))


@pytest.fixture
def hurried() -> Iterator[Http]:
    client = Http(patience_seconds=0.25)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nX-", "failed: timed out"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", "did not finish its answer in 0.25 s"),
        (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", "did not finish its answer in 0.25 s"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "did not finish its answer in 0.25 s"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 90000\r\n\r\n", "did not finish its answer in 0.25 s"),
    ],
    ids=["head", "length", "chunk", "end", "redirect"],
)
def test_an_answer_that_trickles_ends_with_our_patience(hurried: Http, said: bytes, told: str) -> None:
    with talking(trickling(said)) as port, pytest.raises(HttpError, match=told):
        hurried.send(Request("GET", f"http://127.0.0.1:{port}/"))


def test_the_head_of_a_streamed_answer_has_its_time_and_the_body_all_it_needs(hurried: Http) -> None:
    url = "http://127.0.0.1:{}/"
    with (
        talking(trickling(b"HTTP/1.1 200 OK\r\nX-")) as port,
        pytest.raises(HttpError, match="timed out"),
        hurried.streamed(Request("GET", url.format(port))),
    ):
        pass
    with (
        talking(trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")) as port,  # a letter in 0.05 s
        hurried.streamed(Request("GET", url.format(port))) as answer,
    ):
        assert b"".join(answer.pieces) == b"x" * 7


def test_the_body_of_a_redirect_is_bounded_too(hurried: Http) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")
        while not over.is_set():
            connection.sendall(b" " * 65536)

    with talking(talk) as port, pytest.raises(HttpError, match="more than the 100000 bytes"):
        hurried.send(Request("GET", f"http://127.0.0.1:{port}/", max_answer_bytes=100_000))


def test_a_missing_ca_file_is_named(script: Callable[..., Script], http_client: Http) -> None:
    url = script().url.replace("http://", "https://")
    with pytest.raises(HttpError, match=r"no-such\.pem"):
        http_client.send(Request("PUT", url, ca_file="no-such.pem"))


def test_requests_is_not_loaded_before_a_request_is_made() -> None:
    probe = "import sys, lumen_action.http, lumen_action.sinks.pushgateway; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
