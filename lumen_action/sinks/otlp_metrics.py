"""Series and facts as OTLP/JSON metrics: every sum is cumulative and keeps its start."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lumen_action.model import Fact, Kind, Trust
from lumen_action.sinks import Family, Group
from lumen_action.sinks.otlp_values import RESULTS, SCOPE, attributes, error_type, nanoseconds
from lumen_action.sinks.series import COUNTER

_CUMULATIVE = 2
_BIRTH = "lumen_series_start_timestamp_seconds"
# From a check of a few seconds to the six hours after which GitHub ends a job.
DURATION_BOUNDS_SECONDS = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)
# No version and no instance: the totals are one series whoever publishes them.
_RESOURCE: Mapping[str, str | int] = {"service.name": "lumen"}


def totals_request(groups: Sequence[Group], now_ms: int) -> dict[str, object]:
    """Return the request that shows these groups as they stand now."""
    births = _births(groups)
    metrics: dict[str, dict[str, object]] = {}
    points: dict[str, list[dict[str, object]]] = defaultdict(list)
    for group in groups:
        born_ms = births.get((group.labels["pipeline"], group.labels.get("region", "")))
        for family in group.families:
            metrics.setdefault(family.name, _described(family, points[family.name]))
            points[family.name].extend(_points(family, group.labels, born_ms, now_ms))
    return _request(metrics.values())


def durations_request(facts: Iterable[Fact], now_ms: int) -> dict[str, object]:
    """Return the request with `cicd.pipeline.run.duration`: an observation a run fact that knows how long it took.

    A run fact is what `lumen_attempts_total` counts, and never changes; so no bucket can ever go down.
    """
    seconds: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    births: dict[str, int] = {}
    for fact in facts:
        if fact.key.kind is not Kind.RUN or fact.trust is not Trust.TRUSTED:
            continue
        births[fact.pipeline] = min(fact.observed_at_ms, births.get(fact.pipeline, now_ms))
        if fact.duration_ms is not None:
            kind = (fact.pipeline, RESULTS[fact.outcome], error_type(fact))
            seconds[kind].append(max(0, fact.duration_ms) / 1000)
    points = [_histogram(kind, sorted(seconds[kind]), births[kind[0]], now_ms) for kind in sorted(seconds)]
    metric = {
        "name": "cicd.pipeline.run.duration",
        "description": "Duration of a pipeline run grouped by pipeline, state and result.",
        "unit": "s",
        "histogram": {"aggregationTemporality": _CUMULATIVE, "dataPoints": points},
    }
    return _request([metric] if points else [])


def _request(metrics: Iterable[Mapping[str, object]]) -> dict[str, object]:
    found = list(metrics)
    if not found:
        return {"resourceMetrics": []}
    scoped = {"scope": SCOPE, "metrics": found}
    return {"resourceMetrics": [{"resource": {"attributes": attributes(_RESOURCE)}, "scopeMetrics": [scoped]}]}


def _births(groups: Sequence[Group]) -> dict[tuple[str, str], int]:
    """Return since when each group counts: a region since its first fact, a pipeline since that of any region."""
    births: dict[tuple[str, str], int] = {}
    for group in groups:
        for family in group.families:
            if family.name == _BIRTH:
                pipeline, born_ms = group.labels["pipeline"], round(family.samples[0].value * 1000)
                births[pipeline, group.labels["region"]] = born_ms
                births[pipeline, ""] = min(born_ms, births.get((pipeline, ""), born_ms))
    return births


def _described(family: Family, points: list[dict[str, object]]) -> dict[str, object]:
    """Name a metric; a unit is told only where Prometheus then keeps the name."""
    told: dict[str, object] = {"name": family.name, "description": family.help}
    if family.name.endswith("_seconds"):
        told["unit"] = "s"
    if family.type == COUNTER:
        told["sum"] = {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True, "dataPoints": points}
    else:
        told["gauge"] = {"dataPoints": points}
    return told


def _points(family: Family, shared: Mapping[str, str], born_ms: int | None, now_ms: int) -> Iterable[dict[str, object]]:
    for sample in family.samples:
        point: dict[str, object] = {"attributes": attributes({**shared, **sample.labels})}
        if family.type == COUNTER and born_ms is not None:
            point["startTimeUnixNano"] = nanoseconds(min(born_ms, now_ms))
        point["timeUnixNano"] = nanoseconds(now_ms)
        point.update({"asInt": str(int(sample.value))} if family.type == COUNTER else {"asDouble": float(sample.value)})
        yield point


def _histogram(kind: tuple[str, str, str], seconds: Sequence[float], born_ms: int, now_ms: int) -> dict[str, object]:
    pipeline, result, error = kind
    counts = [0] * (len(DURATION_BOUNDS_SECONDS) + 1)
    for value in seconds:
        counts[bisect_left(DURATION_BOUNDS_SECONDS, value)] += 1
    told = {
        "cicd.pipeline.name": pipeline,
        "cicd.pipeline.run.state": "executing",
        "cicd.pipeline.result": result,
        "error.type": error,
    }
    return {
        "attributes": attributes(told),
        "startTimeUnixNano": nanoseconds(min(born_ms, now_ms)),
        "timeUnixNano": nanoseconds(now_ms),
        # Receivers take counts as text or number; those built on opentelemetry-rust drop a histogram with text.
        "count": len(seconds),
        "sum": sum(seconds),
        "min": seconds[0],
        "max": seconds[-1],
        "explicitBounds": list(DURATION_BOUNDS_SECONDS),
        "bucketCounts": counts,
    }
