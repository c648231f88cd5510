"""What was found, for a terminal, a job summary, later steps and machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lumen_action.health.check import Finding, Status
from lumen_action.health.judging import whole
from lumen_action.health.plain import plain_finding
from lumen_action.model.instants import stamp
from lumen_action.summary.document import Block, fit, instead
from lumen_action.summary.markdown import cell, visible
from lumen_action.summary.table import Row, Table

_SIGNS: Mapping[Status, str] = {Status.PASS: "✅", Status.WARN: "⚠️", Status.FAIL: "❌"}
_GB = 1_000_000_000
_WORST_FIRST = (Status.FAIL, Status.WARN, Status.PASS)


def as_text(findings: Sequence[Finding]) -> str:
    """Return a table, the worst first; below each what to try."""
    width = max((len(each.check.name) for each in findings), default=0)
    lines = [headline(findings)]
    for each in _sorted(findings):
        said = visible(each.said) or _measured(each)
        optional = "" if each.check.critical else " (not critical)"
        begin = f"  {each.status.value:<4}  {each.check.name:<{width}}  {each.latency_ms:>6} ms"
        lines.append(f"{begin}  {said}{optional}".rstrip())
        if each.fix and each.status is not Status.PASS:
            lines.append(f"{'':<{len(begin)}}  fix: {visible(each.fix)}")
    return "\n".join(lines)


def headline(findings: Sequence[Finding]) -> str:
    """Return all of it in a line."""
    counted = ", ".join(f"{len(names(findings, each))} {each.value}" for each in _WORST_FIRST if names(findings, each))
    return f"health: {whole(findings).value} ({counted or 'nothing was looked at'})"


def summary(findings: Sequence[Finding], room: int) -> str:
    """Return the section of a job summary."""
    rows = [
        Row(
            (
                cell(each.check.name),
                f"{_SIGNS[each.status]} {each.status.value}",
                f"{each.latency_ms} ms",
                cell(each.said or _measured(each)),
                cell(each.fix if each.status is not Status.PASS else ""),
            ),
            each.status is not Status.PASS,
        )
        for each in _sorted(findings)
    ]
    table = Table(("Component", "State", "Took", "Found", "What to try"), tuple(rows), "component")
    verdict = whole(findings)
    blocks = [
        Block(f"## {_SIGNS[verdict]} Health: {verdict.value}"),
        Block(table.full(), (instead(2, "", "components"),)),
    ]
    return fit(blocks, room)


def outputs(findings: Sequence[Finding]) -> dict[str, str]:
    """Return what later steps are told."""
    return {
        "status": whole(findings).value,
        "failed": ",".join(names(findings, Status.FAIL)),
        "warned": ",".join(names(findings, Status.WARN)),
    }


def as_json(
    findings: Sequence[Finding], warnings: Sequence[str], at_ms: int, waited_seconds: float
) -> dict[str, object]:
    """Return everything as a JSON object."""
    return {
        "status": whole(findings).value,
        "checked_at": stamp(at_ms),
        "waited_seconds": round(waited_seconds, 3),
        "failed": list(names(findings, Status.FAIL)),
        "warned": list(names(findings, Status.WARN)),
        "components": [plain_finding(each) for each in findings],
        "warnings": list(warnings),
    }


def names(findings: Collection[Finding], status: Status) -> list[str]:
    """Return the components that were found so."""
    return [each.check.name for each in findings if each.status is status]


def _sorted(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: _WORST_FIRST.index(each.status))


def _measured(finding: Finding) -> str:
    if finding.value is None:
        return ""
    if finding.unit == "bytes":
        return f"{finding.value / _GB:.3g} GB"
    return f"{finding.value:.6g} {finding.unit}".strip()
