"""What was found as JSON: in the shape and words of the seed, and as `application/health+json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lumen_action.health.check import Finding, Status
from lumen_action.model.instants import stamp

SEED_TYPE, DRAFT_TYPE = "application/json", "application/health+json"
SEED_WORDS: Mapping[Status, str] = {Status.PASS: "healthy", Status.WARN: "degraded", Status.FAIL: "unhealthy"}


def seed_shape(findings: Sequence[Finding], verdict: Status, now_ms: int) -> dict[str, object]:
    """Return the whole and each component in the seed's words; the age is that of the oldest finding."""
    checked = min((each.at_ms for each in findings), default=now_ms)
    return {
        "status": SEED_WORDS[verdict],
        "checked_at": stamp(checked),
        "age_seconds": _age(checked, now_ms),
        "components": {each.check.name: seed_component(each, now_ms) for each in findings},
    }


def seed_component(finding: Finding, now_ms: int) -> dict[str, object]:
    """Return one component in the seed's words; what is not known is left out."""
    return {
        "status": SEED_WORDS[finding.status],
        "kind": finding.check.kind.value,
        "critical": finding.check.critical,
        "latency_ms": finding.latency_ms,
        "checked_at": stamp(finding.at_ms),
        "age_seconds": _age(finding.at_ms, now_ms),
        **_model(finding),
        **_known(
            message=finding.said, fix=finding.fix, value=finding.value, unit=finding.unit, expires_at=_end(finding)
        ),
    }


def draft_shape(findings: Sequence[Finding], verdict: Status) -> dict[str, object]:
    """Return the same as the draft of health+json has it; `output` stands only where something is no pass."""
    return {
        "status": verdict.value,
        "checks": {
            each.check.name: [
                {
                    "componentType": each.check.kind.value,
                    "status": each.status.value,
                    "time": stamp(each.at_ms),
                    **_known(
                        observedValue=each.value,
                        observedUnit=each.unit,
                        output=each.said if each.status is not Status.PASS else "",
                    ),
                }
            ]
            for each in findings
        },
        **_known(
            output="; ".join(f"{each.check.name}: {each.said}" for each in findings if each.status is Status.FAIL)
        ),
    }


def plain_finding(finding: Finding) -> dict[str, object]:
    """Return a finding as `lumen health --json` gives it; what is not known is null."""
    return {
        "name": finding.check.name,
        "kind": finding.check.kind.value,
        "verdict": finding.status.value,
        "critical": finding.check.critical,
        "latency_ms": finding.latency_ms,
        "checked_at": stamp(finding.at_ms),
        "said": finding.said or None,
        "fix": finding.fix or None,
        "value": finding.value,
        "unit": finding.unit or None,
        "expires_at": _end(finding),
    }


def _model(finding: Finding) -> dict[str, object]:
    return _known(model=finding.check.text("model"))


def _known(**said: object) -> dict[str, object]:
    return {name: value for name, value in said.items() if value not in ("", None)}


def _end(finding: Finding) -> str | None:
    return None if finding.expires_at_ms is None else stamp(finding.expires_at_ms)


def _age(at_ms: int, now_ms: int) -> float:
    return max(0, now_ms - at_ms) / 1000
