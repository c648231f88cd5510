"""Telling people of a run: on its incident, and in their channels when it waits for one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lumen_action.errors import LumenError
from lumen_action.incidents.incident import LinkKind
from lumen_action.incidents.words import Event as IncidentEvent
from lumen_action.response.runbooks.means import Means, Saying
from lumen_action.response.runbooks.noting import MARK
from lumen_action.runbooks.runbook import Step
from lumen_action.runbooks.standing import Standing


def call_person(standing: Standing, step: Step, attempt: int, text: str, means: Means, actor: str) -> Iterator[str]:
    """Tell the channels and the incident what is to be done, and how to go on; yield what did not work."""
    mark = f"{step.name} {attempt} waiting"
    title = f"The runbook {standing.runbook} waits: {step.title}"
    text = f"{text}\n\nThen: {resume_command(standing.execution, step.name)}"
    why = means.notify(Saying(standing.execution, standing.runbook, title, text, "warning", mark))
    if why:
        yield f"nobody was told that it waits: {means.clean(why)}"
    yield from note(standing, means, IncidentEvent.UPDATED, {"actor": actor, "text": f"{title}\n{text}"}, mark)


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
        incident = means.incidents.find(standing.incident)
        means.incidents.happened(incident, event, {**told, MARK: whole}, mark=whole)
    except LumenError as fault:
        yield f"{standing.incident} does not say so: {fault}"


def uncertain(step: str) -> str:
    """Say what a person has to find out about a step that was begun and never ended."""
    return (
        "it was begun and never ended, and doing it twice may do harm; find out whether it was done, then resume with "
        f"--done {step}, --redo {step} or --skip {step}"
    )


def resume_command(execution: str, step: str) -> str:
    """Return how to go on when a person has done a step."""
    return f"lumen runbook resume {execution} --confirm {step}"
