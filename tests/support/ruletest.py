"""Recording rules held against series of our choice by the real promtool."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import ruleclosure

Given = Mapping[str, str]
Expected = Mapping[str, object]


def series(name: str, values: str, **labels: str) -> Given:
    """Return one series in promtool's notation."""
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return {"series": f"{name}{{{pairs}}}", "values": values}


def samples(of_step: Mapping[int, object], steps: int) -> str:
    """Write values that stand at some steps only, as remote-written samples do."""
    return " ".join(str(of_step.get(step, "_")) for step in range(steps))


def expecting(expression: str, at: str, **values: float) -> Expected:
    """Expect one sample a keyword, or none: `p=3` is 3 for the pipeline p."""
    found = [{"labels": f'{{pipeline="{pipeline}"}}', "value": value} for pipeline, value in values.items()]
    return {"expr": f"sum by (pipeline) ({expression})", "eval_time": at, "exp_samples": found}


def firing(alert: str, at: str, *labels: Mapping[str, str]) -> Expected:
    """Expect an alert to fire with these labels and no others."""
    samples = [
        {"labels": "ALERTS{{{}}}".format(",".join(f'{name}="{value}"' for name, value in each.items())), "value": 1}
        for each in ({"alertname": alert, "alertstate": "firing", **own} for own in labels)
    ]
    return {"expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}', "eval_time": at, "exp_samples": samples}


def promtool_agrees(
    promtool: str,
    directory: Path,
    rules: Sequence[Path],
    interval: str,
    given: Iterable[Given],
    expected: Iterable[Expected],
    *,
    alerts: Iterable[Expected] = (),
    groups: Sequence[str] = (),
) -> None:
    """Evaluate the rules that are needed at every interval, one of the groups after the other, and compare."""
    asked, alerts = list(expected), list(alerts)
    needed = list(rules) if alerts else ruleclosure.written(rules, [str(each["expr"]) for each in asked], directory)
    case = {
        "interval": interval,
        "input_series": list(given),
        "promql_expr_test": asked,
        "alert_rule_test": alerts,
    }
    test = {
        "rule_files": [str(file) for file in needed],
        "evaluation_interval": interval,
        "group_eval_order": list(groups),
        "tests": [case],
    }
    file = directory / "rules_test.yml"
    file.write_text(json.dumps(test))  # JSON is YAML
    _succeeds(promtool, "test", "rules", str(file))


def promtool_accepts(promtool: str, rules: Path) -> None:
    """Check the rules' form."""
    _succeeds(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(rules))


def _succeeds(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
