"""Whether files can be read, and variables in them that nobody expands."""

from __future__ import annotations

import pytest
from rulefiles import Case, alerting, scraping

CASES = [
    Case("file", "groups:\n- rules: []\n\tname: g\n", "x.yml:3", "a tab", "groups:\n- rules: []\n  name: g\n"),
    Case("file", '{"panels": [}', "x.json:1", "no JSON", '{"panels": []}'),
    Case("file", "groups: []\nrules: 1\ngroups: [{rules: []}]", "x.yml:3", "a second time", "groups: [{rules: []}]"),
    Case("file", "groups: [{rules: []}]\n---\ngroups: []", "x.yml:2", "a second document", "groups: [{rules: []}]"),
    Case("file-unread", "groups:\n- name: &g a\n  rules: []", "x.yml:2", "an anchor", "groups: [{name: a, rules: []}]"),
    Case("file-unread", "groups:\n- <<: {a: b}\n  rules: []", "x.yml:2", "merge key", "groups: [{name: a, rules: []}]"),
    Case("file-unread", "groups: !x\n- rules: []", "x.yml:1", "a tag", "groups: [{name: a, rules: []}]"),
    Case(
        "variable",
        alerting("receiver: a", "[{name: a, slack_configs: [{api_url: '${HOOK}'}]}]"),
        "x.yml:1",
        "`${HOOK}` in `api_url`",
        alerting("receiver: a", "[{name: a, slack_configs: [{api_url_file: /run/hook}]}]"),
    ),
    Case(
        "variable",
        scraping("authorization: {credentials: '${TOKEN:-x}'}"),
        "x.yml:3",
        "`${TOKEN}`",
        scraping("relabel_configs: [{replacement: '${name}'}]") + "# ${TOKEN}",
    ),
    Case(
        "variable",
        "a: &b c\nroute: {}\nreceivers: ${X}",
        "x.yml:3",
        "`${X}`",
        "a: &b c\nroute: {}\nreceivers: x # ${X}",
    ),
    Case("variable", "Hello ${NAME}", "x.tmpl:1", "`${NAME}`", "Hello {{ .Name }} $1 ${1}"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_found_where_it_stands_and_nothing_when_it_is_mended(case: Case) -> None:
    case.holds()
