"""sloth's files become objectives; what has no place in OpenSLO is told."""

from __future__ import annotations

import pytest
from slodocuments import taken

from lumen_action.slo.objective import Duration, Objective, RatioSource, RollingWindow

FILE = """version: prometheus/v1
service: MyService
labels: {owner: team-a, tier: "2"}
slos:
  - name: requests-availability
    objective: 99.9
    description: Requests that do not fail
    labels: {tier: "1"}
    sli:
      events:
        error_query: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total[{{ .window }}]))
    alerting:
      name: High
      page_alert: {labels: {severity: critical}}
      ticket_alert: {disable: true}
"""

RESOURCE = """apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: x, namespace: monitoring}
spec:
  service: shop
  slos:
    - name: latency
      objective: 99
      sli:
        events:
          errorQuery: |
            sum(increase(h_count{a="rate("}[{{.window}}]))
            - sum(increase(h_bucket{le="0.4"}[{{.window}}]))
          totalQuery: sum(increase(h_count[{{.window}}]))
      alerting: {pageAlert: {disable: true}, ticketAlert: {}}
"""


def test_reads_a_file() -> None:
    found = taken(FILE)
    assert found.problems == ()
    (slo,) = found.book.slos
    assert (slo.name, slo.service, slo.about.display_name) == (
        "myservice-requests-availability",
        "myservice",
        "requests-availability",
    )
    assert slo.about.description == "Requests that do not fail"
    assert slo.about.labels == {"owner": "team-a", "tier": "1"}
    assert slo.objectives == (Objective(0.999),)
    assert slo.window == RollingWindow(Duration(30, "d"))
    assert slo.source == RatioSource(
        'sum(increase(http_requests_total{code=~"5.."}[{{.window}}]))',
        "sum(increase(http_requests_total[{{.window}}]))",
        part_is_good=False,
        counter=False,
    )


def test_tells_what_changes_and_what_is_left_behind() -> None:
    assert taken(FILE).notes == (
        (
            "a.yml line 11: slos[0].sli.events.error_query: every `rate` is made an `increase`: "
            "a budget is counted in events, not in events a second"
        ),
        (
            "a.yml line 12: slos[0].sli.events.total_query: every `rate` is made an `increase`: "
            "a budget is counted in events, not in events a second"
        ),
        (
            "a.yml line 16: slos[0].alerting.ticket_alert: switched off there, and not here: "
            "`lumen rules render` makes alerts of its own for every objective; silence it in Alertmanager"
        ),
        (
            "a.yml line 14: slos[0].alerting.name: not taken over: "
            "`lumen rules render` makes alerts of its own for every objective"
        ),
        "a.yml line 5: slos[0]: sloth takes the period from its command line; taken as its default, 30d",
    )


def test_reads_a_resource_and_leaves_the_words_in_strings_alone() -> None:
    found = taken(RESOURCE)
    assert found.problems == ()
    (slo,) = found.book.slos
    assert slo.source == RatioSource(
        'sum(increase(h_count{a="rate("}[{{.window}}]))\n- sum(increase(h_bucket{le="0.4"}[{{.window}}]))',
        "sum(increase(h_count[{{.window}}]))",
        part_is_good=False,
        counter=False,
    )
    assert [note.partition(": ")[2].partition(":")[0] for note in found.notes] == [
        "metadata",
        "spec.slos[0].alerting.pageAlert",
        "spec.slos[0]",
    ]


@pytest.mark.parametrize(
    ("sli", "why"),
    [
        ("{raw: {error_ratio_query: x}}", "a ratio without its counts has no budget in events"),
        ("{plugin: {id: sloth-common/kubernetes}}", "what the plugin asks is not in the file"),
    ],
)
def test_leaves_out_what_has_no_events_and_takes_the_rest(sli: str, why: str) -> None:
    found = taken(f"{FILE}  - name: other\n    objective: 99\n    sli: {sli}\n")
    assert found.problems == ()
    assert [slo.name for slo in found.book.slos] == ["myservice-requests-availability"]
    (note,) = [note for note in found.notes if "left out" in note]
    assert note.startswith("a.yml line 19: slos[1].sli.")
    assert why in note


@pytest.mark.parametrize(
    ("written", "instead", "problem"),
    [
        ("objective: 99.9", "objective: 100", "line 6: slos[0].objective: found `100`; no budget is left"),
        ("objective: 99.9", "objective: 0.999", "line 6: slos[0].objective: found `0.999`; write a percentage"),
        ("objective: 99.9", "goal: 99.9", "line 5: slos[0].objective: found nothing"),
        ("[{{ .window }}]", "[5m]", "line 12: slos[0].sli.events.total_query: found no {{.window}} in the query"),
        ("service: MyService\n", "", "line 1: service: found nothing"),
        ("error_query", "errorQuery", "line 11: slos[0].sli.events.errorQuery: found an unknown field"),
        (
            "sum(rate(http_requests_total[",
            "sum(rate(http_requests_total)[",
            "line 12: slos[0].sli.events.total_query: found PromQL",
        ),
    ],
)
def test_refuses_with_the_line(written: str, instead: str, problem: str) -> None:
    told = taken(FILE.replace(written, instead)).problems
    assert any(each.startswith(f"a.yml {problem}") for each in told), told


def test_refuses_two_objectives_of_one_name() -> None:
    assert taken(FILE, FILE).problems == (
        "found 2 objectives that would be called `myservice-requests-availability`; rename all but one",
    )
