"""What is promised, how much may fail, and how much of that is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from lumen_action.alerting.promises import Promise
from lumen_action.alerting.ratios import held
from lumen_action.alerting.rulefile import Record
from lumen_action.alerting.windows import MONTH_DAYS

_PERIOD = f"{MONTH_DAYS}d"
_ON = "on (pipeline, slo, window)"
# What a pipeline that publishes no threshold gets: two in a row, three where more than four runs end a day.
_FEW_RUNS_A_MONTH = 120


def constants(
    promises: Sequence[Promise], runs_per_day: Mapping[str, float], thresholds: Mapping[str, float]
) -> Iterator[Record]:
    """Yield objectives, planned volumes and thresholds: those that are written into the rules, else the published."""
    targets = [
        _labelled(promise.target, pipeline=promise.pipeline, slo=promise.slo, window=promise.window)
        for promise in promises
    ]
    objectives = held("lumen_slo_objective_ratio", "pipeline, slo")
    published = f'label_replace({objectives}, "window", "{_PERIOD}", "", "")'
    yield Record(
        "lumen:slo_objective:ratio",
        "\nor ".join([*targets, f"on (pipeline, slo) {published}"]) if targets else published,
    )
    periods = {_PERIOD: MONTH_DAYS, **{promise.window: promise.days for promise in promises}}
    days = (f'lumen:slo_objective:ratio{{window="{window}"}} * 0 + {length}' for window, length in periods.items())
    yield Record("lumen:slo_period:days", "\nor ".join(days))
    yield _written("lumen:expected_runs:per_day", runs_per_day, held("lumen_expected_runs_per_day", "pipeline"))
    yield _written(
        "lumen:failures_threshold:count",
        thresholds,
        f"""
        {held("lumen_consecutive_failures_threshold", "pipeline")}
        or 2 + (sum by (pipeline) (lumen:runs:count{{window="30d"}}) > bool {_FEW_RUNS_A_MONTH})
        or group by (pipeline) (lumen:consecutive_failures:count) * 2
        """,
    )


def budgets(promises: Sequence[Promise]) -> Iterator[Record]:
    """Yield budgets in events, and the share of them that is used."""
    names = dict.fromkeys(["day", *(promise.slo for promise in promises if promise.counts_days)])
    days = "|".join(map(re.escape, names))
    planned = "lumen:slo_period:days{{slo{0}{1}}} * on (pipeline) group_left () {2}"
    runs = planned.format("!~", json.dumps(days), "lumen:expected_runs:per_day")
    of_days = planned.format("=~", json.dumps(days), "clamp_max(lumen:expected_runs:per_day, 1)")
    yield Record("lumen:slo_planned:events", f"{runs} or {of_days} or lumen:slo_period:days{{slo=~{json.dumps(days)}}}")
    ended = f"(lumen:slo_events:count and {_ON} lumen:slo_objective:ratio)"
    # The planned volume while it is the larger one, so that the second day does not read as bankrupt.
    yield Record(
        "lumen:budget:events",
        f"""
        sum without (window) (
          (
            ({ended} < {_ON} group_left () lumen:slo_planned:events) * 0 + {_ON} group_left () lumen:slo_planned:events
            or {ended}
            or on (pipeline, slo) lumen:slo_planned:events
          ) * {_ON} group_left () (1 - lumen:slo_objective:ratio)
        )
        """,
    )
    bad = f"sum without (window) (lumen:slo_bad:count and {_ON} lumen:slo_objective:ratio)"
    # Without any budget the first bad event is too much.
    yield Record(
        "lumen:budget_consumed:ratio",
        f"""
        {bad} / (lumen:budget:events > 0)
        or ({bad} > 0) / (lumen:budget:events == 0)
        """,
    )


def _written(name: str, values: Mapping[str, float], published: str) -> Record:
    """Return a record of a value a pipeline, of which some are written into the rules."""
    own = [_labelled(value, pipeline=pipeline) for pipeline, value in values.items()]
    return Record(name, "\nor ".join([*own, f"on (pipeline) ({published.strip()})"]) if own else published)


def _labelled(value: float, **labels: str) -> str:
    expr = f"vector({value})"
    for name, text in labels.items():
        # A dollar sign would name a group.
        expr = f'label_replace({expr}, "{name}", {json.dumps(text.replace("$", "$$"), ensure_ascii=False)}, "", "")'
    return expr
