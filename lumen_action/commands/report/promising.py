"""What the objectives of a report came to at its end, a period earlier, and on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from lumen_action.commands.slo.places import groups, is_silent
from lumen_action.errors import RemoteError
from lumen_action.measuring import Places, Question, read, zone_of
from lumen_action.report.model import Point, Promise
from lumen_action.slo.evaluating import burn_down, evaluate
from lumen_action.slo.evaluation import Measured, Span
from lumen_action.slo.objective import LedgerSource, Slo, SloBook
from lumen_action.slo.spans import span_of


@dataclass
class Promised:
    """What the objectives came to, and of which nothing is known and why."""

    promises: list[Promise] = field(default_factory=list)
    unmeasured: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def promised(slos: Sequence[Slo], places: Places, points_ms: Sequence[int]) -> Promised:
    """Return what every objective came to at the last of these moments; a source that is silent hides no other."""
    found = Promised()
    by_name: dict[str, list[Promise]] = {}
    silent: dict[str, RemoteError] = {}
    for together, server in groups(SloBook(tuple(slos))):
        try:
            if server in silent:
                raise silent[server]
            now, past = _measured(together, places, points_ms, found.notes)
        except RemoteError as fault:
            if server and is_silent(fault):
                silent[server] = fault
            found.unmeasured |= dict.fromkeys((slo.name for slo in together), str(fault))
        else:
            for promise in _promises(now, past, places, points_ms):
                by_name.setdefault(promise.now.slo.name, []).append(promise)
    found.promises = [promise for slo in slos for promise in by_name.get(slo.name, ())]
    return found


_Answers = Sequence[tuple[Question, Measured]]


def _measured(
    slos: Sequence[Slo], places: Places, points_ms: Sequence[int], notes: list[str]
) -> tuple[_Answers, _Answers]:
    """Return the events of every window at the end, and those of all windows on the way to it."""
    now = _questions(slos, lambda slo: _span(slo, points_ms[-1]))
    past = _questions(slos, lambda slo: _over([_span(slo, at_ms) for at_ms in points_ms]))
    if isinstance(slos[0].source, LedgerSource):
        # The facts are read once, and what a window holds that rolls is a part of what all of them hold.
        fixed = [question for question in now if not question.span.rolls]
        answers = read([*past, *fixed], places)
        way, rest = answers[: len(past)], iter(answers[len(past) :])
        at_end = [held if question.span.rolls else next(rest) for question, held in zip(now, way, strict=True)]
        return _paired(now, at_end), _paired(past, way)
    found = _paired(now, read(now, places))
    try:
        return found, _paired(past, read(past, places))
    except RemoteError as fault:
        # What stands at the end is worth telling without the way there.
        notes.append(str(fault))
        return found, ()


def _questions(slos: Iterable[Slo], span: Callable[[Slo], Span]) -> list[Question]:
    return [Question(slo, objective, span(slo)) for slo in slos for objective in slo.objectives]


def _paired(questions: Sequence[Question], answers: Sequence[Measured]) -> _Answers:
    return list(zip(questions, answers, strict=True))


def _span(slo: Slo, at_ms: int) -> Span:
    """Return the window at a moment; that of a calendar which is just over is not yet the next one."""
    span = span_of(slo.window, at_ms, zone_of)
    if span.begin_ms < at_ms:
        return span
    # It has to close after what counts as its end, or it would be one that rolls.
    return Span(span_of(slo.window, at_ms - 1, zone_of).begin_ms, at_ms, at_ms + 1)


def _over(spans: Sequence[Span]) -> Span:
    return Span(min(span.begin_ms for span in spans), spans[-1].end_ms, spans[-1].end_ms)


def _promises(now: _Answers, past: _Answers, places: Places, points_ms: Sequence[int]) -> Iterator[Promise]:
    ways = [measured for _, measured in past] if past else [None] * len(now)
    for (question, measured), way in zip(now, ways, strict=True):
        slo, objective, span = question.slo, question.objective, question.span
        evaluation = evaluate(slo, objective, span, measured, places.planned(slo, span))
        if way is None:
            yield Promise(evaluation, None)
            continue
        spans = [_span(slo, at_ms) for at_ms in points_ms]
        left = burn_down(slo, objective, way, spans, partial(places.planned, slo))
        yield Promise(evaluation, left[0], tuple(map(Point, points_ms, left)))
