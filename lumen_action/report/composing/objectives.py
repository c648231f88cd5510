"""What was promised, what it came to, and how its budget went down."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.report.composing.answer import TONES, standing_of, title_of
from lumen_action.report.composing.cells import NOTHING, percent
from lumen_action.report.composing.zones import zone_of
from lumen_action.report.document import Block, Bullets, Cell, Line, LineChart, Table, Tone
from lumen_action.report.model import PeriodKind, Promise, Report
from lumen_action.report.words import Words
from lumen_action.slo.evaluation import Evaluation, Judgement, Status
from lumen_action.slo.objective import CalendarWindow
from lumen_action.slo.phrases import actual_percent, left_percent, target_percent, used_percent

# More lines than these nobody tells apart.
MOST_LINES = 6
_MIDNIGHT = " 00:00"
_STATUS_TONES = {
    Status.HEALTHY: Tone.GOOD,
    Status.WARNING: Tone.WARN,
    Status.EXHAUSTED: Tone.BAD,
    Status.NO_DATA: Tone.IDLE,
}
_VERDICT_TONES = {
    Judgement.MET: Tone.GOOD,
    Judgement.VIOLATED: Tone.BAD,
    Judgement.NOT_ENOUGH_EVIDENCE: Tone.WARN,
}


def objectives(report: Report, words: Words) -> Iterator[Block]:
    """Yield the table of all objectives, what to know of them, and the chart of their budgets."""
    if report.promises:
        heads = ("objective", "window", "target", "actual", "used", "left", "status", "verdict")
        rows = tuple(_row(promise.now, words) for promise in report.promises)
        yield Table(words["objectives.caption"], tuple(words[head] for head in heads), rows)
    yield from _chart(report, words)
    known = [Cell(note) for each in report.promises for note in _notes(each.now, words)]
    known += [Cell(f"{name}: {why}", Tone.WARN) for name, why in sorted(report.unmeasured.items())]
    if known:
        yield Bullets(tuple(known))


def _row(evaluation: Evaluation, words: Words) -> tuple[Cell, ...]:
    happened = evaluation.total > 0
    status, judgement = evaluation.status, evaluation.judgement
    return (
        Cell(title_of(evaluation)),
        Cell(_window(evaluation, words)),
        Cell(target_percent(evaluation.objective.target), number=True),
        Cell(actual_percent(evaluation), number=True) if happened else NOTHING,
        Cell(used_percent(evaluation), number=True) if happened else NOTHING,
        Cell(left_percent(evaluation), number=True) if happened else NOTHING,
        Cell(words[f"status.{status.value}"], _STATUS_TONES[status]),
        Cell(_verdict(evaluation, words), _VERDICT_TONES[judgement] if happened else Tone.IDLE),
    )


def _verdict(evaluation: Evaluation, words: Words) -> str:
    said = words[f"verdict.{evaluation.judgement.value}"]
    if evaluation.judgement is not Judgement.NOT_ENOUGH_EVIDENCE or not evaluation.clean_needed:
        return said
    return words.say("verdict.needs", verdict=said, clean=words.count("clean", evaluation.clean_needed))


def _window(evaluation: Evaluation, words: Words) -> str:
    window = evaluation.slo.window
    length = words.count(f"window.{window.duration.unit}", window.duration.count)
    return words.say("window.calendar", window=length) if isinstance(window, CalendarWindow) else length


def _chart(report: Report, words: Words) -> Iterator[Block]:
    drawn = [each for each in report.promises if any(point.left_percent is not None for point in each.burn_down)]
    # What stands worst is what the chart is looked at for.
    chosen = sorted(drawn, key=lambda each: -standing_of(each))[:MOST_LINES]
    if not chosen:
        return
    zone = zone_of(report.period)
    moments = [words.moment(point.at_ms, zone, "date.axis") for point in chosen[0].burn_down]
    if report.period.kind is PeriodKind.DAY:
        labels, marked = [told.rpartition(" ")[2] for told in moments], []
    else:
        labels = [told.removesuffix(_MIDNIGHT) for told in moments]
        marked = [at for at, told in enumerate(moments) if told.endswith(_MIDNIGHT)]
    yield LineChart(
        title=words["burn_down"],
        says=" ".join(_says(each, words) for each in chosen),
        x_labels=tuple(labels),
        lines=tuple(
            Line(
                title_of(each.now),
                tuple(point.left_percent for point in each.burn_down),
                TONES[standing_of(each)],
            )
            for each in chosen
        ),
        marked=tuple(marked),
    )


def _notes(evaluation: Evaluation, words: Words) -> Iterator[str]:
    """Yield what to know of an objective; who measures it tells so in English, of which others hear only once."""
    title = title_of(evaluation)
    yield from dict.fromkeys(words.say("objectives.note", objective=title, note=note) for note in evaluation.notes)


def _says(promise: Promise, words: Words) -> str:
    known = [point.left_percent for point in promise.burn_down if point.left_percent is not None]
    low = min(known)
    return words.say(
        "burn_down.line_down" if low < min(known[0], known[-1]) else "burn_down.line",
        objective=title_of(promise.now),
        first=percent(known[0]),
        last=percent(known[-1]),
        low=percent(low),
    )
