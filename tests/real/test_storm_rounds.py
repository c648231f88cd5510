"""Rounds of eight publishers, old facts sent again, one frozen or overtaken, a gateway that forgets: always exact."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import servers

from lumen_action.ledger.notes import Notes
from lumen_action.ledger.opening import Place, open_ledger

ROOT = Path(__file__).resolve().parents[2]
PUBLISHERS, AGAIN = 8, 3
REGIONS = ("eu", "ap")
LUMEN = (sys.executable, "-m", "lumen_action.cli")
NOT_UPDATED = "; the next publish shows the same totals"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGSTOP on Windows")


class Doorman:
    """Stands before a gateway and keeps what is sent, once it is there as a whole, until it may go on."""

    def __init__(self, gateway: servers.Server) -> None:
        """Listen on a port of its own."""
        self._gateway = gateway
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.arrived = threading.Event()
        self.may_go_on = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Let everything go on and take nothing more."""
        self.may_go_on.set()
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            first = client.recv(1 << 20)
            self.arrived.set()
            self.may_go_on.wait()
            with socket.create_connection(("127.0.0.1", self._gateway.port)) as gateway:
                gateway.sendall(first)
                back = threading.Thread(target=_pump, args=(gateway, client), daemon=True)
                back.start()
                _pump(client, gateway)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@dataclass
class Storm:
    """One ledger, one gateway that is lost now and then, and the Prometheus that scrapes it."""

    url: str
    state: Path
    start: Callable[..., servers.Server]
    gateway: servers.Server
    prometheus: servers.Server
    chance: random.Random
    injected: list[int] = field(default_factory=list)

    def record(self, run: int, gateway: str = "") -> subprocess.Popen[bytes]:
        """Start the process that records a run and publishes."""
        words = ["--stage", "run", "--pipeline", "storm", "--region", _region(run), "--run-id", f"run-{run}"]
        words += ["--outcome", "failure"] if _fails(run) else ["--outcome", "success"]
        words += ["--error-log", "curl: (6) Could not resolve host: push"] if _fails(run) else []
        where = ["--ledger", self.url, "--pushgateway-url", gateway or self.gateway.url]
        return subprocess.Popen(
            [*LUMEN, "record", *words, *where],
            cwd=ROOT,
            env=self._environment(run % PUBLISHERS),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def record_next(self, gateway: str = "") -> subprocess.Popen[bytes]:
        """Start the process that records a run nobody knows yet."""
        self.injected.append(len(self.injected))
        return self.record(self.injected[-1], gateway)

    def _environment(self, machine: int) -> dict[str, str]:
        return {**os.environ, "LUMEN_STATE_DIR": str(self.state / f"machine-{machine}"), "GITHUB_ACTIONS": ""}

    def round(self) -> list[subprocess.Popen[bytes]]:
        """Start eight publishers at once, some of which send what the ledger has long had."""
        old = self.chance.sample(self.injected, min(AGAIN, len(self.injected)))
        new = [len(self.injected) + number for number in range(PUBLISHERS - len(old))]
        self.injected += new
        sent = [*new, *old]
        self.chance.shuffle(sent)
        return [self.record(run) for run in sent]

    def lose_gateway(self) -> None:
        """Kill the gateway and start an empty one in its place."""
        port = self.gateway.port
        self.gateway.process.kill()
        self.gateway.process.wait()
        self.gateway = self.start(servers.start_pushgateway, port=port)

    @contextmanager
    def frozen_in_mid_publish(self) -> Iterator[subprocess.Popen[bytes]]:
        """Freeze a publisher whose totals are on the way to the gateway; they arrive late, when it wakes."""
        with closing(Doorman(self.gateway)) as doorman:
            frozen = self.record_next(doorman.url)
            assert doorman.arrived.wait(servers.PATIENCE_SECONDS)
            frozen.send_signal(signal.SIGSTOP)
            try:
                yield frozen
                doorman.may_go_on.set()
                time.sleep(0.2)  # what is under way comes first, as it would
            finally:
                frozen.send_signal(signal.SIGCONT)
            self.finish([frozen])

    @contextmanager
    def overtaken_in_mid_publish(self) -> Iterator[None]:
        """Hold the totals of a publisher that gives up; they arrive after those that are published meanwhile."""
        with closing(Doorman(self.gateway)) as doorman:
            given_up = self.record_next(doorman.url)
            assert NOT_UPDATED in given_up.communicate(timeout=90)[1].decode()
            yield
            newest = self.pushed_runs()
            doorman.may_go_on.set()
            servers.wait_until("older totals stand", lambda: self.pushed_runs() < newest)

    def pushed_runs(self) -> float:
        """Return how many runs the gateway shows."""
        return sum(value for (name, _), value in servers.pushed(self.gateway).items() if name == "lumen_runs_total")

    def finish(self, publishers: Sequence[subprocess.Popen[bytes]]) -> None:
        """Wait for publishers; where a stage had no patience with a busy gateway the next publish repairs it."""
        told = [publisher.communicate(timeout=90)[1].decode() for publisher in publishers]
        assert [publisher.returncode for publisher in publishers] == [0] * len(publishers), told
        warned = [line for each in told for line in each.splitlines() if "warning" in line]
        assert [line for line in warned if NOT_UPDATED not in line] == []
        if warned:
            words = ["publish", "--ledger", self.url, "--pushgateway-url", self.gateway.url]
            subprocess.run([*LUMEN, *words], cwd=ROOT, env=self._environment(0), check=True, capture_output=True)

    def exact(self) -> None:
        """Require that totals and difference rules say what was injected."""
        for region in REGIONS:
            runs = [run for run in self.injected if _region(run) == region]
            failed = sum(map(_fails, runs))
            self._shows(f'lumen_runs_total{{region="{region}"}}', len(runs))
            self._shows(f'lumen_runs_failed_total{{region="{region}",error_class="network"}}', failed)
            self._shows(f'lumen_runs_success_total{{region="{region}"}}', len(runs) - failed)
        self.counted_exactly()

    def counted_exactly(self) -> None:
        """Require that the difference rules, evaluated from now on, say what was injected."""
        now = time.time()
        self._shows(f"min(timestamp(lumen:runs_failed:count)) > bool {now}", 1)
        self._shows('lumen:runs:count{window="1h"}', len(self.injected))
        self._shows('lumen:runs_failed:count{window="1h"}', sum(map(_fails, self.injected)))

    def scraped(self, runs: float) -> None:
        """Wait until Prometheus has scraped that many runs."""
        self._shows("sum(lumen_runs_total)", runs)

    def _shows(self, expression: str, expected: float) -> None:
        servers.wait_until(
            f"{expression} is {expected}",
            lambda: list(servers.query(self.prometheus, expression).values()) == [expected],
        )


def _region(run: int) -> str:
    return REGIONS[run % 2]


def _fails(run: int) -> bool:
    return run % 4 == 0


@pytest.fixture
def storm(
    request: pytest.FixtureRequest,
    running: Callable[..., servers.Server],
    store_url: Callable[[str], str],
    tmp_path: Path,
) -> Storm:
    gateway = running(servers.start_pushgateway)
    prometheus = running(servers.start_prometheus, gateway.url, ROOT / "rules" / "prometheus" / "lumen.rules.yml")
    return Storm(store_url(request.param), tmp_path / "state", running, gateway, prometheus, random.Random(3))


@pytest.mark.parametrize("storm", ["sqlite", "postgres"], indirect=True)
@pytest.mark.slow
def test_every_round_ends_exact_where_publishers_wait_for_the_frozen_one(storm: Storm) -> None:
    storm.finish(storm.round())
    storm.exact()
    with storm.frozen_in_mid_publish():
        storm.lose_gateway()
        waiting = storm.round()
    storm.finish(waiting)
    storm.exact()
    storm.lose_gateway()
    storm.finish(storm.round())
    storm.exact()


@pytest.mark.parametrize("storm", ["sqlite"], indirect=True)
@pytest.mark.slow
def test_totals_that_arrive_after_newer_ones_change_no_count_until_the_next_publish_repairs_them(storm: Storm) -> None:
    storm.finish([storm.record_next() for _ in range(2)])
    storm.exact()
    with storm.overtaken_in_mid_publish():
        storm.finish([storm.record_next() for _ in range(4)])
        storm.exact()
    storm.scraped(storm.pushed_runs())
    storm.counted_exactly()
    storm.finish([storm.record_next()])
    storm.exact()


@pytest.mark.slow
@pytest.mark.parametrize("storm", ["git"], indirect=True)
def test_every_round_ends_exact_where_the_lease_of_the_frozen_one_runs_out(storm: Storm) -> None:
    storm.finish(storm.round())
    with storm.frozen_in_mid_publish():
        _let_the_lease_run_out(storm)
        storm.finish(storm.round())
        storm.exact()
        # Now the totals of the frozen one arrive, from before that round, and it looks at the ledger again.
    storm.exact()
    storm.lose_gateway()
    storm.finish(storm.round())
    storm.exact()


@pytest.mark.slow
@pytest.mark.parametrize("storm", ["sqlite"], indirect=True)
def test_many_rounds_end_exact(storm: Storm) -> None:
    for number in range(12):
        if number % 4 == 2:
            with storm.frozen_in_mid_publish():
                waiting = storm.round()
                time.sleep(storm.chance.uniform(0, 20))
            storm.finish(waiting)
        else:
            storm.finish(storm.round())
        storm.exact()
        if number % 3 == 1:
            storm.lose_gateway()


def _let_the_lease_run_out(storm: Storm) -> None:
    with closing(open_ledger(storm.url, Place(os.environ, storm.state))) as ledger:
        assert isinstance(ledger, Notes)
        present = ledger.note("lease/publish")
        assert present
        assert ledger.put_note(
            "lease/publish", json.dumps(json.loads(present) | {"until": 0}).encode(), expected=present
        )
