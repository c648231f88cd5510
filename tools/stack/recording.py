"""The recorded series of the past: every rule asked of a real Prometheus at each step, what rests on others after them.

`promtool tsdb create-blocks-from rules` evaluates every rule by itself, so that a rule which reads what another records
finds nothing; these rules are ten storeys high.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lumen_action.promql import parse, selectors
from stack.programs import Server, ask


@dataclass(frozen=True)
class Rule:
    """A rule as Prometheus has read it; an alert is told of as the series ALERTS."""

    name: str
    expr: str
    labels: Mapping[str, str]
    lasting_seconds: float = 0
    is_alert: bool = False
    reads: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Rule:
        """Read what Prometheus tells."""
        reads = frozenset(found.metric for found in selectors(parse(told["query"])) if found.metric)
        is_alert = told["type"] == "alerting"
        return cls(told["name"], told["query"], told.get("labels", {}), float(told.get("duration", 0)), is_alert, reads)

    def labelled(self, metric: Mapping[str, str]) -> dict[str, str]:
        """Return the labels of what it records of a series."""
        own = {label: value for label, value in metric.items() if label != "__name__"} | dict(self.labels)
        if self.is_alert:
            return {"__name__": "ALERTS", **own, "alertname": self.name, "alertstate": "firing"}
        return {"__name__": self.name, **own}


def rules_of(prometheus: Server) -> list[Rule]:
    """Return every rule that a Prometheus has loaded."""
    return [Rule.of(told) for group in ask(prometheus, "/api/v1/rules")["groups"] for told in group["rules"]]


def storeys(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Return the rules so that each rests on those of the storeys before; alerts are the last."""
    waiting = {rule.name: set[str]() for rule in rules if not rule.is_alert}
    for rule in rules:
        if not rule.is_alert:
            waiting[rule.name] |= (rule.reads & waiting.keys()) - {rule.name}
    found = []
    while waiting:
        ready = {name for name, below in waiting.items() if not below & waiting.keys()}
        if not ready:
            raise ValueError(f"rules that rest on each other: {', '.join(sorted(waiting))}")
        found.append([rule for rule in rules if not rule.is_alert and rule.name in ready])
        for name in ready:
            del waiting[name]
    return [*found, [rule for rule in rules if rule.is_alert]]


def recorded(prometheus: Server, rules: Iterable[Rule], steps: range) -> Iterator[str]:
    """Yield OpenMetrics of what these rules would have recorded at each step, in milliseconds."""
    step_seconds = steps.step // 1000
    for rule in rules:
        found = ask(
            prometheus,
            "/api/v1/query_range",
            query=rule.expr,
            start=steps[0] // 1000,
            end=steps[-1] // 1000,
            step=step_seconds,
        )
        for series in found["result"]:
            points = _fired(series["values"], rule, step_seconds) if rule.is_alert else series["values"]
            yield _text(rule.labelled(series["metric"]), points)


def _fired(values: Sequence[tuple[float, str]], rule: Rule, step_seconds: int) -> Iterator[tuple[float, str]]:
    """Yield the steps at which an alert had held long enough."""
    since = before = float("-inf")
    for at, _ in values:
        if at - before > step_seconds:
            since = at
        before = at
        if at - since >= rule.lasting_seconds:
            yield at, "1"


def _text(labels: dict[str, str], points: Iterable[tuple[float, str]]) -> str:
    name = labels.pop("__name__")
    pairs = ",".join(
        f'{label}="{value}"'
        for label, value in (
            (label, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
            for label, value in labels.items()
        )
    )
    return "".join(f"{name}{{{pairs}}} {value} {at:.0f}\n" for at, value in points)
