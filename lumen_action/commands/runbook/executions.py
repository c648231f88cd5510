"""Runs of runbooks as people, machines and later steps read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lumen_action.commands.runbook.crew import indented, records_of
from lumen_action.commands.session import Session
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.response.runbooks.calling import resume_command, uncertain
from lumen_action.runbooks.board import Row
from lumen_action.runbooks.runbook import Runbook
from lumen_action.runbooks.standing import WAITING_STATES, Event, Slot, Standing, StepStanding, StepState
from lumen_action.summary.markdown import cell, fence, plain, prose, visible
from lumen_action.summary.table import Row as TableRow
from lumen_action.summary.table import Table

FAILED = frozenset({Event.FAILED, Event.ROLLED_BACK})
_SIGNS: Mapping[StepState, str] = {
    StepState.DONE: "✅",
    StepState.FAILED: "❌",
    StepState.UNDO_FAILED: "❌",
    StepState.WAITING: "✋",
    StepState.UNDO_WAITING: "✋",
    StepState.UNCERTAIN: "❔",
    StepState.UNDONE: "↩️",
}
_NUMBERS = ("rc", "status", "latency_ms", "duration_ms", "tries", "asked")


def show_execution(session: Session, name: str, runbooks: Mapping[str, Runbook], *, as_json: bool) -> int:
    """Answer where a run stands."""
    standing = records_of(session).standing(name.strip().upper())
    answer(session, standing, runbooks.get(standing.runbook), as_json=as_json)
    return 0


def show_running(session: Session, *, as_json: bool) -> int:
    """Answer which runs of the session's pipeline are not over."""
    rows = [row for row in records_of(session).rows(session.pipeline) if not row.over]
    if as_json:
        session.world.answer_json([_row_plain(row) for row in rows])
    else:
        session.world.answer("\n".join(map(_row_line, rows)) or f"no run of {session.pipeline} goes on or waits")
    return 0


def _row_plain(row: Row) -> dict[str, Any]:
    """Return a run on the board for machines."""
    return {
        "execution": row.execution,
        "runbook": row.runbook,
        "state": row.state,
        "waiting_step": row.step,
        "started_at": stamp(row.started_ms),
        "changed_at": stamp(row.changed_ms),
        "actor": row.actor,
        "trigger": row.trigger,
    }


def _row_line(row: Row) -> str:
    """Return a run on the board for people."""
    where = f" at {row.step}" if row.step else ""
    by = f"{row.trigger} " if row.trigger else ""
    return visible(
        f"{row.execution} {row.runbook}: {row.state}{where}, started {stamp(row.started_ms)} by {by}{row.actor}"
    )


def conclude(session: Session, standing: Standing, runbook: Runbook | None, *, as_json: bool) -> int:
    """Say how a run stands when this job leaves it; return the exit code."""
    answer(session, standing, runbook, as_json=as_json)
    return hand_on(session, standing, runbook)


def hand_on(session: Session, standing: Standing, runbook: Runbook | None) -> int:
    """Hand a run to later steps and to the page of the job; return the exit code."""
    session.host.set_outputs(
        {"execution": standing.execution, "state": standing.state, "waiting-step": standing.waiting}
    )
    text = summary(standing, runbook)
    if session.settings.summary != "off" and len(text.encode()) <= session.host.summary_room():
        session.host.write_summary(text)
    return int(standing.ended in FAILED)


def answer(session: Session, standing: Standing, runbook: Runbook | None, *, as_json: bool) -> None:
    """Answer where a run stands."""
    if as_json:
        session.world.answer_json(execution_plain(standing, runbook))
    else:
        session.world.answer("\n".join(map(indented, _lines(standing, runbook))))


def execution_plain(standing: Standing, runbook: Runbook | None) -> dict[str, Any]:
    """Return a run for machines."""
    return {
        "execution": standing.execution,
        "runbook": standing.runbook,
        "pipeline": standing.pipeline,
        "state": standing.state,
        "why": standing.why,
        "waiting_step": standing.waiting,
        "next": _next(standing),
        "started_at": stamp(standing.started_ms),
        "ended_at": stamp_of(standing.ended_ms if standing.ended else None),
        "actor": standing.actor,
        "trigger": standing.trigger,
        "incident": standing.incident,
        "inputs": dict(standing.inputs),
        "steps": [_step_plain(name, step) for name, step in _steps(standing, runbook)],
    }


def summary(standing: Standing, runbook: Runbook | None) -> str:
    """Return a run as Markdown."""
    rows = tuple(
        TableRow((f"{_SIGNS.get(step.state, '')} {cell(name)}".strip(), step.state.value, cell(_said(step))))
        for name, step in _steps(standing, runbook)
    )
    head = f"### {plain(_headline(standing))}"
    todo = standing.step(standing.waiting).told("instructions") if standing.waiting else ""
    table = Table(("Step", "State", "Said"), rows, "step").full()
    parts = (head, table, fence(todo) if todo else "", prose(_next(standing)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _lines(standing: Standing, runbook: Runbook | None) -> list[str]:
    steps = _steps(standing, runbook)
    width = max((len(name) for name, _ in steps), default=0)
    told = [f"  {name:<{width}}  {step.state.value}{_dashed(_said(step))}" for name, step in steps]
    return [_headline(standing), *told, *([_next(standing)] if _next(standing) else [])]


def _headline(standing: Standing) -> str:
    where = f" at {standing.waiting}" if standing.waiting else ""
    return f"{standing.execution} {standing.runbook}: {standing.state}{where}{_dashed(standing.why)}"


def _dashed(text: str) -> str:
    return f" ({text})" if text else ""


def _steps(standing: Standing, runbook: Runbook | None) -> list[tuple[str, StepStanding]]:
    names = [step.name for step in runbook.steps] if runbook else []
    return [(name, standing.step(name)) for name in dict.fromkeys((*names, *standing.steps))]


def _said(step: StepStanding) -> str:
    by = f"by {step.told('actor')}" if step.told("slot") in (Slot.DECIDED.value, Slot.UNDO_DECIDED.value) else ""
    note = step.told("note")
    return ", ".join(part for part in (step.told("why") or by, note, step.told("last")) if part)


def _step_plain(name: str, step: StepStanding) -> dict[str, Any]:
    told = step.last.told if step.last else {}
    return {
        "step": name,
        "state": step.state.value,
        "attempt": step.attempt,
        "at": stamp_of(step.last.at_ms if step.last else None),
        **{key: told.get(key, "") for key in ("actor", "why", "note", "what", "last", "sha256", "instructions")},
        **{key: int(told[key]) for key in _NUMBERS if told.get(key, "").isdecimal()},
    }


def _next(standing: Standing) -> str:
    """Say how to go on, nothing when it is over."""
    if standing.ended:
        return ""
    step = standing.waiting
    if not step:
        return f"Go on: `lumen runbook resume {standing.execution}`"
    if standing.step(step).state in WAITING_STATES:
        done = resume_command(standing.execution, step)
        return f"When it is done: `{done}`; with `--decline {step}` when it cannot be done"
    return f"{step}: {uncertain(step)}"
