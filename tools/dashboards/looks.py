"""What values look like: colours, words for numbers, links; one meaning has one colour everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue as Property

from dashboards import queries
from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.rendering import RUNBOOK

GOOD, WARNING, BAD, UNKNOWN, INFO = "green", "orange", "red", "#8e8e8e", "blue"

Words = Mapping[str, tuple[str, str]]
"""A value -> what it is called, and its colour."""

STAGE_STATE: Words = {"0": ("good", GOOD), "1": ("failed", BAD)}
CHECK_STATE: Words = {"1": ("good", GOOD), "0": ("failed", BAD)}
HEALTH_STATE: Words = {"0": ("good", GOOD), "1": ("warning", WARNING), "2": ("failed", BAD)}
REGION_STATE: Words = {"0": ("good", GOOD), "1": ("failing", BAD)}
OUTCOME: Words = {
    "success": ("success", GOOD),
    "failure": ("failure", BAD),
    "timeout": ("timeout", BAD),
    "error": ("error", BAD),
    "missing": ("missing", BAD),
    "cancelled": ("cancelled", UNKNOWN),
    "skipped": ("skipped", UNKNOWN),
}
SEVERITY: Words = {"page": ("page", BAD), "ticket": ("ticket", WARNING), "info": ("info", INFO)}
DAY: Words = {
    str(queries.DAY_WON): ("good", GOOD),
    str(queries.DAY_LOST): ("lost", BAD),
    str(queries.DAY_MISSING): ("no run", WARNING),
}
VERDICT: Words = {
    str(queries.MET): ("met", GOOD),
    str(queries.NOT_ENOUGH): ("not enough runs to tell", WARNING),
    str(queries.VIOLATED): ("violated", BAD),
    str(queries.NOTHING_RAN): ("nothing to count", UNKNOWN),
}


def mapped(words: Words) -> list[model.ValueMapping]:
    """Return the words for values."""
    return [model.ValueMap({value: model.ValueMappingResult(*said) for value, said in words.items()})]


def without_number(text: str) -> list[model.ValueMapping]:
    """Return the words for what is no number."""
    special = model.DashboardSpecialValueMapOptions(
        model.SpecialValueMatch.NULL_AND_NAN, model.ValueMappingResult(text, UNKNOWN)
    )
    return [model.SpecialValueMap(special)]


def steps(*reached: tuple[float, str], base: str = GOOD) -> build.ThresholdsConfig:
    """Return colours that begin at values."""
    found = [model.Threshold(None, base), *(model.Threshold(value, color) for value, color in reached)]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def unit(name: str, decimals: int | None = None) -> list[Property]:
    """Return how a number is written."""
    return [Property("unit", name), *([] if decimals is None else [Property("decimals", decimals)])]


SHARE = [*unit("percentunit", 1), Property("min", 0), Property("max", 1)]
COUNT = [*unit("none", 0), Property("min", 0)]
# A link reads its address from a column, which is there all the same.
UNSHOWN = [Property("custom.hidden", True)]  # noqa: FBT003 - the type's only value
WHEN = unit("dateTimeFromNow")


def in_colour(words: Words) -> list[Property]:
    """Return a cell with words in their colours."""
    return [Property("mappings", mapped(words)), Property("custom.cellOptions", {"type": "color-text"})]


def coloured(thresholds: build.ThresholdsConfig) -> list[Property]:
    """Return a cell in the colour of its number."""
    return [Property("thresholds", thresholds.build()), Property("custom.cellOptions", {"type": "color-text"})]


def instead(text: str) -> list[Property]:
    """Return what stands where there is no value."""
    return [Property("noValue", text)]


def leading_to(title: str, url: str) -> list[Property]:
    """Return a cell that is a link."""
    return [Property("links", [{"title": title, "url": url, "targetBlank": True}])]


TO_RUN = leading_to("Open the run", "${__data.fields.url:raw}")


def to_runbook() -> list[Property]:
    """Return a cell that leads to what to do about an alert; anchors of the page are in small letters."""
    anchors = {name: model.ValueMappingResult(name.lower()) for name in sorted({watch.name for watch in WATCHES})}
    return [
        Property("mappings", [model.ValueMap(anchors)]),
        *leading_to("What to do", f"{RUNBOOK}#${{__value.text}}"),
    ]
