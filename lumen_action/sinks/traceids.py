"""Trace and span ids that anybody can compute again from run, attempt and job.

The scheme is that of the OpenTelemetry Collector's githubreceiver, so that our spans join the traces it makes:
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/githubreceiver
"""

from __future__ import annotations

import hashlib


def trace_id(run: str, attempt: int) -> str:
    """Return the trace of one attempt of a run."""
    return _digest(f"{run}{attempt}t")[:32]


def root_span_id(run: str, attempt: int) -> str:
    """Return the span of the attempt itself; with the trace it makes the job's TRACEPARENT."""
    return _digest(f"{run}{attempt}s")[16:32]


def job_span_id(job: str) -> str:
    """Return the span of a job, known by its check run where the host gives that."""
    return _digest(f"{job}-j")[16:32]


def step_span_id(job: str, step: str) -> str:
    """Return the span of a named step of a job."""
    return _digest(f"{job}-{step}-s")[16:32]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
