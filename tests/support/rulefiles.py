"""Files of Prometheus, Alertmanager and Grafana for tests, and what is found in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lumen_action.alerting.checks.reading import read
from lumen_action.alerting.checks.setup import Check, Configured, Setup
from lumen_action.alerting.checks.table import CHECK, DOCTOR
from lumen_action.sinks.series import CATALOGUE

EVERY_CHECK: Mapping[str, Check] = {check.name: check for check in (*CHECK, *DOCTOR)}


def setup(files: Mapping[str, str], configured: Configured | None = None) -> Setup:
    """Read files; a pattern leads to the files whose names are like it."""
    named = [read(name, text) for name, text in files.items()]
    known = [file for file in named if file is not None]
    matches = {
        (file.name, pattern.text): tuple(name for name in files if name == pattern.text)
        for file in known
        if file.root is not None
        for key in ("rule_files", "templates")
        for pattern in file.root.at(key).items()
    }
    return Setup(known, matches, frozenset(CATALOGUE), configured)


def found(check: str, given: Setup) -> list[str]:
    """Return what one check finds, as `file:line what`."""
    return [
        f"{finding.fault.file}:{finding.fault.line} {finding.fault.found}"
        for finding in EVERY_CHECK[check].findings(given)
    ]


def rule(expr: str, name: str = "a:b") -> str:
    """Return a rule file with one recording rule, whose query is on line 5."""
    return f"groups:\n- name: g\n  rules:\n  - record: {name}\n    expr: {json.dumps(expr)}\n"


def dashboard(*targets: Mapping[str, object], sort: str = "timeseries", **panel: object) -> str:
    """Return a dashboard of one panel."""
    return json.dumps({"panels": [{"title": "Runs", "type": sort, "targets": list(targets), **panel}]}, indent=1)


def query(expr: str, **more: object) -> Mapping[str, object]:
    """Return a target that is complete."""
    return {"expr": expr, "refId": "A", "datasource": {"type": "prometheus", "uid": "p"}, **more}


@dataclass(frozen=True)
class Case:
    """A file with a fault and without it; where the fault stands, and words it is told by."""

    check: str
    wrong: str
    where: str
    words: str
    right: str
    others: Mapping[str, str] | None = None
    configured: Configured | None = None

    def __str__(self) -> str:
        return f"{self.check}: {self.words[:30]}"

    def setup(self, text: str) -> Setup:
        """Return the file with this text, beside the others."""
        return setup({self.where.partition(":")[0]: text, **(self.others or {})}, self.configured)

    def holds(self) -> None:
        """Find the fault where it stands, and nothing when it is mended."""
        told = found(self.check, self.setup(self.wrong))
        assert told
        assert told[0].startswith(f"{self.where} ")
        assert self.words in told[0]
        assert found(self.check, self.setup(self.right)) == []


def rules(body: str) -> str:
    """Return a rule file with these rules, the first of them on line 4."""
    return "groups:\n- name: g\n  rules:\n" + "".join(f"  {line}\n" for line in body.splitlines())


def alerting(body: str, receivers: str = "[{name: a, webhook_configs: [{url: https://a.example}]}, {name: b}]") -> str:
    """Return an Alertmanager's configuration whose topmost route says this, from line 3 on."""
    return f"receivers: {receivers}\nroute:\n" + "".join(f"  {line}\n" for line in body.splitlines())


def scraping(job: str = "honor_labels: true", name: str = "pushgateway", more: str = "") -> str:
    """Return a Prometheus' configuration that scrapes a Pushgateway."""
    targets = 'static_configs: [{targets: ["push.example:9091"]}]'
    return f"{more}scrape_configs:\n- job_name: {name}\n  {job}\n  {targets}\n"
