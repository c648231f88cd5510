"""Objectives at one moment, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from fractions import Fraction

from lumen_action.slo.evaluation import Evaluation, Status
from lumen_action.slo.phrases import (
    actual_percent,
    amount,
    counted,
    left_percent,
    noun,
    pace,
    spelled,
    target_percent,
    title,
    totals_line,
    used_percent,
    verdict,
    window_words,
)
from lumen_action.summary.markdown import cell, plain, visible
from lumen_action.summary.table import Row, Table
from lumen_action.summary.words import moment

_SIGNS: Mapping[Status, str] = {
    Status.HEALTHY: "✅",
    Status.WARNING: "⚠️",
    Status.EXHAUSTED: "❌",
    Status.NO_DATA: "⚪",
}
_COLUMNS = ("Objective", "Target", "Actual", "Used", "Left", "Status", "Verdict")
_NAME_WIDTH = 9


def as_text(evaluations: Sequence[Evaluation], at_ms: int, zone: tzinfo) -> str:
    """Return a block for each objective, and how all of them stand in the last line."""
    width = max((len(figure) for each in evaluations for figure in _figures(each)), default=0)
    blocks = ["\n".join(_block(each, width, zone)) for each in evaluations]
    return "\n\n".join([f"Objectives at {moment(at_ms, zone)}", *blocks, totals_line(evaluations)])


def as_markdown(evaluations: Sequence[Evaluation], at_ms: int, zone: tzinfo) -> str:
    """Return a table with a row for each objective, how all of them stand, and what else is to be known."""
    rows = tuple(Row((cell(title(each)), *_cells(each)), bad=each.status is Status.EXHAUSTED) for each in evaluations)
    further = [f"- {plain(title(each))}: {plain(text)}" for each in evaluations for _, text in _further(each, zone)]
    parts = [
        f"## Objectives at {moment(at_ms, zone)}",
        f"**{totals_line(evaluations)}**",
        Table(_COLUMNS, rows, "objective").full(),
        "\n".join(further),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_lines(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    """Yield a line for each objective: what was found, and what of what was promised."""
    words = [spelled(each.judgement) for each in evaluations]
    width = max(map(len, words), default=0)
    for each, word in zip(evaluations, words, strict=True):
        yield f"{word:<{width}}  {visible(title(each))}: {_sentence(each)}"


def _sentence(evaluation: Evaluation) -> str:
    if not evaluation.total:
        return f"no data {window_words(evaluation.slo.window)}; promised {target_percent(evaluation.objective.target)}"
    more = verdict(evaluation).partition(": ")[2]
    return (
        f"{actual_percent(evaluation)} of {target_percent(evaluation.objective.target)}, "
        f"{used_percent(evaluation)} of the budget used, {spelled(evaluation.status)}{more and '; '}{more}"
    )


def _block(evaluation: Evaluation, width: int, zone: tzinfo) -> Iterator[str]:
    yield visible(title(evaluation))
    for (name, figure), said in zip(_FIGURES, _beside(evaluation), strict=True):
        yield f"  {name:<{_NAME_WIDTH}}{figure(evaluation):>{width}}   {said}".rstrip()
    yield f"  {'status':<{_NAME_WIDTH}}{spelled(evaluation.status)}"
    yield f"  {'verdict':<{_NAME_WIDTH}}{verdict(evaluation)}"
    yield from (f"  {name:<{_NAME_WIDTH}}{visible(text)}" for name, text in _further(evaluation, zone))


_FIGURES: Sequence[tuple[str, Callable[[Evaluation], str]]] = (
    ("target", lambda each: target_percent(each.objective.target)),
    ("actual", actual_percent),
    ("used", used_percent),
    ("left", left_percent),
)


def _figures(evaluation: Evaluation) -> tuple[str, ...]:
    return tuple(figure(evaluation) for _, figure in _FIGURES)


def _beside(evaluation: Evaluation) -> tuple[str, str, str, str]:
    """Return the events behind each of the figures."""
    over = window_words(evaluation.slo.window)
    what = noun(evaluation.slo, evaluation.objective)
    if not evaluation.total:
        return over, f"nothing was counted {over}", "", ""
    budget = evaluation.budget
    return (
        over,
        f"{amount(evaluation.good)} of {counted(evaluation.total, what)} good",
        f"{amount(budget.used)} bad, {amount(budget.allowed)} may be",
        _left(budget.allowed - budget.used, what),
    )


def _left(left: Fraction, what: str) -> str:
    if left < 0:
        return f"{amount(-left)} too many"
    return f"{amount(left)} more may be bad" if left >= 1 else f"the next bad {what} breaks it"


def _cells(evaluation: Evaluation) -> tuple[str, ...]:
    status = f"{_SIGNS[evaluation.status]} {spelled(evaluation.status)}"
    return (*_figures(evaluation), status, verdict(evaluation))


def _further(evaluation: Evaluation, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Yield what lies ahead, and what a reader of the numbers has to know."""
    outlook = evaluation.outlook
    if outlook.exhausts_ms is not None and evaluation.status is not Status.EXHAUSTED:
        yield "ahead", f"used up on {moment(outlook.exhausts_ms, zone)} at {pace(outlook.pace)}"
    if outlook.recovers_ms is not None:
        yield "ahead", f"has budget again on {moment(outlook.recovers_ms, zone)} if nothing more fails"
    yield from (("note", note) for note in evaluation.notes)
