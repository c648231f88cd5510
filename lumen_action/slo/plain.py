"""An evaluation as plain JSON values, for machines; what is not known is null."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lumen_action.model.instants import stamp_of
from lumen_action.slo.evaluation import Evaluation
from lumen_action.slo.objective import CountsSource, LedgerSource, RatioSource, Source, ValueSource

SOURCES: dict[type[Source], str] = {
    LedgerSource: "ledger",
    RatioSource: "prometheus",
    ValueSource: "prometheus",
    CountsSource: "counts",
}
_DIGITS = 9


def plain_evaluation(evaluation: Evaluation, now_ms: int) -> dict[str, Any]:
    """Return an evaluation with snake_case keys and the unit in the name where there is one."""
    slo, span, budget = evaluation.slo, evaluation.span, evaluation.budget
    happened = evaluation.total > 0
    return {
        "slo": evaluation.name,
        "display_name": evaluation.objective.display_name or slo.about.display_name,
        "service": slo.service,
        "source": SOURCES[type(slo.source)],
        "window": str(slo.window.duration),
        "window_begin": stamp_of(span.begin_ms),
        "window_end": stamp_of(span.end_ms),
        "target": evaluation.objective.target,
        "target_percent": _percent(Fraction(str(evaluation.objective.target))),
        "actual": _number(Fraction(evaluation.good, evaluation.total)) if happened else None,
        "actual_percent": _percent(Fraction(evaluation.good, evaluation.total)) if happened else None,
        "actual_low_percent": _percent(evaluation.actual_low),
        "actual_high_percent": _percent(evaluation.actual_high),
        "good": _number(evaluation.good),
        "bad": _number(evaluation.bad),
        "total": evaluation.total,
        "planned": evaluation.planned,
        "budget_events": _number(budget.allowed) if budget.allowed else None,
        "budget_used_events": _number(budget.used) if happened else None,
        "budget_left_events": _number(budget.allowed - budget.used) if happened else None,
        "budget_used_percent": _number(budget.used_percent) if happened else None,
        "budget_left_percent": _number(budget.left_percent) if happened else None,
        "status": evaluation.status.value,
        "verdict": evaluation.judgement.value,
        "clean_runs_needed": evaluation.clean_needed,
        "burn": {window: _number(rate) for window, rate in evaluation.burn.items()},
        "exhausts_at": stamp_of(evaluation.outlook.exhausts_ms),
        "recovers_at": stamp_of(evaluation.outlook.recovers_ms),
        "data_timestamp": stamp_of(evaluation.newest_ms),
        "data_age_seconds": None if evaluation.newest_ms is None else max(0, now_ms - evaluation.newest_ms) // 1000,
        "notes": list(evaluation.notes),
    }


def _percent(ratio: Fraction | float | None) -> int | float | None:
    return None if ratio is None else _number(100 * ratio)


def _number(number: Fraction | float | None) -> int | float | None:
    """Return a number without the noise of binary fractions."""
    if isinstance(number, Fraction) and number.denominator == 1:
        return number.numerator
    return number if number is None or isinstance(number, int) else round(float(number), _DIGITS)
