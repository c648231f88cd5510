"""Whatever stands in a file, every check ends, and says where; no check needs a file to make sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rulefiles import EVERY_CHECK, setup

from lumen_action.alerting.checks.setup import Configured

ROOT = Path(__file__).resolve().parents[3]
FILES: dict[str, Any] = {
    "rules.yml": {
        "groups": [
            {
                "name": "lumen",
                "interval": "1m",
                "rules": [
                    {"record": "a:b", "expr": "sum(increase(lumen_runs_total[1d])) / clamp_min(lumen_runs_total, 1)"},
                    {"alert": "A", "expr": "up", "for": "5m", "labels": {"a": "b"}, "annotations": {"s": "{{ .X }}"}},
                ],
            }
        ]
    },
    "test.yml": {
        "rule_files": ["rules.yml"],
        "tests": [{"input_series": [{"series": "up", "values": "1"}], "promql_expr_test": [{"expr": "up"}]}],
    },
    "prometheus.yml": {
        "global": {"scrape_interval": "1m"},
        "rule_files": ["rules.yml"],
        "storage": {"tsdb": {"retention": {"time": "15d"}}},
        "scrape_configs": [{"job_name": "pushgateway", "static_configs": [{"targets": ["a:9091"]}]}],
    },
    "alertmanager.yml": {
        "global": {"resolve_timeout": "5m"},
        "templates": ["a.tmpl"],
        "route": {
            "receiver": "a",
            "routes": [{"matchers": ['a="b"'], "routes": [{"match": {"a": "c"}}]}, {"match_re": {"a": "b|c"}}],
        },
        "receivers": [{"name": "a", "email_configs": [{"to": "a@team.example", "html": '{{ template "x" . }}'}]}],
        "inhibit_rules": [{"source_matchers": ["a=b"], "equal": ["c"]}],
        "time_intervals": [{"name": "night"}],
    },
    "board.json": {
        "templating": {"list": [{"name": "p"}]},
        "annotations": {"list": [{"expr": "up"}]},
        "panels": [{"type": "row", "panels": [{"type": "graph", "targets": [{"expr": 'x{p="$p"}', "refId": "A"}]}]}],
    },
}
JUNK = st.sampled_from(
    [
        None,
        True,
        0,
        -1.5,
        "",
        "${A}",
        "a: b",
        "{{ x",
        "(",
        "[",
        '"',
        "\\",
        "=~(",
        'a="',
        "5m",
        [],
        {},
        [[]],
        [None],
        {"a": {}},
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:  # noqa: ANN401
    """Return the value with junk in a place, where an earlier change has left it."""
    if not path:
        return junk
    key, *deeper = path
    if isinstance(value, dict) and key in value:
        return {**value, key: replaced(value[key], tuple(deeper), junk)}
    if isinstance(value, list) and key in range(len(value)):
        return [*value[:key], replaced(value[key], tuple(deeper), junk), *value[key + 1 :]]
    return value


PLACES = [(name, path) for name, value in FILES.items() for path in places(value)]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=3))
def test_a_file_with_junk_in_it_is_judged_to_the_end(changes: list[tuple[tuple[str, tuple[Any, ...]], Any]]) -> None:
    files: Any = FILES
    for (name, path), junk in changes:
        files = replaced(files, (name, *path), junk)
    texts = {name: json.dumps(value, indent=1) for name, value in files.items()}
    given_files = setup(
        {**texts, "a.tmpl": "{{ define"}, Configured("lumen.yml", {"run": 0.99}, 1.0, remote_write=True)
    )
    for check in EVERY_CHECK.values():
        for finding in check.findings(given_files):
            assert finding.fault.found
            assert finding.fault.fix
            assert 0 <= finding.fault.line <= max(text.count("\n") + 1 for text in texts.values())
