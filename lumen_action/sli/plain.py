"""State as plain JSON values, for machines."""

from __future__ import annotations

from typing import Any

from lumen_action.model import Failure, Outcome
from lumen_action.sli.state import DayState, PipelineState, RegionState, RunResult, StageResult, State


def plain_state(state: State) -> dict[str, Any]:
    """Return the state with snake_case keys and the unit in the name where there is one."""
    return {
        "facts": state.facts,
        "conflicts": state.conflicts,
        "pipelines": {name: _pipeline(pipeline) for name, pipeline in state.pipelines.items()},
    }


def _pipeline(pipeline: PipelineState) -> dict[str, Any]:
    return {
        "regions": {name: _region(region) for name, region in pipeline.regions.items()},
        "days": [_day(day) for day in pipeline.days],
        "runs": [plain_run(run) for run in pipeline.runs],
        "checks": {name: outcome.value for name, outcome in pipeline.checks.items()},
    }


def _region(region: RegionState) -> dict[str, Any]:
    return {
        "runs": region.runs,
        "success": region.success,
        "failed": {cause.value: count for cause, count in sorted(region.failed.items())},
        "corrected": [
            {"from": before.value, "to": after.value, "count": count}
            for (before, after), count in sorted(region.corrected.items())
        ],
        "stages": _stage_counts(region),
        "first_try": dict(sorted(region.first_try.items())),
        "retries": [
            {"stage": stage, "outcome": outcome.value, "count": count}
            for (stage, outcome), count in sorted(region.retries.items())
        ],
        "attempts": {outcome.value: count for outcome, count in sorted(region.attempts.items())},
        "reruns": {action.value: count for action, count in sorted(region.reruns.items())},
        "consecutive_failures": region.consecutive_failures,
        "last_run_timestamp_ms": region.last_run_ms,
        "first_seen_timestamp_ms": region.first_seen_ms,
    }


def _stage_counts(region: RegionState) -> dict[str, Any]:
    names = sorted({*region.stage_success, *(stage for stage, _ in region.stage_failed)})
    return {
        name: {
            "success": region.stage_success.get(name, 0),
            "failed": {
                cause.value: count for (stage, cause), count in sorted(region.stage_failed.items()) if stage == name
            },
        }
        for name in names
    }


def _day(day: DayState) -> dict[str, Any]:
    regions = {name: _word(outcome) for name, outcome in day.regions.items()}
    return {
        "day": day.day,
        "outcome": _word(day.outcome),
        "counted": _word(day.counted),
        "winner": day.winner or None,
        "regions": regions,
    }


def plain_run(run: RunResult) -> dict[str, Any]:
    """Return one run in one region."""
    return {
        "run": run.ref.run,
        "run_id": run.run_id,
        "repo": run.ref.repo,
        "region": run.region,
        "day": run.day,
        "attempt": run.attempt,
        "outcome": _word(run.outcome),
        "counted": _word(run.counted),
        "failure": _failure(run.failure),
        "stages": [_stage(stage) for stage in run.stages],
        "duration_ms": run.duration_ms,
        "completed_timestamp_ms": run.completed_ms,
        "sha": run.sha,
        "url": run.url,
    }


def _stage(stage: StageResult) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "outcome": stage.outcome.value,
        "attempt": stage.attempt,
        "leg": stage.leg,
        "duration_ms": stage.duration_ms,
        "failure": _failure(stage.failure),
    }


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "error_class": failure.error_class.value,
        "error_subclass": failure.subclass,
        "signature": failure.signature,
        "fingerprint": failure.fingerprint,
        "line": failure.line,
        "evidence": failure.evidence,
        "decision": failure.decision.value,
        "reason": failure.reason,
    }


def _word(outcome: Outcome | None) -> str | None:
    return outcome.value if outcome else None
