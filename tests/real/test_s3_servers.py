"""The S3 ledger through boto3 against two real servers, and through a gateway that breaks what passes it."""

from __future__ import annotations

import http.client
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
import s3host
import servers
from facts import fact

from lumen_action.errors import ConfigError, LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.deliver import hand_over
from lumen_action.ledger.objects import Bucket
from lumen_action.ledger.s3 import S3Ledger
from lumen_action.model import Fact, Kind, Outcome

URL = "s3://team/lumen"


def opened(url: str = URL) -> S3Ledger:
    """Open the ledger as a job of its own would."""
    return S3Ledger(Bucket(url))


@pytest.fixture(autouse=True)
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give the job credentials of its own and nothing of the machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.fixture(scope="module", params=s3host.SERVERS)
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Start a store once for all tests; return its address and folder."""
    folder = tmp_path_factory.mktemp("store")
    try:
        server = s3host.start(folder, request.param)
    except servers.MissingProgramError as missing:
        pytest.fail(str(missing), pytrace=False)
    yield server.url, folder / "data"
    server.stop()


@pytest.fixture
def store(started: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a store with one empty bucket, to which the job is pointed."""
    endpoint, data = started
    if data.exists():
        shutil.rmtree(data / "team", ignore_errors=True)
    else:
        assert s3host.ask(endpoint, "POST", "/moto-api/reset") == 200
    assert s3host.ask(endpoint, "PUT", "/team") == 200
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return endpoint


@dataclass
class Gateway:
    """Passes requests on, except as `fate` says of method and path: a status with a code, `lost`, `half` or nothing."""

    target: str
    fate: Callable[[str, str], str]
    headers: dict[str, str] = field(default_factory=dict)
    without: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                gateway.seen.append((self.command, path))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fate = gateway.fate(self.command, path)
                if fate == "half":
                    self.close_connection = True
                    return
                if fate[:1].isdigit():
                    status, _, code = fate.partition(" ")
                    self.reply(int(status), f"<Error><Code>{code}</Code></Error>".encode(), gateway.headers)
                    return
                answer = gateway.forward(self.command, self.path, body, dict(self.headers))
                if fate == "lost":
                    self.close_connection = True
                    return
                self.reply(*answer)

            do_PUT = do_DELETE = do_GET  # noqa: N815 - the names http.server gives them

            def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
                pass

        return Handler

    def forward(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        kept = {name: value for name, value in headers.items() if name.lower() != self.without}
        connection = http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=10)
        try:
            connection.request(method, path, body, kept)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Gateway], Gateway]]:
    """Let the job reach its store through a gateway."""
    started: list[tuple[http.server.ThreadingHTTPServer, threading.Thread]] = []

    def serve(gateway: Gateway) -> Gateway:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), gateway.handler())
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        started.append((server, thread))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        return gateway

    yield serve
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def passes(_method: str, _path: str) -> str:
    return ""


def once(method: str, part: str, fate: str) -> Callable[[str, str], str]:
    """Let the first such request meet a fate."""
    left = [fate]
    return lambda asked, path: left.pop() if left and asked == method and part in path else ""


def runs(facts: Iterator[Fact]) -> list[str]:
    return sorted(item.key.run for item in facts)


@pytest.mark.usefixtures("store")
def test_facts_are_there_again_for_another_job() -> None:
    opened().put(fact("build", run="1"))
    ledger = opened(f"{URL}/")
    assert ledger.put(fact("build", run="1")) is Put.SAME
    assert ledger.put(fact("build", run="2", day="2026-01-03", pipeline="weekly")) is Put.CREATED
    assert (ledger.head(), ledger.pipelines(), ledger.url) == (2, ["nightly", "weekly"], URL)
    assert runs(ledger.scan(run="2")) == runs(ledger.scan(day="2026-01-03")) == ["2"]
    assert ledger.get(fact("build", run="1").key.digest) == fact("build", run="1")
    assert ledger.get("0" * 64) is None
    assert opened("s3://team/other").head() == opened("s3://team").head() == 0


@pytest.mark.usefixtures("store")
def test_of_64_racers_on_one_key_one_is_first(started: tuple[str, Path]) -> None:
    # moto looks and writes in two steps, between which many at once can slip; localbucket does both in one.
    at_once = 64 if started[1].exists() else 8
    bucket, start = Bucket(URL), threading.Barrier(at_once)

    def race(number: int) -> Put:
        ledger = S3Ledger(bucket)
        start.wait()
        return ledger.put(replace(fact("build"), leg=str(number)))

    with ThreadPoolExecutor(at_once) as racers:
        answers = list(racers.map(race, range(64)))
    assert sorted(answers) == [Put.CONFLICT] * 63 + [Put.CREATED]
    (kept,) = S3Ledger(bucket).scan()
    assert kept.leg == str(answers.index(Put.CREATED))


@pytest.mark.slow
def test_32_writers_through_a_bad_line_lose_and_double_nothing(store: str, through: Callable[..., Gateway]) -> None:
    chance = Random(7)

    def fate(_method: str, _path: str) -> str:
        fates = ["lost", "half", "503 SlowDown", "500 InternalError", "429 TooManyRequests", "409 OperationAborted"]
        return chance.choice(fates) if chance.random() < 0.15 else ""

    through(Gateway(store, fate))
    bucket = Bucket(URL)
    said = [fact("build", run=str(number)) for number in range(64)]

    def write(item: Fact) -> Put:
        ledger = S3Ledger(bucket)
        ledger.put(item)
        ledger.put(item)
        return hand_over(replace(item, outcome=Outcome.SKIPPED), ledger).answer

    with ThreadPoolExecutor(33) as writers:
        folding = writers.submit(lambda: [S3Ledger(bucket).compact("2026-01-03") for _ in range(3)])
        assert set(writers.map(write, said)) == {Put.CONFLICT}
        folding.result()
    found = list(S3Ledger(bucket).scan())
    assert runs(item for item in found if item.key.kind is Kind.STAGE) == runs(iter(said))
    assert runs(item for item in found if item.key.kind is Kind.CONFLICT) == runs(iter(said))
    assert {item.outcome for item in found if item.key.kind is Kind.STAGE} == {Outcome.SUCCESS}


@pytest.mark.usefixtures("store")
def test_closed_days_give_the_same_answers_and_refuse_another_account() -> None:
    ledger = opened()
    for number in range(20):
        ledger.put(fact("build", run=str(number), day=f"2026-01-0{1 + number % 3}"))
    before = (ledger.head(), runs(ledger.scan()), ledger.pipelines())
    assert [ledger.compact(day) for day in ("2026-01-02", "2026-01-03", "2026-01-03")] == [7, 7, 0]
    assert (ledger.head(), runs(ledger.scan()), ledger.pipelines()) == before
    assert [len(segment.facts) for segment in ledger.segments()] == [7, 7]
    first = fact("build", run="0", day="2026-01-01")
    assert hand_over(first, ledger).answer is Put.SAME
    assert hand_over(replace(first, outcome=Outcome.SKIPPED), ledger).answer is Put.CONFLICT
    assert ledger.get(first.key.digest) == first
    assert ledger.head() == before[0] + 1


@pytest.mark.usefixtures("store")
def test_listings_of_more_than_one_page_are_read_to_the_end() -> None:
    bucket = Bucket(URL)
    names = [f"ev/dt=2026-01-02/{number:064x}.json" for number in range(1005)]
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda name: bucket.create(name, b""), names))
    assert S3Ledger(bucket).head() == 1005


_FOLDER = """
import sys
sys.path.insert(0, {root!r})
from lumen_action.ledger.objects import Bucket
from lumen_action.ledger.s3 import S3Ledger
ledger = S3Ledger(Bucket({url!r}))
print("ready", flush=True)
while True:
    ledger.compact("2026-01-03")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
@pytest.mark.usefixtures("store")
def test_folders_killed_at_any_moment_lose_and_double_nothing() -> None:
    ledger, chance = opened(), Random(3)
    script = _FOLDER.format(root=str(servers.ROOT), url=URL)
    said: list[str] = []
    for round_ in range(4):
        folder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert folder.stdout
        folder.stdout.readline()
        for number in range(chance.randrange(5, 30)):
            said.append(f"{round_}-{number}")
            assert ledger.put(fact("build", run=said[-1])) is Put.CREATED
        folder.send_signal(signal.SIGKILL)
        folder.communicate()
        assert (runs(ledger.scan()), ledger.head()) == (sorted(said), len(said))
    ledger.compact("2026-01-03")
    assert sum(len(segment.facts) for segment in ledger.segments()) == len(said) == ledger.head()


@pytest.mark.usefixtures("store")
def test_notes_and_the_lease_of_the_one_publisher() -> None:
    ledger, other = opened(), opened()
    for number in range(4):
        ledger.mark_published("gateway|nightly", number)
    assert other.published_head("gateway|nightly") == 3
    assert not other.put_note("a", b"x", expected=b"y")
    with ledger.publishing(1), pytest.raises(LedgerError, match="another publisher"), other.publishing(0):
        pass


@pytest.mark.parametrize(
    ("method", "fate"),
    [
        ("PUT", "lost"),
        ("PUT", "half"),
        ("PUT", "409 ConditionalRequestConflict"),
        ("PUT", "429 TooManyRequests"),
        ("PUT", "503 SlowDown"),
        ("PUT", "400 RequestTimeout"),
        ("GET", "lost"),
        ("GET", "500 InternalError"),
    ],
)
def test_what_passes_is_waited_out_by_us_and_not_by_the_client(
    store: str, through: Callable[..., Gateway], method: str, fate: str
) -> None:
    opened().put(fact("build"))
    part = "/run/" if method == "PUT" else "/ev/"
    gateway = through(Gateway(store, once(method, part, fate)))
    ledger = opened()
    assert ledger.put(fact("test")) in (Put.CREATED, Put.SAME)
    assert ledger.head() == len(list(ledger.scan())) == 2
    assert len([seen for seen in gateway.seen if seen[0] == "PUT" and "/run/" in seen[1]]) == 1 + (method == "PUT")


def test_a_named_time_beyond_our_patience_ends_the_waiting(store: str, through: Callable[..., Gateway]) -> None:
    through(Gateway(store, once("PUT", "/probe", "503 SlowDown"), headers={"Retry-After": "3600"}))
    with pytest.raises(LedgerError, match=r"answered 503 SlowDown \(1 try, it asks to wait 3600 s\)"):
        opened().put(fact())


def test_a_store_that_drops_the_condition_is_refused(store: str, through: Callable[..., Gateway]) -> None:
    through(Gateway(store, passes, without="if-none-match"))
    with pytest.raises(ConfigError, match="ignores If-None-Match"):
        opened().put(fact())
    assert opened().head() == 0


def test_a_store_that_does_not_know_the_condition_is_refused(store: str, through: Callable[..., Gateway]) -> None:
    through(Gateway(store, once("PUT", "/probe", "501 NotImplemented")))
    with pytest.raises(ConfigError, match="ignores If-None-Match"):
        opened().put(fact())


@pytest.mark.parametrize(
    ("method", "part", "permission", "use"),
    [
        ("PUT", "", "s3:PutObject", lambda ledger: ledger.put(fact())),
        ("GET", "/run/", "s3:GetObject and s3:ListBucket", lambda ledger: ledger.put(fact("build"))),
        ("GET", "/team", "s3:ListBucket", lambda ledger: ledger.head()),
        ("DELETE", "", "s3:DeleteObject", lambda ledger: ledger.compact("2026-01-03")),
    ],
)
def test_a_missing_permission_is_named(
    store: str,
    through: Callable[..., Gateway],
    method: str,
    part: str,
    permission: str,
    use: Callable[[S3Ledger], object],
) -> None:
    opened().put(fact("build"))
    denied = lambda asked, path: "403 AccessDenied" if asked == method and part in path else ""  # noqa: E731 - a row
    through(Gateway(store, denied))
    with pytest.raises(LedgerError, match=rf"access denied; allow {permission} on arn:aws:s3:::team and .*/lumen/\*$"):
        use(opened())


def test_a_read_only_role_reads_everything(store: str, through: Callable[..., Gateway]) -> None:
    opened().put(fact("build"))
    through(Gateway(store, lambda method, _path: "" if method == "GET" else "403 AccessDenied"))
    reader = opened()
    assert (list(reader.scan()), reader.head(), reader.published_head("a")) == ([fact("build")], 1, 0)


def test_refused_credentials_are_told_without_them(store: str, through: Callable[..., Gateway]) -> None:
    through(Gateway(store, once("GET", "", "403 SignatureDoesNotMatch")))
    with pytest.raises(LedgerError, match="403 SignatureDoesNotMatch; check the credentials") as caught:
        opened().head()
    assert "geheim" not in str(caught.value)


@pytest.mark.usefixtures("store")
def test_a_bucket_that_is_not_there_is_a_wrong_url() -> None:
    with pytest.raises(ConfigError, match=r"no bucket nobody at http://127\.0\.0\.1:"):
        opened("s3://nobody/lumen").head()


def test_a_job_without_credentials_is_told_where_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3host.free_port()}")
    with pytest.raises(LedgerError, match=r"no usable AWS credentials .* \(OIDC\)"):
        opened().head()


def test_a_profile_that_is_not_there_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigError, match="check AWS_PROFILE"):
        opened()


def test_a_dead_store_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = f"http://127.0.0.1:{s3host.free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(LedgerError, match=rf"no answer from {endpoint} \(nothing listens there\) \(\d+ tries\)"):
        S3Ledger(Bucket(URL), patience_seconds=0.3).put(fact())
