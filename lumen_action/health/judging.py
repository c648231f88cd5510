"""What a finding means after those before it, and what all of them mean together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lumen_action.health.check import ALIASES, Finding, Status

FLAPPING_MS = 3_600_000
FLAPPING_CHANGES = 4
_WORST_FIRST = (Status.FAIL, Status.WARN, Status.PASS)
_MOST_CHANGES = 50


@dataclass(frozen=True)
class Past:
    """What was known of a component before it was looked at."""

    status: Status | None = None
    """What was said last; None where nothing was."""
    row: int = 0
    """How often in a row it had failed."""
    at_ms: int = 0
    """When something was said last."""
    changes_ms: tuple[int, ...] = ()
    """When it went from good to failing or back."""


@dataclass(frozen=True)
class Judged:
    """A finding with the status that it has after those before it."""

    finding: Finding
    row: int = 0
    changes_ms: tuple[int, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """Return the component."""
        return self.finding.check.name

    @property
    def past(self) -> Past:
        """Return what the next finding is held against."""
        return Past(self.finding.status, self.row, self.finding.at_ms, self.changes_ms)


def judged(finding: Finding, past: Past) -> Judged:
    """Let one failure be a warning until there are `tries` in a row, and call what comes and goes flapping."""
    check, bad = finding.check, finding.status is Status.FAIL
    row = past.row + 1 if bad else 0
    changed = past.status is not None and bad is not (past.row > 0)
    changes = (*past.changes_ms, finding.at_ms) if changed else past.changes_ms
    recent = tuple(at for at in changes if at > finding.at_ms - FLAPPING_MS)[-_MOST_CHANGES:]
    if bad and row < check.tries:
        told = f"failed {row} of {check.tries} times in a row: {finding.said}"
        finding = replace(finding, status=Status.WARN, said=told)
    if len(recent) >= FLAPPING_CHANGES:
        status = Status.WARN if finding.status is Status.PASS else finding.status
        told = f"flapping, {len(recent)} changes within the hour"
        finding = replace(finding, status=status, said=f"{told}: {finding.said}" if finding.said else told)
    return Judged(finding, row, recent)


def whole(findings: Iterable[Finding]) -> Status:
    """Return the worst of the critical ones; of the others a failure is a warning."""
    return _worst(
        Status.WARN if each.status is Status.FAIL and not each.check.critical else each.status for each in findings
    )


def alone(findings: Iterable[Finding]) -> Status:
    """Return the worst where nothing but these was asked for: there it does not count what is critical to the whole."""
    return _worst(each.status for each in findings)


def _worst(statuses: Iterable[Status]) -> Status:
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), Status.PASS)


def foreign(word: object) -> Status | None:
    """Return what another service's word means, None where nobody knows it."""
    return ALIASES.get(word.strip().lower()) if isinstance(word, str) else None
