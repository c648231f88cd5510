"""A report as plain JSON values: everything it counted, whatever the words of the other forms leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lumen_action.model.instants import stamp_of
from lumen_action.report.composing.answer import answer
from lumen_action.report.model import Cause, Counted, Period, Promise, Report, RunLink, StageRow
from lumen_action.report.words import LANGUAGES, words_of
from lumen_action.slo.plain import plain_evaluation

REPORT_VERSION = 1
_DIGITS = 9


def plain_report(report: Report, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the report with snake_case keys, the unit in the name, and moments of UTC; unknown is null."""
    found = report.completeness
    return {
        "report_version": REPORT_VERSION,
        "pipeline": report.pipeline,
        "period": _period(report.period),
        "period_before": _period(report.before),
        "as_of": stamp_of(report.as_of_ms),
        "finished": report.finished,
        "sentence": {language: answer(report, words_of(language)).text for language in LANGUAGES},
        "files": dict(files),
        "runs": _counted(report.runs),
        "runs_before": _counted(report.runs_before),
        "days_by_outcome": {outcome.value: count for outcome, count in sorted(report.days_by.items())},
        "objectives": [_promise(promise, report.as_of_ms) for promise in report.promises],
        "objectives_unmeasured": dict(report.unmeasured),
        "days": [
            {
                "day": row.day,
                "outcome": row.outcome.value if row.outcome else None,
                "expected": row.expected,
                "runs": _counted(row.runs),
                "regions": {region: _counted(runs) for region, runs in row.regions.items()},
            }
            for row in report.days
        ],
        "regions": {region: _counted(runs) for region, runs in report.regions.items()},
        "regions_before": {region: _counted(runs) for region, runs in report.regions_before.items()},
        "failures_by_class": [_cause(cause) for cause in report.classes],
        "failures_by_signature": [_signature(cause) for cause in report.signatures],
        "stages_slowest": [_stage(row) for row in report.slowest],
        "stages_flakiest": [_stage(row) for row in report.flakiest],
        "reruns": {
            "tried": report.reruns.tried,
            "helped": report.reruns.helped,
            "undecided": report.reruns.undecided,
            "masked": report.reruns.masked,
            "saved_seconds": _seconds(report.reruns.saved_ms),
            "wasted_seconds": _seconds(report.reruns.wasted_ms),
            "by_signature": [
                {"signature": name, "tried": tried, "helped": helped}
                for name, tried, helped in report.reruns.by_signature
            ],
        },
        "incidents": [
            {
                "name": row.name,
                "opened_at": stamp_of(row.opened_ms),
                "title": row.title,
                "severity": row.severity or None,
                "state": row.state or None,
                "seconds_to_acknowledge": _seconds(row.acknowledged_after_ms),
                "url": row.url or None,
            }
            for row in report.incidents
        ],
        "gate": [
            {
                "at": stamp_of(row.at_ms),
                "decision": row.decision,
                "change": row.kind or None,
                "reason": row.reason,
                "override_by": row.override_by or None,
                "url": row.url or None,
            }
            for row in report.gates
        ],
        "completeness": {
            "days": found.days,
            "days_heard": found.days_heard,
            "days_expected": found.days_expected,
            "days_missing": list(found.days_missing),
            "deadlines_missed": [stamp_of(slot) for slot in found.deadlines_missed],
            "runs_open": found.runs_open,
            "conflicts": found.conflicts,
            "facts_late": found.late,
            "newest_fact_at": stamp_of(found.newest_ms),
        },
        "links": dict(report.links),
        "notes": list(report.notes),
    }


def _period(period: Period) -> dict[str, str]:
    return {
        "kind": period.kind.value,
        "name": period.name,
        "first": period.first,
        "last": period.last,
        "zone": period.zone,
    }


def _counted(runs: Counted) -> dict[str, int | float | None]:
    return {
        "good": runs.good,
        "bad": runs.bad,
        "total": runs.total,
        "other": runs.other,
        "open": runs.open,
        "good_percent": None if runs.ratio is None else round(100 * runs.ratio, _DIGITS),
    }


def _promise(promise: Promise, as_of_ms: int) -> dict[str, Any]:
    return {
        **plain_evaluation(promise.now, as_of_ms),
        "budget_left_percent_before": _rounded(promise.left_before_percent),
        "burn_down": [
            {"at": stamp_of(point.at_ms), "budget_left_percent": _rounded(point.left_percent)}
            for point in promise.burn_down
        ],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "error_class": cause.error_class.value,
        "runs": cause.count,
        "runs_before": cause.before,
        "machine_seconds": _seconds(cause.lost_ms),
        "newest_runs": [_run(link) for link in cause.runs],
    }


def _signature(cause: Cause) -> dict[str, Any]:
    about = {"name": cause.name, "signature": cause.signature or None, "evidence": cause.evidence, "line": cause.line}
    return {**about, **_cause(cause)}


def _run(link: RunLink) -> dict[str, str | None]:
    return {
        "run_id": link.run_id,
        "region": link.region,
        "day": link.day,
        "stage": link.stage or None,
        "url": link.url or None,
    }


def _stage(row: StageRow) -> dict[str, Any]:
    return {
        "stage": row.stage,
        "attempts": row.total,
        "failed": row.failed,
        "good_after_trying_again": row.again,
        "median_seconds": _seconds(row.median_ms),
        "p95_seconds": _seconds(row.p95_ms),
        "median_before_seconds": _seconds(row.before_median_ms),
    }


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
