"""What the dashboards ask, as PromQL; every series is published by us or recorded by our rules."""

from __future__ import annotations

from lumen_action.alerting.counts import BELIEVED

P = 'pipeline=~"$pipeline"'
PR = f'{P},region=~"$region"'
SLO = f'{P},slo=~"$slo"'
_WINDOW = 'window="$window"'
# The day that begins at a point of the graph; steps are whole days, so that no run is in two of them.
_THAT_DAY = 'window="1d"} offset -1d'
# A lost day is closed some hours after its end: within the 24 hours from its noon.
_CLOSED = 'window="1d"} offset -36h'
_OBJECTIVE = "on (pipeline, slo) group_left () lumen:slo_objective:ratio"
_ALLOWED = "on (pipeline, slo) group_left () (1 - lumen:slo_objective:ratio)"
_MOST_RUNS = 200

# Some alerts are of no pipeline, or of several.
FIRING = 'ALERTS{alertname=~"Lumen.+",alertstate="firing",severity!="none",pipeline=~"$pipeline|"}'
FIRING_BY_SEVERITY = f"count by (severity) ({FIRING})"
FIRING_ALERTS = (
    "max by (severity, alertname, pipeline, region, stage, slo, runbook) "
    f'(label_replace({FIRING}, "runbook", "$1", "alertname", "(.*)"))'
)


def _held(gauge: str) -> str:
    """Read a gauge as it was last published, so that a publisher may pause."""
    return f"last_over_time({gauge}[{BELIEVED}])"


def _latest(series: str, *labels: str) -> str:
    """Return the latest run of each region; the one published now wins over what was published before it."""
    latest = f"topk by (pipeline, region) (1, {series} or on (pipeline, region) {_held(series)})"
    return f"max by (pipeline, region, {', '.join(labels)}) ({latest}) * 1000"


_RUN = ("run_id", "error_class", "url")
LAST_RUN = _latest(f"lumen_last_run_timestamp_seconds{{{PR}}}", *_RUN, "outcome")
LAST_FAILED_RUN = _latest(f"lumen_last_failed_run_timestamp_seconds{{{PR}}}", *_RUN, "stage", "fingerprint")
IN_A_ROW = f"max by (pipeline, region) (lumen:consecutive_failures:count{{{PR}}})"
STAGE_FAILED = f"job:lumen_stage_failure{{{PR}}}"
DURATION = f"max by (pipeline, region, stage) (lumen_pipeline_duration_seconds{{{PR}}})"
INTEGRITY = f"min by (pipeline) ({_held(f'lumen_remote_integrity_ok{{{P}}}')})"
REPORT = f"min by (pipeline) ({_held(f'lumen_report_generated{{{P}}}')})"
TIME_LEFT = f"max by (pipeline) ({_held(f'lumen_next_deadline_timestamp_seconds{{{P}}}')}) - time()"
SUPPRESSED = f"lumen:suppressed:seconds{{{P}}}"
UNTIL_MAINTENANCE = f"(lumen:suppressed:next_start{{{P}}} > time()) - time()"
OPEN_INCIDENTS = f"sum by (severity) (max by (pipeline, severity) ({_held(f'lumen_incidents_open{{{P}}}')}))"
TIME_TO_ACKNOWLEDGE = f"(lumen:incident:ack_deadline{{{P}}} > 0) - time()"
_STATUS = "max by (pipeline, region, component) ({})"
_WARNS, _FAILS = (_STATUS.format(_held(f'lumen_health_status{{{P},status="{status}"}}')) for status in ("warn", "fail"))
HEALTH = f"{_WARNS} + 2 * {_FAILS}"
TELEMETRY_AGE = f"time() - lumen:pipeline:last_seen{{{P}}}"


def by_slo(expr: str) -> str:
    """Return a row an SLO and stage; every row has a stage, so that tables can be joined on it."""
    return f'label_replace(sum by (pipeline, slo, stage) ({expr}), "stage", "-", "stage", "")'


_EVENTS = f"lumen:slo_events:count{{{SLO},{_WINDOW}}}"
EVENTS = by_slo(_EVENTS)
BAD = by_slo(f"lumen:slo_bad:count{{{SLO},{_WINDOW}}}")
SUCCESS = by_slo(f"1 - lumen:slo_bad:ratio{{{SLO},{_WINDOW}}}")
SUCCESS_LOW = by_slo(f"1 - lumen:slo_bad:wilson_high{{{SLO},{_WINDOW}}}")
SUCCESS_HIGH = by_slo(f"1 - lumen:slo_bad:wilson_low{{{SLO},{_WINDOW}}}")
OBJECTIVE = by_slo(f"{_EVENTS} * 0 + {_OBJECTIVE}")
MET, NOT_ENOUGH, VIOLATED, NOTHING_RAN = 0, 1, 3, -1
VERDICT = by_slo(
    f"2 * (lumen:slo_bad:wilson_low{{{SLO},{_WINDOW}}} > bool {_ALLOWED})"
    f" + (lumen:slo_bad:wilson_high{{{SLO},{_WINDOW}}} > bool {_ALLOWED})"
    f" or ({_EVENTS} == 0) - 1"
)
UNKNOWN = f"lumen:count_unknown:regions{{{P},{_WINDOW}}}"

_USED = f'sum without (window) (lumen:slo_bad:count{{{SLO},window="30d"}})'
_SHARE_LEFT = f"1 - lumen:budget_consumed:ratio{{{SLO}}}"
BUDGET = by_slo(f"lumen:budget:events{{{SLO}}}")
BUDGET_USED = by_slo(f"{_USED} and lumen:budget:events")
BUDGET_LEFT = by_slo(f"lumen:budget:events{{{SLO}}} - {_USED}")
BUDGET_SHARE_LEFT = by_slo(_SHARE_LEFT)
BURN_DOWN = _SHARE_LEFT

_RUNS, _FAILED = (f"lumen:{name}:count{{{P},{_THAT_DAY}" for name in ("runs", "runs_failed"))
GOOD_PER_DAY = f"sum ({_RUNS} - {_FAILED})"
FAILED_PER_DAY = f"sum ({_FAILED})"
DAY_WON, DAY_LOST, DAY_MISSING = 1, 2, 3


def _days(outcome: str, when: str, state: int) -> str:
    return f'(lumen:days:count{{{P},outcome="{outcome}",{when} > 0) * 0 + {state}'


DAY_RESULT = (
    f"max by (pipeline) ({_days('success', _THAT_DAY, DAY_WON)}"
    f" or {_days('failure', _CLOSED, DAY_LOST)} or {_days('missing', _CLOSED, DAY_MISSING)})"
)
CLASSES_PER_DAY = f"sum by (error_class) (lumen:failures_by_class:count{{{P},{_THAT_DAY}) > 0"


def by_class(window: str) -> str:
    """Return what failed within a window, by class."""
    return f'sum by (error_class) (lumen:failures_by_class:count{{{P},window="{window}"}})'


REGION_FAILS = f"lumen:consecutive_failures:count{{{PR}}} > bool 0"
# Nothing by nothing is no number, and keeps a region in the picture in which nothing ran.
REGION_SUCCESS = f"lumen:region_sli:ratio{{{PR},{_WINDOW}}} or lumen:region_runs:count{{{PR},{_WINDOW}}} / 0"

RERUNS_PER_DAY = f"sum by (decision) (lumen:reruns:count{{{P},{_THAT_DAY})"


def _by_stage(expr: str) -> str:
    return f"sum by (pipeline, stage) ({expr})"


def _stage_slo(name: str, slo: str) -> str:
    return f'lumen:slo_bad:{name}{{{P},slo="{slo}",{_WINDOW}}}'


STAGES = _by_stage(f'lumen:slo_events:count{{{P},slo="stage",{_WINDOW}}}')
FIRST_TRY = _by_stage(f"1 - {_stage_slo('ratio', 'first_try')}")
IN_THE_END = _by_stage(f"1 - {_stage_slo('ratio', 'stage')}")
SAVED = f"{_by_stage(_stage_slo('count', 'first_try'))} - {_by_stage(_stage_slo('count', 'stage'))}"

RUNS_OF_RANGE = (
    f"topk({_MOST_RUNS}, max by (pipeline, region, run_id, outcome, error_class, url) "
    f"(last_over_time(lumen_last_run_timestamp_seconds{{{PR}}}[$__range]))) * 1000"
)

RATIO = f"lumen:sli:ratio{{{P},{_WINDOW}}}"
RATIO_LOW = f"1 - lumen:failure:wilson_high{{{P},{_WINDOW}}}"
RATIO_HIGH = f"1 - lumen:failure:wilson_low{{{P},{_WINDOW}}}"
RUN_OBJECTIVE = f'lumen:slo_objective:ratio{{{P},slo="run"}}'

FAILED_RUNS = f"lumen_last_failed_run_timestamp_seconds{{{PR}}} * 1000"


def _versions(offset: str = "") -> str:
    return f"group by (version) (last_over_time(lumen_build_info[{BELIEVED}]{offset}))"


# A version that was not there some hours before; a point of a long graph is not further apart.
RELEASES = f"{_versions()} unless {_versions(' offset 6h')}"
