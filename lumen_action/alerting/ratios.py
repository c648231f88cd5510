"""From counts to what an SLO needs: events and bad ones in one shape, ratios with their bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lumen_action.alerting.counts import BELIEVED, BURNING, CLASSES, difference
from lumen_action.alerting.rulefile import Record
from lumen_action.alerting.windows import SECONDS
from lumen_action.slo.evidence import Z

_WINDOWED = "pipeline, window"


def counts() -> Iterator[Record]:
    """Yield the counts of all regions together, and the failures in a row."""
    for name in ("runs", "runs_failed", "runs_success"):
        # Regions that are counted from other series than totals have their sum from there.
        yield Record(
            f"lumen:{name}:count",
            f"sum by ({_WINDOWED}) (lumen:region_{name}:count and on (pipeline, region) lumen:region:seen)",
        )
    yield Record("lumen:consecutive_failures:count", held("lumen_consecutive_failures", "pipeline, region"))


def slo_shapes() -> Iterator[Record]:
    """Yield every SLO's events, bad events and whether the last one was bad, under the same names."""
    stages = "lumen:stage_success:count + lumen:stage_failed:count"
    days = "sum by (pipeline, window) (lumen:days:count{})"
    lost = days.format('{outcome!="success"}')
    shapes: Mapping[str, tuple[str, str, str]] = {
        "run": (
            "lumen:runs:count",
            "lumen:runs_failed:count",
            "max by (pipeline) (lumen:consecutive_failures:count) > bool 0",
        ),
        "day": (days.format(""), lost, 'sum by (pipeline) (lumen:days:count{outcome!="success",window="1d"}) > bool 0'),
        "stage": (stages, "lumen:stage_failed:count", "max by (pipeline, stage) (job:lumen_stage_failure)"),
        "first_try": (
            stages,
            f"clamp_min({stages} - lumen:stage_first_try:count, 0)",
            "max by (pipeline, stage) (job:lumen_stage_failure)",
        ),
    }
    yield Record("job:lumen_stage_failure", f"1 - ({held('lumen_pipeline_success', 'pipeline, region, stage')})")
    for slo, (events, bad, failing) in shapes.items():
        yield Record("lumen:slo_events:count", events, {"slo": slo})
        yield Record("lumen:slo_bad:count", bad, {"slo": slo})
        yield Record("lumen:slo_failing:bool", failing, {"slo": slo})


def ratios() -> Iterator[Record]:
    """Yield ratios with their bounds; where nothing ran there is none: neither 0 % nor 100 %."""
    # Runs that turn out bad after their window are counted now, so that more may be bad than ran.
    yield Record("lumen:slo_bad:ratio", "clamp_max(lumen:slo_bad:count / (lumen:slo_events:count > 0), 1)")
    yield Record("lumen:slo_bad:wilson_low", _wilson("-"))
    yield Record("lumen:slo_bad:wilson_high", _wilson("+"))
    for name, source in (
        ("failure:ratio", "ratio"),
        ("failure:wilson_low", "wilson_low"),
        ("failure:wilson_high", "wilson_high"),
    ):
        yield Record(f"lumen:{name}", f'sum by ({_WINDOWED}) (lumen:slo_bad:{source}{{slo="run"}})')
    yield Record("lumen:sli:ratio", "1 - lumen:failure:ratio")
    region_bad = "clamp_max(lumen:region_runs_failed:count / (lumen:region_runs:count > 0), 1)"
    yield Record("lumen:region_sli:ratio", f"1 - {region_bad}")
    yield Record("lumen:day_sli:ratio", f'1 - sum by ({_WINDOWED}) (lumen:slo_bad:ratio{{slo="day"}})')


def _wilson(sign: str) -> str:
    """Return a one-sided Wilson bound of the ratio of bad events, for the windows in which somebody looks at it."""
    unread = "|".join(window for window in SECONDS if window not in BURNING)
    events = f'(lumen:slo_events:count{{window!~"{unread}"}} > 0)'
    square = round(Z * Z, 8)
    spread = f"lumen:slo_bad:ratio * (1 - lumen:slo_bad:ratio) / {events} + {square / 4} / {events} ^ 2"
    return f"""
    (
      lumen:slo_bad:ratio + {square / 2} / {events}
      {sign} {Z} * sqrt(clamp_min({spread}, 0))
    ) / (1 + {square} / {events})
    """


def older_names() -> Iterator[Record]:
    """Yield the names of older dashboards, with values that are right."""
    for window in ("7d", "30d"):
        yield Record(f"lumen:sli{window}", f'sum by (pipeline) (lumen:sli:ratio{{window="{window}"}})')
    for window in ("5m", "1h"):
        yield Record(f"lumen:error_rate_{window}", f'sum by (pipeline) (lumen:failure:ratio{{window="{window}"}})')
    # A day is good when any region succeeded.
    regions = 'lumen:region_runs{}:count{{window="1d"}}'
    yield Record("lumen:daily_runs_total", f"max by (pipeline) ({regions.format('')} > bool 0) > 0")
    yield Record(
        "lumen:daily_runs_success",
        f"max by (pipeline) ({regions.format('_success')} > bool 0) and on (pipeline) lumen:daily_runs_total",
    )
    yield Record("lumen:sli1d", "lumen:daily_runs_success / lumen:daily_runs_total")
    by_region = difference(CLASSES, "1d", ("region", "error_class"), CLASSES.then("1d"))
    yield Record("lumen:failures_by_class:1d", by_region)
    integrity = "avg by (pipeline) (avg_over_time(lumen_remote_integrity_ok[{}]))"
    for window, span in (("1d", "1d"), ("7d", "7d:5m")):
        # Where no runs are published: the share of time in which the stored data was as it should be.
        yield Record(
            f"job:lumen_success_ratio_{window}",
            f'sum by (pipeline) (lumen:sli:ratio{{window="{window}"}})\nor {integrity.format(span)}',
        )


def held(gauge: str, labels: str, chosen: str = "max") -> str:
    """Read a gauge as it was last published, so that a publisher may pause; what is published now comes first.

    Else the last word of a host that is gone would stand beside that of the host in its place.
    """
    return f"{chosen} by ({labels}) ({gauge}) or {chosen} by ({labels}) (last_over_time({gauge}[{BELIEVED}]))"
