"""Trace ids of a run attempt, made as the OpenTelemetry Collector's githubreceiver does: our spans join its traces."""

from __future__ import annotations

import hashlib


def trace_of(run: str, attempt: int) -> tuple[str, str]:
    """Return the trace id and the TRACEPARENT of an attempt."""
    trace_id = _digest(f"{run}{attempt}t")[:32]
    return trace_id, f"00-{trace_id}-{_digest(f'{run}{attempt}s')[16:32]}-01"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
