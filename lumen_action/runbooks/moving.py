"""What comes next in a run of a runbook, told from where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lumen_action.runbooks.conditions import holds
from lumen_action.runbooks.preparing import Values
from lumen_action.runbooks.runbook import READING_METHODS, Deed, OnFailure, Runbook, Step, StepKind
from lumen_action.runbooks.standing import Event, Standing, StepStanding, StepState

_REPEATABLE = frozenset({StepKind.WAIT, StepKind.MANUAL, StepKind.NOTIFY, StepKind.INCIDENT})
"""A wait repeats what it does anyway; a message leaves once, and an incident knows what has happened to it."""
_BEHIND = frozenset({StepState.DONE, StepState.SKIPPED, StepState.UNDONE, StepState.UNDO_FAILED})


class Do(str, Enum):
    """What a runner can do next."""

    RUN = "run"
    SKIP = "skip"
    UNDO = "undo"
    DOUBT_UNDO = "doubt undo"
    """Its runner died while it undid something, so a person has to find out, and undo it where it is not."""
    WAIT = "wait"
    """Until a person has done something, or has said what became of a step."""
    DOUBT = "doubt"
    """Its runner died, so a person has to find out."""
    LEAVE = "leave"
    """Another runner is at it."""
    END = "end"


@dataclass(frozen=True)
class Move:
    """One move."""

    do: Do
    step: Step | None = None
    attempt: int = 0
    event: Event = Event.FINISHED
    why: str = ""


def repeatable(step: Step) -> bool:
    """Tell whether a step may be done once more where nobody knows whether it was done."""
    request = step.deed.request
    asks = step.deed.kind is StepKind.HTTP and request is not None and request.method in READING_METHODS
    return step.reads_only or asks or step.deed.kind in _REPEATABLE


def at_work(at: StepStanding, now_ms: int, dead: tuple[str, int], step: str) -> bool:
    """Tell whether its runner may still be at work; `dead` names the attempt that somebody takes over."""
    return now_ms < at.until_ms and (step, at.attempt) != dead


def next_move(runbook: Runbook, standing: Standing, now_ms: int, dead: tuple[str, int] = ("", 0)) -> Move:
    """Return what comes next."""
    if standing.ended:
        return Move(Do.END, event=standing.ended, why=standing.why)
    failed = next((step for step in runbook.steps if _fatal(step, standing)), None)
    if failed and failed.on_failure is OnFailure.ROLLBACK:
        return _rolling_back(runbook, standing, failed, now_ms, dead)
    if failed:
        return Move(Do.END, event=Event.FAILED, why=_why(failed, standing))
    for step in runbook.steps:
        if move := _of_step(step, standing, now_ms, dead):
            return move
    tolerated = [_why(step, standing) for step in runbook.steps if standing.step(step.name).state is StepState.FAILED]
    return Move(Do.END, event=Event.FINISHED, why="; ".join(tolerated))


def _fatal(step: Step, standing: Standing) -> bool:
    return standing.step(step.name).state is StepState.FAILED and step.on_failure is not OnFailure.CONTINUE


def _why(step: Step, standing: Standing) -> str:
    return f"{step.name}: {standing.step(step.name).told('why') or 'failed'}"


def _of_step(step: Step, standing: Standing, now_ms: int, dead: tuple[str, int]) -> Move | None:
    at = standing.step(step.name)
    if at.state in _BEHIND or at.state is StepState.FAILED:
        return None
    if at.state is StepState.OPEN:
        values = Values(standing.inputs, standing.kept)
        return Move(Do.RUN if holds(step.when, values.all) else Do.SKIP, step, at.attempt + 1)
    if at.state is StepState.WAITING:
        return Move(Do.WAIT, step, at.attempt)
    if at.state is StepState.RUNNING and at_work(at, now_ms, dead, step.name):
        return Move(Do.LEAVE, step, at.attempt)
    if repeatable(step):
        return Move(Do.RUN, step, at.attempt + 1)
    return Move(Do.DOUBT if at.state is StepState.RUNNING else Do.WAIT, step, at.attempt)


def _rolling_back(runbook: Runbook, standing: Standing, failed: Step, now_ms: int, dead: tuple[str, int]) -> Move:
    left: list[str] = []
    for step in reversed(runbook.steps):
        at = standing.step(step.name)
        if at.state is StepState.DONE and step.undo:
            return Move(Do.UNDO, step, at.attempt)
        if at.state is StepState.UNDO_WAITING:
            return Move(Do.WAIT, step, at.attempt)
        if at.state is StepState.UNDOING:
            leave = at_work(at, now_ms, dead, step.name)
            return Move(Do.LEAVE if leave else Do.DOUBT_UNDO, step, at.attempt)
        if at.state is StepState.UNDO_FAILED:
            left.append(step.name)
    untouched = f"; not undone: {', '.join(left)}" if left else ""
    return Move(Do.END, event=Event.ROLLED_BACK, why=_why(failed, standing) + untouched)


def undo_of(step: Step) -> Step:
    """Return the undoing of a step as a step."""
    deed: Deed | None = step.undo
    if deed is None:
        raise ValueError(f"{step.name} has nothing that undoes it")
    return Step(step.name, f"undo: {step.title}", deed, step.timeout_seconds, step.every_seconds, step.retries)
