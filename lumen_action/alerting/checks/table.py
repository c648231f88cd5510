"""Every check of files, as a table."""

from __future__ import annotations

from functools import partial

from lumen_action.alerting.checks import alertmanager, dashboards, everywhere, prometheus, rules
from lumen_action.alerting.checks.meaning import READINGS
from lumen_action.alerting.checks.setup import Check, Kind, Severity, each

_ERROR, _WARNING, _ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE
_RULES, _TESTS, _PROMETHEUS, _ALERTMANAGER = Kind.RULES, Kind.RULE_TESTS, Kind.PROMETHEUS, Kind.ALERTMANAGER
_TEMPLATE, _DASHBOARD = Kind.TEMPLATE, Kind.DASHBOARD
_QUERIES = (_RULES, _DASHBOARD)
_EVERY = tuple(Kind)

READ, UNREAD = "file", "file-unread"
UNREAD_CHECKS = frozenset({READ, UNREAD})
"""What our reader refuses, and the vendor's may not."""

# What `lumen rules check` looks for: the form of each file.
STRUCTURE = (
    Check(READ, _ERROR, "whether a file can be read", _EVERY, everywhere.refused),
    Check(UNREAD, _WARNING, "YAML that only the vendor's tool reads", _EVERY, everywhere.unread),
    Check("rule-form", _ERROR, "keys and durations of rules", (_RULES,), each(_RULES, rules.shape)),
    Check("record-name", _ERROR, "names of recorded series", (_RULES,), each(_RULES, rules.names)),
    Check("rule-query", _ERROR, "whether the query of a rule parses", (_RULES,), each(_RULES, rules.queries)),
    Check("rule-template", _ERROR, "templates in annotations and labels", (_RULES,), each(_RULES, rules.templates)),
    Check("rule-duplicate", _WARNING, "rules that write the same series", (_RULES,), each(_RULES, rules.duplicates)),
    Check("alert-words", _WARNING, "severity, summary and runbook of alerts", (_RULES,), each(_RULES, rules.words)),
    Check("test-form", _ERROR, "keys and queries of unit tests", (_TESTS,), each(_TESTS, rules.tests_shape)),
    Check("prometheus-form", _ERROR, "keys and durations", (_PROMETHEUS,), each(_PROMETHEUS, prometheus.shape)),
    Check("rule-files", _WARNING, "whether rule files are there", (_PROMETHEUS,), prometheus.rule_files),
    Check("alertmanager-form", _ERROR, "keys and matchers", (_ALERTMANAGER,), each(_ALERTMANAGER, alertmanager.shape)),
    Check(
        "receivers",
        _ERROR,
        "receivers that are not defined",
        (_ALERTMANAGER,),
        each(_ALERTMANAGER, alertmanager.receivers),
    ),
    Check("template-files", _ERROR, "whether template files are there", (_ALERTMANAGER,), alertmanager.globs),
)
# What both look for.
SHARED = (
    Check("variable", _ERROR, "`${VAR}`, which nobody expands", _EVERY, everywhere.unexpanded),
    Check("template", _ERROR, "functions and syntax", (_ALERTMANAGER, _TEMPLATE), alertmanager.template_syntax),
    Check("panel-query", _ERROR, "whether queries parse", (_DASHBOARD,), each(_DASHBOARD, dashboards.unparsed)),
    Check(
        "panel-removed",
        _ERROR,
        "panels that Grafana dropped",
        (_DASHBOARD,),
        each(_DASHBOARD, dashboards.removed_panels),
    ),
    Check("panel-refid", _ERROR, "queries without `refId`", (_DASHBOARD,), each(_DASHBOARD, dashboards.references)),
    Check(
        "panel-source", _WARNING, "queries without a data source", (_DASHBOARD,), each(_DASHBOARD, dashboards.sources)
    ),
    Check("panel-table", _WARNING, "tables over a range", (_DASHBOARD,), each(_DASHBOARD, dashboards.tables)),
    Check(
        "panel-variable",
        _WARNING,
        "variables that are not defined",
        (_DASHBOARD,),
        each(_DASHBOARD, dashboards.unknown_variables),
    ),
)
# What the vendors' own checkers let pass.
MEANING = (
    Check(
        "template-missing", _ERROR, "templates that receivers call", (_ALERTMANAGER,), alertmanager.missing_templates
    ),
    Check(
        "receiver-unused",
        _WARNING,
        "receivers that no route names",
        (_ALERTMANAGER,),
        each(_ALERTMANAGER, alertmanager.unused_receivers),
    ),
    Check(
        "route-unreachable",
        _WARNING,
        "routes that nothing matches",
        (_ALERTMANAGER,),
        each(_ALERTMANAGER, alertmanager.unreachable_routes),
    ),
    Check(
        "page-silent",
        _ERROR,
        "who is told of pages",
        (_ALERTMANAGER,),
        each(_ALERTMANAGER, partial(alertmanager.silent, "page")),
    ),
    Check(
        "ticket-silent",
        _WARNING,
        "who is told of tickets",
        (_ALERTMANAGER,),
        each(_ALERTMANAGER, partial(alertmanager.silent, "ticket")),
    ),
    Check(
        "ungrouped", _ADVICE, "how alerts are grouped", (_ALERTMANAGER,), each(_ALERTMANAGER, alertmanager.ungrouped)
    ),
    Check(
        "honor-labels",
        _ERROR,
        "labels of what was pushed",
        (_PROMETHEUS,),
        each(_PROMETHEUS, prometheus.honor_labels),
    ),
    Check(
        "job-name",
        _WARNING,
        "the name of the Pushgateway's job",
        (_PROMETHEUS,),
        each(_PROMETHEUS, prometheus.job_names),
    ),
    Check("interval", _WARNING, "intervals over 5m", (_PROMETHEUS,), each(_PROMETHEUS, prometheus.intervals)),
    Check("retention", _WARNING, "history under 33 days", (_PROMETHEUS,), each(_PROMETHEUS, prometheus.retention)),
    Check(
        "alerts-to-nobody",
        _WARNING,
        "whether an Alertmanager is named",
        (_PROMETHEUS,),
        each(_PROMETHEUS, prometheus.alert_receivers),
    ),
    Check("remote-write", _WARNING, "runs written out of order", (_PROMETHEUS,), prometheus.remote_written),
    Check("rules-not-loaded", _ERROR, "whether our rules are loaded", (_PROMETHEUS,), prometheus.rules_not_loaded),
    Check("rules-outdated", _WARNING, "rules of another release", (_RULES,), everywhere.outdated),
    Check("unpublished", _WARNING, "names that nobody publishes", _QUERIES, everywhere.unpublished),
    *(Check(name, _WARNING, "what queries mean", _QUERIES, everywhere.reading(said_by)) for name, said_by in READINGS),
    Check("not-measurable", _WARNING, "objectives of lumen.yml", (), everywhere.unmeasurable),
)

CHECK = (*STRUCTURE, *SHARED)
DOCTOR = (*STRUCTURE[:2], *SHARED, *MEANING)
