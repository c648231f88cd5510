"""A document that is spoilt anywhere is refused or read, and never ends the program."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slodocuments import known_zone, taken

from lumen_action.slo.documents import FORMS, read
from lumen_action.slo.openslo_writing import documents
from lumen_action.yamlite import Document, load_all
from lumen_action.yamlite.writing import dump_all

HERE = Path(__file__).resolve()
SHIPPED = [
    each.value
    for path in sorted((HERE.parents[3] / "rules" / "slo").glob("*.yml"))
    for each in load_all(path.read_text(encoding="utf-8"), path.name)
]
OTHERS = """apiVersion: openslo/v1
kind: SLO
metadata: {name: x, labels: {a: [b]}, annotations: {c: d}}
spec:
  service: s
  indicatorRef: i
  timeWindow: [{duration: 1M, calendar: {startTime: 2026-01-01 00:00:00, timeZone: Asia/Seoul}}]
  budgetingMethod: RatioTimeslices
  objectives: [{target: 0.9, timeSliceWindow: 5}]
  alertPolicies:
    - kind: AlertPolicy
      metadata: {name: p}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: c}
            spec:
              severity: page
              condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 1h, alertAfter: 0m}
        notificationTargets: [{kind: AlertNotificationTarget, metadata: {name: t}, spec: {target: mail}}]
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: i}
spec:
  ratioMetric:
    counter: false
    bad: {metricSource: {type: counts, spec: {file: c.csv, column: b}}}
    total: {metricSource: {type: counts, spec: {file: c.csv, column: t}}}
---
version: prometheus/v1
service: s
slos:
  - name: n
    objective: 99
    sli: {events: {error_query: "rate(a[{{.window}}])", total_query: "increase(b[{{.window}}])"}}
    alerting: {page_alert: {disable: true}}
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: n}
spec: {target: '99', window: 28d, indicator: {latencyNative: {latency: 1s, total: {metric: h}, grouping: [a]}}}
"""
ALL: list[Any] = [*SHIPPED, *(each.value for each in load_all(OTHERS, "x"))]
JUNK: list[object] = [
    *(None, "", " ", "x", "a\n::b", "\x07", "1h", "0m", "{{.window}}", "sum("),
    *(0, -1, 1.5, 10**30, float("inf"), float("nan"), True, [], [1], [[]], {}, {"a": 1}, [{}]),
]


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


PLACES = [(number, path) for number, value in enumerate(ALL) for path in places(value)]


def spoilt(number: int, path: tuple[str | int, ...], junk: object) -> list[Document]:
    values = copy.deepcopy(ALL)
    if not path:
        values[number] = junk
    else:
        outer = values[number]
        for key in path[:-1]:
            outer = outer[key]
        outer[path[-1]] = junk
    return [Document("x.yml", value) for value in values]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(JUNK), st.sampled_from(["auto", *FORMS]))
def test_spoilt_documents_are_refused_or_read_back(
    place: tuple[int, tuple[str | int, ...]], junk: object, form: str
) -> None:
    found = read(spoilt(*place, junk), known_zone, form)
    assert all(message.isprintable() for message in (*found.problems, *found.notes))
    if not found.problems:
        # What is no number is not equal to itself.
        assert repr(taken(dump_all(documents(found.book))).book) == repr(found.book)


@pytest.mark.parametrize("value", ALL)
def test_nothing_is_read_from_a_document_without_its_content(value: dict[str, object]) -> None:
    emptied = {key: item for key, item in value.items() if key not in {"spec", "slos"}}
    assert read([Document("x.yml", emptied)], known_zone).problems
