"""pyrra's resources become objectives; what has no place in OpenSLO is told."""

from __future__ import annotations

import pytest
from slodocuments import taken

from lumen_action.slo.objective import Duration, Objective, RatioSource, RollingWindow


def resource(indicator: str, target: str = "'99.5'", window: str = "2w", more: str = "") -> str:
    return f"""apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: api-errors
  namespace: shop
  labels: {{pyrra.dev/team: a}}
spec:
  target: {target}
  window: {window}
  description: ""
  indicator: {indicator}
{more}"""


RATIO = "{ratio: {errors: {metric: 'r{code=~\"5..\"}'}, total: {metric: r}}}"

NATIVE = "sum(increase(h[{{.window}}]))"

INDICATORS = {
    "ratio": (
        RATIO,
        RatioSource(
            'sum(increase(r{code=~"5.."}[{{.window}}]))',
            "sum(increase(r[{{.window}}]))",
            part_is_good=False,
            counter=False,
        ),
    ),
    "offset": (
        "{ratio: {errors: {metric: 'e{a=\"b\"} offset 1m'}, total: {metric: r offset 1m}}}",
        RatioSource(
            'sum(increase(e{a="b"}[{{.window}}] offset 1m))',
            "sum(increase(r[{{.window}}] offset 1m))",
            part_is_good=False,
            counter=False,
        ),
    ),
    "latency": (
        "{latency: {success: {metric: 'h_bucket{le=\"1\"}'}, total: {metric: h_count}}}",
        RatioSource(
            'sum(increase(h_bucket{le="1"}[{{.window}}]))',
            "sum(increase(h_count[{{.window}}]))",
            part_is_good=True,
            counter=False,
        ),
    ),
    "native": (
        "{latencyNative: {latency: 200ms, total: {metric: h}}}",
        RatioSource(
            f"histogram_fraction(0, 0.2, {NATIVE}) * histogram_count({NATIVE})",
            f"histogram_count({NATIVE})",
            part_is_good=True,
            counter=False,
        ),
    ),
    "gauge": (
        "{bool_gauge: {metric: 'up{job=\"a\"}'}}",
        RatioSource(
            'sum(sum_over_time(up{job="a"}[{{.window}}]))',
            'sum(count_over_time(up{job="a"}[{{.window}}]))',
            part_is_good=True,
            counter=False,
        ),
    ),
}


@pytest.mark.parametrize(("indicator", "source"), INDICATORS.values(), ids=INDICATORS.keys())
def test_reads_every_indicator(indicator: str, source: RatioSource) -> None:
    found = taken(resource(indicator))
    assert found.problems == ()
    (slo,) = found.book.slos
    assert slo.source == source
    assert (slo.name, slo.service, slo.objectives) == ("api-errors", "shop", (Objective(0.995),))
    assert slo.about.labels == {"pyrra.dev/team": "a"}
    assert slo.window == RollingWindow(Duration(2, "w"))


@pytest.mark.parametrize(
    ("window", "read"), [("28d", "4w"), ("30d", "30d"), ("1w2d", "9d"), ("36h", "36h"), ("1d12h", "36h")]
)
def test_reads_windows_of_prometheus(window: str, read: str) -> None:
    (slo,) = taken(resource(RATIO, window=window)).book.slos
    assert str(slo.window.duration) == read


def test_tells_what_is_left_behind() -> None:
    indicator = RATIO.replace("total:", "grouping: [handler], total:")
    found = taken(
        resource(indicator, more="  alerting: {name: Burn, absent: false}\n  performanceOverAccuracy: true\n")
    )
    assert found.problems == ()
    assert [note.removeprefix("a.yml line ") for note in found.notes] == [
        "3: metadata: pyrra knows no service; taken as its namespace, `shop`",
        "13: spec.performanceOverAccuracy: not taken over: it is not known here",
        "12: spec.alerting.name: not taken over: `lumen rules render` makes alerts of its own for every objective",
        "12: spec.alerting.absent: not taken over: `lumen rules render` makes alerts of its own for every objective",
        (
            "11: spec.indicator.ratio.grouping: not taken over: all groups together have one budget; "
            "write an objective for each that needs its own"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (resource(RATIO, target="'100'"), "8: spec.target: found `100`; write a percentage"),
        (resource(RATIO, target="often"), "8: spec.target: found `often`; write a percentage"),
        (resource(RATIO, window="90s"), "9: spec.window: found `90s`; write whole hours"),
        (resource("{}"), "11: spec.indicator: found nothing; write one of ratio"),
        (resource("{ratio: {}, latency: {}}"), "11: spec.indicator: found `ratio, latency`; write one of"),
        (resource("{ratio: {total: {metric: r}}}"), "11: spec.indicator.ratio.errors: found nothing"),
        (resource("{bool_gauge: {metric: sum(up)}}"), "11: spec.indicator.bool_gauge.metric: found `sum(up)`"),
        (
            resource("{latencyNative: {latency: fast, total: {metric: h}}}"),
            "11: spec.indicator.latencyNative.latency: found",
        ),
        (resource(RATIO).replace("v1alpha1", "v1beta1"), "1: apiVersion: found `pyrra.dev/v1beta1`"),
    ],
)
def test_refuses_with_the_line(text: str, problem: str) -> None:
    told = taken(text).problems
    assert any(each.startswith(f"a.yml line {problem}") for each in told), told
