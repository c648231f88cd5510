"""The first sentence of a report: is the promise kept, may it ship, what ran, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from lumen_action.report.composing.zones import zone_of
from lumen_action.report.document import Paragraph, Tone
from lumen_action.report.model import Counted, Promise, Report
from lumen_action.report.words import Words
from lumen_action.slo.evaluation import Evaluation, Judgement, Status
from lumen_action.slo.phrases import left_percent, used_percent

_BOTH = 2


class Standing(IntEnum):
    """How an objective stands; of several the greatest decides what is said first."""

    MET = 0
    UNPROVEN = 1
    WARNING = 2
    NO_DATA = 3
    UNMEASURED = 4
    TOO_FEW = 5
    STALE = 6
    PERHAPS_CHANCE = 7
    EXHAUSTED = 8
    VIOLATED = 9


TONES: Mapping[Standing, Tone] = {
    Standing.MET: Tone.GOOD,
    Standing.UNPROVEN: Tone.GOOD,
    Standing.WARNING: Tone.WARN,
    Standing.NO_DATA: Tone.IDLE,
    Standing.UNMEASURED: Tone.WARN,
    Standing.TOO_FEW: Tone.IDLE,
    Standing.STALE: Tone.WARN,
    Standing.PERHAPS_CHANCE: Tone.WARN,
    Standing.EXHAUSTED: Tone.BAD,
    Standing.VIOLATED: Tone.BAD,
}


# The first that holds.
_STANDINGS: Sequence[tuple[Standing, Callable[[Promise], bool]]] = (
    (Standing.VIOLATED, lambda each: each.now.judgement is Judgement.VIOLATED),
    (Standing.PERHAPS_CHANCE, lambda each: each.now.budget.used > each.now.budget.allowed),
    (Standing.EXHAUSTED, lambda each: each.now.status is Status.EXHAUSTED),
    (Standing.NO_DATA, lambda each: each.now.status is Status.NO_DATA),
    (Standing.STALE, lambda each: each.stale),
    (Standing.TOO_FEW, lambda each: each.now.judgement is not Judgement.MET and not each.now.enough),
    (Standing.WARNING, lambda each: each.now.status is Status.WARNING),
    (Standing.MET, lambda each: each.now.judgement is Judgement.MET),
)


def standing_of(promise: Promise) -> Standing:
    """Return how an objective stands."""
    return next((standing for standing, holds in _STANDINGS if holds(promise)), Standing.UNPROVEN)


@dataclass(frozen=True)
class _Worst:
    """The standing that decides, how many objectives share it, and the one of them that has the least left."""

    standing: Standing
    some: int
    of: int
    promise: Promise | None


def answer(report: Report, words: Words) -> Paragraph:
    """Return the sentence that says how the pipeline stands."""
    runs = _runs(report, words)
    trend = _trend(report, words)
    worst = _worst(report)
    if worst is None:
        bad = Tone.WARN if report.runs.bad else Tone.GOOD
        text = words.say("answer.no_objective", pipeline=report.pipeline, runs=runs, trend=trend)
        return Paragraph(text, bad if report.runs.total else Tone.IDLE)
    decisive = worst.promise.now if worst.promise else None
    of = words.say("of.objective", objective=title_of(decisive)) if decisive and worst.of > 1 else ""
    text = words.say(
        f"answer.{worst.standing.name.lower()}",
        pipeline=report.pipeline,
        promise=_promise(worst, words),
        runs=runs,
        of=of,
        left=left_percent(decisive) if decisive else "",
        used=used_percent(decisive) if decisive else "",
        back=_back(report, decisive, words),
        clean=_clean(decisive, words),
        heard=_heard(report, decisive, words),
        trend=trend,
    )
    idle = worst.standing is Standing.MET and not report.runs.total
    return Paragraph(text, Tone.IDLE if idle else TONES[worst.standing])


def title_of(evaluation: Evaluation) -> str:
    """Return how people call an objective."""
    slo, objective = evaluation.slo, evaluation.objective
    shown = slo.about.display_name
    if len(slo.objectives) > 1:
        return f"{shown or slo.name}: {objective.display_name}" if objective.display_name else evaluation.name
    return shown or slo.name


def _worst(report: Report) -> _Worst | None:
    standings = [standing_of(promise) for promise in report.promises]
    all_of = [*standings, *(Standing.UNMEASURED for _ in report.unmeasured)]
    if not all_of:
        return None
    decides = max(all_of)
    sharing = [promise for promise, each in zip(report.promises, standings, strict=True) if each is decides]
    least = min(sharing, key=lambda promise: (promise.now.budget.left_percent or 0, promise.now.name), default=None)
    # What is kept with little left is kept all the same.
    some = len(all_of) if decides <= Standing.WARNING else all_of.count(decides)
    return _Worst(decides, some, len(all_of), least)


def _promise(worst: _Worst, words: Words) -> str:
    if worst.of == 1:
        return words["promise.one"]
    if worst.some < worst.of:
        return words.say("promise.some", n=worst.of, some=worst.some)
    return words["promise.both"] if worst.of == _BOTH else words.say("promise.all", n=worst.of)


def _back(report: Report, evaluation: Evaluation | None, words: Words) -> str:
    recovers_ms = evaluation.outlook.recovers_ms if evaluation else None
    if recovers_ms is None:
        return ""
    return words.say("back", moment=words.moment(recovers_ms, zone_of(report.period)))


def _heard(report: Report, evaluation: Evaluation | None, words: Words) -> str:
    newest_ms = evaluation.newest_ms if evaluation else None
    return "" if newest_ms is None else words.moment(newest_ms, zone_of(report.period))


def _clean(evaluation: Evaluation | None, words: Words) -> str:
    needed = evaluation.clean_needed if evaluation else None
    return words.say("clean", clean=words.count("clean", needed)) if needed else ""


def _runs(report: Report, words: Words) -> str:
    runs = report.runs
    period = words.period(report.period, "in" if _over(report) else "so_far")
    return words.say(f"runs.{_ran(runs)}", period=period, total=f"{runs.total:,}", good=f"{runs.good:,}")


def _ran(runs: Counted) -> str:
    if not runs.total:
        return "open" if runs.open else "other" if runs.other else "none"
    if runs.good and runs.bad:
        return "some"
    side = "good" if runs.good else "bad"
    return f"one_{side}" if runs.total == 1 else f"all_{side}"


def _over(report: Report) -> bool:
    return report.as_of_ms >= report.period.end_ms


def _trend(report: Report, words: Words) -> str:
    now, before = report.runs.bad, report.runs_before.bad
    return words.say(
        f"trend.{_turn(report)}",
        now=f"{now:,}",
        before=f"{before:,}",
        failures=words.count("failures", now),
        period=words[f"{report.period.kind.value}.before"],
        cause=_cause(report, words),
    )


def _turn(report: Report) -> str:
    now, before = report.runs.bad, report.runs_before.bad
    if not report.runs.total or (not now and not report.runs_before.total):
        return "none"
    if not _over(report):
        # A part of a period is not held against a whole one.
        return "so_far" if now else "none"
    if not report.runs_before.total:
        return "first"
    if now == before:
        return "same" if now else "clean"
    return "fell" if now < before else "rose"


def _cause(report: Report, words: Words) -> str:
    failures = report.runs.bad
    counts = [cause.count for cause in report.classes if cause.count]
    if not counts:
        return words["cause.none"]
    most = counts[0]
    if failures == 1:
        kind = "one"
    elif most == failures:
        kind = "all"
    elif 2 * most > failures:
        kind = "most"
    else:
        kind = "many" if counts.count(most) == 1 else "none"
    return words.say(f"cause.{kind}", name=words.told("class", report.classes[0].error_class.value))
