"""Rule files: what Prometheus would refuse, and what nobody could act on."""

from __future__ import annotations

import pytest
from rulefiles import Case, rule, rules

SPOKEN = "labels: {severity: page}\n  annotations: {summary: s, runbook_url: 'https://wiki.example'}"

CASES = [
    Case("rule-form", rules("- record: a:b\n  exp: up"), "x.yml:5", "unknown key `exp`", rule("up")),
    Case("rule-form", rules("- record: a:b"), "x.yml:4", "no `expr`", rule("up")),
    Case("rule-form", rules("- expr: up"), "x.yml:4", "either `record` or `alert`", rule("up")),
    Case("rule-form", rules("- record: a:b\n  expr: up\n  for: 5m"), "x.yml:6", "recording rule", rule("up")),
    Case(
        "rule-form",
        rules("- alert: A\n  expr: up\n  for: 5 minutes"),
        "x.yml:6",
        "`for: 5 minutes`, which is no duration",
        rules("- alert: A\n  expr: up\n  for: 1h30m"),
    ),
    Case(
        "rule-form",
        rules("- record: a:b\n  expr: up\n  labels: {a-b: c}"),
        "x.yml:6",
        "the name `a-b`",
        rules("- record: a:b\n  expr: up\n  labels: {a_b: c}"),
    ),
    Case(
        "rule-form",
        "groups:\n- {name: g, rules: []}\n- {name: g, rules: []}",
        "x.yml:3",
        "a second time",
        "groups:\n- {name: g, rules: []}\n- {name: h, rules: []}",
    ),
    Case("rule-form", "groups: [{name: g, rules: {}}]", "x.yml:1", "no list", "groups: [{name: g, rules: []}]"),
    Case("record-name", rule("up", "a-b"), "x.yml:4", "`a-b`, which is no name", rule("up", "a:b")),
    Case(
        "rule-query",
        rules("- record: a:b\n  expr: |\n    sum by (x) (\n      increase(y)\n    )"),
        "x.yml:7",
        "an instant vector in increase()",
        rules("- record: a:b\n  expr: |\n    sum by (x) (\n      increase(y[1d])\n    )"),
    ),
    Case("rule-query", rule("increase(x[7d]) by (y)"), "x.yml:5", "`by` behind", rule("sum by (y) (increase(x[7d]))")),
    Case(
        "rule-template",
        rules("- alert: A\n  expr: up\n  annotations:\n    s: '{{ .X | default \"y\" }}'"),
        "x.yml:7",
        "default",
        rules("- alert: A\n  expr: up\n  annotations:\n    s: '{{ $labels.x }}'"),
    ),
    Case(
        "rule-duplicate",
        rules("- record: a:b\n  expr: up\n- record: a:b\n  expr: down"),
        "x.yml:6",
        "as on line 4",
        rules("- record: a:b\n  expr: up\n- record: a:b\n  expr: down\n  labels: {x: y}"),
    ),
    *(
        Case(
            "alert-words",
            rules(f"- alert: A\n  expr: up\n  {SPOKEN.replace(word, instead)}"),
            "x.yml:4" if word != "'https:" else "x.yml:7",
            told,
            rules(f"- alert: A\n  expr: up\n  {SPOKEN}"),
        )
        for word, instead, told in (
            ("severity", "level", "without `severity`"),
            ("summary", "title", "without `summary`"),
            ("runbook_url", "runbook", "without `runbook_url`"),
            ("'https:", "'", "no address"),
        )
    ),
    Case("test-form", "tests: [{input_series: [], inter: 1m}]", "x.yml:1", "`inter`", "tests: [{input_series: []}]"),
    Case(
        "test-form",
        "tests:\n- promql_expr_test:\n  - eval_time: 1m\n    expr: sum(",
        "x.yml:4",
        "the end of the expression",
        "tests:\n- promql_expr_test:\n  - eval_time: 1m\n    expr: sum(up)",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_found_where_it_stands_and_nothing_when_it_is_mended(case: Case) -> None:
    case.holds()
