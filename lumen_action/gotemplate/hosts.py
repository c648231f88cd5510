"""What the programs that expand templates put at their disposal, as tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

BUILT_IN = frozenset(
    [
        "and",
        "call",
        "eq",
        "ge",
        "gt",
        "html",
        "index",
        "js",
        "le",
        "len",
        "lt",
        "ne",
        "not",
        "or",
        "print",
        "printf",
        "println",
        "slice",
        "urlquery",
    ]
)


@dataclass(frozen=True)
class Host:
    """A program, the functions and variables it gives to templates, and how new its Go is."""

    name: str
    functions: frozenset[str]
    variables: frozenset[str] = frozenset()
    else_with: bool = False  # from Go 1.23


PROMETHEUS_2_42 = Host(
    "Prometheus 2.42",
    BUILT_IN
    | frozenset(
        [
            "args",
            "externalURL",
            "first",
            "graphLink",
            "humanize",
            "humanize1024",
            "humanizeDuration",
            "humanizePercentage",
            "humanizeTimestamp",
            "label",
            "match",
            "parseDuration",
            "pathPrefix",
            "query",
            "reReplaceAll",
            "safeHtml",
            "sortByLabel",
            "stripDomain",
            "stripPort",
            "strvalue",
            "tableLink",
            "title",
            "toLower",
            "toTime",
            "toUpper",
            "value",
        ]
    ),
    frozenset({"$labels", "$externalLabels", "$externalURL", "$value"}),
)
PROMETHEUS = replace(
    PROMETHEUS_2_42,
    name="Prometheus",
    functions=PROMETHEUS_2_42.functions | {"now", "toDuration", "urlQueryEscape"},
    else_with=True,
)
ALERTMANAGER_0_25 = Host(
    "Alertmanager 0.25",
    BUILT_IN | frozenset(["join", "match", "reReplaceAll", "safeHtml", "stringSlice", "title", "toLower", "toUpper"]),
)
ALERTMANAGER = replace(
    ALERTMANAGER_0_25,
    name="Alertmanager",
    functions=ALERTMANAGER_0_25.functions
    | frozenset(["date", "humanizeDuration", "safeUrl", "since", "toJson", "trimSpace", "tz", "urlUnescape"]),
    else_with=True,
)
