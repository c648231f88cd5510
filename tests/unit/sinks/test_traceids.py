"""The ids are those that the OpenTelemetry Collector gives to the same run."""

from __future__ import annotations

from lumen_action.host.github_identity import read_identity
from lumen_action.sinks.traceids import job_span_id, root_span_id, step_span_id, trace_id


def test_the_ids_of_the_collectors_scheme() -> None:
    assert trace_id("1234567890", 2) == "175c9b5c1aa26ae202a9dd18ed193154"
    assert root_span_id("1234567890", 2) == "2317eb85d7a2846f"
    assert job_span_id("9876543210") == "1f21fd32e4157713"
    assert step_span_id("9876543210", "Run tests") == "5f3cc40876751ee6"


def test_a_job_that_reads_traceparent_hangs_below_our_root_span() -> None:
    env = {"GITHUB_RUN_ID": "1234567890", "GITHUB_RUN_ATTEMPT": "2"}
    identity = read_identity(env, job_id="9876543210", matrix="")
    assert identity.traceparent == f"00-{trace_id('1234567890', 2)}-{root_span_id('1234567890', 2)}-01"
