"""All checks at once: none waits for another, and one that never comes back holds nobody up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module

from lumen_action.errors import LumenError
from lumen_action.failure.redaction import redact
from lumen_action.health.check import Check, Finding, ProbeKind, Status
from lumen_action.ops.probes.bounded import OverdueError, Work
from lumen_action.ops.probes.seen import Around, Probe, Seen, failed

_MOST_SAID = 500
# A probe that ends by its own time limit says more than that it was left behind.
_GRACE_SECONDS = 0.25
_MODULES: Mapping[ProbeKind, str] = {kind: kind.value for kind in ProbeKind} | {ProbeKind.LLM: "http"}


def probe_of(kind: ProbeKind) -> Probe:
    """Return what looks; credentials of clouds load much, so only what is used is loaded."""
    found: Probe = import_module(f"lumen_action.ops.probes.{_MODULES[kind]}").look
    return found


@dataclass
class Prober:
    """Looks again and again; what has not come back from the last round is not begun a second time."""

    around: Around
    probe: Callable[[ProbeKind], Probe] = probe_of
    clock: Callable[[], float] = time.monotonic
    _last: dict[str, Work[tuple[Seen, float]]] = field(default_factory=dict, init=False)

    def findings(self, checks: Sequence[Check], *, deadline_seconds: float) -> tuple[Finding, ...]:
        """Return a finding for each check, in their order, at the latest a moment after the deadline."""
        began, at_ms = self.clock(), self.around.clock_ms()
        begun = [(check, self._begin(check, deadline_seconds)) for check in checks]
        found = []
        for check, work in begun:
            seconds = min(check.timeout_seconds, deadline_seconds) + _GRACE_SECONDS
            found.append(self._finding(check, work, began + seconds, at_ms))
        return tuple(found)

    def _begin(self, check: Check, most_seconds: float) -> Work[tuple[Seen, float]] | Seen:
        left = self._last.get(check.name)
        if left is not None and left.running:
            return failed(
                "the last look at it has not come back yet", "look whether it, or the look-up of its name, hangs"
            )
        # What is left behind must not go on for longer, such as a command.
        hurried = replace(check, timeout_seconds=min(check.timeout_seconds, most_seconds))
        try:
            work = self._last[check.name] = Work(lambda: self._timed(hurried))
        except (OverdueError, RuntimeError) as fault:  # no thread is to be had
            return failed(f"not looked at: {fault}", "make fewer checks at once")
        return work

    def _timed(self, check: Check) -> tuple[Seen, float]:
        began = self.clock()
        return self.probe(check.kind)(check, self.around), self.clock() - began

    def _finding(self, check: Check, work: Work[tuple[Seen, float]] | Seen, until: float, at_ms: int) -> Finding:
        began = self.clock()
        if isinstance(work, Seen):
            seen, seconds = work, 0.0
        else:
            try:
                seen, seconds = work.result(until - began)
            except OverdueError:
                seconds = check.timeout_seconds
                seen = failed(
                    "took too long: it, or the whole round, was given no more time",
                    "look whether it, or the look-up of its name, hangs",
                )
            except (LumenError, ImportError) as fault:
                seen, seconds = failed(str(fault)), 0.0
            except Exception as fault:  # noqa: BLE001 - a probe that is wrong must not take the others with it
                seen, seconds = failed(f"the look at it broke: {type(fault).__name__}", "report this"), 0.0
        return self._told(check, seen, at_ms, round(seconds * 1000))

    def _told(self, check: Check, seen: Seen, at_ms: int, latency_ms: int) -> Finding:
        status, said, fix = seen.status, seen.said, seen.fix
        if status is Status.PASS and check.slow_seconds is not None and latency_ms > check.slow_seconds * 1000:
            status, said = Status.WARN, f"slow: {latency_ms} ms, more than {check.slow_seconds * 1000:g}"
            fix = "look at its load, or raise `slow`"
        value, unit, end_ms = seen.value, seen.unit, seen.expires_at_ms
        return Finding(
            check,
            status,
            at_ms,
            latency_ms,
            self._on_a_line(check, said),
            value,
            unit,
            end_ms,
            self._on_a_line(check, fix),
        )

    def _on_a_line(self, check: Check, text: str) -> str:
        """Return foreign text as it may be shown anywhere and kept."""
        own = (self.around.env.get(check.text(name), "") for name in ("token-env", "variable") if check.text(name))
        plain = redact(text, [*self.around.secrets, *filter(None, own)])
        return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())[:_MOST_SAID]
