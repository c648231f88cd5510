"""Objectives to OpenSLO v1 documents that read back as the same objectives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lumen_action.slo.headers import API
from lumen_action.slo.indicators import COUNTS, LEDGER, SUCCESS
from lumen_action.slo.objective import (
    About,
    AlertCondition,
    AlertPolicy,
    CalendarWindow,
    CountsSource,
    LedgerSource,
    NotificationTarget,
    Objective,
    RatioSource,
    Slo,
    SloBook,
    Source,
    Threshold,
    ValueSource,
    Window,
)
from lumen_action.slo.openslo import START_FORMAT, UTC, UTC_IN_DOCUMENTS
from lumen_action.yamlite.writing import Writable

Map: TypeAlias = "dict[str, Writable]"

PROMETHEUS = "Prometheus"


def documents(book: SloBook) -> list[Map]:
    """Return a document for each thing that is shared, then one for each objective."""
    return [*shared(book), *(slo_document(slo) for slo in book.slos)]


def shared(book: SloBook) -> list[Map]:
    """Return the documents that several objectives may name."""
    found = [
        *(_document("Service", service, {}) for service in book.services),
        *(
            _document("DataSource", each.about, {"type": each.type, "connectionDetails": dict(each.details)})
            for each in book.data_sources
        ),
        *(each for slo in book.slos for policy in slo.alert_policies for each in _policy(policy)),
    ]
    return [each for place, each in enumerate(found) if each not in found[:place]]


def slo_document(slo: Slo) -> Map:
    """Return the document of one objective, which holds its indicator."""
    threshold = _threshold(slo.source)
    spec: Map = {
        "service": slo.service,
        "indicator": {"metadata": _metadata(slo.indicator), "spec": _described(slo.indicator, _source(slo.source))},
        "timeWindow": [_window(slo.window)],
        "budgetingMethod": slo.budgeting.value,
        "objectives": [_objective(each, threshold) for each in slo.objectives],
    }
    if slo.alert_policies:
        spec["alertPolicies"] = [{"alertPolicyRef": policy.about.name} for policy in slo.alert_policies]
    return _document("SLO", slo.about, spec)


def _document(kind: str, about: About, spec: Map) -> Map:
    return {"apiVersion": API, "kind": kind, "metadata": _metadata(about), "spec": _described(about, spec)}


def _metadata(about: About) -> Map:
    labels: Map = {key: word if isinstance(word, str) else list(word) for key, word in about.labels.items()}
    annotations: Map = dict(about.annotations)
    told: Map = {"displayName": about.display_name, "labels": labels, "annotations": annotations}
    return {"name": about.name, **{key: value for key, value in told.items() if value}}


def _described(about: About, spec: Map) -> Map:
    return {"description": about.description, **spec} if about.description else spec


def _source(source: Source) -> Map:
    if isinstance(source, LedgerSource):
        return _ledger(source)
    if isinstance(source, ValueSource):
        return {"thresholdMetric": _metric(PROMETHEUS, source.data_source, {"query": source.query})}
    word = "good" if source.part_is_good else "bad"
    if isinstance(source, RatioSource):
        counter, parts = (
            source.counter,
            [_metric(PROMETHEUS, source.data_source, {"query": query}) for query in (source.part, source.total)],
        )
    else:
        counter, parts = (
            False,
            [_metric(COUNTS, "", {"file": source.file, "column": column}) for column in (source.part, source.total)],
        )
    return {"ratioMetric": {"counter": counter, word: parts[0], "total": parts[1]}}


def _ledger(source: LedgerSource) -> Map:
    selected = {key: getattr(source, key) for key in ("pipeline", "region", "stage", "check")}
    spec: Map = {"events": source.events.value, **{key: word for key, word in selected.items() if word}}
    if source.threshold:
        return {"thresholdMetric": _metric(LEDGER, source.data_source, spec)}
    good = _metric(LEDGER, source.data_source, {**spec, "outcome": SUCCESS})
    return {"ratioMetric": {"counter": True, "good": good, "total": _metric(LEDGER, source.data_source, spec)}}


def _metric(kind: str, data_source: str, spec: Map) -> Map:
    ref = {"metricSourceRef": data_source} if data_source else {}
    return {"metricSource": {**ref, "type": kind, "spec": spec}}


def _threshold(source: Source) -> Threshold | None:
    return None if isinstance(source, RatioSource | CountsSource) else source.threshold


def _objective(objective: Objective, threshold: Threshold | None) -> Map:
    written: Map = {"displayName": objective.display_name} if objective.display_name else {}
    if threshold:
        written |= {"op": threshold.comparison.value, "value": threshold.value}
    written["target"] = objective.target
    if objective.slice_target is not None:
        written["timeSliceTarget"] = objective.slice_target
    if objective.slice_window is not None:
        written["timeSliceWindow"] = str(objective.slice_window)
    return written


def _window(window: Window) -> Map:
    if not isinstance(window, CalendarWindow):
        return {"duration": str(window.duration), "isRolling": True}
    zone = UTC_IN_DOCUMENTS if window.zone == UTC else window.zone
    start = f"{window.start.year:04}{window.start.strftime(START_FORMAT.removeprefix('%Y'))}"
    return {"duration": str(window.duration), "isRolling": False, "calendar": {"startTime": start, "timeZone": zone}}


def _policy(policy: AlertPolicy) -> Iterator[Map]:
    for target in policy.targets:
        yield _target(target)
    yield _condition(policy.condition)
    spec: Map = {
        "alertWhenBreaching": policy.when_breaching,
        "alertWhenResolved": policy.when_resolved,
        "alertWhenNoData": policy.when_no_data,
        "conditions": [{"conditionRef": policy.condition.about.name}],
    }
    if policy.targets:
        spec["notificationTargets"] = [{"targetRef": target.about.name} for target in policy.targets]
    yield _document("AlertPolicy", policy.about, spec)


def _condition(condition: AlertCondition) -> Map:
    burn: Map = {
        "kind": "burnrate",
        "op": "gt",
        "threshold": condition.threshold,
        "lookbackWindow": str(condition.lookback),
        "alertAfter": str(condition.after) if condition.after else "0m",
    }
    return _document("AlertCondition", condition.about, {"severity": condition.severity, "condition": burn})


def _target(target: NotificationTarget) -> Map:
    return _document("AlertNotificationTarget", target.about, {"target": target.target})
