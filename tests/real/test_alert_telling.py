"""What an alert tells a person, and the alerts that are about no single pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import ruletest
from ruletest import Expected, Given, series
from scenarios import EVENTS, GATEWAY, LUMEN

from lumen_action import yamlite
from lumen_action.alerting.alerts import WATCHES

STEP = "5m"
EU = {"pipeline": "p", "region": "eu"}
FAILED = "lumen_last_failed_run_timestamp_seconds"
RUN = {"run_id": "run-7", "error_class": "network", "fingerprint": "f1", "url": "https://ci.example/7"}


def failing(pipeline: str = "p", region: str = "eu") -> list[Given]:
    place = {"pipeline": pipeline, "region": region}
    return [
        series("lumen_runs_total", "2x6", **place),
        series("lumen_series_start_timestamp_seconds", "0x6", **place),
        series("lumen_consecutive_failures", "2x6", **place),
    ]


def told(alert: str, labels: dict[str, str], annotations: dict[str, str]) -> Expected:
    return {
        "eval_time": "10m",
        "alertname": alert,
        "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}],
    }


def agrees(promtool: str, directory: Path, given: list[Given], *alerts: Expected) -> None:
    ruletest.promtool_agrees(promtool, directory, [LUMEN], STEP, given, [], alerts=alerts)


def region_failing(run: str, url: str, error_class: str, region: str) -> Expected:
    return told(
        "LumenRegionFailing",
        {"severity": "ticket", **EU},
        {
            "summary": "p / eu: the last 2 runs failed",
            "description": "One region fails in a row, whatever the cause of each run.",
            "runbook_url": "https://github.com/org/lumen-sli-action/blob/v1/RUNBOOK.md#lumenregionfailing",
            "run": run,
            "run_url": url,
            "error_class": error_class,
            "failed_region": region,
        },
    )


def test_an_alert_names_the_run_that_failed_last(promtool: str, tmp_path: Path) -> None:
    given = [
        *failing(),
        series(FAILED, "60x6", **EU, **RUN),
        series(FAILED, "30x6", **EU, **{**RUN, "run_id": "run-6", "error_class": "build"}),
        series(FAILED, "90x6", pipeline="p", region="us", **{**RUN, "run_id": "of another region"}),
        series(FAILED, "90x6", pipeline="q", region="eu", **{**RUN, "run_id": "of another pipeline"}),
    ]
    agrees(promtool, tmp_path, given, region_failing("run-7", "https://ci.example/7", "network", "eu"))


def test_an_alert_without_a_known_run_is_an_alert(promtool: str, tmp_path: Path) -> None:
    agrees(promtool, tmp_path, failing(), region_failing("", "", "", ""))


@pytest.mark.parametrize("name", sorted({watch.name for watch in WATCHES}))
def test_every_alert_says_what_happened_and_where_to_read_on(name: str) -> None:
    document: Any = yamlite.load(LUMEN.read_text(), LUMEN.name)
    found = [rule for group in document["groups"] for rule in group["rules"] if rule.get("alert") == name]
    assert found
    for rule in found:
        annotations = rule["annotations"]
        assert annotations["summary"]
        assert annotations["description"]
        assert annotations["runbook_url"].endswith(f"#{name.lower()}")
        assert rule["labels"]["severity"] in {"page", "ticket", "info", "none"}


def firing(name: str, minute: int, *labels: dict[str, str]) -> Expected:
    pairs = [",".join(f'{label}="{value}"' for label, value in each.items()) for each in labels]
    alerts = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    return {
        "expr": f"group by (severity, pipeline, error_class, fingerprint) ({alerts})",
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": f"{{{pair}}}", "value": 1} for pair in pairs],
    }


def test_nothing_reported_at_all_is_told_once(promtool: str, tmp_path: Path) -> None:
    expected = [firing("LumenTelemetryAbsent", 10), firing("LumenTelemetryAbsent", 20, {"severity": "ticket"})]
    up = [series("up", "1x6", job="pushgateway")]
    ruletest.promtool_agrees(promtool, tmp_path, [LUMEN], STEP, up, expected)


def test_a_gateway_that_does_not_answer_is_told(promtool: str, tmp_path: Path) -> None:
    given = [series("up", "1x2 0x8", job="pushgateway"), *failing()]
    expected = [firing("LumenTelemetryAbsent", 25), firing("LumenTelemetryAbsent", 30, {"severity": "ticket"})]
    ruletest.promtool_agrees(promtool, tmp_path, [LUMEN], STEP, given, expected)


@pytest.mark.parametrize(
    ("rules", "published"),
    [
        (EVENTS, series("lumen_run_event", "1 _x20", pipeline="p", region="eu", outcome="success")),
        (
            GATEWAY,
            series("lumen_run_completed_timestamp_seconds", "0x20", pipeline="p", region="eu", outcome="success"),
        ),
    ],
    ids=["samples", "groups"],
)
def test_runs_without_totals_are_numbers_too(promtool: str, tmp_path: Path, rules: Path, published: Given) -> None:
    given = [series("up", "1x20", job="pushgateway"), published]
    ruletest.promtool_agrees(promtool, tmp_path, [rules, LUMEN], STEP, given, [firing("LumenTelemetryAbsent", 60)])


def test_one_cause_in_several_pipelines_is_one_page(promtool: str, tmp_path: Path) -> None:
    def failed(pipeline: str, region: str, fingerprint: str, error_class: str = "network") -> Given:
        labels = {**RUN, "fingerprint": fingerprint, "error_class": error_class}
        return series(FAILED, "60x20", pipeline=pipeline, region=region, **labels)

    given = [
        *(failed("p", region, "shared") for region in ("eu", "us")),
        failed("q", "eu", "shared"),
        *(failed("p", region, "of one pipeline") for region in ("kr", "jp", "br")),
        *(failed(pipeline, "za", "in two regions") for pipeline in ("r", "s")),
        *(failed(pipeline, "in", "") for pipeline in ("r", "s", "t")),
    ]
    shared = {"severity": "page", "error_class": "network", "fingerprint": "shared"}
    expected = [firing("LumenWidespreadFailure", 5, shared), firing("LumenWidespreadFailure", 65)]
    ruletest.promtool_agrees(promtool, tmp_path, [LUMEN], STEP, given, expected)
