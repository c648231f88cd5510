"""Prometheus' configuration: its form, the Pushgateway's job, history and what is loaded."""

from __future__ import annotations

import pytest
from rulefiles import EVERY_CHECK, Case, found, rule, scraping, setup

from lumen_action.alerting.checks.everywhere import not_measurable
from lumen_action.alerting.checks.setup import Configured

NIGHTLY_99 = Configured("lumen.yml", {"run": 0.99}, runs_per_day=1.0)
NIGHTLY_95 = Configured("lumen.yml", {"run": 0.95, "day": 0.95}, runs_per_day=1.0)
WRITES = Configured("lumen.yml", remote_write=True)

CASES = [
    Case("prometheus-form", "rule_files: a\n", "x.yml:1", "no list", "rule_files:\n  # - a\n"),
    Case("prometheus-form", scraping("honour_labels: true"), "x.yml:3", "`honour_labels`", scraping()),
    Case("prometheus-form", scraping(more="global: {scrape_interval: 1}\n"), "x.yml:1", "no duration", scraping()),
    Case(
        "prometheus-form",
        "scrape_configs:\n- {job_name: a}\n- {job_name: a}",
        "x.yml:3",
        "the job `a` a second time",
        "scrape_configs:\n- {job_name: a}\n- {job_name: b, file_sd_configs: [], sample_limit: 5}",
    ),
    Case("rule-files", "rule_files: [nowhere.yml]", "x.yml:1", "leads to no file", "rule_files: [x.yml]"),
    Case("honor-labels", scraping("scheme: http"), "x.yml:2", "without `honor_labels`", scraping()),
    Case("honor-labels", scraping("honor_labels: false", "a"), "x.yml:2", "exported_job", scraping(name="a")),
    Case("job-name", scraping(name="pushes"), "x.yml:2", "no job `pushgateway`", scraping()),
    Case(
        "interval",
        scraping("scrape_interval: 10m"),
        "x.yml:3",
        "`scrape_interval: 10m`",
        scraping("scrape_interval: 5m"),
    ),
    Case(
        "interval",
        scraping(more="global: {evaluation_interval: 1h}\n"),
        "x.yml:1",
        "`evaluation_interval: 1h`",
        scraping(),
    ),
    Case(
        "retention",
        scraping() + "storage: {tsdb: {retention: {time: 15d}}}",
        "x.yml:5",
        "15d",
        scraping() + "storage: {tsdb: {retention: {time: 60d}}}",
    ),
    Case(
        "alerts-to-nobody",
        "rule_files: [a.yml]",
        "x.yml:1",
        "no Alertmanager",
        "rule_files: [a.yml]\nalerting: {alertmanagers: [{static_configs: []}]}",
    ),
    Case(
        "remote-write",
        scraping(),
        "x.yml:1",
        "out_of_order_time_window",
        scraping() + "storage: {tsdb: {out_of_order_time_window: 3h}}",
        configured=WRITES,
    ),
    Case(
        "rules-not-loaded",
        "rule_files: [r.yml]",
        "x.yml:1",
        "group `lumen`",
        "rule_files: [l.yml]",
        others={"r.yml": rule("up"), "l.yml": "groups: [{name: lumen, rules: []}]"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_found_where_it_stands_and_nothing_when_it_is_mended(case: Case) -> None:
    case.holds()


def test_an_objective_that_cannot_be_measured_is_told_with_one_that_can() -> None:
    (finding,) = EVERY_CHECK["not-measurable"].findings(setup({}, NIGHTLY_99))
    assert "99 % of the 30 runs in 30 days allows 0.3 failures" in finding.fault.found
    assert finding.fault.fix == "write `slo: {run: 0.9666}`, or measure over 100 days"
    assert found("not-measurable", setup({}, NIGHTLY_95)) == []


def test_rules_of_another_release_are_told_and_those_of_a_plan_are_not() -> None:
    from lumen_action.alerting.promises import Promise
    from lumen_action.alerting.rendering import Plan, render
    from lumen_action.alerting.words import KOREAN

    plan = Plan(KOREAN, "https://wiki.example", "30s", {"team": "a"}, [Promise("p", "run", 0.9)], {"p": 4}, {"p": 3})
    for text in (render(Plan())["lumen.rules.yml"], render(plan)["lumen.rules.yml"]):
        assert found("rules-outdated", setup({"x.yml": text})) == []
        older = text.replace("record: lumen:failure:ratio", "record: lumen:failed:ratio")
        assert older != text
        (told,) = found("rules-outdated", setup({"x.yml": older}))
        assert "0 rules differ from this release and 1 are missing, such as `lumen:failure:ratio" in told


def test_an_objective_of_everything_has_no_budget() -> None:
    ((told, fix),) = not_measurable("run", 1.0, 500)
    assert "leaves no budget" in told
    assert fix == "write what you would accept, such as 0.99"
    assert list(not_measurable("run", 0.99, 500)) == []
