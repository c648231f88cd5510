"""The rule files, from what a team promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lumen_action.alerting import alerts, budgets, counts, ratios, variants
from lumen_action.alerting.headers import EVENTS, GATEWAY_FACTS, TOTALS
from lumen_action.alerting.promises import Promise, windows_of
from lumen_action.alerting.rulefile import Group, Rule, to_yaml
from lumen_action.alerting.supports import supports
from lumen_action.alerting.words import ENGLISH, Language

RUNBOOK = "https://github.com/org/lumen-sli-action/blob/v1/RUNBOOK.md"


@dataclass(frozen=True)
class Plan:
    """What the rules are made for; what is not written here is read from published series."""

    language: Language = ENGLISH
    runbook: str = RUNBOOK
    interval: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Put on every alert, for routing."""
    promises: Sequence[Promise] = ()
    runs_per_day: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Failures in a row that alert, by pipeline."""


def render(plan: Plan) -> Mapping[str, str]:
    """Return the text of every rule file by its name."""
    files: Mapping[str, tuple[str, Sequence[Rule], str]] = {
        "lumen.rules.yml": ("lumen", _rules(plan), TOTALS),
        "events.rules.yml": ("lumen_events", list(variants.events()), EVENTS),
        "gateway_facts.rules.yml": ("lumen_gateway_facts", list(variants.gateway_facts()), GATEWAY_FACTS),
    }
    return {
        name: to_yaml([Group(group, rules, plan.interval)], header) for name, (group, rules, header) in files.items()
    }


def _rules(plan: Plan) -> list[Rule]:
    windows = windows_of(plan.promises)
    return [
        *counts.beliefs(),
        *counts.differences(windows),
        *ratios.counts(),
        *ratios.slo_shapes(),
        *(record for promise in plan.promises for record in promise.records(tuple(windows))),
        *ratios.ratios(),
        *budgets.constants(plan.promises, plan.runs_per_day, plan.thresholds),
        *budgets.budgets(plan.promises),
        *ratios.older_names(),
        *supports(),
        *alerts.alerts(plan.language, plan.runbook, plan.labels),
    ]
