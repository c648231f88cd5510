"""Whether a host takes a connection; nothing is sent."""

from __future__ import annotations

import socket

from lumen_action.health.check import Check
from lumen_action.ops.probes.seen import Around, Seen, failed, passed


def look(check: Check, _: Around) -> Seen:
    """Connect and hang up."""
    host, port = check.text("host"), int(check.number("port") or 0)
    try:
        with socket.create_connection((host, port), check.timeout_seconds):
            return passed()
    except (OSError, ValueError) as fault:
        return failed(refusal(host, port, fault), "start it, or correct `host` and `port`")


def refusal(host: str, port: int, fault: OSError | ValueError) -> str:
    """Say why there is no connection."""
    if isinstance(fault, ValueError):
        return f"{host} is no name that a host can have"
    if isinstance(fault, TimeoutError):
        return f"{host}:{port} does not answer in time"
    return f"{host}:{port} takes no connection: {fault.strerror or type(fault).__name__}"
