"""How each number of an objective came about, with the numbers in the formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from fractions import Fraction
from math import ceil, floor

from lumen_action.slo.evaluation import Burn, Evaluation, Judgement, Status
from lumen_action.slo.evidence import DOUBT, luck, wilson_low
from lumen_action.slo.objective import (
    Budgeting,
    CountsSource,
    Events,
    LedgerSource,
    RatioSource,
    Source,
    ValueSource,
)
from lumen_action.slo.phrases import (
    actual_percent,
    amount,
    counted,
    exactly,
    faithful,
    left_percent,
    noun,
    pace,
    precisely,
    ratio_percent,
    spelled,
    target_percent,
    title,
    used_percent,
    window_words,
)
from lumen_action.summary.markdown import visible
from lumen_action.summary.words import moment, took

_NAME_WIDTH = 10
_HUNDRED = 100
_DOUBT_PERCENT = Fraction(5)
# Under this a chance is only called small.
_TINY = 1e-4
_STATUSES: Mapping[Status, str] = {
    Status.HEALTHY: "over 20 % of the budget is left",
    Status.WARNING: "20 % of the budget or less is left",
    Status.EXHAUSTED: "nothing is left",
    Status.NO_DATA: "nothing was counted, and nothing is never 100 %",
}
_GOOD: Mapping[Events, str] = {
    Events.RUN: "runs that ended well, by their latest attempt",
    Events.DAY: "days with a good run in any region",
    Events.STAGE: "stages that ended well",
    Events.FIRST_TRY: "stages that ended well without a retry",
    Events.DURATION: "{what} that took at most {value:g} s",
    Events.FRESHNESS: "slices of time in which the last good run was at most {value:g} s old",
    Events.CHECK: "checks that held",
}


def derivation(evaluation: Evaluation, at_ms: int, zone: tzinfo) -> Iterator[str]:
    """Yield the lines that explain one objective."""
    yield visible(title(evaluation))
    for name, tell in _LINES:
        for said in tell(evaluation, at_ms, zone):
            yield f"  {name:<{_NAME_WIDTH}}{visible(said)}"
            name = ""  # noqa: PLW2901 - what belongs together has its name once


def _counted_what(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    if evaluation.slo.about.description:
        yield evaluation.slo.about.description
    yield from _source(evaluation.slo.source)
    objective = evaluation.objective
    if evaluation.slo.budgeting is Budgeting.TIMESLICES and objective.slice_window:
        share = target_percent(objective.slice_target or 1)
        yield f"each slice of {objective.slice_window} is good where {share} of it is"
    if evaluation.slo.budgeting is Budgeting.RATIO_TIMESLICES and objective.slice_window:
        yield f"each slice of {objective.slice_window} counts by its share of good events"


def _source(source: Source) -> Iterator[str]:
    if isinstance(source, LedgerSource):
        selected = {key: getattr(source, key) for key in ("pipeline", "region", "stage", "check")}
        told = ", ".join(f"{name} {value}" for name, value in selected.items() if value)
        value = source.threshold.value if source.threshold else 0
        what = _GOOD[source.events].format(what="stages" if source.stage else "runs", value=value)
        yield f"the ledger: {what}{told and ' ('}{told}{told and ')'}"
    elif isinstance(source, RatioSource):
        yield f"Prometheus{_named(source.data_source)}: {'good' if source.part_is_good else 'bad'} are {source.part}"
        yield f"of {source.total}"
    elif isinstance(source, ValueSource):
        threshold = source.threshold
        yield f"Prometheus{_named(source.data_source)}: {source.query}"
        yield f"good where it is {_COMPARED[threshold.comparison.value]} {threshold.value:g}"
    elif isinstance(source, CountsSource):
        word = "good" if source.part_is_good else "bad"
        yield f"the file {source.file}: column `{source.part}` has the {word} events, `{source.total}` all"


_COMPARED = {"lt": "under", "lte": "at most", "gt": "over", "gte": "at least"}


def _named(data_source: str) -> str:
    return f" ({data_source})" if data_source else ""


def _window(evaluation: Evaluation, _at_ms: int, zone: tzinfo) -> Iterator[str]:
    span = evaluation.span
    said = f"after {moment(span.begin_ms, zone)}, up to {moment(span.end_ms, zone)}: "
    yield said + window_words(evaluation.slo.window)
    if not span.rolls:
        yield f"it closes on {moment(span.closes_ms, zone)}"


def _data(evaluation: Evaluation, at_ms: int, zone: tzinfo) -> Iterator[str]:
    if evaluation.newest_ms is None:
        yield "unknown: nobody says when it was counted" if evaluation.total else "unknown: nothing was heard"
        return
    yield f"last heard of on {moment(evaluation.newest_ms, zone)}, {took(max(0, at_ms - evaluation.newest_ms))} before"


def _actual(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    what = noun(evaluation.slo, evaluation.objective)
    if not evaluation.total:
        yield f"unknown: no {counted(2, what).partition(' ')[2]} in the window"
        return
    all_of_them = counted(evaluation.total, what)
    bad = precisely(evaluation.bad)
    yield f"({evaluation.total:,} - {bad} bad) / {all_of_them} = {actual_percent(evaluation)} good"
    if evaluation.actual_low is not None and evaluation.actual_high is not None:
        target = evaluation.objective.target
        low = ratio_percent(evaluation.actual_low, target, floor)
        high = ratio_percent(evaluation.actual_high, target, ceil)
        yield f"in truth over {low}, and under {high} (Wilson, each with 95 % confidence)"


def _budget(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    what, planned = noun(evaluation.slo, evaluation.objective), evaluation.planned
    target = evaluation.objective.target
    volume = max(Fraction(evaluation.total), exactly(planned or 0))
    if not volume:
        yield "unknown: neither counted nor planned"
        return
    events = counted(volume, what, written=precisely)
    yield f"(1 - {target!r}) x {events} = {precisely(evaluation.budget.allowed)} may be bad"
    if planned is not None:
        yield f"planned are {precisely(planned)}, there were {evaluation.total:,}; the larger counts"


def _used(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    if evaluation.total and evaluation.budget.allowed:
        used, allowed = precisely(evaluation.budget.used), precisely(evaluation.budget.allowed)
        yield f"{used} / {allowed} = {used_percent(evaluation)}, so {left_percent(evaluation)} is left"
    else:
        yield "unknown"


def _status(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    yield f"{spelled(evaluation.status)}: {_STATUSES[evaluation.status]}"


def _evidence(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    what, target = noun(evaluation.slo, evaluation.objective), evaluation.objective.target
    bad, total, needed = evaluation.bad, evaluation.total, evaluation.clean_needed
    if total:
        few = f"{amount(bad)} bad or fewer" if bad else "none bad"
        chance = _chance(luck(ceil(bad), total, target))
        yield f"at just {target_percent(target)}, {counted(total, what)} have {few} with a chance of {chance}"
    if needed and evaluation.judgement is Judgement.NOT_ENOUGH_EVIDENCE:
        quality = "more clean" if total else "clean"
        yield f"{counted(needed, what, quality)} bring that to {_chance(luck(ceil(bad), total + needed, target))}"
    yield f"a chance of {DOUBT * _HUNDRED:g} % or less rules luck out"


def _chance(chance: float) -> str:
    return "under 0.01 %" if chance < _TINY else f"{faithful(_HUNDRED * Fraction(chance), _DOUBT_PERCENT)} %"


def _verdict(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    yield f"{spelled(evaluation.judgement)}: {_why(evaluation)}"


def _why(evaluation: Evaluation) -> str:
    if not evaluation.total:
        return "nothing was counted"
    bad, allowed = evaluation.budget.used, evaluation.budget.allowed
    verb = "is" if bad == 1 else "are"
    within = f"{amount(bad)} bad {verb} {'within' if bad <= allowed else 'over'} {amount(allowed)}"
    if evaluation.judgement is Judgement.MET:
        return f"{within}, and that is no luck"
    if bad <= allowed:
        return f"{within}, but that may be luck"
    if allowed >= 1:
        return within
    share = float(1 - exactly(evaluation.objective.target))
    may, surely = target_percent(share), ratio_percent(wilson_low(float(bad), evaluation.total), share)
    proven = evaluation.judgement is Judgement.VIOLATED
    how = f"surely {surely} fail, over the {may} that may" if proven else f"only {surely} fail for sure, and {may} may"
    return f"{within}, a budget that a single one breaks; {how}"


def _burn(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    for each in evaluation.burns:
        yield f"{each.window}: {_rate(each, noun(evaluation.slo, evaluation.objective))}"
    if evaluation.burns:
        yield "1 is the pace that uses up exactly the whole budget"


def _rate(burn: Burn, what: str) -> str:
    if burn.rate is None:
        return f"no {counted(2, what).partition(' ')[2]}"
    return f"{faithful(burn.rate, Fraction(1), Fraction(0))} ({amount(burn.bad)} bad of {burn.total:,})"


def _ahead(evaluation: Evaluation, _at_ms: int, zone: tzinfo) -> Iterator[str]:
    outlook = evaluation.outlook
    if outlook.exhausts_ms is not None and evaluation.status is not Status.EXHAUSTED:
        yield f"used up on {moment(outlook.exhausts_ms, zone)} at {pace(outlook.pace)}"
    elif evaluation.status in (Status.HEALTHY, Status.WARNING) and evaluation.newest_ms is not None:
        yield "the present pace does not use up the budget within a window"
    if outlook.recovers_ms is not None:
        yield f"has budget again on {moment(outlook.recovers_ms, zone)} if nothing more fails"


def _notes(evaluation: Evaluation, _at_ms: int, _zone: tzinfo) -> Iterator[str]:
    yield from evaluation.notes


_LINES: tuple[tuple[str, Callable[[Evaluation, int, tzinfo], Iterator[str]]], ...] = (
    ("counts", _counted_what),
    ("window", _window),
    ("data", _data),
    ("actual", _actual),
    ("budget", _budget),
    ("used", _used),
    ("status", _status),
    ("evidence", _evidence),
    ("verdict", _verdict),
    ("burn", _burn),
    ("ahead", _ahead),
    ("note", _notes),
)
