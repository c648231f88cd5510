"""`lumen rules check` and `lumen rules doctor` at the terminal: what the seed of this project did, and what we ship."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rulefiles import dashboard, query, rule

from lumen_action.cli import main
from lumen_action.commands import World

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "rules"
SEED_ALERTMANAGER = """\
route: {receiver: default}
receivers:
- name: default
  webhook_configs:
  - url: https://hooks.example/alert
    http_config:
      authorization:
        credentials: ${TOKEN}
- name: oncall
  email_configs:
  - to: oncall@team.example
    smarthost: '${SMTP_HOST}:${SMTP_PORT}'
    html: '{{ template "our.body" . }}'
"""
SEED_RULES = """\
groups:
- name: seed
  rules:
  - record: lumen:sli7d
    expr: increase(lumen_runs_success_total[7d]) / clamp_min(increase(lumen_runs_total[7d]), 1)
  - record: job:lumen_success_ratio_1d
    expr: sum_over_time(lumen_remote_integrity_ok[1d]) / (24*60*60 / 30)
  - alert: LumenIntegrityMismatch
    expr: increase(lumen_runs_total[1d]) > 0 and lumen_remote_integrity_ok == 0
    labels: {severity: page}
    annotations: {summary: hashes differ, runbook_url: "https://runbook.example/lumen#integrity"}
  - alert: LumenPipelineStalled
    expr: time() - lumen_pipeline_last_run_timestamp > 3*60*60
    labels: {severity: page}
    annotations: {summary: stalled, runbook_url: "https://runbook.example/lumen#stalled"}
"""
SEED_PROMETHEUS = """\
rule_files: [seed.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager.example:9093"]}]}]}
scrape_configs:
- job_name: pushgateway
  static_configs: [{targets: ["push.example:9091"]}]
"""


class Terminal:
    """A folder and what was printed in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name.replace("_", ".")).write_text(text, encoding="utf-8")

    def __call__(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        code = main(["rules", *words], World(env={}, folder=self.folder, stdout=out, stderr=err))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def found(self, *words: str) -> list[tuple[str, str, str, int | None]]:
        self(*words, "--json")
        rows: list[dict[str, Any]] = sorted(json.loads(self.out), key=lambda row: (row["file"] or "", row["line"] or 0))
        return [(row["check"], row["status"], row["file"], row["line"]) for row in rows if row["status"] in _FAULTY]


_FAULTY = {"error", "warning", "advice"}


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))
    return Terminal(tmp_path)


def program(terminal: Terminal, name: str, script: str) -> str:
    file = terminal.folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_the_seed_gives_exactly_these_findings(terminal: Terminal) -> None:
    terminal.write(am_yml=SEED_ALERTMANAGER, seed_yml=SEED_RULES, prometheus_yml=SEED_PROMETHEUS)
    told = terminal.found("doctor", "--prometheus-config", "prometheus.yml", "--alertmanager-config", "am.yml")
    assert told == [
        ("ungrouped", "advice", "am.yml", 1),
        ("variable", "error", "am.yml", 8),
        ("receiver-unused", "warning", "am.yml", 9),
        ("variable", "error", "am.yml", 12),
        ("template-missing", "error", "am.yml", 13),
        ("rules-not-loaded", "error", "prometheus.yml", 1),
        ("honor-labels", "error", "prometheus.yml", 4),
        ("extrapolated-count", "warning", "seed.yml", 5),
        ("idle-is-bad", "warning", "seed.yml", 5),
        ("scrape-dependent", "warning", "seed.yml", 7),
        ("extrapolated-count", "warning", "seed.yml", 9),
        ("never-equal", "warning", "seed.yml", 9),
        ("fixed-age", "warning", "seed.yml", 13),
    ]


def test_what_we_ship_has_no_fault(terminal: Terminal) -> None:
    assert terminal.found("check", str(SHIPPED)) == []
    (terminal.folder / "prometheus.yml").write_text(
        SEED_PROMETHEUS.replace("seed.yml", f"'{SHIPPED / 'prometheus' / '*.rules.yml'}'") + "  honor_labels: true\n"
    )
    given = ("--alertmanager-config", str(SHIPPED / "alertmanager" / "alertmanager.yml"))
    dashboards = ("--dashboards", str(SHIPPED / "grafana"))
    assert terminal.found("doctor", "--prometheus-config", "prometheus.yml", *given, *dashboards) == []
    assert terminal("doctor", "--prometheus-config", "prometheus.yml", *given, *dashboards) == 0
    assert "nothing to mend" in terminal.err


def test_a_finding_names_file_line_and_fix_and_an_error_is_2(terminal: Terminal) -> None:
    terminal.write(bad_yml=rule("increase(x[7d]) by (y)"), good_yml=rule("up"))
    assert terminal("check") == 2
    assert terminal.out.splitlines()[0].startswith("error    bad.yml:5  `by` behind something that is no aggregation")
    assert terminal.out.splitlines()[1].lstrip().startswith("fix: ")
    assert terminal.err.splitlines()[-1] == "2 files: 1 error"
    assert terminal("check", "good.yml") == 0
    assert (terminal.out, terminal.err.splitlines()[-1]) == ("", "1 file: nothing to mend")


def test_a_warning_alone_is_no_failure(terminal: Terminal) -> None:
    terminal.write(a_yml="groups:\n- name: g\n  rules:\n  - {alert: A, expr: up}\n")
    assert terminal("check") == 0
    assert "3 warnings" in terminal.err


def test_a_folder_is_searched_and_what_is_no_such_file_is_left_alone(terminal: Terminal) -> None:
    (terminal.folder / ".hidden").mkdir()
    (terminal.folder / ".hidden" / "bad.yml").write_text(rule("("))
    (terminal.folder / "deep" / "er").mkdir(parents=True)
    (terminal.folder / "deep" / "er" / "bad.yml").write_text(rule("("))
    terminal.write(workflow_yml="on: push\njobs: {}", package_json="{}", broken_json="{")
    assert terminal.found("check") == [("rule-query", "error", "deep/er/bad.yml", 5)]


def test_what_was_asked_for_and_is_no_such_file_is_a_wrong_input(terminal: Terminal) -> None:
    terminal.write(workflow_yml="on: push\njobs: {}")
    assert terminal("check", "workflow.yml", "gone.yml") == 2
    assert "workflow.yml: is none of rule file" in terminal.err
    assert "gone.yml: No such file or directory" in terminal.err
    assert terminal("check", "--promtool", "/nowhere/promtool") == 2
    assert "promtool: `/nowhere/promtool` is no program" in terminal.err
    assert terminal("doctor") == 2
    assert "nothing to look at" in terminal.err


def test_a_folder_in_which_nothing_was_looked_at_is_no_good_news(terminal: Terminal) -> None:
    assert terminal("check") == 2
    assert "found no rules, configuration, template or dashboard" in terminal.err


def test_a_vendors_tool_decides_about_yaml_that_we_do_not_read(terminal: Terminal) -> None:
    terminal.write(a_yml="groups:\n- &g {name: g, rules: []}\n")
    assert terminal.found("check") == [("file-unread", "warning", "a.yml", 2)]
    agrees = program(terminal, "agrees", "echo '  SUCCESS: 0 rules found'")
    assert terminal.found("check", "a.yml", "--promtool", agrees) == [("file-unread", "advice", "a.yml", 2)]
    refuses = program(terminal, "refuses", 'printf "  FAILED:\\n$3: yaml: unmarshal errors:\\n  line 2: no\\n"; exit 1')
    assert terminal.found("check", "a.yml", "--promtool", refuses) == [("promtool", "error", "a.yml", 2)]
    assert terminal("check", "a.yml", "--promtool", refuses) == 2
    silent = program(terminal, "silent", "exit 3")
    assert terminal.found("check", "a.yml", "--promtool", silent) == [("promtool", "error", "a.yml", None)]


def test_what_both_find_is_told_once(terminal: Terminal) -> None:
    terminal.write(a_yml=rule("("))
    refuses = program(terminal, "refuses", 'echo "$3: 5:11: could not parse expression: unclosed" >&2; exit 1')
    assert terminal.found("check", "a.yml", "--promtool", refuses) == [("rule-query", "error", "a.yml", 5)]


def test_doctor_says_what_it_did_not_look_at_and_what_would_make_it(terminal: Terminal) -> None:
    (terminal.folder / "boards").mkdir()
    (terminal.folder / "boards" / "a.json").write_text(dashboard(query("sum(")))
    assert terminal("doctor", "--dashboards", "boards", "--json") == 2
    rows = {row["check"]: row for row in json.loads(terminal.out)}
    assert rows["panel-query"]["status"] == "error"
    assert rows["panel-refid"]["status"] == "ok"
    for check, option in (
        ("honor-labels", "--prometheus-config"),
        ("receiver-unused", "--alertmanager-config"),
        ("not-measurable", "--config"),
        ("no-series", "--prometheus-url"),
        ("receiver-answers", "--probe"),
    ):
        assert rows[check]["status"] == "skipped"
        assert rows[check]["found"].endswith(f"give {option}")
    assert set(rows["panel-query"]) == {"check", "looks_at", "status", "file", "line", "found", "fix"}


@pytest.mark.parametrize("url", ["http://u:pass-w0rd@[bad", "u:pass-w0rd@host:9090", "http://u:pass-w0rd@host:x", "/x"])
def test_what_is_no_url_is_refused_and_not_shown(url: str, terminal: Terminal) -> None:
    assert terminal("doctor", "--prometheus-url", url) == 2
    assert "prometheus-url: is no URL of http or https; write `--prometheus-url http://" in terminal.err
    assert "pass-w0rd" not in terminal.out + terminal.err


def test_objectives_of_lumen_yml_are_held_against_its_schedule(terminal: Terminal) -> None:
    terminal.write(lumen_yml='slo: {run: 0.99, first-try: 0.9}\nexpected: {cron: ["0 2 * * *"]}\n')
    assert terminal("doctor", "--config", "lumen.yml") == 0
    assert "slo.run: 99 % of the 30 runs in 30 days allows 0.3 failures" in terminal.out
    assert "slo.first_try" not in terminal.out
    terminal.write(lumen_yml="slo: {run: 1.0}\n")
    assert terminal("doctor", "--config", "lumen.yml") == 2
    assert "slo.run" in terminal.err


def test_a_pattern_in_a_folder_that_is_not_here_says_nothing(terminal: Terminal) -> None:
    terminal.write(
        prometheus_yml=SEED_PROMETHEUS.replace("seed.yml", "/nowhere/rules/*.yml") + "  honor_labels: true\n"
    )
    assert terminal.found("doctor", "--prometheus-config", "prometheus.yml") == []
    shutil.copy(SHIPPED / "prometheus" / "lumen.rules.yml", terminal.folder / "lumen.rules.yml")
    terminal.write(prometheus_yml=SEED_PROMETHEUS.replace("seed.yml", "'*.rules.yml'") + "  honor_labels: true\n")
    assert terminal.found("doctor", "--prometheus-config", "prometheus.yml") == []
