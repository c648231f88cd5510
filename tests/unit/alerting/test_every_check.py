"""No check stands in a table without an example that it finds and one that it lets pass."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rulefiles import EVERY_CHECK
from test_checks_of_alertmanager import CASES as ALERTMANAGER
from test_checks_of_prometheus import CASES as PROMETHEUS
from test_checks_of_queries import CASES as QUERIES
from test_checks_of_reading import CASES as READING
from test_checks_of_rules import CASES as RULES

from lumen_action.alerting.checks.table import CHECK, DOCTOR
from lumen_action.commands.rules.examining import PROBE
from lumen_action.ops.monitoring.live import GREETINGS, LIVE

# These have tests of their own beside the cases.
_BY_THEMSELVES = {"not-measurable", "route-unreachable", "rules-outdated"}


def test_every_check_has_an_example() -> None:
    cases = (*ALERTMANAGER, *PROMETHEUS, *QUERIES, *READING, *RULES)
    assert {case.check for case in cases} | _BY_THEMSELVES == set(EVERY_CHECK)


def test_every_check_has_a_name_of_its_own() -> None:
    for checks in (CHECK, (*DOCTOR, *GREETINGS, *LIVE)):
        names = Counter(check.name for check in checks)
        assert [name for name, count in names.items() if count > 1] == []


def test_every_check_is_in_the_documentation() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "rules-check.md").read_text(encoding="utf-8")
    names = {check.name for check in (*CHECK, *DOCTOR, *GREETINGS, *LIVE, PROBE)}
    assert sorted(name for name in names if f"`{name}`" not in page) == []
