"""Sending a request of a runbook once, and judging its answer."""

from __future__ import annotations

from lumen_action.http import Request
from lumen_action.ops.probes.asking import Answered, ask
from lumen_action.response.runbooks.means import Means, Result, Task, digest_of, failed, last_line
from lumen_action.runbooks.standing import Event


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
