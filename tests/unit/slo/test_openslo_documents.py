"""OpenSLO documents are read strictly: every fault at once, with its place and its fix."""

from __future__ import annotations

from datetime import datetime

import pytest
from slodocuments import LTE, lumen, measured, part, prometheus, ratio, slo_text, taken

from lumen_action.slo.objective import (
    Budgeting,
    CalendarWindow,
    Comparison,
    CountsSource,
    Duration,
    Events,
    LedgerSource,
    Objective,
    RatioSource,
    RollingWindow,
    Slo,
    Threshold,
    ValueSource,
)


def one(text: str) -> Slo:
    found = taken(text)
    assert found.problems == ()
    (slo,) = found.book.slos
    return slo


SOURCES = {
    "run": (lumen("events: run, pipeline: nightly, region: eu"), LedgerSource(Events.RUN, "nightly", "eu")),
    "day": (lumen("events: day, pipeline: nightly"), LedgerSource(Events.DAY, "nightly")),
    "stage": (lumen("events: stage, stage: build"), LedgerSource(Events.STAGE, stage="build")),
    "first try": (lumen("events: first_try"), LedgerSource(Events.FIRST_TRY)),
    "check": (lumen("events: check, check: restore"), LedgerSource(Events.CHECK, check="restore")),
    "good of all": (
        prometheus("sum(good_total)", "sum(all_total)"),
        RatioSource("sum(good_total)", "sum(all_total)", part_is_good=True, counter=True),
    ),
    "bad of all": (
        ratio(
            f"counter: false, {part('bad', 'prometheus', 'query: bad')}, {part('total', 'prometheus', 'query: all_')}"
        ),
        RatioSource("bad", "all_", part_is_good=False, counter=False),
    ),
    "window in the query": (
        prometheus("sum(increase(a[{{ .window }}]))", "sum(increase(b[{{.window}}]))", "false"),
        RatioSource("sum(increase(a[{{.window}}]))", "sum(increase(b[{{.window}}]))", part_is_good=True, counter=False),
    ),
    "sloth's name of Prometheus": (
        ratio(
            f"counter: true, {part('good', 'prometheus-sloth', 'query: a')}, {part('total', 'Prometheus', 'query: b')}"
        ),
        RatioSource("a", "b", part_is_good=True, counter=True),
    ),
    "counts": (
        ratio(
            f"counter: false, {part('bad', 'counts', 'file: c.csv, column: failed')}, "
            f"{part('total', 'counts', 'file: c.csv, column: n')}"
        ),
        CountsSource("c.csv", "failed", "n", part_is_good=False),
    ),
}


@pytest.mark.parametrize(("indicator", "source"), SOURCES.values(), ids=SOURCES.keys())
def test_reads_what_is_counted(indicator: str, source: object) -> None:
    assert one(slo_text(indicator=indicator)).source == source


SLICES = "{op: lte, value: 4.5, target: 0.95, timeSliceTarget: 0.9, timeSliceWindow: 5m}"
MEASURES = {
    "duration": (
        measured("lumen", "events: duration, pipeline: nightly, stage: build"),
        "Occurrences",
        LTE,
        LedgerSource(Events.DURATION, "nightly", stage="build", threshold=Threshold(Comparison.LTE, 4.5)),
    ),
    "freshness": (
        measured("lumen", "events: freshness, pipeline: nightly"),
        "Timeslices",
        SLICES,
        LedgerSource(Events.FRESHNESS, "nightly", threshold=Threshold(Comparison.LTE, 4.5)),
    ),
    "value": (
        measured("Prometheus", "query: queue_length"),
        "Occurrences",
        LTE.replace("lte", "lt"),
        ValueSource("queue_length", Threshold(Comparison.LT, 4.5)),
    ),
    "bucket": (
        measured("Prometheus", "histogram: h_seconds, selector: 'job=\"api\"'"),
        "Occurrences",
        LTE,
        RatioSource(
            'sum(h_seconds_bucket{job="api",le="4.5"})',
            'sum(h_seconds_count{job="api"})',
            part_is_good=True,
            counter=True,
        ),
    ),
    "bucket of whole seconds": (
        measured("Prometheus", "histogram: h_seconds"),
        "Occurrences",
        LTE.replace("4.5", "10"),
        RatioSource(
            'sum(h_seconds_bucket{le=~"10(\\\\.0)?"})', "sum(h_seconds_count)", part_is_good=True, counter=True
        ),
    ),
    "percentile of slices": (
        measured("Prometheus", "query: 'histogram_quantile(0.95, sum by (le) (rate(h_bucket[5m])))'"),
        "Timeslices",
        SLICES,
        ValueSource("histogram_quantile(0.95, sum by (le) (rate(h_bucket[5m])))", Threshold(Comparison.LTE, 4.5)),
    ),
}


@pytest.mark.parametrize(("indicator", "method", "objective", "source"), MEASURES.values(), ids=MEASURES.keys())
def test_reads_what_is_measured(indicator: str, method: str, objective: str, source: object) -> None:
    assert one(slo_text(indicator=indicator, method=method, objective=objective)).source == source


def test_reads_windows_and_objectives() -> None:
    rolling = one(slo_text(window="{duration: 4w, isRolling: true}", objective="{targetPercent: 99.9}, {target: 0.5}"))
    assert rolling.window == RollingWindow(Duration(4, "w"))
    assert [each.target for each in rolling.objectives] == [0.999, 0.5]
    calendar = one(
        slo_text(
            window="{duration: 1Q, calendar: {startTime: 2026-01-01 00:00:00, timeZone: Asia/Seoul}}",
            method="RatioTimeslices",
            objective="{target: 0.9, timeSliceWindow: 5, displayName: half}",
        )
    )
    assert calendar.window == CalendarWindow(Duration(1, "Q"), datetime(2026, 1, 1), "Asia/Seoul")  # noqa: DTZ001
    assert calendar.budgeting is Budgeting.RATIO_TIMESLICES
    assert calendar.objectives == (Objective(0.9, "half", None, Duration(5, "m")),)


PARTS = """apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: burning}
spec:
  alertWhenBreaching: true
  alertWhenResolved: false
  alertWhenNoData: true
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: chat}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  description: Burn rate exceeds 2
  severity: page
  condition: {kind: burnrate, op: lte, threshold: 2, lookbackWindow: 1h, alertAfter: 5m}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: chat}
spec: {target: slack}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: metrics}
spec: {type: Prometheus, connectionDetails: {url: http://prometheus.example}}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: errors, displayName: Errors}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {metricSourceRef: metrics, spec: {query: bad_total}}}
    total: {metricSource: {metricSourceRef: metrics, spec: {query: all_total}}}
"""


@pytest.mark.parametrize("spelling", ["{alertPolicyRef: burning}", "burning"])
def test_resolves_what_is_named_in_other_files(spelling: str) -> None:
    found = taken(slo_text(indicator="indicatorRef: errors", more=f"  alertPolicies: [{spelling}]\n"), PARTS)
    (slo,) = found.book.slos
    (policy,) = slo.alert_policies
    assert found.problems == ()
    assert slo.source == RatioSource("bad_total", "all_total", part_is_good=False, counter=True, data_source="metrics")
    assert slo.indicator.display_name == "Errors"
    assert (policy.when_no_data, policy.targets[0].target, policy.condition.severity) == (True, "slack", "page")
    assert (policy.condition.threshold, policy.condition.lookback) == (2.0, Duration(1, "h"))
    assert [each.about.name for each in found.book.data_sources] == ["metrics"]


def test_does_not_trust_the_op_of_an_alert() -> None:
    notes = taken(slo_text(indicator="indicatorRef: errors", more="  alertPolicies: [burning]\n"), PARTS).notes
    assert [each for each in notes if "not trusted" in each] == [
        (
            "b.yml line 17: spec.condition.op: `op: lte` is not trusted: a burn rate alerts above its threshold, "
            "and is taken so"
        )
    ]


@pytest.mark.parametrize(
    ("op", "text", "told"),
    [
        ("lte", "Bad when it exceeds 4.5 s", True),
        ("lte", "Must not exceed 4.5 s", False),
        ("lte", "Never exceeds 4.5 s", False),
        ("gte", "Stays below 4.5", True),
        ("gte", "At least 4.5", False),
    ],
)
def test_tells_where_the_op_of_an_objective_and_its_text_disagree(op: str, text: str, told: bool) -> None:  # noqa: FBT001
    objective = f"{{op: {op}, value: 4.5, target: 0.9, displayName: '{text}'}}"
    notes = taken(slo_text(indicator=measured("Prometheus", "query: x"), objective=objective)).notes
    assert any("the text says" in note for note in notes) is told


def test_tells_what_means_nothing_or_is_used_by_nobody() -> None:
    notes = taken(slo_text(objective="{op: gt, target: 0.9}"), PARTS).notes
    assert notes[0] == "a.yml line 9: spec.objectives[0].op: means nothing with a ratioMetric; not taken over"
    assert "b.yml line 32: spec: no SLO uses the SLI `errors`; not taken over" in notes


def test_a_source_of_known_type_may_stand_elsewhere() -> None:
    text = slo_text(
        indicator="indicator: {spec: {thresholdMetric: {metricSource: {metricSourceRef: m, type: Prometheus, "
        "spec: {query: x}}}}}",
        objective=LTE,
    )
    found = taken(text)
    assert found.problems == ()
    assert "no DataSource `m` among the documents" in found.notes[0]
    assert found.book.slos[0].source == ValueSource("x", Threshold(Comparison.LTE, 4.5), "m")


def test_an_unsafe_name_is_told_and_kept() -> None:
    found = taken(slo_text(name="ApiErrors"))
    assert found.book.slos[0].name == "ApiErrors"
    assert found.notes == (
        "a.yml line 3: metadata.name: other tools may refuse the name `ApiErrors`; `apierrors` is safe",
    )
