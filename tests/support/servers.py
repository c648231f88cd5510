"""Real servers for tests: each on a free loopback port, ready when it is handed out, stopped by its own process id."""

from __future__ import annotations

import base64
import contextlib
import http.client
import http.server
import json
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import loopback
from loopback import Quiet

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from unpacked import MissingProgramError, program

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 20.0

_LISTENING = re.compile(r'msg="Listening on" address=(127\.0\.0\.1:\d+)')
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def promtool() -> str:
    """Find promtool."""
    return program("prometheus", "promtool")


def fetch(page: str | urllib.request.Request, body: bytes | None = None, *, patience_seconds: float = 5) -> str:
    """Read a page, or post to it, whatever proxy the environment names."""
    with _NO_PROXY.open(page, body, timeout=patience_seconds) as answer:
        text: str = answer.read().decode()
        return text


def wait_until(told: str, ready: Callable[[], bool]) -> None:
    """Ask until it is so; fail with the question after a long while."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"waited {PATIENCE_SECONDS:g} s in vain: {told}")
        time.sleep(0.02)


@dataclass
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        """Return its port, to start another one in its place."""
        return int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        """Stop this process and no other."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _start(command: Sequence[str], log: Path, ready_path: str) -> Server:
    # A file, because a pipe that nobody drains blocks the server.
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    server = Server("", process)

    def told(line: re.Pattern[str]) -> str:
        if process.poll() is not None:
            raise AssertionError(f"{Path(command[0]).name} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        match = line.search(log.read_text(errors="replace"))
        return match[1] if match else ""

    try:
        wait_until(f"{command[0]} listens", lambda: bool(told(_LISTENING)))
        server.url = f"http://{told(_LISTENING)}"
        wait_until(f"{server.url}{ready_path} answers", lambda: _answers(server.url + ready_path))
    except BaseException:
        server.stop()
        raise
    return server


def _answers(url: str) -> bool:
    try:
        fetch(url)
    except OSError:
        return False
    return True


def start_pushgateway(directory: Path, *, port: int = 0, store: Path | None = None) -> Server:
    """Start a Pushgateway; one with a store finds its groups again."""
    command = [
        program("prometheus-pushgateway", "prometheus-pushgateway", "pushgateway"),
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    if store:
        command.append(f"--persistence.file={store}")
    return _start(command, directory / "pushgateway.log", "/-/ready")


def start_node_exporter(directory: Path, textfiles: Path) -> Server:
    """Start a node_exporter that shows nothing but its textfile collector."""
    command = [
        program("prometheus-node-exporter", "prometheus-node-exporter", "node_exporter"),
        "--web.listen-address=127.0.0.1:0",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={textfiles}",
    ]
    return _start(command, directory / "node_exporter.log", "/metrics")


def start_prometheus(directory: Path, target: str, rules: Path | None = None) -> Server:
    """Start a Prometheus that scrapes one target, and evaluates the rules, every second."""
    job = {
        "job_name": "pushgateway",
        "honor_labels": True,
        "static_configs": [{"targets": [urllib.parse.urlsplit(target).netloc]}],
    }
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)] if rules else [],
        "scrape_configs": [job],
    }
    return start_configured_prometheus(directory, configuration)


def start_configured_prometheus(directory: Path, configuration: Mapping[str, object], *options: str) -> Server:
    """Start a Prometheus on a configuration, with data of its own."""
    (directory / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
    command = [
        program("prometheus", "prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        *options,
    ]
    return _start(command, directory / "prometheus.log", "/-/ready")


def query(server: Server, expression: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Ask a Prometheus; the keys are sorted label pairs without the series' own name."""
    url = f"{server.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    found = json.loads(fetch(url))["data"]["result"]
    return {
        tuple(sorted((name, value) for name, value in item["metric"].items() if name != "__name__")): float(
            item["value"][1]
        )
        for item in found
    }


def pushed(server: Server) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every lumen series a Pushgateway shows, by name and sorted labels; an empty label is none."""
    series: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for group in json.loads(fetch(f"{server.url}/api/v1/metrics"))["data"]:
        for name, family in group.items():
            if name.startswith("lumen_"):
                for metric in family["metrics"]:
                    labels = {label: value for label, value in metric["labels"].items() if value}
                    series[name, tuple(sorted(labels.items()))] = float(metric["value"])
    return series


@dataclass(frozen=True)
class Certificate:
    """A server's certificate for 127.0.0.1 and the authority that signed it."""

    authority: Path
    chain: Path
    key: Path


def make_certificate(directory: Path) -> Certificate:
    """Make an authority and a certificate of its own."""
    if not shutil.which("openssl"):
        raise MissingProgramError("openssl is missing: install it to run the TLS tests")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority")
    openssl("req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    (directory / "san").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san")
    openssl("x509", "-req", "-in", "server.csr", *signing, "-out", "server.pem")
    return Certificate(directory / "ca.pem", directory / "server.pem", directory / "server.key")


@dataclass
class Guard:
    """A reverse proxy that lets in only who brings the right Authorization, over TLS when it has a certificate."""

    target: str
    authorization: str
    certificate: Certificate | None = None
    turned_away: int = 0
    let_in: list[str] = field(default_factory=list)
    url: str = ""

    @contextlib.contextmanager
    def serving(self) -> Iterator[Guard]:
        """Serve until left."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        scheme = "http"
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate.chain, self.certificate.key)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            scheme = "https"
        with loopback.running(server) as place:
            self.url = f"{scheme}://{place}"
            yield self

    def _handler(self) -> type[Quiet]:
        guard = self

        class Handler(Quiet):
            def do_PUT(self) -> None:  # noqa: N802 - the name http.server gives it
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get_all("Authorization") != [guard.authorization]:
                    guard.turned_away += 1
                    self.reply(401, {"WWW-Authenticate": "Basic"}, b"401 Authorization Required\n")
                    return
                guard.let_in.append(self.path)
                status, answer = guard.forward(self.path, body, self.headers["Content-Type"])
                self.reply(status, {}, answer)

            def handle(self) -> None:
                with contextlib.suppress(ssl.SSLError):  # a client that does not trust us hangs up
                    super().handle()

        return Handler

    def forward(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Pass a PUT on and return status and body of the answer."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.target).netloc, timeout=5)
        try:
            connection.request("PUT", path, body, {"Content-Type": content_type})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def basic(user: str, password: str) -> str:
    """Return the header value that this user and password make."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def apart(name: str) -> Path:
    """Return the folder of packages that are no part of .venv; the test fails with what to run when it is not there."""
    folder = ROOT / ".tools" / name
    if not folder.is_dir():
        raise MissingProgramError(f"{name} is missing: run `.venv/bin/python tools/apart.py {name}`")
    return folder
