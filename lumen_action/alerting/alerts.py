"""The alerts, as a table: what each is about, when it fires and whom it calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lumen_action.alerting.counts import BELIEVED
from lumen_action.alerting.ratios import held
from lumen_action.alerting.rulefile import Alert
from lumen_action.alerting.supports import FAILED_RUN
from lumen_action.alerting.windows import LADDER, Rung
from lumen_action.alerting.words import Language

_PIPELINE, _REGION = ("pipeline",), ("pipeline", "region")
_STAGE = (*_REGION, "stage")
_RETIRED = 'lumen:region_runs:count{window="30d"} == 0'
_UNLESS_SUPPRESSED = "unless on (pipeline) lumen:suppressed:seconds"
# Series that are scraped are there without a pause; a pipeline whose runs are samples shows them when it publishes.
_SCRAPED_SECONDS = 900
# Late by three runs of its plan, and never after less than a long weekend.
_STALLED_RUNS, _STALLED_SECONDS = 3, 3 * 86_400
# Once a week, and once a month, with a day or more to spare.
_VERIFIED_SECONDS, _DRILLED_SECONDS = 8 * 86_400, 35 * 86_400
# A burn that goes on falls below its threshold now and then: that is one page, not many.
_KEPT_PAGES = {"page": "1h"}
# 3 of a budget of 30 * 0.1 is a little less than one.
_ALL_OF_IT = 1 - 1e-9
_STORM_RERUNS, _STORM_SHARE = 5, 0.2
# As one that stalled: what is looked at on weekdays is not missed on a Sunday.
_UNLOOKED_RUNS, _UNLOOKED_SECONDS = 3, 3 * 86_400
_LEFT_DAYS = 7
# A drill a month, with a few days to spare.
_RUNBOOK_DRILLED_SECONDS = 35 * 86_400
NEVER_MUTED = ("LumenBudgetExhausted", "LumenIncidentUnacknowledged", "LumenNoticeIncident")
"""What goes on while a pipeline is silenced: a promise that is broken, and whatever waits for a person."""
_WIDESPREAD_REGIONS, _WIDESPREAD_PIPELINES = 3, 2


@dataclass(frozen=True)
class Watch:
    """One alert: `about` are the labels by which the run that it tells of is found, none where it tells of no run."""

    name: str
    severity: str
    expr: str
    about: tuple[str, ...] = _PIPELINE
    lasting: str = ""
    keeping: str = ""
    labels: Mapping[str, str] | None = None
    suppressible: bool = True


def _burn(rung: Rung) -> Watch:
    long, short = f'{{window="{rung.long}"}}', f'{{window="{rung.short}"}}'
    allowed = "(1 - lumen:slo_objective:ratio)"
    return Watch(
        "LumenBudgetBurn",
        rung.severity,
        f"""
        (
          lumen:slo_bad:count{long} >= {rung.failures}
          and on (pipeline, slo, stage)
          lumen:slo_bad:ratio{long} > on (pipeline, slo) group_left () {rung.factor} * {allowed}
          and on (pipeline, slo, stage)
          lumen:slo_bad:wilson_low{long} > on (pipeline, slo) group_left () {allowed}
          and on (pipeline, slo, stage)
          (lumen:slo_bad:count{short} > 0 or on (pipeline, slo, stage) lumen:slo_failing:bool == 1)
        )
        """,
        labels={"burn_window": rung.long},
        keeping=_KEPT_PAGES.get(rung.severity, ""),
    )


def _is_bad(check: str) -> str:
    """Say where one of those that publish a check says that it failed: one alert, however many are scraped."""
    return f"(({held(check, 'pipeline, region', 'min')}) == 0)"


def _is_older(stamp: str, seconds: int) -> str:
    """Say where it is longer ago than that, and how long."""
    return f"(time() - ({held(stamp, 'pipeline')}) > {seconds})"


_COMPONENT = "pipeline, region, component"
_UNLOOKED = f"(time() - ({held('lumen_health_checked_timestamp_seconds', _COMPONENT)}))"
_UNVERIFIABLE = held('lumen_remote_integrity_verdict{verdict="unverifiable"}', "pipeline, region")


WATCHES = (
    *(_burn(rung) for rung in LADDER),
    Watch(
        "LumenPipelineFailing",
        "page",
        f"""
        (
          min by (pipeline) (
            lumen:consecutive_failures:count
            unless on (pipeline, region) {_RETIRED}
          ) >= on (pipeline) lumen:failures_threshold:count
        )
        """,
    ),
    Watch(
        "LumenRegionFailing",
        "ticket",
        f"""
        (
          lumen:consecutive_failures:count >= on (pipeline) group_left () lumen:failures_threshold:count
          unless on (pipeline, region) {_RETIRED}
        )
        """,
        about=_REGION,
    ),
    Watch(
        "LumenStageFailed",
        "info",
        # A stage that was renamed says for ever how it ended when it last ran.
        """
        (
          job:lumen_stage_failure == 1
          unless on (pipeline, stage) lumen:slo_events:count{slo="stage",window="30d"} == 0
        )
        """,
        about=_STAGE,
    ),
    Watch(
        "LumenDayLost",
        "ticket",
        '(sum by (pipeline) (lumen:days:count{outcome!="success",window="1d"}) > 0)',
    ),
    Watch("LumenBudgetExhausted", "ticket", f"(lumen:budget_consumed:ratio >= {_ALL_OF_IT})", suppressible=False),
    Watch("LumenSLONotMeasurable", "info", "(lumen:budget:events < 1)", suppressible=False),
    Watch(
        "LumenDeadlineMissed",
        "page",
        "(time() - lumen:pipeline:deadline > 0)",
    ),
    Watch(
        "LumenPipelineStalled",
        "ticket",
        f"""
        (
          time() - max by (pipeline) (last_over_time(lumen_pipeline_last_run_timestamp[{BELIEVED}]))
          > on (pipeline) clamp_min({_STALLED_RUNS * 86_400} / lumen:expected_runs:per_day, {_STALLED_SECONDS})
          unless on (pipeline) lumen:pipeline:deadline
        )
        """,
    ),
    Watch(
        "LumenTelemetryAbsent",
        "ticket",
        f"""
        (
          time() - lumen:pipeline:last_seen > {_SCRAPED_SECONDS}
          unless on (pipeline) lumen:pipeline:sampled
        )
        or (
          time() - lumen:pipeline:last_seen > 36 * 3600
          unless on (pipeline) lumen:pipeline:deadline > time()
        )
        or absent(
          lumen:pipeline:last_seen or on () lumen:run_events:count or on () lumen_run_completed_timestamp_seconds
        )
        or up{{job="pushgateway"}} == 0
        """,
        lasting="15m",
        suppressible=False,
    ),
    Watch(
        "LumenCountersInconsistent",
        "ticket",
        """
        max by (pipeline, region) (resets(lumen_runs_total[1h])) > 0
        or (
          sum by (pipeline, region) (lumen_runs_success_total) + sum by (pipeline, region) (lumen_runs_failed_total)
          != sum by (pipeline, region) (lumen_runs_total)
        )
        """,
        about=_REGION,
        suppressible=False,
    ),
    Watch(
        "LumenIntegrityMismatch",
        "page",
        # What could not be shown is no proof of damage; a check without a verdict says only that it failed.
        f"({_is_bad('lumen_remote_integrity_ok')} unless on (pipeline, region) ({_UNVERIFIABLE}) == 1)",
    ),
    Watch("LumenIntegrityUnverifiable", "ticket", f"(({_UNVERIFIABLE}) == 1)"),
    Watch(
        "LumenVerificationOverdue",
        "ticket",
        _is_older("lumen_remote_verify_timestamp_seconds", _VERIFIED_SECONDS),
    ),
    Watch("LumenRestoreFailed", "ticket", _is_bad("lumen_restore_ok")),
    Watch(
        "LumenRestoreDrillOverdue",
        "ticket",
        _is_older("lumen_restore_drill_timestamp_seconds", _DRILLED_SECONDS),
    ),
    Watch("LumenReportNotGenerated", "ticket", _is_bad("lumen_report_generated")),
    Watch(
        "LumenRerunStorm",
        "ticket",
        f"""
        (
          sum by (pipeline) (lumen:reruns:count{{decision=~"retry_now|rerun_later",window="1d"}}) >= {_STORM_RERUNS}
          and on (pipeline)
          sum by (pipeline) (lumen:reruns:count{{decision=~"retry_now|rerun_later",window="1d"}})
          > {_STORM_SHARE} * sum by (pipeline) (lumen:runs:count{{window="1d"}})
        )
        """,
    ),
    Watch(
        "LumenWidespreadFailure",
        "page",
        f"""
        sum by (error_class, fingerprint) (lumen:recent_failure:regions) >= {_WIDESPREAD_REGIONS}
        and count by (error_class, fingerprint) (lumen:recent_failure:regions) >= {_WIDESPREAD_PIPELINES}
        """,
        about=("fingerprint",),
        suppressible=False,
    ),
    Watch(
        "LumenIncidentUnacknowledged",
        "page",
        # What is acknowledged says 0; what ended between two publishes is not open any more. One alert an incident: the
        # alert's own severity would make two of one whose severity was raised the same.
        f"""
        max by (pipeline, incident) (
          time() - (lumen:incident:ack_deadline > 0) > 0
          and on (pipeline, severity) ({held("lumen_incidents_open", "pipeline, severity")}) > 0
        )
        """,
        suppressible=False,
        about=(),
    ),
    Watch("LumenPostmortemOverdue", "ticket", "(time() - lumen:incident:postmortem_due > 0)", about=()),
    Watch(
        "LumenHealthFailing",
        "ticket",
        f"""(({held('lumen_health_status{status="fail"}', _COMPONENT)}) == 1)""",
        about=(),
    ),
    Watch(
        "LumenHealthStale",
        "ticket",
        f"""
        (
          {_UNLOOKED} > on (pipeline) group_left ()
            clamp_min({_UNLOOKED_RUNS * 86_400} / lumen:expected_runs:per_day, {_UNLOOKED_SECONDS})
          or ({_UNLOOKED} > {_UNLOOKED_SECONDS} unless on (pipeline) lumen:expected_runs:per_day)
        )
        """,
        about=(),
    ),
    Watch(
        "LumenCredentialExpiring",
        "ticket",
        f"((({held('lumen_credential_expiry_timestamp_seconds', _COMPONENT)}) - time()) / 86400 < {_LEFT_DAYS})",
        about=(),
    ),
    Watch(
        "LumenRunbookUndrilled",
        "info",
        f"(time() - ({held('lumen_runbook_last_drill_timestamp_seconds', 'pipeline, runbook')})"
        f" > {_RUNBOOK_DRILLED_SECONDS})",
        about=(),
    ),
    Watch("LumenSuppressed", "none", "lumen:suppressed:seconds > 0", about=(), suppressible=False),
)


def alerts(language: Language, runbook: str, own: Mapping[str, str]) -> Iterator[Alert]:
    """Yield the alerts in one language; `runbook` is the page with an anchor for each, `own` the labels of a team."""
    for watch in WATCHES:
        expr = f"{watch.expr.strip()} {_UNLESS_SUPPRESSED}" if watch.suppressible else watch.expr
        said = language.alerts[watch.name]
        annotations = {
            "summary": said.summary,
            "description": said.description,
            "runbook_url": f"{runbook}#{watch.name.lower()}",
            **(_failed_run(watch) if watch.about else {}),
        }
        labels = {**own, "severity": watch.severity, **(watch.labels or {})}
        yield Alert(watch.name, expr, labels, annotations, watch.lasting, watch.keeping)


def _failed_run(watch: Watch) -> Mapping[str, str]:
    """Tell of the latest failed run by annotations: as labels, each new run would be a new alert."""
    matchers = ",".join(f"{label}=%q" for label in watch.about)
    values = " ".join(f"$labels.{label}" for label in watch.about)
    found = f'{{{{ with printf "topk(1, last_over_time({FAILED_RUN}{{{matchers}}}[{BELIEVED}]))" {values} | query }}}}'
    told = {"run": "run_id", "run_url": "url", "error_class": "error_class", "failed_region": "region"}
    return {name: f'{found}{{{{ . | first | label "{label}" }}}}{{{{ end }}}}' for name, label in told.items()}
