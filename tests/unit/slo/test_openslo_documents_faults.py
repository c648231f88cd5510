"""Every fault of an OpenSLO document is told with file, line, field, what was found, and the fix."""

from __future__ import annotations

import pytest
from slodocuments import LTE, lumen, measured, part, prometheus, ratio, slo_text, taken

RATIO = "spec.indicator.spec.ratioMetric"
GOOD = f"{RATIO}.good.metricSource.spec"
SOURCE = "spec.indicator.spec.thresholdMetric.metricSource"
VALUE = f"{SOURCE}.spec"
ELSEWHERE = "indicator: {spec: {thresholdMetric: {metricSource: {metricSourceRef: m, spec: {query: x}}}}}"


def calendar(duration: str, start: str, zone: str) -> str:
    return f"{{duration: {duration}, calendar: {{startTime: {start}, timeZone: {zone}}}}}"


def of_ledger(good: str, total: str) -> str:
    return ratio(f"{part('good', 'lumen', good)}, {part('total', 'lumen', total)}")


FAULTS = {
    "no budget": (
        slo_text(objective="{target: 1.0}"),
        9,
        "spec.objectives[0].target",
        "`1.0`",
        "write `target: 0.999`",
    ),
    "percent as ratio": (
        slo_text(objective="{target: 99.9}"),
        9,
        "spec.objectives[0].target",
        "`99.9`",
        "`targetPercent: 99.9`, or `target: 0.999`",
    ),
    "ratio as percent": (
        slo_text(objective="{targetPercent: 0.99}"),
        9,
        "spec.objectives[0].targetPercent",
        "`0.99`",
        "`target: 0.99`",
    ),
    "hundred percent": (
        slo_text(objective="{targetPercent: 100}"),
        9,
        "spec.objectives[0].targetPercent",
        "`100`",
        "`targetPercent: 99.900`",
    ),
    "nothing promised": (slo_text(objective="{target: 0}"), 9, "spec.objectives[0].target", "`0`", "both excluded"),
    "both targets": (
        slo_text(objective="{target: 0.9, targetPercent: 90}"),
        9,
        "spec.objectives[0].targetPercent",
        "beside target",
        "keep one",
    ),
    "no target": (slo_text(objective="{displayName: x}"), 9, "spec.objectives[0].target", "nothing", "`target: 0.99`"),
    "target as text": (
        slo_text(objective="{target: '0.9'}"),
        9,
        "spec.objectives[0].target",
        "`0.9`",
        "write a number",
    ),
    "misspelt": (
        slo_text(objective="{target: 0.9, timeSliceWIndow: 5m}"),
        9,
        "spec.objectives[0].timeSliceWIndow",
        "unknown field",
        "did you mean `timeSliceWindow`",
    ),
    "slices of occurrences": (
        slo_text(objective="{target: 0.9, timeSliceWindow: 5m}"),
        9,
        "spec.objectives[0].timeSliceWindow",
        "a slice",
        "budgetingMethod: Timeslices",
    ),
    "no slice": (
        slo_text(method="Timeslices"),
        9,
        "spec.objectives[0].timeSliceTarget",
        "nothing",
        "timeSliceTarget: 0.95",
    ),
    "no objective": (slo_text().replace("[{target: 0.99}]", "[]"), 9, "spec.objectives", "`[]`", "write a list"),
    "no window": (
        slo_text().replace("  timeWindow: [{duration: 30d, isRolling: true}]\n", ""),
        4,
        "spec.timeWindow",
        "nothing",
        "isRolling: true",
    ),
    "two windows": (
        slo_text(window="{duration: 30d, isRolling: true}, {duration: 7d, isRolling: true}"),
        7,
        "spec.timeWindow[1]",
        "a second window",
        "keep one",
    ),
    "mixed windows": (
        slo_text(window="{duration: 1M, isRolling: true, calendar: {}}"),
        7,
        "spec.timeWindow[0]",
        "beside a calendar",
        "keep one",
    ),
    "neither window": (slo_text(window="{duration: 30d}"), 7, "spec.timeWindow[0]", "neither", "write one"),
    "rolling month": (
        slo_text(window="{duration: 1M, isRolling: true}"),
        7,
        "spec.timeWindow[0].duration",
        "no one length",
        "`30d`",
    ),
    "calendar of hours": (
        slo_text(window=calendar("12h", "2026-01-01 00:00:00", "UTC")),
        7,
        "spec.timeWindow[0].duration",
        "`12h` in a calendar",
        "`1M`",
    ),
    "duration of ages": (
        slo_text(window="{duration: 999999w, isRolling: true}"),
        7,
        "spec.timeWindow[0].duration",
        "`999999w`",
        "at most 100Y, such as `30d`",
    ),
    "duration": (
        slo_text(window="{duration: 30 days, isRolling: true}"),
        7,
        "spec.timeWindow[0].duration",
        "`30 days`",
        "`30d`",
    ),
    "zone": (
        slo_text(window=calendar("1M", "2026-01-01 00:00:00", "Asia/Soul")),
        7,
        "spec.timeWindow[0].calendar.timeZone",
        "`Asia/Soul`",
        "IANA",
    ),
    "start": (
        slo_text(window=calendar("1M", "2026-02-30 00:00:00", "UTC")),
        7,
        "spec.timeWindow[0].calendar.startTime",
        "`2026-02-30",
        "YYYY-MM-DD",
    ),
    "method": (slo_text(method="Occurences"), 8, "spec.budgetingMethod", "`Occurences`", "did you mean `Occurrences`"),
    "no indicator": (slo_text(indicator="description: x"), 4, "spec.indicator", "nothing", "indicatorRef: NAME"),
    "unresolved indicator": (
        slo_text(indicator="indicatorRef: errors"),
        6,
        "spec.indicatorRef",
        "no SLI `errors`",
        "add its document",
    ),
    "two indicators": (
        slo_text(indicator="indicatorRef: a", more="  indicator: {}\n"),
        6,
        "spec.indicatorRef",
        "beside an indicator",
        "keep one",
    ),
    "unresolved policy": (
        slo_text(more="  alertPolicies: [{alertPolicyRef: p}]\n"),
        10,
        "spec.alertPolicies[0].alertPolicyRef",
        "no AlertPolicy `p`",
        "add its document",
    ),
    "unresolved source": (
        slo_text(indicator=ELSEWHERE, objective=LTE),
        6,
        f"{SOURCE}.metricSourceRef",
        "no DataSource `m`",
        "or write `type`",
    ),
    "vendor": (
        slo_text(indicator=measured("Datadog", "query: x"), objective=LTE),
        6,
        f"{SOURCE}.type",
        "`Datadog`",
        "lumen, Prometheus, counts",
    ),
    "raw": (
        slo_text(indicator=ratio(f"counter: true, {part('raw', 'Prometheus', 'query: x')}")),
        6,
        f"{RATIO}.raw",
        "a ratio without its counts",
        "counted in events",
    ),
    "good and bad": (
        slo_text(indicator=ratio("good: {}, bad: {}, total: {}")),
        6,
        RATIO,
        "both `good` and `bad`",
        "one of them",
    ),
    "no total": (
        slo_text(indicator=ratio(f"counter: true, {part('good', 'Prometheus', 'query: x')}")),
        6,
        f"{RATIO}.total",
        "nothing",
        "metricSource",
    ),
    "PromQL": (slo_text(indicator=prometheus("sum(x", "y")), 6, f"{GOOD}.query", "PromQL that does not parse", ")"),
    "range": (slo_text(indicator=prometheus("x[5m]", "y")), 6, f"{GOOD}.query", "a range vector", "one number"),
    "percentile as ratio": (
        slo_text(indicator=prometheus("histogram_quantile(0.95, h_bucket)", "y")),
        6,
        f"{GOOD}.query",
        "a percentile",
        "count the bucket",
    ),
    "percentile as event": (
        slo_text(indicator=measured("Prometheus", "query: 'histogram_quantile(0.95, h_bucket)'"), objective=LTE),
        6,
        f"{VALUE}.query",
        "a percentile as an event",
        "histogram: NAME",
    ),
    "counter with a window": (
        slo_text(indicator=prometheus("increase(a[{{.window}}])", "b")),
        6,
        RATIO,
        "counter: true",
        "counter: false",
    ),
    "other events": (
        slo_text(indicator=of_ledger("events: run, outcome: success", "events: day")),
        6,
        f"{RATIO}.total.metricSource.spec",
        "other events",
        "without `outcome: success`",
    ),
    "no outcome": (
        slo_text(indicator=of_ledger("events: run", "events: run")),
        6,
        f"{GOOD}.outcome",
        "nothing",
        "outcome: success",
    ),
    "events": (slo_text(indicator=lumen("events: runs")), 6, f"{GOOD}.events", "`runs`", "did you mean `run`"),
    "region of a day": (
        slo_text(indicator=lumen("events: day, region: eu")),
        6,
        f"{GOOD}.region",
        "a region for `events: day`",
        "remove",
    ),
    "duration as ratio": (
        slo_text(indicator=lumen("events: duration")),
        6,
        GOOD,
        "`duration` in a ratio",
        "thresholdMetric",
    ),
    "run as value": (
        slo_text(indicator=measured("lumen", "events: run"), objective=LTE),
        6,
        VALUE,
        "`run`, which has no value",
        "ratioMetric",
    ),
    "long duration as good": (
        slo_text(indicator=measured("lumen", "events: duration"), objective="{op: gte, value: 4.5, target: 0.9}"),
        6,
        VALUE,
        "`op: gte`",
        "`op: lte`",
    ),
    "freshness as event": (
        slo_text(indicator=measured("lumen", "events: freshness"), objective=LTE),
        6,
        VALUE,
        "freshness, which lasts",
        "Timeslices",
    ),
    "no threshold": (
        slo_text(indicator=measured("lumen", "events: duration")),
        9,
        "spec.objectives[0].op",
        "nothing",
        "`op: lte`",
    ),
    "two thresholds": (
        slo_text(indicator=measured("lumen", "events: duration"), objective=f"{LTE}, {LTE}"),
        9,
        "spec.objectives[1]",
        "a second objective",
        "OpenSLO allows one",
    ),
    "name": (slo_text(name="API errors"), 3, "metadata.name", "`API errors`", "`api-errors`"),
    "version": (
        slo_text().replace("openslo/v1", "openslo/v2alpha1"),
        1,
        "apiVersion",
        "`openslo/v2alpha1`",
        "only `apiVersion: openslo/v1`",
    ),
    "kind": (slo_text().replace("kind: SLO", "kind: SLOs"), 2, "kind", "`SLOs`", "did you mean `SLO`"),
    "description": (
        slo_text(more=f"  description: {'x' * 1051}\n"),
        10,
        "spec.description",
        "1051 characters",
        "at most 1050",
    ),
}


@pytest.mark.parametrize(("text", "line", "field", "found", "fix"), FAULTS.values(), ids=FAULTS.keys())
def test_refuses_with_place_field_fault_and_fix(text: str, line: int, field: str, found: str, fix: str) -> None:
    told = taken(text).problems
    begin = f"a.yml line {line}: {field}: found "
    assert any(each.startswith(begin) and found in each and fix in each for each in told), "\n".join(told)


def test_tells_the_faults_of_all_documents_at_once() -> None:
    first = slo_text(objective="{target: 1}", window="{duration: 1M, isRolling: true}")
    second = slo_text(name="y", method="Often", indicator="indicatorRef: errors")
    problems = taken(f"{first}---\n{second}", slo_text(name="z", objective="{target: 2}")).problems
    assert [each.partition(": found")[0] for each in problems] == [
        "a.yml line 7: spec.timeWindow[0].duration",
        "a.yml line 9: spec.objectives[0].target",
        "a.yml line 18: spec.budgetingMethod",
        "a.yml line 16: spec.indicatorRef",
        "b.yml line 9: spec.objectives[0].target",
    ]


def test_a_fault_in_the_name_hides_no_other() -> None:
    text = slo_text(name="5", objective="{target: 1.0}")
    assert [problem.split(":")[1].strip() for problem in taken(text).problems] == [
        "metadata.name",
        "spec.objectives[0].target",
    ]


def test_refuses_two_documents_of_one_name_and_says_where_the_first_is() -> None:
    (problem,) = taken(slo_text(), slo_text()).problems
    assert (
        problem
        == "b.yml line 3: metadata.name: found a second SLO `x`; rename one of them; the first is in a.yml line 4"
    )


@pytest.mark.parametrize("text", ["a: 1\n", "apiVersion: v1\nkind: Service\n", "- 1\n", "version: prometheus/v2\n"])
def test_says_what_can_be_read(text: str) -> None:
    (problem,) = taken(text).problems
    assert problem.startswith("a.yml line 1")
    assert "`apiVersion: openslo/v1`" in problem
    assert "pyrra.dev/v1alpha1" in problem
