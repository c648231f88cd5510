"""Alertmanager's configuration: its form, receivers, routes and templates."""

from __future__ import annotations

import pytest
from rulefiles import Case, alerting, found, setup

PAGE = '- matchers: [severity="page"]'
MAIL = "[{name: a, email_configs: [{to: a@team.example, html: '{{ template \"our.html\" . }}'}]}]"
DEFINES = '{{ define "our.html" }}x{{ end }}'

CASES = [
    Case("alertmanager-form", alerting("receiver: a\ngroup: [b]"), "x.yml:4", "`group`", alerting("receiver: a")),
    Case("alertmanager-form", alerting("routes: []"), "x.yml:2", "without `receiver`", alerting("receiver: a")),
    Case("alertmanager-form", alerting("receiver: a\ngroup_wait: 1"), "x.yml:4", "duration", alerting("receiver: a")),
    Case("alertmanager-form", alerting("receiver: a\nmatch: {a: b}"), "x.yml:2", "topmost", alerting("receiver: a")),
    Case(
        "alertmanager-form",
        alerting("receiver: a\nroutes:\n- matchers: [severity]"),
        "x.yml:5",
        "the matcher `severity`",
        alerting('receiver: a\nroutes:\n- matchers: [severity = "page", a=~"b|c", "{d=e,f!=g}"]'),
    ),
    Case(
        "alertmanager-form",
        alerting("receiver: a\nroutes:\n- matchers: ['a=~\"(b\"']"),
        "x.yml:5",
        "in the pattern of `a`",
        alerting("receiver: a\nroutes:\n- matchers: ['a=~\"(b)\"']"),
    ),
    Case(
        "alertmanager-form",
        alerting("receiver: a", "[{name: a, irc_configs: []}]"),
        "x.yml:1",
        "`irc_configs`",
        alerting("receiver: a"),
    ),
    Case(
        "alertmanager-form",
        alerting("receiver: a") + "inhibit_rules:\n- source_matcher: [a=b]\n",
        "x.yml:5",
        "`source_matcher`",
        alerting("receiver: a") + "inhibit_rules:\n- source_matchers: [a=b]\n  target_matchers: [c=d]\n",
    ),
    Case(
        "alertmanager-form",
        alerting("receiver: a") + "global: {smpt_from: a}",
        "x.yml:4",
        "`smpt_from`",
        alerting("receiver: a") + "global: {smtp_from: a, resolve_timeout: 5m}",
    ),
    Case("receivers", alerting("receiver: c"), "x.yml:3", "`c`, which nobody defines", alerting("receiver: a")),
    Case(
        "receivers",
        alerting("receiver: a", "[{name: a}, {name: a}]"),
        "x.yml:1",
        "more than once",
        alerting("receiver: a"),
    ),
    Case(
        "receivers",
        alerting("receiver: a\nroutes:\n- mute_time_intervals: [night]"),
        "x.yml:5",
        "interval `night`",
        alerting("receiver: a\nroutes:\n- mute_time_intervals: [night]") + "time_intervals: [{name: night}]",
    ),
    Case(
        "template-files",
        alerting("receiver: a") + "templates: [no.tmpl]",
        "x.yml:4",
        "no file",
        alerting("receiver: a") + "templates: [x.yml]",
    ),
    Case(
        "template",
        '{{ define "a" }}\n{{ .X | default "y" }}{{ end }}',
        "x.tmpl:2",
        "default",
        '{{ define "a" }}{{ .X }}{{ end }}',
    ),
    Case(
        "template",
        '{{ template "gone" . }}',
        "x.tmpl:1",
        "gone",
        '{{ template "our.html" . }}{{ template "slack.default.title" . }}',
        {"o.tmpl": DEFINES},
    ),
    Case(
        "template",
        alerting("receiver: a", MAIL.replace("template", "tmpl")),
        "x.yml:1",
        "tmpl",
        alerting("receiver: a", MAIL),
    ),
    Case(
        "template-missing",
        alerting("receiver: a", MAIL),
        "x.yml:1",
        "there is no `templates:`",
        alerting("receiver: a", MAIL) + "templates: [o.tmpl]",
        others={"o.tmpl": DEFINES},
    ),
    Case(
        "template-missing",
        alerting("receiver: a", MAIL) + "templates: [p.tmpl]",
        "x.yml:1",
        "no file of `templates:`",
        alerting("receiver: a", MAIL) + "templates: [o.tmpl]",
        others={"o.tmpl": DEFINES, "p.tmpl": "x"},
    ),
    Case(
        "template-missing",
        alerting("receiver: a", MAIL),
        "x.yml:1",
        "our.html",
        alerting("receiver: a", MAIL.replace("our.html", "email.default.html")),
    ),
    Case(
        "receiver-unused",
        alerting("receiver: a"),
        "x.yml:1",
        "`b`, which no route names",
        alerting("receiver: a\nroutes: [{receiver: b}]"),
    ),
    Case(
        "page-silent",
        alerting(f"receiver: a\nroutes:\n{PAGE}\n  receiver: b"),
        "x.yml:2",
        "reach only `b`",
        alerting(f"receiver: b\nroutes:\n{PAGE}\n  receiver: a"),
    ),
    Case(
        "page-silent",
        alerting("receiver: b\nroutes:\n- match: {severity: critical}\n  receiver: a"),
        "x.yml:2",
        "reach only `b`",
        alerting("receiver: b\nroutes:\n- match_re: {severity: page|critical}\n  receiver: a"),
    ),
    Case(
        "ticket-silent",
        alerting(f"receiver: b\nroutes:\n{PAGE}\n  receiver: a"),
        "x.yml:2",
        "tickets such as",
        alerting("receiver: a"),
    ),
    Case(
        "ungrouped", alerting("receiver: a"), "x.yml:2", "no `group_by`", alerting("receiver: a\ngroup_by: [pipeline]")
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_found_where_it_stands_and_nothing_when_it_is_mended(case: Case) -> None:
    case.holds()


def test_a_route_that_contradicts_itself_or_stands_behind_another_is_told() -> None:
    routes = alerting(
        """\
receiver: a
routes:
- matchers: [severity="page"]
  routes:
  - matchers: [severity="ticket"]
- matchers: [team=~"a|b"]
- matchers: [team="a", region="x"]
- matchers: [team="c", team!="c"]
- matchers: [pipeline="p"]
  continue: true
- matchers: [pipeline="p"]"""
    )
    assert found("route-unreachable", setup({"x.yml": routes})) == [
        "x.yml:9 a route that nothing reaches: the one on line 8 takes what it matches",
        'x.yml:7 a route that nothing matches: `severity="page"` and `severity="ticket"` are never both true',
        'x.yml:10 a route that nothing matches: `team="c"` and `team!="c"` are never both true',
    ]
