"""The sections of a job summary, each as finished Markdown; an empty one has nothing to say."""

from __future__ import annotations

from collections.abc import Sequence

from lumen_action.model import Decision, Evidence, Failure, Outcome, Verdict
from lumen_action.sli.state import RunResult, StageResult
from lumen_action.summary.markdown import cell, clip, code, fence, link, plain, prose, visible
from lumen_action.summary.table import Row, Table
from lumen_action.summary.view import SummaryView
from lumen_action.summary.words import badge, day_line, first_cause, mark, moment, place, step, took

_NAME = 80
_LINE = 500
_CONTEXT_LINE = 200
_CONTEXT_LINES = 2
_WHY = 140


def heading(view: SummaryView, limit: int = _NAME) -> str:
    """Return what happened, where, why, and what comes next, as one heading; each part within `limit` bytes."""
    shown, next_step = mark(view.outcome), view.next
    words = [f"{shown.sign} {plain(view.subject, limit)} {shown.verb}{_place(view.region, limit)}"]
    if view.cause:
        failed = first_cause(view.run) if view.whole_run else None
        words += [plain(failed.stage, limit)] if failed else []
        words.append(plain(view.cause.name, limit))
    if next_step:
        words.append(prose(step(next_step), limit))
    elif view.whole_run and took(view.run.duration_ms):
        words.append(took(view.run.duration_ms))
    return "### " + " · ".join(words)


def continued(view: SummaryView) -> str:
    """Return the outcome of a run whose cause stands above already."""
    shown = mark(view.outcome)
    ended = f"**{shown.sign} {plain(view.pipeline, _NAME)} {shown.verb}{_place(view.region, _NAME)}**"
    return " · ".join([ended, *_identity(view)])


def alert(view: SummaryView) -> str:
    """Return the warning that repeating cannot help."""
    if not view.permanent or not view.next:
        return ""
    lines = ["> [!CAUTION]", f"> {_sentence(view.next.reason or step(view.next))}"]
    hint = _new_hint(view.cause, view.next)
    return "\n".join([*lines, ">", f"> **Do**: {hint}"] if hint else lines)


def next_step(view: SummaryView) -> str:
    """Return what will happen and what to do where no alert says it."""
    if view.permanent or not view.next:
        return ""
    lines = [f"**Next**: {_sentence(view.next.reason or step(view.next))}"]
    hint = _new_hint(view.cause, view.next)
    return "\n\n".join([*lines, f"**If it stays**: {hint}"] if hint else lines)


def evidence(shown: Evidence, *, context: bool) -> str:
    """Return the line that proves the verdict with its number, and the lines around it."""
    before = shown.before[-_CONTEXT_LINES:] if context else ()
    after = shown.after[:_CONTEXT_LINES] if context else ()
    first = shown.line - len(before)
    texts = [*(clip(text, _CONTEXT_LINE) for text in before), clip(shown.text, _LINE)]
    texts += [clip(text, _CONTEXT_LINE) for text in after]
    width = len(str(first + len(texts) - 1))
    return fence(
        "\n".join(
            f"{'>' if number == shown.line else ' '} {number:>{width}} | {' '.join(text.splitlines())}"
            for number, text in enumerate(texts, first)
        )
    )


def meaning(cause: Verdict | None) -> str:
    """Return what the cause means and which rule found it."""
    if not cause:
        return ""
    said = [_sentence(cause.meaning), f"Rule {code(cause.signature)}." if cause.signature else ""]
    return f"**Cause**: {' '.join(filter(None, said)) or 'No rule matched.'}"


def about(view: SummaryView) -> str:
    """Return which run this is and when it ended."""
    words = [] if view.whole_run else [plain(view.pipeline, _NAME)]
    return " · ".join([*words, *_identity(view)])


def stages(view: SummaryView) -> Table:
    """Return the stages in the order they ended."""
    run, told = view.run, _told(view)
    several_legs = len({stage.leg for stage in run.stages}) > 1
    rows = [
        (
            _stage_name(stage, with_leg=several_legs),
            _stage_result(stage, run),
            _unbroken(took(stage.duration_ms) if stage.outcome is not Outcome.SKIPPED else ""),
            _why(stage.failure, told),
        )
        for stage in run.stages
    ]
    bad = [stage.outcome.bad for stage in run.stages]
    return _table(("stage", "result", "took", "why"), rows, bad, "stage")


def regions(view: SummaryView) -> Table:
    """Return the whole run in every region; nothing where there is one only."""
    several = view.whole_run and view.others
    runs = sorted((view.run, *view.others), key=lambda run: run.region) if several else []
    rows = [
        (
            cell(run.region, _NAME),
            _unbroken(badge(run.outcome)),
            _unbroken(took(run.duration_ms)),
            _run_why(run, _told(view)),
        )
        for run in runs
    ]
    bad = [run.outcome is not None and run.outcome.bad for run in runs]
    return _table(("region", "result", "took", "why"), rows, bad, "region")


def told(view: SummaryView) -> bool:
    """Tell whether the step before has shown every stage: nothing ran after the one that failed."""
    return view.continues and view.run.stages[-1:] == (first_cause(view.run),)


def day(view: SummaryView) -> str:
    """Return how the day stands across regions; a stage that fails mentions it only once it is decided."""
    if not view.day or not (view.whole_run or view.day.outcome):
        return ""
    return f"**{plain(view.day.day, _NAME)}**: {plain(day_line(view.day))}"


def links(view: SummaryView) -> str:
    """Return where to look next."""
    return " · ".join(link(label, url) for label, url in view.links if label)


def notes(view: SummaryView) -> str:
    """Return the remarks, one a line."""
    return "\n".join(f"- {prose(note)}" for note in view.notes if note)


def published(view: SummaryView) -> str:
    """Return the line about the counters."""
    return prose(view.published)


def _identity(view: SummaryView) -> list[str]:
    run = view.run
    ended_ms = run.completed_ms or max((stage.observed_at_ms for stage in run.stages), default=run.first_seen_ms)
    attempt = f"attempt {run.attempt}" if run.attempt > 1 else ""
    words = [attempt, code(run.run_id, _NAME), plain(moment(ended_ms, view.zone)) if ended_ms else ""]
    return [word for word in words if word]


def _place(region: str, limit: int) -> str:
    return f" {plain(where, limit)}" if (where := place(region)) else ""


def _sentence(text: str) -> str:
    """Return prose that begins with a capital and ends with a full stop."""
    said = visible(text)
    return prose(f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '!', '?')) else '.'}") if said else ""


def _new_hint(cause: Verdict | None, decision: Decision) -> str:
    """Return the advice unless the reason has given it."""
    hint = visible(cause.hint) if cause else ""
    return "" if hint.rstrip(".").casefold() in visible(decision.reason).casefold() else _sentence(hint)


def _stage_name(stage: StageResult, *, with_leg: bool) -> str:
    return cell(f"{stage.stage} · {stage.leg}" if with_leg and stage.leg else stage.stage, _NAME)


def _stage_result(stage: StageResult, run: RunResult) -> str:
    earlier = f" in attempt {stage.attempt}" if stage.attempt < run.attempt else ""
    return _unbroken(badge(stage.outcome)) + earlier


def _unbroken(words: str) -> str:
    """Keep a short phrase on one line of a narrow column."""
    return words.replace(" ", "&nbsp;")


def _told(view: SummaryView) -> str:
    """Return the evidence that the reader has before the eyes, in this block or an earlier one."""
    return view.cause.evidence.text if view.cause and view.cause.evidence else ""


def _why(failure: Failure | None, told: str, stage: str = "") -> str:
    """Return the cause of a failure as one cell: where, class, line, and the evidence unless told already."""
    if not failure:
        return ""
    place_in_log = f", line {failure.line}" if failure.line is not None else ""
    proof = f": {failure.evidence}" if failure.evidence not in ("", told) else ""
    return cell(f"{stage}{' · ' if stage else ''}{failure.name}{place_in_log}{proof}", _WHY)


def _run_why(run: RunResult, told: str) -> str:
    if run.outcome and not run.outcome.bad:
        return ""
    failed = first_cause(run)
    return _why(failed.failure, told, failed.stage) if failed else _why(run.failure, told)


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], bad: Sequence[bool], noun: str) -> Table:
    """Return a table without the columns in which no row has anything to say."""
    used = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    kept = (tuple(row[index] for index in used) for row in rows)
    return Table(tuple(columns[index] for index in used), tuple(map(Row, kept, bad)), noun)
