"""Telling people what a runbook says."""

from __future__ import annotations

from lumen_action.response.runbooks.means import Means, Result, Saying, Task, failed
from lumen_action.runbooks.standing import Event


def notify(task: Task, means: Means) -> Result:
    """Tell it once, however often the step is done."""
    deed = task.deed
    text, title = means.clean(deed.text, task.secrets), means.clean(deed.title, task.secrets)
    saying = Saying(task.execution, task.runbook, title, text, deed.severity, task.step)
    why = means.notify(saying)
    return failed(means.clean(why)) if why else Result(Event.DONE)
