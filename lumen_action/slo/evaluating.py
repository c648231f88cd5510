"""From counted events to what they say of an objective: budget, status, judgement, burn and outlook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil

from lumen_action.slo.evaluation import Budget, Burn, Evaluation, Judgement, Measured, Outlook, Span, Status
from lumen_action.slo.evidence import DOUBT, clean_runs_still_needed, luck, wilson_high, wilson_low
from lumen_action.slo.objective import Budgeting, Duration, Objective, Slo
from lumen_action.slo.outlook import outlook_of
from lumen_action.slo.slices import Paid, paid, slice_end, width_ms
from lumen_action.slo.spans import duration_ms

Planned = Callable[[Span], float | None]

BURN_WINDOWS = (Duration(1, "h"), Duration(6, "h"), Duration(1, "d"), Duration(3, "d"), Duration(7, "d"))
_LONGEST_PACE_MS = duration_ms(BURN_WINDOWS[-1])
_LITTLE_LEFT = Fraction(1, 5)


def evaluate(slo: Slo, objective: Objective, span: Span, measured: Measured, planned: float | None) -> Evaluation:
    """Return what the events within the span come to; those outside it do not matter."""
    spent = paid(measured.ticks, slo.budgeting, objective, span)
    total, bad = spent.within(span.begin_ms, span.end_ms)
    expected = planned if slo.budgeting is Budgeting.OCCURRENCES else None
    budget = _budget(objective, total, bad, expected)
    status = _status(total, budget)
    judgement = _judgement(objective, total, budget)
    burns = _burns(slo, objective, span, spent)
    outlook = Outlook()
    if measured.timed:
        outlook = outlook_of(span, budget, status, spent, [pace for pace in burns if _is_pace(slo, pace[0])])
    else:
        # What is known of the whole window is not known of its last hour.
        burns = burns[-1:]
    return Evaluation(
        slo=slo,
        objective=objective,
        span=span,
        total=total,
        bad=_plain(bad),
        planned=expected,
        budget=budget,
        status=status,
        judgement=judgement,
        clean_needed=_clean_needed(objective, total, budget, judgement),
        actual_low=1 - wilson_high(float(bad), total) if total else None,
        actual_high=1 - wilson_low(float(bad), total) if total else None,
        burns=tuple(burn for burn, _ in burns),
        outlook=outlook,
        newest_ms=measured.newest_ms,
        notes=(*measured.notes, *_empty_slices(slo, objective, span, total)),
    )


def burn_down(
    slo: Slo, objective: Objective, measured: Measured, spans: Sequence[Span], planned: Planned
) -> list[float | None]:
    """Return how much of the budget was left at the end of each span, in percent; None where nothing had happened."""
    came_to = budgets(slo, objective, measured, spans, planned)
    return [budget.left_percent if total else None for total, budget in came_to]


def budgets(
    slo: Slo, objective: Objective, measured: Measured, spans: Sequence[Span], planned: Planned
) -> list[tuple[int, Budget]]:
    """Return how much happened up to the end of each span, and the budget as it was then.

    What was measured has to reach over all spans; they are those of `span_of` at the moments of interest.
    """
    by_anchor: dict[int, Paid] = {}
    found = []
    for span in spans:
        anchor = 0 if span.rolls else span.begin_ms
        if anchor not in by_anchor:
            by_anchor[anchor] = paid(measured.ticks, slo.budgeting, objective, span)
        total, bad = by_anchor[anchor].within(span.begin_ms, span.end_ms)
        expected = planned(span) if slo.budgeting is Budgeting.OCCURRENCES else None
        found.append((total, _budget(objective, total, bad, expected)))
    return found


def _budget(objective: Objective, total: int, bad: Fraction, planned: float | None) -> Budget:
    volume = max(Fraction(total), Fraction(str(planned or 0)))
    return Budget((1 - Fraction(str(objective.target))) * volume, _plain(bad))


def _plain(number: Fraction) -> int | Fraction:
    return number.numerator if number.denominator == 1 else number


def _status(total: int, budget: Budget) -> Status:
    if not total:
        return Status.NO_DATA
    if budget.used and budget.used >= budget.allowed:
        return Status.EXHAUSTED
    return Status.WARNING if budget.allowed - Fraction(budget.used) <= _LITTLE_LEFT * budget.allowed else Status.HEALTHY


def _judgement(objective: Objective, total: int, budget: Budget) -> Judgement:
    if not total:
        return Judgement.NOT_ENOUGH_EVIDENCE
    if budget.used <= budget.allowed:
        shown = luck(ceil(budget.used), total, objective.target) <= DOUBT
        return Judgement.MET if shown else Judgement.NOT_ENOUGH_EVIDENCE
    # A budget of less than one event cannot be spent, only broken: luck has to be ruled out first.
    ruled_out = budget.allowed >= 1 or wilson_low(float(budget.used), total) > 1 - objective.target
    return Judgement.VIOLATED if ruled_out else Judgement.NOT_ENOUGH_EVIDENCE


def _clean_needed(objective: Objective, total: int, budget: Budget, judgement: Judgement) -> int | None:
    if judgement is Judgement.VIOLATED:
        return None
    return 0 if judgement is Judgement.MET else clean_runs_still_needed(ceil(budget.used), total, objective.target)


def _burns(slo: Slo, objective: Objective, span: Span, spent: Paid) -> list[tuple[Burn, int]]:
    """Return the burn of every window, as far as the objective's own reaches, and over how long that is."""
    shorter = [each for each in BURN_WINDOWS if duration_ms(each) < span.length_ms]
    begins = [(str(each), max(span.begin_ms, span.end_ms - duration_ms(each))) for each in shorter]
    begins.append((str(slo.window.duration), span.begin_ms))
    return [
        (_burn(name, objective, *spent.within(span.begin_ms, span.end_ms, begin_ms)), span.end_ms - begin_ms)
        for name, begin_ms in begins
    ]


def _is_pace(slo: Slo, burn: Burn) -> bool:
    """Tell whether a window is short enough to say how fast it is now."""
    return burn.window != str(slo.window.duration) or duration_ms(slo.window.duration) <= _LONGEST_PACE_MS


def _burn(window: str, objective: Objective, total: int, bad: Fraction) -> Burn:
    rate = float(bad / total / (1 - Fraction(str(objective.target)))) if total else None
    return Burn(window, total, _plain(bad), rate)


def _empty_slices(slo: Slo, objective: Objective, span: Span, counted: int) -> tuple[str, ...]:
    if slo.budgeting is Budgeting.OCCURRENCES:
        return ()
    width = width_ms(objective.slice_window)
    first_ms, after_ms = slice_end(span.begin_ms, span, width), slice_end(span.end_ms + 1, span, width)
    empty = (after_ms - first_ms) // width - 1 - counted
    return (f"{empty} of {empty + counted} slices had no events and do not count",) if empty > 0 else ()
