"""A text as a file of its kind; what cannot be read says on which line and why."""

from __future__ import annotations

import json
import re

from lumen_action.alerting.checks.setup import Fault, File, Kind, Node
from lumen_action.errors import ConfigError
from lumen_action.yamlite import Document, load_all

# YAML that Prometheus and Alertmanager read, and our strict reader does not.
_LEFT_TO_OTHERS = ("an anchor", "an alias", "a tag", "the merge key")
_PROBLEM = re.compile(r"(?P<name>.*?) line (?P<line>\d+): (?P<found>.*?); (?P<fix>.*)", re.DOTALL)
_TOP_KEY = re.compile(r"^[\"']?([A-Za-z_]+)[\"']?[ \t]*:", re.MULTILINE)
_TEST_KEYS = {"input_series", "alert_rule_test", "promql_expr_test"}
_PROMETHEUS_KEYS = {"scrape_configs", "rule_files", "remote_write", "alerting"}
_TEMPLATE_ENDINGS = (".tmpl", ".tpl", ".gotmpl")


def read(name: str, text: str) -> File | None:
    """Return a file of a kind that is known here, and None for any other."""
    if name.endswith(_TEMPLATE_ENDINGS):
        return File(name, text, Kind.TEMPLATE)
    if name.endswith(".json"):
        return _dashboard(name, text)
    try:
        documents = load_all(text, name)
    except ConfigError as problem:
        return _refused(name, text, problem)
    kind = _kind(documents[0].value) if documents else None
    if kind is None:
        return None
    if len(documents) > 1:
        line = documents[1].first
        fault = Fault(name, line, "a second document, which nobody reads", "keep one document in a file")
        return File(name, text, kind, refused=fault)
    return File(name, text, kind, Node(documents[0], documents[0].value))


def _refused(name: str, text: str, problem: ConfigError) -> File | None:
    keys = set(_TOP_KEY.findall(text))
    likely: dict[str, object] = {key: [{"rules": [], **dict.fromkeys(_TEST_KEYS & keys)}] for key in keys}
    if "tests" in keys:
        likely["tests"] = [dict.fromkeys(_TEST_KEYS)]
    kind = _kind(likely)
    if kind is None:
        return None
    said = _PROBLEM.fullmatch(problem.problems[0])
    line, found, fix = (int(said["line"]), said["found"], said["fix"]) if said else (0, problem.problems[0], "mend it")
    found = found.removeprefix("found ")
    return File(name, text, kind, refused=Fault(name, line, found, fix), unread=found.startswith(_LEFT_TO_OTHERS))


def _kind(value: object) -> Kind | None:
    """Tell a file by its keys."""
    if not isinstance(value, dict):
        return None
    if _first(value, "tests") & _TEST_KEYS:
        return Kind.RULE_TESTS
    if "rules" in _first(value, "groups"):
        return Kind.RULES
    if "route" in value and "receivers" in value:
        return Kind.ALERTMANAGER
    return Kind.PROMETHEUS if _PROMETHEUS_KEYS & set(value) else None


def _first(value: dict[str, object], key: str) -> set[str]:
    members = value.get(key)
    return {name for each in members if isinstance(each, dict) for name in each} if isinstance(members, list) else set()


def _dashboard(name: str, text: str) -> File | None:
    try:
        value = json.loads(text)
    except ValueError as problem:
        if '"panels"' not in text:
            return None
        line = problem.lineno if isinstance(problem, json.JSONDecodeError) else 0
        fault = Fault(name, line, f"no JSON: {problem}", "export the dashboard again")
        return File(name, text, Kind.DASHBOARD, refused=fault)
    wrapped = isinstance(value, dict) and isinstance(value.get("dashboard"), dict)
    if not isinstance(value, dict) or "panels" not in (value["dashboard"] if wrapped else value):
        return None
    root = _with_lines(name, text, value)
    return File(name, text, Kind.DASHBOARD, root.at("dashboard") if wrapped else root)


def _with_lines(name: str, text: str, value: object) -> Node:
    """Read JSON as YAML, which knows lines; what it is too strict for, a repeated key or a tab, has none."""
    try:
        document = load_all(text, name)[0]
    except ConfigError:
        document = Document(name, value)
    return Node(document, document.value)
