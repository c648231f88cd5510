"""The kinds of panels we use; each is a title, what it says in plain words, and what it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, statushistory, table, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue as Property
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.looks import Words, instead, mapped

DATASOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
NO_DATA = "no data"

AnyPanel = stat.Panel | statetimeline.Panel | statushistory.Panel | table.Panel | timeseries.Panel
_P = TypeVar("_P", stat.Panel, statetimeline.Panel, statushistory.Panel, table.Panel, timeseries.Panel)


@dataclass(frozen=True)
class About:
    """What a panel says of itself; `nothing` is what it says when there is nothing to show."""

    title: str
    description: str
    nothing: str = NO_DATA


@dataclass(frozen=True)
class Column:
    """A column of a table: a label, or the values of the query at a position."""

    source: str | int
    title: str
    look: Sequence[Property] = field(default_factory=tuple)


def _introduced(panel: _P, about: About) -> _P:
    panel.title(about.title).description(about.description).no_value(about.nothing).datasource(DATASOURCE)
    return panel


def _asked(expr: str, position: int, legend: str = "") -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expr).ref_id(ascii_uppercase[position]).datasource(DATASOURCE)
    return query.legend_format(legend) if legend else query


def grid(about: About, asked: Sequence[str], columns: Sequence[Column], *, newest: str = "") -> table.Panel:
    """Return a table of what is so now; several queries are joined by the labels that they share."""
    panel = _introduced(table.Panel(), about).filterable(filterable=True)
    for position, expr in enumerate(asked):
        panel.with_target(_asked(expr, position).format(PromQueryFormat.TABLE).instant())
    if len(asked) > 1:
        panel.with_transformation(dashboard.DataTransformerConfig("merge", options={}))
    values = [_values_of(position, len(asked)) for position in range(len(asked))]
    names = [column.source if isinstance(column.source, str) else values[column.source] for column in columns]
    unseen = {"Time", *values} - {*names}
    panel.with_transformation(
        dashboard.DataTransformerConfig(
            "organize",
            options={
                "excludeByName": dict.fromkeys(sorted(unseen), True),
                "indexByName": {name: position for position, name in enumerate(names)},
                "renameByName": {},
            },
        )
    )
    for name, column in zip(names, columns, strict=True):
        panel.override_by_name(name, [Property("displayName", column.title), *_filled(column.look)])
    if newest:
        panel.sort_by([build_common.TableSortByFieldState().display_name(newest).desc(desc=True)])
    return panel


def _filled(look: Sequence[Property]) -> list[Property]:
    """Return a look for which an empty cell is no empty table."""
    return [*look] if any(each.id_val == "noValue" for each in look) else [*look, *instead("-")]


def _values_of(position: int, queries: int) -> str:
    """Return what Grafana calls the values of a query, which is alone or one of several."""
    return f"Value #{ascii_uppercase[position]}" if queries > 1 else "Value"


def figures(about: About, expr: str, legend: str) -> stat.Panel:
    """Return one big number a series, as it is now."""
    reduced = build_common.ReduceDataOptions().calcs(["last"])
    return (
        _introduced(stat.Panel(), about)
        .with_target(_asked(expr, 0, legend).instant())
        .reduce_options(reduced)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .graph_mode(common.BigValueGraphMode.NONE)
    )


def states(about: About, expr: str, legend: str, words: Words) -> statetimeline.Panel:
    """Return what state each series was in, and for how long."""
    return (
        _introduced(statetimeline.Panel(), about)
        .with_target(_asked(expr, 0, legend).range())
        .interval("1m")
        .mappings(mapped(words))
        .merge_values(merge_values=True)
        .show_value(common.VisibilityMode.NEVER)
        .fill_opacity(80)
        .legend(_legend())
        .tooltip(_tooltip())
    )


def calendar(about: About, expr: str, legend: str, words: Words) -> statushistory.Panel:
    """Return a tile a day."""
    return (
        _introduced(statushistory.Panel(), about)
        .with_target(_asked(expr, 0, legend).range())
        .interval("1d")
        .mappings(mapped(words))
        .show_value(common.VisibilityMode.NEVER)
        .fill_opacity(80)
        .legend(_legend())
        .tooltip(_tooltip())
    )


def lines(about: About, asked: Sequence[tuple[str, str]]) -> timeseries.Panel:
    """Return lines of (query, legend) that hold their value until the next."""
    panel = (
        _introduced(timeseries.Panel(), about)
        .interval("1m")
        .line_interpolation(common.LineInterpolation.STEP_AFTER)
        .line_width(2)
        .show_points(common.VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(_tooltip())
    )
    for position, (expr, legend) in enumerate(asked):
        panel.with_target(_asked(expr, position, legend).range())
    return panel


def daily(about: About, asked: Sequence[tuple[str, str]]) -> timeseries.Panel:
    """Return a bar a day, from midnight to midnight, with its parts on top of each other."""
    return (
        lines(about, asked)
        .interval("1d")
        .draw_style(common.GraphDrawStyle.BARS)
        .bar_alignment(common.BarAlignment.AFTER)
        .bar_width_factor(0.9)
        .line_width(1)
        .fill_opacity(80)
        .stacking(build_common.StackingConfig().mode(common.StackingMode.NORMAL))
        .unit("none")
        .decimals(0)
        .min(0)
    )


def in_one_colour(color: str) -> Property:
    """Return a series in a colour of our choice."""
    return Property("color", build.FieldColor().mode(dashboard.FieldColorModeId.FIXED).fixed_color(color).build())


def _legend() -> build_common.VizLegendOptions:
    return (
        build_common.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )


def _tooltip() -> build_common.VizTooltipOptions:
    return build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
