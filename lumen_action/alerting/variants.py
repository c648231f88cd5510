"""The same counts from other series than totals: runs that are samples, and a Pushgateway that is the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.alerting.counts import DAY_WINDOWS
from lumen_action.alerting.rulefile import Record
from lumen_action.alerting.windows import SECONDS

_EVENTS = {"runs": "lumen_run_event", "runs_failed": 'lumen_run_event{outcome!="success"}'}
_UNLESS_TOTALS = "unless on (pipeline) lumen:region:seen"
_SUCCESS_EVENTS = 'lumen_run_event{outcome="success"}'

_RUN = "pipeline, region, provider, host, repo, run"
_COMPLETED = "lumen_run_completed_timestamp_seconds"
_DECIDED = f'{_COMPLETED}{{outcome!~"cancelled|skipped"}}'
_BAD = f'{_COMPLETED}{{outcome!~"success|cancelled|skipped"}}'
_GOOD = f'{_COMPLETED}{{outcome="success"}}'
# The longest day, 25 h, and its grace of 6 h.
_LOST_AFTER = 31 * 3600


def events() -> Iterator[Record]:
    """Yield counts of runs that are samples of their own; without totals they are the counts of the pipeline."""
    for window in SECONDS:
        labels = {"window": window}
        for name, source in {**_EVENTS, "runs_success": _SUCCESS_EVENTS}.items():
            by_region = f"""
            sum by (pipeline, region) (count_over_time({source}[{window}]))
            or group by (pipeline, region) (last_over_time(lumen_run_event[30d])) * 0
            """
            yield Record(f"lumen:region_run_events{name[4:]}:count", by_region, labels)
    for window in ("1d", "7d", "30d"):
        classes = f'sum by (pipeline, error_class) (count_over_time(lumen_run_event{{error_class!=""}}[{window}]))'
        yield Record("lumen:failures_by_class:count", f"{classes} {_UNLESS_TOTALS}", {"window": window})
    for window in ("7d", "30d"):
        # A step of a subquery is a whole day of UTC.
        won = f"(max by (pipeline) (count_over_time({_SUCCESS_EVENTS}[1d])) > bool 0)[{window}:1d]"
        ran = f"(max by (pipeline) (count_over_time(lumen_run_event[1d])) > bool 0)[{window}:1d]"
        lost = f"sum_over_time({ran}) - (sum_over_time({won}) or sum_over_time({ran}) * 0)"
        for outcome, days in (("success", f"sum_over_time({won})"), ("failure", f"({lost})")):
            labels = {"window": window, "outcome": outcome}
            yield Record("lumen:days:count", f"{days} {_UNLESS_TOTALS}", labels)
    for name in ("", "_failed", "_success"):
        region = f"lumen:region_run_events{name}:count"
        yield Record(f"lumen:run_events{name}:count", f"sum by (pipeline, window) ({region})")
        yield Record(f"lumen:region_runs{name}:count", f"{region} {_UNLESS_TOTALS}")
        yield Record(f"lumen:runs{name}:count", f"lumen:run_events{name}:count {_UNLESS_TOTALS}")


def gateway_facts() -> Iterator[Record]:
    """Yield counts of a Pushgateway's groups, of which each is an attempt of a run."""
    # What it is now: bad while a leg of it is bad in the latest attempt that says anything of that leg.
    yield Record("lumen:gateway_run:decided", f"min by ({_RUN}) ({_DECIDED})")
    latest = f'max by ({_RUN}, leg) ({_COMPLETED}{{outcome!="cancelled"}})'
    failed = f"({_BAD} == on ({_RUN}, leg) group_left () {latest})"
    for name, join in (("failed", "and"), ("success", "unless")):
        yield Record(f"lumen:gateway_run_{name}:decided", f"lumen:gateway_run:decided {join} on ({_RUN}) {failed}")
    none = f"group by (pipeline, region) ({_COMPLETED}) * 0"
    for window, seconds in SECONDS.items():
        labels = {"window": window}
        for name in ("", "_failed", "_success"):
            yield Record(
                f"lumen:region_runs{name}:count",
                f"count by (pipeline, region) (lumen:gateway_run{name}:decided > time() - {seconds})\nor {none}",
                labels,
            )
    for name in ("", "_failed", "_success"):
        yield Record(
            f"lumen:runs{name}:count",
            f"sum by (pipeline, window) (lumen:region_runs{name}:count and on (pipeline) {_COMPLETED})",
        )
    for window in DAY_WINDOWS:
        yield from _days(window)
    # Failed runs in a row: those that were decided after the last good one.
    yield Record(
        "lumen:consecutive_failures:count",
        f"""
        count by (pipeline, region) (
          lumen:gateway_run_failed:decided
          > on (pipeline, region) group_left () max by (pipeline, region) (lumen:gateway_run_success:decided)
          or lumen:gateway_run_failed:decided
          unless on (pipeline, region) lumen:gateway_run_success:decided
        )
        or {none}
        """,
    )


def _days(window: str) -> Iterator[Record]:
    seconds = SECONDS[window]
    none = f"group by (pipeline) ({_COMPLETED}) * 0"
    yield Record(
        "lumen:days:count",
        f"count by (pipeline) (min by (pipeline, day) ({_GOOD}) > time() - {seconds})\nor {none}",
        {"window": window, "outcome": "success"},
    )
    yield Record(
        "lumen:days:count",
        f"""
        count by (pipeline) (
          (
            min by (pipeline, day) ({_DECIDED})
            <= time() - {_LOST_AFTER} > time() - {_LOST_AFTER + seconds}
          )
          unless group by (pipeline, day) ({_GOOD})
        )
        or {none}
        """,
        {"window": window, "outcome": "failure"},
    )
