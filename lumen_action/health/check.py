"""A check, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from lumen_action.expectations import Expectation
from lumen_action.model.words import Word

HEALTH = "health."
"""Begins the stage of a fact of the kind `check` that tells of a component."""


class Status(Word):
    """How a component is, the best first."""

    PASS = "pass"  # noqa: S105 - a word, no password
    WARN = "warn"
    FAIL = "fail"


ALIASES: Mapping[str, Status] = {
    **dict.fromkeys(("pass", "ok", "up", "healthy"), Status.PASS),
    **dict.fromkeys(("warn", "degraded", "warning"), Status.WARN),
    **dict.fromkeys(("fail", "error", "down", "unhealthy", "critical"), Status.FAIL),
}
"""What others call it."""


class ProbeKind(str, Enum):
    """What is looked at."""

    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"
    FILE = "file"
    DISK = "disk"
    COMMAND = "command"
    PROMETHEUS = "prometheus"
    CREDENTIAL = "credential"
    LEDGER = "ledger"
    """The ledger of the settings: it opens and tells its head."""
    LLM = "llm"
    """An HTTP endpoint of a language model, shown under `/health/llm`."""


@dataclass(frozen=True)
class Check:
    """One line of a file of checks. What belongs to the kind stands in `wants`, read and checked."""

    name: str
    kind: ProbeKind
    wants: Mapping[str, object] = field(default_factory=dict)
    expect: tuple[Expectation, ...] = ()
    timeout_seconds: float = 10.0
    tries: int = 1
    """How often in a row it has to fail before it is failed; one good try ends that."""
    critical: bool = True
    """Whether everything is failed with it; else it is only a warning of the whole."""
    slow_seconds: float | None = None
    """A pass that takes longer is a warning."""

    def text(self, name: str) -> str:
        """Return a text that belongs to the kind, empty where it is not given."""
        found = self.wants.get(name)
        return found if isinstance(found, str) else ""

    def texts(self, name: str) -> Sequence[str]:
        """Return a list of texts that belongs to the kind."""
        found = self.wants.get(name)
        return [str(each) for each in found] if isinstance(found, (list, tuple)) else []

    def number(self, name: str) -> float | None:
        """Return a number that belongs to the kind, None where it is not given."""
        found = self.wants.get(name)
        return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: Check
    status: Status
    at_ms: int
    latency_ms: int
    said: str = ""
    """Why it is not a pass, in one line without secrets."""
    value: float | None = None
    """What was measured: days left, bytes, a query's value."""
    unit: str = ""
    expires_at_ms: int | None = None
    """When what was looked at ends, such as a certificate or a token."""
    fix: str = ""
    """What to try, where it is not a pass."""
