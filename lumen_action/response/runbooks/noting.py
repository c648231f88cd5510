"""Letting something happen to the incident that a runbook is run for."""

from __future__ import annotations

from lumen_action.errors import ConfigError
from lumen_action.incidents.words import Event as IncidentEvent
from lumen_action.response.runbooks.means import Means, Result, Task, failed
from lumen_action.runbooks.standing import Event

MARK = "runbook_step"


def note_on_incident(task: Task, means: Means) -> Result:
    """Put it on the incident once, however often the step is done; a move that is not legal is a failed step."""
    deed = task.deed
    if means.incidents is None or not task.incident:
        return failed("the run belongs to no incident; start it with `--incident ID`")
    try:
        incident = means.incidents.find(task.incident)
        if not any(dict(moment.told).get(MARK) == task.mark for moment in incident.moments):
            text = means.clean(deed.text, task.secrets)
            told = {"actor": task.actor, "text": text, "runbook": task.runbook, MARK: task.mark}
            means.incidents.happened(incident, IncidentEvent(deed.event), told, mark=task.mark)
    except ConfigError as fault:
        return failed(str(fault))
    except ValueError:
        return failed(f"`{deed.event}` is nothing that can happen to an incident")
    return Result(Event.DONE, told={"incident": incident.name})
