"""Leaving a step to a person: CI has no keyboard, so the run stops there and is resumed."""

from __future__ import annotations

from lumen_action.response.runbooks.means import Means, Result, Task
from lumen_action.runbooks.standing import Event


def leave_to_person(task: Task, means: Means) -> Result:
    """Say what a person has to do."""
    return Result(Event.WAITING, told={"instructions": means.clean(task.deed.instructions, task.secrets)})
