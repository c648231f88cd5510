"""A dashboard file read as Grafana reads it: which queries it sends, when its variables have values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "rules" / "grafana"
FILES = sorted(FOLDER.rglob("*.json"))
_POINTS = 1000
_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_SPECIAL = re.compile(r"[\\^$*+?.()|{}\[\]]")

Choice = Mapping[str, Sequence[str]]
"""The chosen values of each variable; none is all."""


@dataclass(frozen=True)
class Asked:
    """One query: who sends it, and as of when or over which time."""

    panel: str
    ref: str
    expr: str
    instant: bool
    step: int = 0


def load(name: str) -> dict[str, Any]:
    """Read a dashboard."""
    return dict(json.loads((FOLDER / name).read_text(encoding="utf-8")))


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the panels that ask something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def seconds(span: str) -> int:
    """Read a span as `now-30d` or `1m`."""
    return int(span.removeprefix("now-")[:-1]) * _UNITS[span[-1]]


def queries(board: Mapping[str, Any], choice: Choice) -> Iterator[Asked]:
    """Yield what the panels send."""
    for panel in panels(board):
        step = max(seconds(panel.get("interval", "1m")), seconds(board["time"]["from"]) // _POINTS)
        for target in panel["targets"]:
            yield Asked(panel["title"], target["refId"], filled(target["expr"], board, choice), target["instant"], step)


def annotations(board: Mapping[str, Any], choice: Choice) -> Iterator[Asked]:
    """Yield what the annotations send."""
    step = max(60, seconds(board["time"]["from"]) // _POINTS)
    for annotation in board["annotations"]["list"]:
        yield Asked(annotation["name"], "", filled(annotation["expr"], board, choice), instant=False, step=step)


def filled(expr: str, board: Mapping[str, Any], choice: Choice) -> str:
    """Replace the variables; whatever stays with a dollar is one that the dashboard does not have."""
    values = {"__range": f"{seconds(board['time']['from'])}s", "__rate_interval": "4m", "__interval": "1m"}
    for variable in board["templating"]["list"]:
        values[variable["name"]] = _value(variable, choice.get(variable["name"], ()))
    return re.sub(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))", lambda match: values[match[1] or match[2]], expr)


def _value(variable: Mapping[str, Any], chosen: Sequence[str]) -> str:
    if not variable["multi"]:
        return chosen[0] if chosen else str(variable.get("current", {}).get("value", ""))
    if not chosen:
        return str(variable["allValue"])
    # As Grafana's source for Prometheus writes several values, in a string of PromQL.
    escaped = [_SPECIAL.sub(r"\\\\\g<0>", each) for each in chosen]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
