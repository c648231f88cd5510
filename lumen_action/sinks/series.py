"""State to series: the names, types and labels that are public API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lumen_action.incidents.words import Severity
from lumen_action.model import Action, ErrorClass, Outcome
from lumen_action.sinks import Family, Group, Sample
from lumen_action.sli.state import EndedRun, PipelineState, RegionState, State

if TYPE_CHECKING:
    from lumen_action.incidents.incident import Incident

COUNTER, GAUGE = "counter", "gauge"

# name -> type and help; a group shows its series in this order
CATALOGUE: Mapping[str, tuple[str, str]] = {
    "lumen_runs_total": (COUNTER, "Runs that ended and count: neither cancelled nor skipped."),
    "lumen_runs_success_total": (COUNTER, "Runs counted as successful."),
    "lumen_runs_failed_total": (COUNTER, "Runs counted as failed, by the class of the cause."),
    "lumen_stage_success_total": (COUNTER, "Successful stages."),
    "lumen_stage_failed_total": (COUNTER, "Failed stages, by the class of the cause."),
    "lumen_stage_first_try_total": (COUNTER, "Stages that succeeded without anything being run again."),
    "lumen_stage_retries_total": (COUNTER, "Tries of a stage after the first in one step, by how each ended."),
    "lumen_attempts_total": (COUNTER, "Attempts of runs, by outcome."),
    "lumen_reruns_total": (COUNTER, "Rerun decisions."),
    "lumen_runs_corrected_total": (COUNTER, "Runs whose result changed after they were counted."),
    "lumen_days_total": (COUNTER, "Days decided, by outcome; a day is good when any region succeeded."),
    "lumen_days_corrected_total": (COUNTER, "Days that a late fact turned after they were counted."),
    "lumen_pipeline_last_run_timestamp": (GAUGE, "When the latest run ended, in seconds since the epoch."),
    "lumen_last_run_timestamp_seconds": (GAUGE, "When the latest run ended, and which run that was."),
    "lumen_last_failed_run_timestamp_seconds": (GAUGE, "When the latest failed run ended, and which run that was."),
    "lumen_pipeline_success": (GAUGE, "Whether the stage succeeded when it last ran."),
    "lumen_pipeline_duration_seconds": (GAUGE, "How long the stage took when it last ran."),
    "lumen_consecutive_failures": (GAUGE, "Failed runs in a row, 0 after a success."),
    "lumen_series_start_timestamp_seconds": (GAUGE, "When the first fact was observed; before it every counter was 0."),
    "lumen_remote_integrity_ok": (GAUGE, "Whether the latest verification of stored data held."),
    "lumen_remote_integrity_verdict": (GAUGE, "1 for what the latest verification of archives found, 0 for the rest."),
    "lumen_remote_verify_level": (
        GAUGE,
        "The level that all archives of the latest verification reached, -1 for none.",
    ),
    "lumen_remote_verify_timestamp_seconds": (GAUGE, "When archives were verified last."),
    "lumen_restore_ok": (GAUGE, "Whether the latest restore drill gave back what was frozen."),
    "lumen_restore_drill_timestamp_seconds": (GAUGE, "When a restore was drilled last."),
    "lumen_report_generated": (GAUGE, "Whether the latest report was generated."),
    "lumen_health_status": (GAUGE, "1 for what the latest check of a component found, 0 for the rest."),
    "lumen_health_latency_seconds": (GAUGE, "How long the latest check of a component took."),
    "lumen_health_checked_timestamp_seconds": (GAUGE, "When a component was checked last."),
    "lumen_credential_expiry_timestamp_seconds": (GAUGE, "When a credential or a certificate ends."),
    "lumen_runbook_last_drill_timestamp_seconds": (GAUGE, "When a runbook was drilled last, 0 where that failed."),
    "lumen_incidents_open": (GAUGE, "Incidents that go on, by severity."),
    "lumen_incident_ack_breached": (GAUGE, "Incidents that go on and were not acknowledged in time."),
    "lumen_incident_ack_deadline_timestamp_seconds": (
        GAUGE,
        "By when an incident that goes on has to be acknowledged, 0 once it is.",
    ),
    "lumen_postmortem_due_timestamp_seconds": (GAUGE, "By when the postmortem that is owed has to be written."),
    "lumen_alert_suppressed": (GAUGE, "Whether all alerts of the pipeline are silenced, as it was published."),
    "lumen_suppressed_until_timestamp_seconds": (GAUGE, "When the silence of the whole pipeline ends, 0 for none."),
    "lumen_suppression_planned_start_timestamp_seconds": (
        GAUGE,
        "When the next silence of the whole pipeline begins, 0 for none.",
    ),
    "lumen_suppression_planned_end_timestamp_seconds": (
        GAUGE,
        "When the next silence of the whole pipeline ends, 0 for none.",
    ),
    "lumen_consecutive_failures_threshold": (GAUGE, "Failed runs in a row that make an alert."),
    "lumen_slo_objective_ratio": (GAUGE, "The objective of an SLO."),
    "lumen_expected_runs_per_day": (GAUGE, "Planned runs a day."),
    "lumen_next_deadline_timestamp_seconds": (GAUGE, "By when the next expected run has to report."),
    "lumen_ledger_seq": (GAUGE, "The head of the ledger that these numbers were folded from."),
    "lumen_build_info": (GAUGE, "The version that published; always 1."),
}
INTEGRITY, RESTORE = "integrity", "restore"
CHECKS = {INTEGRITY: "lumen_remote_integrity_ok", RESTORE: "lumen_restore_ok", "report": "lumen_report_generated"}
# What verifying archives can find; `archive` is an edge as the sinks are, so a test holds the two together.
VERDICTS = ("ok", "mismatch", "unverifiable", "missing")
# What a check of a component can find; `health` rests on more than sinks do, so a test holds the two together.
STATUSES = ("pass", "warn", "fail")
DAY_OUTCOMES = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.MISSING)
DAY_CORRECTIONS = (
    (Outcome.FAILURE, Outcome.SUCCESS),
    (Outcome.MISSING, Outcome.SUCCESS),
    (Outcome.MISSING, Outcome.FAILURE),
)
CORRECTIONS = ((Outcome.SUCCESS, Outcome.FAILURE), (Outcome.FAILURE, Outcome.SUCCESS))
# How a retry can end: a step that is skipped or lost has none.
RETRY_OUTCOMES = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.TIMEOUT, Outcome.CANCELLED)

Row = tuple[str, float, dict[str, str]]


@dataclass(frozen=True)
class PublishFacts:
    """What is published beside the state: who publishes, from which head, and what was configured."""

    version: str
    head: int
    consecutive_failures_threshold: int = 2
    objectives: Mapping[str, float] = field(default_factory=dict)
    expected_runs_per_day: float | None = None
    deadline: Callable[[int | None], int | None] | None = None
    """By when the next run has to report, from when the latest one ended."""
    postmortem_due: Callable[[Incident], int | None] = lambda _: None
    """By when the postmortem of an incident has to be written, None where none is owed."""


def families(state: State, facts: PublishFacts) -> list[Group]:
    """Return one group a pipeline and region, and after its regions one closer a pipeline."""
    groups = []
    for name, pipeline in sorted(state.pipelines.items()):
        groups += [
            _group({"pipeline": name, "region": region}, _region_rows(each))
            for region, each in sorted(pipeline.regions.items())
        ]
        groups.append(_group({"pipeline": name}, _closer_rows(pipeline, facts)))
    return groups


def _group(labels: Mapping[str, str], rows: Iterable[Row]) -> Group:
    samples: dict[str, list[Sample]] = {name: [] for name in CATALOGUE}
    for name, value, own in rows:
        samples[name].append(Sample(value, own))
    return Group(
        labels, tuple(Family(name, *CATALOGUE[name], tuple(found)) for name, found in samples.items() if found)
    )


def _region_rows(region: RegionState) -> Iterator[Row]:
    yield from _run_rows(region)
    yield from _stage_rows(region)
    yield from _latest_rows(region)


def _health_rows(pipeline: PipelineState) -> Iterator[Row]:
    """Yield how components are where they were looked at; what was looked at nowhere in particular has no region.

    All are the closer's: the group of a region in which nothing runs would outlive the last of its components.
    """
    for (region, component), found in sorted(pipeline.health.items()):
        said = {**({"region": region} if region else {}), "component": component}
        for status in STATUSES:
            yield "lumen_health_status", int(status == found.status), {**said, "status": status}
        if found.latency_ms is not None:
            yield "lumen_health_latency_seconds", found.latency_ms / 1000, said
        yield "lumen_health_checked_timestamp_seconds", found.at_ms / 1000, said
        if found.expires_at_ms is not None:
            yield "lumen_credential_expiry_timestamp_seconds", found.expires_at_ms / 1000, said


def _run_rows(region: RegionState) -> Iterator[Row]:
    """Yield the counters with every outcome, class and decision, so that none is born at 1."""
    yield "lumen_runs_total", region.runs, {}
    yield "lumen_runs_success_total", region.success, {}
    for cause in ErrorClass:
        yield "lumen_runs_failed_total", region.failed.get(cause, 0), {"error_class": cause.value}
    for outcome in Outcome:
        yield "lumen_attempts_total", region.attempts.get(outcome, 0), {"outcome": outcome.value}
    for action in Action:
        yield "lumen_reruns_total", region.reruns.get(action, 0), {"decision": action.value}
    for change in dict.fromkeys([*CORRECTIONS, *sorted(region.corrected)]):
        before, after = change
        labels = {"from": before.value, "to": after.value}
        yield "lumen_runs_corrected_total", region.corrected.get(change, 0), labels


def _stage_rows(region: RegionState) -> Iterator[Row]:
    for stage in sorted({*region.stage_success, *(stage for stage, _ in region.stage_failed), *region.last_stages}):
        yield "lumen_stage_success_total", region.stage_success.get(stage, 0), {"stage": stage}
        for cause in ErrorClass:
            labels = {"stage": stage, "error_class": cause.value}
            yield "lumen_stage_failed_total", region.stage_failed.get((stage, cause), 0), labels
        yield "lumen_stage_first_try_total", region.first_try.get(stage, 0), {"stage": stage}
        for outcome in RETRY_OUTCOMES:
            said = {"stage": stage, "outcome": outcome.value}
            yield "lumen_stage_retries_total", region.retries.get((stage, outcome), 0), said


def _latest_rows(region: RegionState) -> Iterator[Row]:
    if region.last_run_ms is not None:
        yield "lumen_pipeline_last_run_timestamp", region.last_run_ms / 1000, {}
    if region.last_run:
        yield "lumen_last_run_timestamp_seconds", region.last_run.ended_ms / 1000, _labels(region.last_run)
    if region.last_failed_run:
        failed = region.last_failed_run
        cause = {"stage": failed.stage, "fingerprint": failed.failure.fingerprint if failed.failure else ""}
        yield "lumen_last_failed_run_timestamp_seconds", failed.ended_ms / 1000, _labels(failed) | cause
    for stage, latest in sorted(region.last_stages.items()):
        # A cancelled stage is neither good nor bad: no sample is better than a wrong one.
        if latest.outcome.counted:
            yield "lumen_pipeline_success", int(latest.outcome.good), {"stage": stage}
        if latest.duration_ms is not None:
            yield "lumen_pipeline_duration_seconds", latest.duration_ms / 1000, {"stage": stage}
    yield "lumen_consecutive_failures", region.consecutive_failures, {}
    if region.first_seen_ms is not None:
        yield "lumen_series_start_timestamp_seconds", region.first_seen_ms / 1000, {}


def _labels(run: EndedRun) -> dict[str, str]:
    """Name a run by labels: on a gauge each run is a series that ends with the next one."""
    cause = run.failure.error_class.value if run.failure else ErrorClass.UNKNOWN.value
    return {
        "run_id": run.run_id,
        "outcome": run.outcome.value,
        "error_class": cause if run.outcome.bad else "",
        "url": run.url,
    }


def _closer_rows(pipeline: PipelineState, facts: PublishFacts) -> Iterator[Row]:
    days, turned = pipeline.days_counted, pipeline.days_corrected
    for outcome in DAY_OUTCOMES:
        yield "lumen_days_total", days.get(outcome, 0), {"outcome": outcome.value}
    for before, now in DAY_CORRECTIONS:
        yield "lumen_days_corrected_total", turned.get((before, now), 0), {"from": before.value, "to": now.value}
    for check, name in CHECKS.items():
        if check in pipeline.checks:
            yield name, int(pipeline.checks[check].good), {}
    yield from _examined_rows(pipeline)
    yield from _health_rows(pipeline)
    for runbook, drilled_ms in sorted(pipeline.drills.items()):
        yield "lumen_runbook_last_drill_timestamp_seconds", drilled_ms / 1000, {"runbook": runbook}
    yield from _incident_rows(pipeline, facts)
    yield from _silence_rows(pipeline)
    yield "lumen_consecutive_failures_threshold", facts.consecutive_failures_threshold, {}
    for slo, objective in sorted(facts.objectives.items()):
        yield "lumen_slo_objective_ratio", objective, {"slo": slo}
    if facts.expected_runs_per_day is not None:
        yield "lumen_expected_runs_per_day", facts.expected_runs_per_day, {}
    ended = (region.last_run_ms for region in pipeline.regions.values() if region.last_run_ms is not None)
    deadline = facts.deadline and facts.deadline(max(ended, default=None))
    if deadline is not None:
        yield "lumen_next_deadline_timestamp_seconds", deadline / 1000, {}
    yield "lumen_ledger_seq", facts.head, {}
    yield "lumen_build_info", 1, {"version": facts.version}


def _incident_rows(pipeline: PipelineState, facts: PublishFacts) -> Iterator[Row]:
    """Yield what goes on; the series that name an incident end with it."""
    going_on = [each for each in pipeline.incidents if each.open]
    for severity in Severity:
        label = {"severity": severity.value}
        of_it = [each for each in going_on if each.severity is severity]
        yield "lumen_incidents_open", len(of_it), label
        yield "lumen_incident_ack_breached", sum(each.breached(pipeline.at_ms) for each in of_it), label
    for each in going_on:
        label = {"incident": each.name, "severity": each.severity.value}
        waiting_until_ms = each.ack_due_ms if each.acked_ms is None else 0
        yield "lumen_incident_ack_deadline_timestamp_seconds", waiting_until_ms / 1000, label
    for each in pipeline.incidents:
        due_ms = facts.postmortem_due(each) if each.postmortem_owed else None
        if due_ms is not None:
            yield "lumen_postmortem_due_timestamp_seconds", due_ms / 1000, {"incident": each.name}


def _silence_rows(pipeline: PipelineState) -> Iterator[Row]:
    """Yield until when the whole pipeline is silenced, and when it will be next; who planned none says so, by 0."""
    holding = [span for span in pipeline.quiet if span[0] <= pipeline.at_ms]
    planned = [span for span in pipeline.quiet if span[0] > pipeline.at_ms]
    _, until_ms = holding[0] if holding else (0, 0)
    next_ms, end_ms = planned[0] if planned else (0, 0)
    yield "lumen_alert_suppressed", int(bool(holding)), {}
    yield "lumen_suppressed_until_timestamp_seconds", until_ms / 1000, {}
    yield "lumen_suppression_planned_start_timestamp_seconds", next_ms / 1000, {}
    yield "lumen_suppression_planned_end_timestamp_seconds", end_ms / 1000, {}


def _examined_rows(pipeline: PipelineState) -> Iterator[Row]:
    """Yield what was found in stores; each verdict is there beside the check, so that none outlives its time."""
    verified, drilled = pipeline.examined.get(INTEGRITY), pipeline.examined.get(RESTORE)
    if INTEGRITY in pipeline.checks:
        found = verified.verdict if verified else ""
        for verdict in VERDICTS:
            yield "lumen_remote_integrity_verdict", int(verdict == found), {"verdict": verdict}
    if verified:
        if verified.level is not None:
            yield "lumen_remote_verify_level", verified.level, {}
        yield "lumen_remote_verify_timestamp_seconds", verified.at_ms / 1000, {}
    if drilled:
        yield "lumen_restore_drill_timestamp_seconds", drilled.at_ms / 1000, {}
