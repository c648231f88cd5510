"""What corrections, moves and renames must not do to the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
import ruletest
import servers
from ruletest import Expected, expecting, series

from lumen_action.alerting.promises import Promise
from lumen_action.alerting.rendering import Plan, render

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
EU = {"pipeline": "p", "region": "eu"}
BORN = series("lumen_series_start_timestamp_seconds", "0x400", **EU)


def firing(alert: str, at: str, *labels: dict[str, str]) -> Expected:
    """Expect an alert to fire with these labels and no others."""
    samples = [
        {"labels": "ALERTS{{{}}}".format(",".join(f'{name}="{value}"' for name, value in each.items())), "value": 1}
        for each in labels
    ]
    return {"expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}', "eval_time": at, "exp_samples": samples}


def test_runs_that_turn_bad_after_their_window_are_no_ratio_beyond_all_and_none(promtool: str, tmp_path: Path) -> None:
    turned = {"from": "success", "to": "failure", **EU}
    given = [
        BORN,
        series("lumen_runs_total", "0x4 6x40 7x355", **EU),
        series("lumen_runs_success_total", "0x4 6x40 7x355", **EU),
        series("lumen_runs_corrected_total", "0x45 3x354", **turned),
    ]
    expected = [
        expecting('lumen:runs_failed:count{window="1d"}', "50h", p=3),
        expecting('lumen:slo_bad:ratio{slo="run",window="1d"}', "50h", p=1),
        expecting('lumen:sli:ratio{window="1d"}', "50h", p=0),
        expecting('lumen:region_sli:ratio{window="1d"}', "50h", p=0),
    ]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "1h", given, expected)


def test_runs_that_turn_good_after_their_window_leave_a_week_at_all(promtool: str, tmp_path: Path) -> None:
    turned = {"from": "failure", "to": "success", **EU}
    given = [
        BORN,
        series("lumen_runs_total", "0x4 6x200 7x195", **EU),
        series("lumen_runs_success_total", "0x4 3x200 4x195", **EU),
        series("lumen_runs_failed_total", "0x4 3x395", error_class="network", **EU),
        series("lumen_runs_corrected_total", "0x206 3x193", **turned),
    ]
    expected = [
        expecting("lumen:sli7d", "207h", p=1),
        expecting('lumen:sli:ratio{window="7d"}', "207h", p=1),
    ]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "1h", given, expected)


def test_what_is_published_now_comes_before_the_last_word_of_a_host_that_is_gone(promtool: str, tmp_path: Path) -> None:
    old, new = {"instance": "a", **EU}, {"instance": "b", **EU}
    given = [
        BORN,
        series("lumen_runs_total", "5x10 _x90", **old),
        series("lumen_runs_total", "_x10 6x90", **new),
        series("lumen_consecutive_failures", "2x10 _x90", **old),
        series("lumen_consecutive_failures", "_x10 0x90", **new),
        series("lumen_pipeline_success", "1x10 _x90", stage="build", **old),
        series("lumen_pipeline_success", "_x10 0x90", stage="build", **new),
        series("lumen_remote_integrity_ok", "0x10 _x90", pipeline="p", instance="a"),
        series("lumen_remote_integrity_ok", "_x10 1x90", pipeline="p", instance="b"),
    ]
    expected = [
        expecting("lumen:consecutive_failures:count", "50m", p=2),
        expecting("lumen:consecutive_failures:count", "4h", p=0),
        expecting("job:lumen_stage_failure", "4h", p=1),
        firing("LumenPipelineFailing", "4h"),
        firing("LumenIntegrityMismatch", "4h"),
    ]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "5m", given, expected)


def test_a_check_that_failed_is_one_alert_however_many_are_scraped(promtool: str, tmp_path: Path) -> None:
    given = [series("lumen_remote_integrity_ok", "0x10", pipeline="p", instance=name) for name in "ab"]
    one = {
        "alertname": "LumenIntegrityMismatch",
        "alertstate": "firing",
        "pipeline": "p",
        "severity": "page",
    }
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "5m", given, [firing("LumenIntegrityMismatch", "20m", one)])


@pytest.mark.slow
def test_a_stage_that_was_renamed_is_not_failed_for_ever(promtool: str, tmp_path: Path) -> None:
    stage = {"stage": "old", **EU}
    given = [
        series("lumen_series_start_timestamp_seconds", "0x900", **EU),
        series("lumen_runs_total", "0x4 1x20 2x875", **EU),
        series("lumen_stage_failed_total", "0x4 1x895", error_class="network", **stage),
        series("lumen_stage_success_total", "0x900", **stage),
        series("lumen_pipeline_success", "1x4 0x895", **stage),
    ]
    failed = {
        "alertname": "LumenStageFailed",
        "alertstate": "firing",
        "severity": "info",
        **stage,
    }
    expected = [firing("LumenStageFailed", "100h", failed), firing("LumenStageFailed", "800h")]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "1h", given, expected)


def test_an_objective_of_days_may_have_any_name(promtool: str, tmp_path: Path) -> None:
    def counts(window: str) -> tuple[str, str]:
        return f'lumen:days:count{{window="{window}"}}', f'lumen:days:count{{window="{window}"}} * 0'

    promise = Promise("p", "days (all) 0.9", 0.9, 7, counts, pipelines_tell=True, counts_days=True)
    rules = tmp_path / "lumen.rules.yml"
    rules.write_text(render(Plan(promises=[promise]))["lumen.rules.yml"], "utf-8")
    ruletest.promtool_accepts(promtool, rules)
