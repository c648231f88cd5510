"""Telling people of a run: on its incident, and in their channels when it waits for one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lumen_action.errors import LumenError
from lumen_action.incidents.incident import LinkKind
from lumen_action.incidents.words import Event as IncidentEvent
from lumen_action.response.runbooks.deeds import ALARM, MARK, leader
from lumen_action.response.runbooks.means import Means, Saying
from lumen_action.runbooks.runbook import Step
from lumen_action.runbooks.standing import WAITING_STATES, Standing, StepState


def call_person(standing: Standing, step: Step, text: str, means: Means, actor: str) -> Iterator[str]:
    """Tell the channels and the incident what is to be done, and how to go on; yield what did not work.

    It is told once for each attempt, however often this is called.
    """
    mark = _mark(standing, step.name)
    title = f"The runbook {standing.runbook} waits: {step.title}"
    asked = standing.step(step.name).state in WAITING_STATES
    then = f"Then: {resume_command(standing.execution, step.name)}" if asked else f"{step.name}: {uncertain(step.name)}"
    text = "\n\n".join(part for part in (text, then) if part)
    why = means.notify(Saying(standing.execution, standing.runbook, title, text, "warning", mark, at_once=True))
    if why:
        yield f"nobody was told that it waits: {means.clean(why)}"
    yield from note(standing, means, IncidentEvent.UPDATED, {"actor": actor, "text": f"{title}\n{text}"}, mark)


def call_off(standing: Standing, step: str, means: Means) -> Iterator[str]:
    """Tell whoever was called for a step that it no longer waits; yield what did not work."""
    if step:
        title = f"The runbook {standing.runbook} waits no longer at {step}"
        yield from _ended(standing, title, "warning", _mark(standing, step), means)


def end_alarms(standing: Standing, means: Means) -> Iterator[str]:
    """End what steps have told as a warning or worse: a channel that opens something for it closes that."""
    for name, step in standing.steps.items():
        severity = step.told(ALARM)
        if severity and severity != "info":
            yield from _ended(standing, step.told("last"), severity, name, means)


def _ended(standing: Standing, title: str, severity: str, mark: str, means: Means) -> Iterator[str]:
    text = f"{standing.execution} goes on or is over."
    why = means.notify(Saying(standing.execution, standing.runbook, title, text, severity, mark, over=True))
    if why:
        yield f"nobody was told that it is over: {means.clean(why)}"


def _mark(standing: Standing, step: str) -> str:
    at = standing.step(step)
    return f"{step} {at.attempt} {'undo ' if at.state is StepState.UNDO_WAITING else ''}waiting"


def link_incident(standing: Standing, means: Means, actor: str) -> Iterator[str]:
    """Let the incident lead to the run; yield what did not work."""
    told = {"actor": actor, "link_kind": LinkKind.RUNBOOK.value, "link_name": standing.execution}
    yield from note(standing, means, IncidentEvent.LINKED, told, "started")


def tell_end(standing: Standing, means: Means, actor: str) -> Iterator[str]:
    """Put on the incident how the run ended; yield what did not work."""
    why = f": {standing.why}" if standing.why else ""
    text = f"The runbook {standing.runbook} ({standing.execution}) is {standing.state.replace('_', ' ')}{why}"
    yield from note(standing, means, IncidentEvent.UPDATED, {"actor": actor, "text": text}, "ended")


def note(standing: Standing, means: Means, event: IncidentEvent, told: Mapping[str, str], mark: str) -> Iterator[str]:
    """Let something happen to the incident that the run belongs to, once for each mark; yield what did not work."""
    if not (standing.incident and means.incidents):
        return
    whole = f"{standing.execution} {mark}"
    try:
        incident = leader(means.incidents, standing.incident)
        means.incidents.happened(incident, event, {**told, MARK: whole}, mark=whole)
    except LumenError as fault:
        yield f"{standing.incident} does not say so: {fault}"


def uncertain(step: str) -> str:
    """Say what a person has to find out about a step that was begun and never ended."""
    return (
        "it was begun and never ended, and doing it twice may do harm; find out whether it was done, then resume with "
        f"--done {step}, --redo {step} or --skip {step}"
    )


def half_undone(step: Step) -> str:
    """Say what a person has to find out about an undoing that was begun and never ended."""
    return (
        f"Undoing `{step.title}` was begun and never ended. Find out whether it is undone, and undo it by hand where "
        "it is not. Confirm when it is undone; decline when it cannot be."
    )


def resume_command(execution: str, step: str) -> str:
    """Return how to go on when a person has done a step."""
    return f"lumen runbook resume {execution} --confirm {step}"
