"""What queries say, in rules and in dashboards, and panels that show nothing."""

from __future__ import annotations

import pytest
from rulefiles import Case, dashboard, query, rule

TABLE = query("up", instant=True)

CASES = [
    Case(
        "unpublished",
        rule("lumen_run_total + lumen_runs_total"),
        "x.yml:5",
        "`lumen_run_total`",
        rule("lumen_runs_total + lumen:runs:count + lumen:mine + node_load1")[:-1]
        + "\n  - {record: 'lumen:mine', expr: up}\n",
    ),
    Case("unpublished", dashboard(query("lumen:sli8d")), "x.json:8", "`lumen:sli8d`", dashboard(query("lumen:sli7d"))),
    Case(
        "extrapolated-count",
        rule("increase(lumen_runs_total[1d]) / rate(lumen_runs_total[1d])"),
        "x.yml:5",
        "`increase(lumen_runs_total[…])` and `rate(",
        rule('lumen:runs:count{window="1d"} + rate(http_requests_total[5m])'),
    ),
    Case(
        "extrapolated-count",
        dashboard(query("sum(increase(lumen_runs_failed_total[$__range]))")),
        "x.json:8",
        "increase(",
        dashboard(query("lumen_runs_total")),
    ),
    Case(
        "scrape-dependent",
        rule("sum_over_time(lumen_remote_integrity_ok[1d]) / (86400 / 30)"),
        "x.yml:5",
        "counts scrapes",
        rule("avg_over_time(lumen_remote_integrity_ok[1d]) + count_over_time(lumen_run_event[1d])"),
    ),
    Case(
        "idle-is-bad",
        rule("lumen:runs_failed:count / clamp_min(lumen:runs:count, 1)"),
        "x.yml:5",
        "nothing ran",
        rule("lumen:runs_failed:count / (lumen:runs:count > 0)"),
    ),
    Case(
        "never-equal",
        rule("lumen_runs_total > 0 and lumen_remote_integrity_ok == 0"),
        "x.yml:5",
        "never both",
        rule("lumen_runs_total > 0 and on (pipeline) lumen_remote_integrity_ok == 0"),
    ),
    Case(
        "fixed-age",
        rule("time() - lumen_pipeline_last_run_timestamp > 3 * 60 * 60"),
        "x.yml:5",
        "between two runs",
        rule("time() > lumen_next_deadline_timestamp_seconds"),
    ),
    Case(
        "exported-label",
        rule('sum by (exported_instance) (up{exported_job="a"})'),
        "x.yml:5",
        "`exported_",
        rule('sum by (instance) (up{job="a"})'),
    ),
    Case(
        "exported-label",
        dashboard(query('x{exported_job="a"}')),
        "x.json:8",
        "`exported_job`",
        dashboard(query('x{job="a"}')),
    ),
    Case(
        "panel-query",
        dashboard(query("increase(x[7d]) by (y)")),
        "x.json:8",
        "does not parse",
        dashboard(query('sum by ($by) (rate(x{p=~"$p",q="${q:pipe}"}[$__rate_interval] offset $ago)) > $limit')),
    ),
    Case("panel-removed", dashboard(query("up"), sort="graph"), "x.json:3", "no longer has", dashboard(query("up"))),
    Case("panel-refid", dashboard({"expr": "up"}), "x.json:7", "without `refId`", dashboard(query("up"))),
    Case(
        "panel-refid",
        dashboard(query("up"), query("up")),
        "x.json:15",
        "a second time",
        dashboard(query("up"), query("up", refId="B")),
    ),
    Case(
        "panel-source",
        dashboard({"expr": "up", "refId": "A"}),
        "x.json:7",
        "without a data source",
        dashboard({"expr": "up", "refId": "A"}, datasource={"uid": "p"}),
    ),
    Case(
        "panel-table",
        dashboard(query("up"), sort="table"),
        "x.json:7",
        "asks for a range",
        dashboard(TABLE, sort="table"),
    ),
    Case(
        "panel-variable",
        dashboard(query('x{a="$gone"}')),
        "x.json:8",
        "`$gone`",
        dashboard(query('label_replace(x{a="${__range}"}, "a", "$1", "b", "(.*)")')),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_found_where_it_stands_and_nothing_when_it_is_mended(case: Case) -> None:
    case.holds()
