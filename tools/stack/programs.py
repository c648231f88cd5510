"""The real servers: started on loopback, stopped by their own process."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 60.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# Prometheus, Pushgateway, Alertmanager, node_exporter, and what receives the notifications (web and mail).
WELL_KNOWN = {"prometheus": 9090, "pushgateway": 9091, "alertmanager": 9093, "node": 9100, "web": 9099, "mail": 9025}


class StackError(Exception):
    """Something that keeps the stack from standing, in words."""


def run(*command: str) -> str:
    """Run a program to its end and return what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"{Path(command[0]).name} failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def ports(base: int | None) -> Mapping[str, int]:
    """Return a port for each server: the well-known ones, or those from a base on; a free one where that is taken."""
    wanted = WELL_KNOWN if base is None else {name: base + number for number, name in enumerate(WELL_KNOWN)}
    taken: set[int] = set()
    chosen = {}
    for name, port in wanted.items():
        chosen[name] = port if base != 0 and _free(port) else _any_free(taken)
        taken.add(chosen[name])
    return chosen


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _any_free(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


@dataclass(frozen=True)
class Server:
    """A program that serves on a port of loopback."""

    name: str
    command: Sequence[str]
    port: int
    ready_path: str = "/-/ready"

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def running(self, logs: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Let it run until left; it is ready inside."""
        log = logs / f"{self.name}.log"
        with log.open("ab") as output:
            # A session of its own: the interrupt of the terminal reaches us, and we stop it.
            process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        try:
            self._wait(process, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while process.poll() is None and time.monotonic() < give_up_at:
            with contextlib.suppress(OSError, StackError):
                fetch(self.url + self.ready_path)
                return
            time.sleep(0.05)
        raise StackError(f"{self.name} does not get ready:\n{log.read_text(errors='replace')[-2000:]}")


def fetch(url: str) -> str:
    """Read a page, whatever proxy the environment names."""
    try:
        with _DIRECT.open(url, timeout=60) as answer:
            text: str = answer.read().decode()
            return text
    except urllib.error.HTTPError as refused:
        with refused:
            raise StackError(f"{urllib.parse.unquote(url)}: {refused.code}: {refused.read().decode()}") from refused


def ask(server: Server, path: str, **parameters: str | int) -> Any:  # noqa: ANN401 - JSON
    """Ask the API of a Prometheus or Alertmanager."""
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    answer = json.loads(fetch(f"{server.url}{path}{query}"))
    return answer["data"] if isinstance(answer, dict) else answer
