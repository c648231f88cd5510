"""What both dashboards share: variables, annotations, links, and how panels are laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards import queries
from dashboards.looks import BAD, INFO, WARNING
from dashboards.panels import DATASOURCE, AnyPanel
from lumen_action.alerting.rendering import RUNBOOK

WIDTH = 24
STATUS, RELIABILITY = "lumen-status", "lumen-reliability"


@dataclass(frozen=True)
class Line:
    """Panels side by side, with their widths; together as wide as the page."""

    height: int
    panels: Sequence[tuple[int, AnyPanel]]


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Page:
    """A dashboard; `other` is the one it leads to."""

    uid: str
    title: str
    description: str
    since: str
    other: tuple[str, str]
    variables: Sequence[build.QueryVariable | build.CustomVariable]
    sections: Sequence[Section]


def laid_out(page: Page) -> build.Dashboard:
    """Put the page together."""
    board = (
        build.Dashboard(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags(["lumen"])
        .readonly()
        .time(page.since, "now")
        .refresh("1m")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(build.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for variable in page.variables:
        board.with_variable(variable)
    for annotation in _annotations():
        board.annotation(annotation)
    for link in _links(page.other):
        board.link(link)
    number = 0
    for section in page.sections:
        number += 1
        board.with_row(build.Row(section.title).id(number))
        for line in section.lines:
            for width, panel in line.panels:
                number += 1
                board.with_panel(panel.id(number).span(width).height(line.height))
    return board


def _from_series(name: str, label: str, query: str) -> build.QueryVariable:
    return (
        build.QueryVariable(name)
        .label(label)
        .query({"qryType": 1, "query": query, "refId": "Variable"})
        .datasource(DATASOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def pipeline() -> build.QueryVariable:
    """Return the choice of pipelines."""
    return _from_series("pipeline", "Pipeline", "label_values(lumen:runs:count, pipeline)")


def region() -> build.QueryVariable:
    """Return the choice of regions, among those of the chosen pipelines."""
    return _from_series("region", "Region", f"label_values(lumen:region_runs:count{{{queries.P}}}, region)")


def window() -> build.CustomVariable:
    """Return the choice of windows: those in which everything is recorded."""
    chosen = model.VariableOption(selected=True, text="30d", value="30d")
    return build.CustomVariable("window").label("Window").values("1d,7d,30d").current(chosen)


def objectives() -> build.CustomVariable:
    """Return the choice of objectives."""
    chosen = ["run", "day"]
    return (
        build.CustomVariable("slo")
        .label("Objective")
        .values("run,day,stage,first_try")
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text=chosen, value=chosen))
    )


# What Grafana's Prometheus source reads of an annotation, and its types do not know.
ANNOTATIONS: Mapping[str, tuple[str, str, Mapping[str, object]]] = {
    "Failed runs": (
        queries.FAILED_RUNS,
        BAD,
        {
            "titleFormat": "{{pipeline}} / {{region}}: {{stage}}",
            "textFormat": "{{run_id}}",
            "tagKeys": "error_class",
            "useValueForTime": True,
        },
    ),
    "Alerts": (
        queries.FIRING,
        WARNING,
        {"titleFormat": "{{alertname}}", "textFormat": "{{pipeline}} {{region}} {{stage}}", "tagKeys": "severity"},
    ),
    "Releases": (queries.RELEASES, INFO, {"titleFormat": "Lumen {{version}}", "textFormat": "", "tagKeys": ""}),
}


def _annotations() -> list[build.AnnotationQuery]:
    return [
        build.AnnotationQuery().name(name).datasource(DATASOURCE).enable(enable=True).icon_color(color).expr(expr)
        for name, (expr, color, _) in ANNOTATIONS.items()
    ]


def _links(other: tuple[str, str]) -> list[build.DashboardLink]:
    title, uid = other
    return [
        build.DashboardLink(title)
        .type(model.DashboardLinkType.LINK)
        .icon("dashboard")
        .url(f"/d/{uid}")
        .include_vars(include_vars=True)
        .keep_time(keep_time=True),
        build.DashboardLink("Runbook")
        .type(model.DashboardLinkType.LINK)
        .icon("doc")
        .url(RUNBOOK)
        .target_blank(target_blank=True),
    ]
