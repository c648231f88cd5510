"""What promtool and amtool accept, we accept: files with a part replaced, judged by both."""

from __future__ import annotations

import copy
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
from rulefiles import setup

from lumen_action.alerting.checks.table import STRUCTURE

RULES: dict[str, Any] = {
    "groups": [
        {
            "name": "lumen",
            "interval": "1m",
            "rules": [
                {"record": "a:b", "expr": "sum(up)", "labels": {"a": "b"}},
                {"alert": "A", "expr": "up", "for": "5m", "labels": {"a": "b"}, "annotations": {"s": "{{ .Value }}"}},
            ],
        }
    ]
}
PROMETHEUS: dict[str, Any] = {
    "global": {"scrape_interval": "1m", "external_labels": {"a": "b"}},
    "rule_files": [],
    "scrape_configs": [
        {
            "job_name": "pushgateway",
            "honor_labels": True,
            "scrape_interval": "2m",
            "static_configs": [{"targets": ["a:9091"], "labels": {"a": "b"}}],
        }
    ],
}
ALERTMANAGER: dict[str, Any] = {
    "global": {"resolve_timeout": "5m"},
    "route": {
        "receiver": "a",
        "group_by": ["a"],
        "group_wait": "1m",
        "routes": [
            {"matchers": ['a="b"'], "continue": True, "routes": [{"match": {"a": "c"}}]},
            {"match_re": {"a": "b|c"}, "mute_time_intervals": ["night"]},
        ],
    },
    "receivers": [{"name": "a", "webhook_configs": [{"url": "https://hooks.example"}]}, {"name": "b"}],
    "inhibit_rules": [{"source_matchers": ["a=b"], "target_matchers": ["c=~d"], "equal": ["c"]}],
    "time_intervals": [{"name": "night", "time_intervals": []}],
}
JUNK = (
    *(True, 0, -1.5, 3, "a", "a: b", "(", '"', "=~(", 'a="', 'a="b"', "a!=b", "a=~b.*", "5m", "1h30m", "5", "1d12h"),
    *([], {}, [[]], ["a"], {"a": {}}, {"a": "b"}, {"a": 1}, {"a": True}, {"a": None}, "{{ .X }}", "{{ .X"),
)
MUTANTS = 60


def mutants(document: Any, seed: int) -> Iterator[str]:  # noqa: ANN401
    """Write the document again and again, each time with another part replaced."""
    chance = random.Random(seed)
    for _ in range(MUTANTS):
        mutant = copy.deepcopy(document)
        inside, key = chance.choice([*_parts(mutant)])
        inside[key] = chance.choice(JUNK)
        yield json.dumps(mutant)


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _parts(value[key])


@pytest.mark.parametrize(
    ("document", "words"),
    [(RULES, "check rules"), (PROMETHEUS, "check config --syntax-only"), (ALERTMANAGER, "check-config")],
    ids=["rules", "Prometheus", "Alertmanager"],
)
def test_what_the_vendor_accepts_we_accept(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    tool = servers.program("prometheus-alertmanager", "amtool") if document is ALERTMANAGER else servers.promtool()
    file = tmp_path / "x.yml"
    accepted = refused = 0
    for text in mutants(document, seed=len(words)):
        file.write_text(text)
        by_vendor = subprocess.run([tool, *words.split(), str(file)], capture_output=True, check=False).returncode == 0
        by_us = [
            finding.fault.found
            for check in STRUCTURE
            for finding in check.findings(setup({"x.yml": text}))
            if finding.severity.value == "error"
        ]
        accepted += by_vendor
        refused += bool(by_us)
        assert not (by_vendor and by_us), (text, by_us)
    assert accepted > 5
    assert refused > MUTANTS / 4
