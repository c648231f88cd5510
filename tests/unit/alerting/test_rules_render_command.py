"""`lumen rules render`, given what cannot be rendered or written."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from slodocuments import slo_text

from lumen_action.alerting.layout import lay_out
from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.promql import Expr, parse
from lumen_action.promql.tree import Selector, children
from lumen_action.yamlite import load


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""

    def render(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        code = main(["rules", "render", *words], World(env={}, folder=self.folder, stdout=out, stderr=err))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_where_nobody_can_write_is_a_wrong_input(terminal: Terminal) -> None:
    (terminal.folder / "file").write_text("")
    assert terminal.render("--out", "file") == 2
    assert "lumen.rules.yml cannot be written (File exists); name another place" in terminal.err


def test_a_file_that_is_no_text_is_another_than_would_be_rendered(terminal: Terminal) -> None:
    assert terminal.render("--out", "rules") == 0
    assert terminal.render("--out", "rules", "--check") == 0
    (terminal.folder / "rules" / "events.rules.yml").write_bytes(b"\xff\xfe")
    assert terminal.render("--out", "rules", "--check") == 2
    assert "events.rules.yml: is not what would be rendered" in terminal.err
    assert terminal.err.count("\n") == 1


def test_targets_that_differ_little_are_two_objectives(terminal: Terminal) -> None:
    (terminal.folder / "slo.yml").write_text(slo_text(objective="{target: 0.9999999}, {target: 0.99999991}"))
    assert terminal.render("--slo", "slo.yml") == 0
    assert 'slo: "x 0.9999999"' in terminal.out
    assert 'slo: "x 0.99999991"' in terminal.out


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (slo_text(objective="{target: 0.9}, {target: 0.9}"), "x 0.9: found 2 objectives of this name and target"),
        (slo_text(name="first_try"), "first_try: is what the rules call an objective of lumen.yml"),
    ],
)
def test_two_rules_never_write_the_same_series(document: str, problem: str, terminal: Terminal) -> None:
    (terminal.folder / "slo.yml").write_text(document)
    assert terminal.render("--slo", "slo.yml", "--out", "rules") == 2
    assert problem in terminal.err
    assert not (terminal.folder / "rules").exists()


def test_a_window_longer_than_any_history_is_left_to_the_report(terminal: Terminal) -> None:
    (terminal.folder / "slo.yml").write_text(slo_text(window="{duration: 9999d, isRolling: true}"))
    assert terminal.render("--slo", "slo.yml") == 0
    assert "note: x: rules look back 3660 days at most; `lumen slo report` evaluates it" in terminal.err
    assert "999999d" not in terminal.out


def test_templates_that_prometheus_cannot_expand_are_refused(terminal: Terminal) -> None:
    lumen = terminal.folder / "lumen.yml"
    lumen.write_text("alerts: {labels: {team: '{{ nope'}, runbook: 'https://runbook.example/{{ foo }}'}\n")
    assert terminal.render() == 2
    assert "alerts.labels.team: found the function nope" in terminal.err
    assert "alerts.runbook: found the function foo" in terminal.err
    lumen.write_text("alerts: {labels: {team: 'a\"b$x {{ $labels.pipeline }} 한국'}}\n")
    assert terminal.render() == 0


def expressions_of(text: str) -> list[str]:
    [group] = load(text, "lumen.rules.yml")["groups"]
    return [rule["expr"] for rule in group["rules"]]


def selectors(expr: Expr) -> list[Selector]:
    own = [expr] if isinstance(expr, Selector) else []
    return [*own, *(selector for child in children(expr) for selector in selectors(child))]


def test_a_name_in_a_query_keeps_its_blanks_and_quotes_wherever_the_query_is_broken(terminal: Terminal) -> None:
    name = 'a  b" or (c and\u00a0d, \u200b\U000e0001 so long that the expression is more than one line'
    (terminal.folder / "lumen.yml").write_text(f"pipeline: '{name}'\nslo: {{first-try: 0.9}}\n", encoding="utf-8")
    out = io.StringIO()
    assert main(["rules", "export"], World(env={}, folder=terminal.folder, stdout=out, stderr=io.StringIO())) == 0
    (terminal.folder / "slo.yml").write_text(out.getvalue(), encoding="utf-8")
    assert terminal.render("--slo", "slo.yml") == 0
    named = {
        matcher.value
        for expr in expressions_of(terminal.out)
        for selector in selectors(parse(expr))
        for matcher in selector.matchers
        if matcher.label == "pipeline"
    }
    assert named == {name}


def test_a_comment_in_a_query_hides_nothing_of_the_rule(terminal: Terminal) -> None:
    query = "{metricSource: {type: Prometheus, spec: {query: 'increase(%s[{{.window}}]) # told'}}}"
    indicator = f"indicator: {{spec: {{ratioMetric: {{counter: false, good: {query % 'a'}, total: {query % 'b'}}}}}}}"
    (terminal.folder / "slo.yml").write_text(slo_text(indicator=indicator))
    assert terminal.render("--slo", "slo.yml") == 0
    counted = [expr for expr in expressions_of(terminal.out) if "increase(a" in expr]
    assert counted
    assert all(parse(expr) and "told" not in expr for expr in counted)


def test_an_expression_is_never_broken_within_quotes() -> None:
    expr = r'sum(a{x="\")) or b"}) or sum(c)'
    assert lay_out(expr, 25) == [r'sum(a{x="\")) or b"})', "or sum(c)"]
