"""Doing one step: its values in their places, its deed, and another try where it has some left."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.response.runbooks.command import run_command
from lumen_action.response.runbooks.deeds import leave_to_person, note_on_incident, notify, send_request, wait_until
from lumen_action.response.runbooks.means import Environment, Means, Result, Task, failed
from lumen_action.runbooks.facts import Execution
from lumen_action.runbooks.placeholders import kept
from lumen_action.runbooks.preparing import Values, prepared, shown
from lumen_action.runbooks.runbook import Deed, Step, StepKind
from lumen_action.runbooks.standing import Event

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
# What stopping a command takes beside its own time, and putting it on record.
_SPARE_SECONDS = 30.0
# More than a fact keeps, so that no secret is cut in two there.
_MOST_SAID = 2000

DEEDS: Mapping[StepKind, Callable[[Task, Means], Result]] = {
    StepKind.COMMAND: run_command,
    StepKind.HTTP: send_request,
    StepKind.WAIT: wait_until,
    StepKind.MANUAL: leave_to_person,
    StepKind.NOTIFY: notify,
    StepKind.INCIDENT: note_on_incident,
}


def longest_seconds(step: Step) -> float:
    """Return how long a step can take with all its tries; who is at it for longer is dead."""
    return (step.retries + 1) * (step.timeout_seconds + LONGEST_PAUSE_SECONDS) + _SPARE_SECONDS


def do_step(step: Step, values: Values, execution: Execution, means: Means, *, actor: str, incident: str) -> Result:
    """Do a step, as often as it may be tried; nothing is raised that the world could cause."""
    own = Environment(means.env)
    try:
        deed = prepared(step.deed, values, own)
    except ConfigError as fault:
        return failed(str(fault))
    task = Task(
        deed,
        execution.name,
        execution.runbook,
        step.name,
        actor,
        incident,
        step.timeout_seconds,
        step.every_seconds,
        [secret for secret in own.read if secret],
    )
    result = _tried(step, task, means)
    why = means.clean(result.why, task.secrets)
    what = "" if deed.instructions else _what(step, deed, values)
    told = {**result.told, "what": means.clean(what[:_MOST_SAID], task.secrets), "why": why}
    return _with_kept(replace(result, told=told), step, means)


def _what(step: Step, deed: Deed, values: Values) -> str:
    """Return what was done in the words of the runbook, in which `$NAME` stands and not what it holds."""
    return shlex.join(deed.argv) if deed.argv else shown(prepared(step.deed, values, _named))


def _named(name: str) -> str:
    return f"${name}"


def _tried(step: Step, task: Task, means: Means) -> Result:
    tries = 0
    while True:
        tries += 1
        try:
            result = DEEDS[step.deed.kind](task, means)
        except RemoteError as fault:
            result = failed(str(fault))
        result = replace(result, told={**result.told, "tries": str(tries)})
        if result.event is not Event.FAILED or tries > step.retries:
            return result
        pause = means.timing.pause(tries, first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
        if means.signals.rest(pause):
            why = f"its runner was sent the signal {means.signals.heard[0]}"
            return replace(result, event=Event.INTERRUPTED, why=why)


def _with_kept(result: Result, step: Step, means: Means) -> Result:
    """Return the result with what later steps find; a secret would have to be kept in the open, so it is not."""
    if not (step.keep and result.good):
        return result
    value = kept(result.printed)
    if value != means.clean(value) or "[redacted]" in value:
        why = f"what it printed looks like a secret, so it cannot be kept as `{step.keep}`"
        return replace(result, event=Event.FAILED, why=why, told={**result.told, "why": why})
    return replace(result, told={**result.told, "keep": step.keep, "kept": value})
