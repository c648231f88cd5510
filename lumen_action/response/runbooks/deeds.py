"""What steps do beside running a command: asking, waiting, leaving it to a person, telling people."""

from __future__ import annotations

from dataclasses import replace

from lumen_action.errors import ConfigError
from lumen_action.http import Request
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.merging import leading
from lumen_action.incidents.words import Event as IncidentEvent
from lumen_action.ops.probes.asking import Answered, ask
from lumen_action.response.incidents import Incidents
from lumen_action.response.runbooks.command import run_command
from lumen_action.response.runbooks.means import Means, Result, Saying, Task, digest_of, failed, last_line
from lumen_action.runbooks.standing import Event

ALARM = "alarm"
"""Under which a fact says how bad it was said to be: what was told so has to be ended."""
MARK = "runbook_step"
_SHORTEST_SECONDS = 0.1
# A server that hangs once must not take the time in which it could have been asked again.
_LONGEST_REQUEST_SECONDS = 30.0


def send_request(task: Task, means: Means) -> Result:
    """Send it; a redirect is not followed."""
    request = task.deed.request
    if request is None:
        return failed("the step has no request")
    call = Request(
        request.method,
        request.url,
        request.body.encode() if request.body else None,
        request.headers,
        timeout_seconds=task.seconds,
    )
    try:
        answered = ask(call, statuses=request.statuses, expect=request.expect, timing=means.timing)
    except ValueError:
        return failed("what stands for the address is none")
    printed = means.clean(answered.text, task.secrets)
    told = _told(answered, printed)
    if answered.good:
        return Result(Event.DONE, "", told, printed)
    return failed(means.clean(answered.why, task.secrets), told, printed)


def _told(answered: Answered, printed: str) -> dict[str, str]:
    return {
        "status": "" if answered.status is None else str(answered.status),
        "latency_ms": str(answered.latency_ms),
        "sha256": digest_of(answered.text.encode(errors="replace")),
        "last": last_line(printed),
    }


def wait_until(task: Task, means: Means) -> Result:
    """Ask at once, and then every so many seconds."""
    attempt, longest = (send_request, _LONGEST_REQUEST_SECONDS) if task.deed.request else (run_command, task.seconds)
    end = means.timing.clock() + task.seconds
    asked = 0
    while True:
        left = max(_SHORTEST_SECONDS, end - means.timing.clock())
        found = attempt(replace(task, seconds=min(left, longest)), means)
        asked += 1
        told = {**found.told, "asked": str(asked)}
        if found.event is not Event.FAILED:
            return replace(found, told=told)
        pause = min(task.every_seconds, end - means.timing.clock())
        if pause <= 0:
            return failed(f"did not hold in {task.seconds:g} s, asked {asked} times; {found.why}", told)
        if means.signals.rest(pause):
            return Result(Event.INTERRUPTED, f"its runner was sent the signal {means.signals.heard[0]}", told)


def leave_to_person(task: Task, means: Means) -> Result:
    """Say what a person has to do."""
    return Result(Event.WAITING, told={"instructions": means.clean(task.deed.instructions, task.secrets)})


def notify(task: Task, means: Means) -> Result:
    """Tell it once, however often the step is done."""
    deed = task.deed
    text, title = means.clean(deed.text, task.secrets), means.clean(deed.title, task.secrets)
    saying = Saying(task.execution, task.runbook, title, text, deed.severity, task.step)
    why = means.notify(saying)
    return failed(means.clean(why)) if why else Result(Event.DONE, told={ALARM: deed.severity, "last": title})


def note_on_incident(task: Task, means: Means) -> Result:
    """Put it on the incident once, however often the step is done; a move that is not legal is a failed step.

    Without an incident there is nothing to be noted, and nothing has failed.
    """
    deed = task.deed
    if means.incidents is None or not task.incident:
        return Result(Event.SKIPPED, "the run belongs to no incident")
    try:
        incident = leader(means.incidents, task.incident)
        if not any(dict(moment.told).get(MARK) == task.mark for moment in incident.moments):
            text = means.clean(deed.text, task.secrets)
            told = {"actor": task.actor, "text": text, "runbook": task.runbook, MARK: task.mark}
            means.incidents.happened(incident, IncidentEvent(deed.event), told, mark=task.mark)
    except ConfigError as fault:
        return failed(str(fault))
    except ValueError:
        return failed(f"`{deed.event}` is nothing that can happen to an incident")
    return Result(Event.DONE, told={"incident": incident.name})


def leader(incidents: Incidents, name: str) -> Incident:
    """Return the incident that a run belongs to: where that was merged into another, the other."""
    return leading(incidents.all(), incidents.find(name))
