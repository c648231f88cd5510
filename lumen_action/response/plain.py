"""Costs and times of incidents for machines."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lumen_action.incidents.measures import Group, Step, Times
from lumen_action.model.instants import stamp
from lumen_action.response.spending import Cost, Lost

_DIGITS = 9
_HUNDRED = 100
_SECOND_MS = 1000


def plain_cost(cost: Cost) -> dict[str, Any]:
    """Return what an incident cost; `own` is what no earlier incident has."""
    return {
        "begin_at": stamp(cost.begin_ms),
        "end_at": stamp(cost.end_ms),
        "runs": _plain_lost(cost.runs),
        "days": _plain_lost(cost.days),
        "failing_before": cost.failing_before,
        "budgets": [
            {
                "objective": each.name,
                **_plain_lost(each.lost),
                "allowed": number(each.allowed),
                "spent_percent": percent(each.share),
                "own_spent_percent": percent(each.own_share),
            }
            for each in cost.budgets
        ],
    }


def plain_group(group: Group) -> dict[str, Any]:
    """Return what some incidents come to."""
    return {
        "count": group.count,
        "open": group.open,
        "false_alarms": group.false_alarms,
        "merged": group.merged,
        "breached": group.breached,
        **{f"time_to_{step.value}": _plain_times(group.times(step)) for step in Step},
    }


def number(value: Fraction | int) -> int | float:
    """Return a number as JSON has it."""
    exact = Fraction(value)
    return exact.numerator if exact.denominator == 1 else round(float(exact), _DIGITS)


def percent(part: Fraction | None) -> int | float | None:
    """Return a part in percent."""
    return None if part is None else number(_HUNDRED * part)


def _plain_lost(lost: Lost) -> dict[str, Any]:
    return {"events": lost.total, "bad": number(lost.bad), "own": number(lost.own)}


def _plain_times(times: Times) -> dict[str, Any]:
    return {
        "n": times.n,
        "too_small": times.too_small,
        "median_seconds": _seconds(times.median_ms),
        "p90_seconds": _seconds(times.p90_ms),
    }


def _seconds(value_ms: int | None) -> float | int | None:
    return None if value_ms is None else number(Fraction(value_ms, _SECOND_MS))
