"""The OTLP sink against a real receiver, which prints each point and span as it understood it."""

from __future__ import annotations

import importlib.util
import io
import re
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import servers
from facts import NOON, fact

from lumen_action import cli
from lumen_action.commands import World
from lumen_action.http import Http, HttpError
from lumen_action.model import Fact, Outcome
from lumen_action.sinks.otlp import Otlp, OtlpOptions
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sinks.traceids import job_span_id, root_span_id, step_span_id, trace_id
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

FETCH = "run `make setup`, which installs rotel with the development tools"


def free_address() -> str:
    """Return an address that nobody listens on: this receiver does not tell which port it chose."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def start_rotel(directory: Path) -> servers.Server:
    """Start a receiver that prints what it takes."""
    package = importlib.util.find_spec("rotel")
    if not package or not package.origin:
        raise servers.MissingProgramError(f"rotel is missing: {FETCH}")
    address = free_address()
    command = [str(Path(package.origin).with_name("rotel-agent")), "start", "--exporter", "blackhole"]
    command += ["--otlp-http-endpoint", address, "--otlp-grpc-endpoint", free_address()]
    command += ["--debug-log", "metrics", "--debug-log", "traces", "--debug-log-verbosity", "detailed"]
    command += ["--pid-file", str(directory / "pid"), "--log-file", str(directory / "agent.log")]
    with (directory / "rotel.log").open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    server = servers.Server(f"http://{address}", process)

    def listens() -> bool:
        assert process.poll() is None, (directory / "rotel.log").read_text()
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", server.port)) == 0

    try:
        servers.wait_until(f"{server.url} listens", listens)
    except BaseException:
        server.stop()
        raise
    return server


class Rotel:
    """A running receiver and what it printed."""

    def __init__(self, server: servers.Server, log: Path) -> None:
        self.url = server.url
        self._log = log

    def blocks(self, title: str) -> list[str]:
        """Return what was printed of each metric or span."""
        text = self._log.read_text(errors="replace")
        return re.findall(rf"^{title} #\d+\n((?:(?!Metric #|Span #|Resource).*\n)*)", text, re.MULTILINE)

    def printed(self, title: str, count: int) -> list[str]:
        """Wait for so many blocks, and return them."""
        servers.wait_until(f"{count} blocks of {title}", lambda: len(self.blocks(title)) >= count)
        return self.blocks(title)


@pytest.fixture
def rotel(tmp_path: Path, running: Callable[..., servers.Server]) -> Rotel:
    return Rotel(running(lambda _: start_rotel(tmp_path)), tmp_path / "rotel.log")


@pytest.fixture
def sink(rotel: Rotel, http_client: Http) -> Otlp:
    return Otlp(OtlpOptions(rotel.url), http_client, clock_ms=lambda: NOON + 60_000)


def facts() -> list[Fact]:
    found = [fact("build", leg="9001"), fact("upload", Outcome.FAILURE, leg="9001", at=NOON + 1000)]
    found.append(fact("run", Outcome.FAILURE, leg="9001", at=NOON + 1001))
    return [replace(item, duration_ms=500) for item in found]


def test_the_receiver_reads_every_series_with_its_type_start_and_labels(rotel: Rotel, sink: Otlp) -> None:
    groups = families(fold(collect(facts()), now_ms=NOON, calendar=Calendar()), PublishFacts("1.2.3", 7))
    sink.probe()
    assert sink.publish(groups) == sum(group.size for group in groups)
    expected = {family.name: family.type for group in groups for family in group.families}
    found = {}
    for block in rotel.printed("Metric", len(expected)):
        [name], [kind] = re.findall(r"Name: (.+)", block), re.findall(r"DataType: (.+)", block)
        found[name] = {"Sum": "counter", "Gauge": "gauge"}[kind]
        assert len(re.findall("^Timestamp: 1767355260000000000$", block, re.MULTILINE)) == block.count(
            "NumberDataPoint"
        )
        if kind == "Sum":
            assert "IsMonotonic: true\n     -> AggregationTemporality: AGGREGATION_TEMPORALITY_CUMULATIVE" in block
            assert re.findall("StartTimestamp: (.+)", block) == ["1767355200000000000"] * block.count("NumberDataPoint")
    assert found == expected


def test_the_receiver_reads_the_histogram(rotel: Rotel, sink: Otlp) -> None:
    sink.send_durations(fold(collect(facts()), now_ms=NOON, calendar=Calendar()))
    [block] = rotel.printed("Metric", 1)
    assert "Name: cicd.pipeline.run.duration" in block
    assert "DataType: Histogram\n     -> AggregationTemporality: AGGREGATION_TEMPORALITY_CUMULATIVE" in block
    assert "Count: 1\nSum: 0.5\nMin: 0.5\nMax: 0.5\n" in block


def test_the_receiver_reads_run_job_and_stages_as_one_tree(rotel: Rotel, sink: Otlp) -> None:
    assert sink.send_traces(facts()) == 1
    run, job, build, upload = rotel.printed("Span", 4)
    root, of_job = root_span_id("1", 1), job_span_id("9001")
    for block, own, parent, kind, name in (
        (run, root, "", "SERVER", "RUN nightly"),
        (job, of_job, root, "INTERNAL", "9001"),
        (build, step_span_id("9001", "build"), of_job, "INTERNAL", "build"),
        (upload, step_span_id("9001", "upload"), of_job, "INTERNAL", "upload"),
    ):
        lines = {line.strip() for line in block.splitlines()}
        assert f"Trace ID       : {trace_id('1', 1)}" in lines
        assert {f"ID             : {own}", f"Parent ID      : {parent}".strip()} <= lines
        assert {f"Name           : {name}", f"Kind           : SPAN_KIND_{kind}"} <= lines
    assert "Status code    : STATUS_CODE_ERROR" in upload
    assert "-> exception.type: Str(network/any)" in upload
    assert "Status code    : STATUS_CODE_UNSET" in build


def test_a_run_that_is_recorded_sends_its_trace(rotel: Rotel, tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}",
        "LUMEN_OTLP_URL": rotel.url,
        "LUMEN_RUN_ID": "r1",
        "NO_PROXY": "127.0.0.1",
    }
    for stage, outcome in (("build", "success"), ("run", "success")):
        told = io.StringIO()
        world = World(env=env, folder=tmp_path, stdout=io.StringIO(), stderr=told)
        assert cli.main(["record", "--stage", stage, "--outcome", outcome, "--pipeline", "nightly"], world) == 0
        assert "warning" not in told.getvalue()
    spans = "".join(rotel.printed("Span", 3))
    assert "Name           : RUN nightly" in spans
    assert "Name           : build" in spans


def test_a_receiver_that_is_gone_is_told_after_the_given_time() -> None:
    gone = Otlp(
        OtlpOptions(f"http://{free_address()}"), Http(patience_seconds=1), clock_ms=lambda: NOON, patience_seconds=1
    )
    with pytest.raises(HttpError, match=r"POST http://127\.0\.0\.1:\d+ failed: .*refused"):
        gone.probe()
