"""Findings as lines and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lumen_action.alerting.checks.setup import Finding, Severity

_ORDER = list(Severity)


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings by file and line, the worst of a line first."""

    def place(finding: Finding) -> tuple[str, int, int]:
        return finding.fault.file, finding.fault.line, _ORDER.index(finding.severity)

    return sorted(findings, key=place)


def as_row(finding: Finding) -> Mapping[str, object]:
    """Return a finding as JSON has it; the line is null where none can be named."""
    fault = finding.fault
    return {
        "check": finding.check,
        "status": finding.severity.value,
        "file": fault.file,
        "line": fault.line or None,
        "found": fault.found,
        "fix": fault.fix,
    }


def as_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a line a finding and one for its fix."""
    width = max((len(severity.value) for severity in Severity), default=0)
    for finding in findings:
        fault = finding.fault
        place = f"{fault.file}:{fault.line}" if fault.line else fault.file
        yield f"{finding.severity.value:<{width}}  {place}  {fault.found}  [{finding.check}]"
        yield f"{'':<{width}}  fix: {fault.fix}"


def summary(findings: Sequence[Finding], looked_at: str) -> str:
    """Say in a line what came out."""
    counted = Counter(finding.severity for finding in findings)
    told = [plural(counted[severity], severity.value) for severity in Severity if counted[severity]]
    return f"{looked_at}: {', '.join(told) if told else 'nothing to mend'}"


def plural(count: int, what: str) -> str:
    """Count things."""
    return f"{count} {what}{'' if count == 1 or what == Severity.ADVICE.value else 's'}"
