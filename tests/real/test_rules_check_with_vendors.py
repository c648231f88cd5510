"""`lumen rules check` with the real promtool and amtool: what they refuse and accept, and what only we find."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import servers

from lumen_action.cli import main
from lumen_action.commands import World

UNKNOWN_FIELD = "groups:\n- name: g\n  nonsense: 1\n  rules:\n  - &r {record: 'a:b', expr: up}\n"
ANCHORED = "groups:\n- name: g\n  rules:\n  - &r {record: 'a:b', expr: up}\n"
FAILING_TEST = """\
rule_files: [rules.yml]
tests:
- interval: 1m
  input_series: [{series: up, values: '1x5'}]
  promql_expr_test: [{expr: 'a:b', eval_time: 1m, exp_samples: [{labels: 'a:b', value: 2}]}]
"""
UNDELIVERABLE = """\
route: {receiver: a, group_by: [pipeline]}
receivers:
- name: a
  email_configs:
  - {to: a@team.example, from: b@team.example, smarthost: '${SMTP_HOST}:${SMTP_PORT}'}
"""


@pytest.fixture
def tools() -> list[str]:
    return ["--promtool", servers.promtool(), "--amtool", servers.program("prometheus-alertmanager", "amtool")]


def checked(folder: Path, tools: list[str], **files: str) -> list[tuple[str, str, str, int | None]]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    out = io.StringIO()
    main(["rules", "check", "--json", *tools], World(env={}, folder=folder, stdout=out, stderr=io.StringIO()))
    return [(row["check"], row["status"], row["file"], row["line"]) for row in json.loads(out.getvalue())]


def test_promtool_decides_about_yaml_that_only_it_reads(tmp_path: Path, tools: list[str]) -> None:
    assert checked(tmp_path, tools, rules_yml=UNKNOWN_FIELD) == [("promtool", "error", "rules.yml", 3)]
    assert checked(tmp_path, tools, rules_yml=ANCHORED) == [("file-unread", "advice", "rules.yml", 4)]


def test_a_unit_test_of_rules_that_fails_is_an_error(tmp_path: Path, tools: list[str]) -> None:
    told = checked(tmp_path, tools, rules_yml=ANCHORED.replace("&r ", ""), rules_test_yml=FAILING_TEST)
    assert told == [("promtool", "error", "rules.test.yml", None)]
    told = checked(tmp_path, tools, rules_test_yml=FAILING_TEST.replace("value: 2", "value: 1"))
    assert told == []


def test_prometheus_and_its_template_are_asked_too(tmp_path: Path, tools: list[str]) -> None:
    told = checked(tmp_path, tools, prometheus_yml="scrape_configs:\n- job_name: &a a\n  static_config: []\n")
    assert told == [("promtool", "error", "prometheus.yml", 3)]
    told = checked(tmp_path, tools, prometheus_yml="scrape_configs: [{job_name: a}]", a_tmpl='x\n{{ define "a" }}')
    assert told == [("template", "error", "a.tmpl", 2)]


def test_what_amtool_accepts_and_can_never_be_delivered_is_found(tmp_path: Path, tools: list[str]) -> None:
    assert checked(tmp_path, tools, am_yml=UNDELIVERABLE) == [("variable", "error", "am.yml", 5)]
    good = UNDELIVERABLE.replace("${SMTP_HOST}:${SMTP_PORT}", "smtp.example:25")
    assert checked(tmp_path, tools, am_yml=good) == []


def test_what_we_ship_passes(tmp_path: Path, tools: list[str]) -> None:
    assert checked(tmp_path, [str(servers.ROOT / "rules"), *tools]) == []
