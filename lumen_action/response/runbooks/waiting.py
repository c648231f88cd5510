"""Asking again and again until it holds, or the time is over."""

from __future__ import annotations

from dataclasses import replace

from lumen_action.response.runbooks.command import run_command
from lumen_action.response.runbooks.means import Means, Result, Task, failed
from lumen_action.response.runbooks.requesting import send_request
from lumen_action.runbooks.standing import Event

_SHORTEST_SECONDS = 0.1
# A server that hangs once must not take the time in which it could have been asked again.
_LONGEST_REQUEST_SECONDS = 30.0


def wait_until(task: Task, means: Means) -> Result:
    """Ask at once, and then every so many seconds."""
    ask, longest = (send_request, _LONGEST_REQUEST_SECONDS) if task.deed.request else (run_command, task.seconds)
    end = means.timing.clock() + task.seconds
    asked = 0
    while True:
        left = max(_SHORTEST_SECONDS, end - means.timing.clock())
        found = ask(replace(task, seconds=min(left, longest)), means)
        asked += 1
        told = {**found.told, "asked": str(asked)}
        if found.event is not Event.FAILED:
            return replace(found, told=told)
        pause = min(task.every_seconds, end - means.timing.clock())
        if pause <= 0:
            return failed(f"did not hold in {task.seconds:g} s, asked {asked} times; {found.why}", told)
        if means.signals.rest(pause):
            return Result(Event.INTERRUPTED, f"its runner was sent the signal {means.signals.heard[0]}", told)
