"""The rule files: what is shipped is what is rendered, and everything in it can be read by those who will read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action import gotemplate
from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.layout import lay_out
from lumen_action.alerting.promises import promises_of
from lumen_action.alerting.rendering import Plan, render
from lumen_action.alerting.rulefile import Alert, Group, Record, to_yaml
from lumen_action.alerting.words import LANGUAGES
from lumen_action.commands.rules.documents import read_files
from lumen_action.promql import parse
from lumen_action.yamlite import load

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "rules" / "prometheus"
EXAMPLE = ROOT / "examples" / "rules"


def rules_of(text: str) -> list[dict[str, Any]]:
    document = load(text, "rules.yml")
    assert isinstance(document, dict)
    return [rule for group in document["groups"] for rule in group["rules"]]


def expressions(text: str) -> dict[tuple[str, ...], str]:
    """Return every expression by the name and labels of its rule."""
    found: dict[tuple[str, ...], str] = {}
    for rule in rules_of(text):
        labels = rule.get("labels") or {}
        name = (rule.get("record") or rule["alert"], *(f"{key}={value}" for key, value in labels.items()))
        assert name not in found
        found[name] = rule["expr"]
    return found


def test_the_shipped_files_are_what_is_rendered() -> None:
    assert {path.name: path.read_text("utf-8") for path in SHIPPED.glob("*.yml")} == render(Plan()), "run `make rules`"


@pytest.mark.parametrize("name", sorted(render(Plan())))
def test_every_expression_parses(name: str) -> None:
    for expr in expressions(render(Plan())[name]).values():
        parse(expr)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_alert_says_what_happened_in_every_language(code: str) -> None:
    language = LANGUAGES[code]
    alerts = [rule for rule in rules_of(render(Plan(language=language))["lumen.rules.yml"]) if "alert" in rule]
    assert {rule["alert"] for rule in alerts} == {watch.name for watch in WATCHES} == set(language.alerts)
    for rule in alerts:
        annotations = rule["annotations"]
        assert annotations["runbook_url"].endswith(f"#{rule['alert'].lower()}")
        for said in annotations.values():
            assert gotemplate.check(said, gotemplate.PROMETHEUS_2_42) == []
            # A template does not see the labels that the rule adds.
            assert not re.search(r"labels\.(severity|burn_window)", said)


def test_objectives_in_the_rules_come_before_published_ones() -> None:
    taken = read_files([str(ROOT / "rules" / "slo")], ROOT)
    promised = promises_of(taken.book.slos)
    assert {(each.pipeline, each.slo, each.days) for each in promised.promises} >= {
        ("nightly", "nightly-runs", 30),
        ("api", "api-availability", 30),
        ("api", "api-latency", 7),
    }
    assert [note.partition(":")[0] for note in promised.notes] == [
        "nightly-days",
        "nightly-duration",
        "nightly-freshness",
        "nightly-restore",
    ]
    found = expressions(render(Plan(promises=promised.promises))["lumen.rules.yml"])
    assert (
        found["lumen:slo_events:count", "pipeline=api", "slo=api-availability", "window=6h"]
        == 'sum(sum(increase(http_requests_total{job="api"}[6h])))'
    )
    runs = found["lumen:slo_bad:count", "slo=nightly-runs", "window=1h"]
    assert runs == 'sum by (pipeline) (lumen:region_runs_failed:count{pipeline="nightly",window="1h"})'
    objectives = found["lumen:slo_objective:ratio",]
    assert "vector(0.999)" in objectives
    assert objectives.rindex("on (pipeline, slo)") > objectives.rindex("vector(")
    for expr in found.values():
        parse(expr)


def test_labels_of_a_team_stand_on_every_alert_and_never_replace_ours() -> None:
    text = render(Plan(labels={"team": "payments", "severity": "none"}))["lumen.rules.yml"]
    alerts = [rule for rule in rules_of(text) if "alert" in rule]
    assert {rule["labels"]["team"] for rule in alerts} == {"payments"}
    assert {rule["labels"]["severity"] for rule in alerts} == {"page", "ticket", "info", "none"}


def test_the_example_is_what_is_rendered() -> None:
    from lumen_action.cli import main
    from lumen_action.commands import World

    said = World(folder=EXAMPLE, env={}, clock_ms=lambda: 1_774_000_000_000)
    assert main(["rules", "render", "--slo", "slo.yml", "--out", "rendered", "--check"], said) == 0


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), names, max_size=3), names)
def test_a_rule_file_reads_back_whatever_texts_it_holds(labels: dict[str, str], said: str) -> None:
    alert = Alert("A", "up == 0", labels, {"summary": said}, "15m", "1h")
    [record, back] = rules_of(to_yaml([Group("g", [Record("a:b:c", "- 1"), alert])]))
    assert record == {"record": "a:b:c", "expr": "- 1\n"}
    assert (back.get("labels") or {}, back["annotations"]) == (labels, {"summary": said})
    assert (back["for"], back["keep_firing_for"]) == ("15m", "1h")


@pytest.mark.parametrize("width", [20, 60, 108])
@pytest.mark.parametrize("name", sorted(render(Plan())))
def test_a_broken_up_expression_means_the_same(name: str, width: int) -> None:
    for expr in expressions(render(Plan())[name]).values():
        whole = " ".join(expr.split())
        assert parse("\n".join(lay_out(whole, width))) == parse(whole)
