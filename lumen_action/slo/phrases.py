"""Numbers and words of an evaluation: no rounding makes a broken promise a kept one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from lumen_action.slo.evaluation import Evaluation, Judgement, Status
from lumen_action.slo.objective import (
    Budgeting,
    Duration,
    Events,
    LedgerSource,
    Objective,
    RollingWindow,
    Slo,
    Window,
)

_FEWEST_DIGITS, _MOST_DIGITS = 2, 20
# Of a formula: as many where they end, some where they do not.
_ALL_DIGITS, _SOME_DIGITS = 9, 6
_HUNDRED = 100
_FULL, _EMPTY, _LOW = Fraction(_HUNDRED), Fraction(0), Fraction(20)
_UNITS: Mapping[str, str] = {
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "M": "month",
    "Q": "quarter",
    "Y": "year",
}
_NOUNS: Mapping[Events, str] = {
    Events.RUN: "run",
    Events.DAY: "day",
    Events.STAGE: "stage",
    Events.FIRST_TRY: "stage",
    Events.DURATION: "run",
    Events.FRESHNESS: "slice",
    Events.CHECK: "check",
}
UNKNOWN = "unknown"


def faithful(value: Fraction | float, *marks: Fraction, rounding: Callable[[Fraction], int] = round) -> str:
    """Return a number with two digits, or as many more as keep it on its own side of every mark."""
    exact = Fraction(value)
    parts, digits = 0, _FEWEST_DIGITS
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS + 1):
        parts = rounding(exact * 10**digits)
        if all(_side(Fraction(parts, 10**digits), mark) == _side(exact, mark) for mark in marks):
            break
    whole, rest = divmod(abs(parts), 10**digits)
    text = f"{'-' if parts < 0 else ''}{whole:,}.{rest:0{digits}}"
    return text.rstrip("0").rstrip(".") if parts == exact * 10**digits else text


def _side(value: Fraction, mark: Fraction) -> int:
    return (value > mark) - (value < mark)


def exactly(written: float) -> Fraction:
    """Return a number as it was written, without the noise of binary fractions."""
    return Fraction(str(written))


def target_percent(target: float) -> str:
    """Return a target with every digit that was written."""
    # Never rounded, and never with an exponent.
    return f"{(Decimal(str(target)) * _HUNDRED).normalize():f} %"


def ratio_percent(ratio: Fraction | float, target: float, rounding: Callable[[Fraction], int] = round) -> str:
    """Return a ratio that is never shown as its target, as all or as nothing where it is not."""
    percent, marks = _HUNDRED * Fraction(ratio), (_HUNDRED * exactly(target), _FULL, _EMPTY)
    return f"{faithful(percent, *marks, rounding=rounding)} %"


def actual_percent(evaluation: Evaluation) -> str:
    """Return the share of good events."""
    if not evaluation.total:
        return UNKNOWN
    return ratio_percent(Fraction(evaluation.good, evaluation.total), evaluation.objective.target)


def used_percent(evaluation: Evaluation) -> str:
    """Return the share of the budget that is used."""
    used = _used(evaluation)
    return UNKNOWN if used is None else f"{faithful(used, _FULL, _FULL - _LOW, _EMPTY)} %"


def left_percent(evaluation: Evaluation) -> str:
    """Return the share of the budget that is left, below 0 where too much was used."""
    used = _used(evaluation)
    return UNKNOWN if used is None else f"{faithful(_HUNDRED - used, _LOW, _FULL, _EMPTY)} %"


def _used(evaluation: Evaluation) -> Fraction | None:
    allowed = evaluation.budget.allowed
    # A budget of a window in which nothing happened yet is not unused: nothing is known of it.
    return _HUNDRED * evaluation.budget.used / allowed if allowed and evaluation.total else None


def amount(count: Fraction | float) -> str:
    """Return a number of events, which a budget may have a part of."""
    return faithful(count, _EMPTY, Fraction(1))


def precisely(count: Fraction | float) -> str:
    """Return a number for a formula: all its digits, or six where they do not end."""
    exact = exactly(count) if isinstance(count, float) else Fraction(count)
    ends = next((digits for digits in range(_ALL_DIGITS + 1) if (exact * 10**digits).denominator == 1), _SOME_DIGITS)
    return f"{Decimal(round(exact * 10**ends)).scaleb(-ends):,f}"


def noun(slo: Slo, objective: Objective) -> str:
    """Return what the events of an objective are, one of them."""
    if slo.budgeting is not Budgeting.OCCURRENCES and objective.slice_window:
        return f"slice of {objective.slice_window}"
    if not isinstance(slo.source, LedgerSource):
        return "event"
    return "stage" if slo.source.stage else _NOUNS[slo.source.events]


def counted(
    count: Fraction | float, noun: str, quality: str = "", *, written: Callable[[Fraction | float], str] = amount
) -> str:
    """Count things: `1 run`, `2 clean slices of 1h`."""
    first, *rest = noun.split(" ", 1)
    return " ".join([written(count), *quality.split(), first if count == 1 else f"{first}s", *rest])


def length(duration: Duration) -> str:
    """Return how long: `30 days`."""
    return counted(duration.count, _UNITS[duration.unit])


def named(window: str) -> Duration:
    """Return how long the window of this name is: `7d`."""
    return Duration(int(window[:-1]), window[-1])


def pace(window: str) -> str:
    """Return at whose pace something goes on."""
    return f"the pace of {_last(named(window))}"


def _last(duration: Duration) -> str:
    return f"the last {length(duration).removeprefix('1 ')}"


def window_words(window: Window) -> str:
    """Return over which time a promise goes."""
    duration = window.duration
    if isinstance(window, RollingWindow):
        return f"over {_last(duration)}"
    unit = _UNITS[duration.unit]
    return f"this calendar {unit}" if duration.count == 1 else f"these {duration.count} calendar {unit}s"


def title(evaluation: Evaluation) -> str:
    """Return how people call an objective, with the name by which it is asked for."""
    slo, objective = evaluation.slo, evaluation.objective
    shown = slo.about.display_name
    if len(slo.objectives) > 1 and objective.display_name:
        shown = f"{shown or slo.name}: {objective.display_name}"
    return f"{shown} ({evaluation.name})" if shown and shown != evaluation.name else evaluation.name


def verdict(evaluation: Evaluation) -> str:
    """Return what was shown, and how many more events it takes where that is not enough."""
    words, needed = spelled(evaluation.judgement), evaluation.clean_needed
    if evaluation.judgement is not Judgement.NOT_ENOUGH_EVIDENCE or not needed:
        return words
    quality = "more clean" if evaluation.total else "clean"
    told = counted(needed, noun(evaluation.slo, evaluation.objective), quality)
    return f"{words}: {told} {'shows' if needed == 1 else 'show'} it"


def spelled(word: Status | Judgement) -> str:
    """Return a status or a verdict as people write it."""
    return str(word.value).replace("_", " ")


def tallied(evaluations: Sequence[Evaluation]) -> Mapping[str, int]:
    """Return how many objectives there are of each status and of each verdict."""
    words = [*(each.status for each in evaluations), *(each.judgement for each in evaluations)]
    return {word.value: words.count(word) for word in (*Status, *Judgement)}


def totals_line(evaluations: Sequence[Evaluation]) -> str:
    """Return how all objectives stand, in a line."""
    found = tallied(evaluations)

    def told(words: type[Status | Judgement]) -> str:
        return ", ".join(f"{found[word.value]} {spelled(word)}" for word in words if found[word.value])

    return f"{counted(len(evaluations), 'objective')}: {told(Status)}; {told(Judgement)}"
