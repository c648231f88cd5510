"""State as one self-contained HTML page: no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lumen_action.model import Action, Outcome
from lumen_action.report.style import SIGNS, STYLE
from lumen_action.report.web.shell import link, text, whole
from lumen_action.sli.state import DayState, PipelineState, RegionState, RunResult, StageResult, State
from lumen_action.summary.words import first_cause, mark, moment, took

DAYS = 30
RUNS = 20
_EVIDENCE = 300

_AGAIN = (Action.RETRY_NOW, Action.RERUN_LATER)
_READING = (
    ("run", "One run of the pipeline in one region, whatever its attempts: the last attempt's result counts."),
    ("day", "Good when any region succeeded; the region that did so first won it. Open until that is decided."),
    ("cancelled, skipped", "Neither good nor bad: shown, but outside every ratio."),
    ("failed by class", "The cause that the log's own line proves; a run counts under one class only."),
    ("run again", "Failures that were judged worth another try."),
)


def render(state: State, *, title: str, generated_at: str) -> str:
    """Return the page; every word of the state is shown as text."""
    sections = "".join(_pipeline(pipeline) for _, pipeline in sorted(state.pipelines.items()))
    conflicts = f", {_count(state.conflicts, 'conflict')}" if state.conflicts else ""
    body = (
        f"<header>\n<h1>{text(title)}</h1>\n"
        f'<p class="soft">{_count(state.facts, "fact")}{conflicts} · generated {text(generated_at)}</p>\n</header>\n'
        f"<main>\n{sections or '<p>Nothing has been recorded yet.</p>'}\n</main>\n{_footer()}"
    )
    return whole("en", title, STYLE, body)


def _pipeline(pipeline: PipelineState) -> str:
    name = text(pipeline.pipeline)
    parts = [f'<section aria-label="{name}">\n<h2>{name}</h2>\n<p class="answer">{text(answer(pipeline), 600)}</p>\n']
    if pipeline.days:
        days = "".join(_day(day) for day in pipeline.days[-DAYS:])
        parts.append(f'<h3>Days</h3>\n<ol class="days">\n{days}</ol>\n')
    if pipeline.regions:
        cards = "".join(_region(region) for _, region in sorted(pipeline.regions.items()))
        parts.append(f'<h3>Regions</h3>\n<ul class="cards">\n{cards}</ul>\n')
    parts += [_classes(pipeline.regions.values()), _runs(pipeline.runs), "</section>\n"]
    return "".join(parts)


def answer(pipeline: PipelineState) -> str:
    """Return one sentence that says how the pipeline stands."""
    regions = pipeline.regions.values()
    total, good = sum(region.runs for region in regions), sum(region.success_now for region in regions)
    said = [f"{good} of {_count(total, 'run')} succeeded" if total else "no run has ended yet"]
    last_day = next((day for day in reversed(pipeline.days) if day.outcome), None)
    if last_day and last_day.winner:
        said.append(f"{last_day.day} was won by {last_day.winner}")
    elif last_day and last_day.outcome:
        said.append(f"{last_day.day} ended as {mark(last_day.outcome).word}")
    failed = next((run for run in _latest_first(pipeline.runs) if run.outcome and run.outcome.bad), None)
    if failed:
        said.append(f"last failure: {_sentence_of(failed)}")
    return f"{pipeline.pipeline}: {'; '.join(said)}."


def _sentence_of(run: RunResult) -> str:
    stage = first_cause(run)
    failure = (stage.failure if stage else None) or run.failure
    words = [f"{stage.stage if stage else 'run'} in {run.region} on {run.day}", *([failure.name] if failure else [])]
    return ", ".join(words)


def _day(day: DayState) -> str:
    won = f"<small>won by {text(day.winner)}</small>" if day.winner else ""
    return f'<li class="{_tone(day.outcome)}"><time>{text(day.day)}</time>{_word(day.outcome)}{won}</li>\n'


def _region(region: RegionState) -> str:
    failed = [(cause.value, str(count)) for cause, count in sorted(region.failed.items()) if count]
    rest = [
        ("failed in a row", str(region.consecutive_failures)),
        ("attempts", str(sum(region.attempts.values()))),
        ("run again", str(sum(region.reruns.get(action, 0) for action in _AGAIN))),
        ("corrected later", str(sum(region.corrected.values()))),
    ]
    rows = f"<dt>failed at first</dt><dd>{region.failed_total}</dd>"
    rows += "".join(f'<dt class="part">{name}</dt><dd>{value}</dd>' for name, value in failed)
    rows += "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rest)
    return (
        f'<li class="card"><h4>{text(region.region)}</h4>\n<p class="big">{region.success_now} of {region.runs} '
        f"<small>{'run' if region.runs == 1 else 'runs'} succeeded</small></p>\n<dl>{rows}</dl>\n"
        f'<p class="soft last">last run: {moment(region.last_run_ms) or "none yet"}</p></li>\n'
    )


def _classes(regions: Iterable[RegionState]) -> str:
    counts: Counter[str] = Counter()
    for region in regions:
        counts.update({cause.value: count for cause, count in region.failed.items() if count})
    if not counts:
        return ""
    most = max(counts.values())
    bars = "".join(
        f'<li><span>{text(name)}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * count / most:.1f}" height="10" rx="1"></rect></svg><b>{count}</b></li>\n'
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    return f'<h3>Failed runs by class</h3>\n<ul class="panel bars">\n{bars}</ul>\n'


def _runs(runs: tuple[RunResult, ...]) -> str:
    if not runs:
        return ""
    heads = "".join(
        f'<th role="columnheader" scope="col">{head}</th>'
        for head in ("ended", "region", "result", "run, stages, cause")
    )
    rows = "".join(_run(run) for run in _latest_first(runs)[:RUNS])
    more = f'<p class="soft">The latest {RUNS} of {len(runs)} runs.</p>\n' if len(runs) > RUNS else ""
    # The phone's style takes the table apart, and with it what a screen reader knows of it: the roles keep that.
    return (
        '<h3>Latest runs</h3>\n<div class="panel"><table role="table">\n<thead role="rowgroup">\n<tr role="row">'
        f'{heads}</tr>\n</thead>\n<tbody role="rowgroup">\n{rows}</tbody>\n</table></div>\n{more}'
    )


def _run(run: RunResult) -> str:
    ended = moment(run.completed_ms) or "not yet"
    name = text(run.run_id or run.ref.run)
    shown = link(name, run.url)
    again = f' <span class="soft">attempt {run.attempt}</span>' if run.attempt > 1 else ""
    length = f' <span class="soft took">{took(run.duration_ms)}</span>' if run.duration_ms is not None else ""
    tags = "".join(_stage(stage) for stage in run.stages)
    cells = (
        ("when", "ended", ended),
        ("where", "region", text(run.region)),
        ("result", "result", f"{_tagged(run.outcome)}{length}"),
        ("what", "run", f"<div>{shown}{again}</div>{f'<div>{tags}</div>' if tags else ''}{_why(run)}"),
    )
    row = "".join(
        f'<td role="cell" data-label="{label}"><div class="{kind}">{value}</div></td>' for kind, label, value in cells
    )
    return f'<tr role="row">{row}</tr>\n'


def _stage(stage: StageResult) -> str:
    name = stage.stage if stage.outcome.good else f"{stage.stage}: {mark(stage.outcome).word}"
    return f'<span class="tag {_tone(stage.outcome)}">{SIGNS[_tone(stage.outcome)]} {text(name)}</span>'


def _why(run: RunResult) -> str:
    if run.outcome and not run.outcome.bad:
        return ""
    stage = first_cause(run)
    failure = (stage.failure if stage else None) or run.failure
    if not failure:
        return ""
    where = f", line {failure.line}" if failure.line is not None else ""
    proof = f": <code>{text(failure.evidence, _EVIDENCE)}</code>" if failure.evidence else ""
    return f'<p class="why">{text(failure.name)}{where}{proof}</p>'


def _footer() -> str:
    entries = "".join(f"<dt>{name}</dt><dd>{meaning}</dd>" for name, meaning in _READING)
    return f"<footer>\n<h2>How to read the numbers</h2>\n<dl>{entries}</dl>\n</footer>\n"


def _latest_first(runs: tuple[RunResult, ...]) -> list[RunResult]:
    return sorted(runs, key=lambda run: run.completed_ms or run.first_seen_ms, reverse=True)


def _tone(outcome: Outcome | None) -> str:
    if outcome is None or not outcome.counted:
        return "idle"
    return "good" if outcome.good else "bad"


def _word(outcome: Outcome | None) -> str:
    return f'<span class="word">{SIGNS[_tone(outcome)]} {mark(outcome).word}</span>'


def _tagged(outcome: Outcome | None) -> str:
    return f'<span class="tag {_tone(outcome)}">{_word(outcome)}</span>'


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
