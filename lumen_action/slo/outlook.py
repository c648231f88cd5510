"""When a budget is used up at the present pace, and when it is back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from lumen_action.slo.evaluation import Budget, Burn, Outlook, Span, Status
from lumen_action.slo.slices import Paid

Paces = Sequence[tuple[Burn, int]]


def outlook_of(span: Span, budget: Budget, status: Status, paid: Paid, paces: Paces) -> Outlook:
    """Look ahead: one window far where nothing ends it sooner.

    `paces` are burn windows with the time they reach back, the shortest first.
    """
    if status is Status.EXHAUSTED:
        return Outlook(recovers_ms=_recovers_ms(span, budget, paid))
    found = next((each for each in reversed(paces) if each[0].bad), None)
    if found is None:
        return Outlook()
    pace, length_ms = found
    return Outlook(_exhausts_ms(span, budget, paid, Fraction(pace.bad) / length_ms), pace=pace.window)


def _recovers_ms(span: Span, budget: Budget, paid: Paid) -> int:
    if not span.rolls:
        return span.closes_ms
    used = Fraction(budget.used)
    recovers_ms = span.end_ms
    for leaves_ms, bad in paid.leaving(span):
        if used < budget.allowed:
            break
        used, recovers_ms = used - bad, leaves_ms
    return recovers_ms


def _exhausts_ms(span: Span, budget: Budget, paid: Paid, bad_per_ms: Fraction) -> int | None:
    """Return when old bad events, fewer with time where the window rolls, and new ones reach the budget."""
    used = Fraction(budget.used)
    horizon_ms = span.end_ms + span.length_ms if span.rolls else span.closes_ms
    for leaves_ms, bad in [*(paid.leaving(span) if span.rolls else ()), (horizon_ms + 1, Fraction(0))]:
        reached_ms = span.end_ms + ceil((budget.allowed - used) / bad_per_ms)
        if reached_ms < leaves_ms:
            return reached_ms
        used -= bad
    return None
