"""Series and facts as OTLP/JSON metrics: every sum is cumulative and keeps its start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lumen_action.sinks import Family, Group
from lumen_action.sinks.otlp_values import RESULTS, SCOPE, attributes, error_type, nanoseconds
from lumen_action.sinks.series import COUNTER
from lumen_action.sli.durations import BOUNDS_SECONDS, Durations
from lumen_action.sli.state import PipelineState, State

_CUMULATIVE = 2
_BIRTH = "lumen_series_start_timestamp_seconds"
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


def durations_request(state: State, now_ms: int) -> dict[str, object]:
    """Return the request with `cicd.pipeline.run.duration`: an observation a run fact that knows how long it took.

    A run fact is what `lumen_attempts_total` counts, and never changes; so no bucket can ever go down.
    """
    points = [
        _histogram(pipeline, words, spread, now_ms)
        for _, pipeline in sorted(state.pipelines.items())
        for words, spread in sorted(_by_words(pipeline).items())
    ]
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


def _by_words(pipeline: PipelineState) -> dict[tuple[str, str], Durations]:
    """Return the durations by result and class of failure, of which the conventions have fewer than we."""
    found: dict[tuple[str, str], Durations] = {}
    for (outcome, error_class), spread in pipeline.durations.items():
        words = RESULTS[outcome], error_type(error_class)
        found[words] = found[words] + spread if words in found else spread
    return found


def _histogram(pipeline: PipelineState, words: tuple[str, str], spread: Durations, now_ms: int) -> dict[str, object]:
    born_ms = min((each.first_seen_ms for each in pipeline.regions.values() if each.first_seen_ms), default=now_ms)
    result, error = words
    told = {
        "cicd.pipeline.name": pipeline.pipeline,
        "cicd.pipeline.run.state": "executing",
        "cicd.pipeline.result": result,
        "error.type": error,
    }
    return {
        "attributes": attributes(told),
        "startTimeUnixNano": nanoseconds(min(born_ms, now_ms)),
        "timeUnixNano": nanoseconds(now_ms),
        # Receivers take counts as text or number; those built on opentelemetry-rust drop a histogram with text.
        "count": spread.count,
        "sum": spread.sum_ms / 1000,
        "min": spread.min_ms / 1000,
        "max": spread.max_ms / 1000,
        "explicitBounds": list(BOUNDS_SECONDS),
        "bucketCounts": list(spread.buckets),
    }
