"""What a probe may use, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lumen_action.health.check import Check, Status
from lumen_action.promserver import PrometheusOptions

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Around:
    """The world as far as probes touch it."""

    env: Mapping[str, str] = field(repr=False)
    folder: Path
    clock_ms: Callable[[], int]
    prometheus: PrometheusOptions = field(default_factory=PrometheusOptions)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What no finding may repeat."""
    head: Callable[[], int] | None = None
    """Opens the ledger, asks for its head and closes it: some ledgers belong to one thread."""


@dataclass(frozen=True)
class Seen:
    """What one look found."""

    status: Status
    said: str = ""
    value: float | None = None
    unit: str = ""
    expires_at_ms: int | None = None
    fix: str = ""


Probe = Callable[[Check, Around], Seen]


def failed(said: str, fix: str = "", value: float | None = None, unit: str = "") -> Seen:
    """Say that it is failed, why, and what to try."""
    return Seen(Status.FAIL, said, value, unit, fix=fix)


def passed(value: float | None = None, unit: str = "") -> Seen:
    """Say that all is well."""
    return Seen(Status.PASS, value=value, unit=unit)


def ending(what: str, expires_at_ms: int, now_ms: int, limits_ms: tuple[float, float], fix: str) -> Seen:
    """Judge what ends some day: a warning below the first limit, failed below the second."""
    left_ms = expires_at_ms - now_ms
    warn_ms, fail_ms = limits_ms
    days = round(left_ms / DAY_MS, 2)
    status = Status.FAIL if left_ms <= fail_ms else Status.WARN if left_ms <= warn_ms else Status.PASS
    if status is Status.PASS:
        return Seen(status, value=days, unit="days", expires_at_ms=expires_at_ms)
    told = f"{what} ended {lasting(-left_ms)} ago" if left_ms <= 0 else f"{what} ends in {lasting(left_ms)}"
    return Seen(status, told, days, "days", expires_at_ms, fix)


def lasting(span_ms: float) -> str:
    """Return a length of time for people."""
    for unit, unit_ms in (("days", DAY_MS), ("hours", 3_600_000), ("minutes", 60_000)):
        if span_ms >= 2 * unit_ms:
            return f"{int(span_ms // unit_ms)} {unit}"
    return f"{int(span_ms // 1000)} s"
