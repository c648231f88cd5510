"""Which jobs of an attempt failed, what is known of each besides its log, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lumen_action.ciapi.seen import SeenJob
from lumen_action.failure.circumstances import Annotation, Circumstances
from lumen_action.model import ErrorClass, Scope, Verdict
from lumen_action.sli.reconciling.ciruns import COMPLETED, Step

FAILED = frozenset({"failure", "timed_out", "startup_failure"})
_LOST = frozenset({"runner_lost", "runner_provision"})
_MINUTE = 60
# A step that lasted whole minutes was most likely ended by its `timeout-minutes`; one minute may be chance.
_SHORTEST_TIMEOUT = 120
_LONG_RUNNING = re.compile(r"\b(?:start|serve|run|tests?|e2e|deploy)\b", re.IGNORECASE)
_SETTING_UP = re.compile(
    r"\b(?:set ?-?up|checkout|install|download|pull|log ?-?in|restore|cache|fetch)\b", re.IGNORECASE
)
# GitHub names a step without a name after its command.
_COMMAND = re.compile(r"^(?:Run|Pre|Post) ")


@dataclass(frozen=True)
class FailedJob:
    """A job that failed and why; without a verdict nothing could be read, and `unread` says what was tried."""

    id: int
    name: str
    verdict: Verdict | None
    source: str = ""
    unread: str = ""
    url: str = ""


def failed_jobs(jobs: Iterable[SeenJob]) -> list[SeenJob]:
    """Return the jobs that failed; a cancelled one says nothing of itself."""
    return [seen for seen in jobs if seen.job.status == COMPLETED and seen.job.conclusion in FAILED]


def cancelled_jobs(jobs: Iterable[SeenJob]) -> list[SeenJob]:
    """Return the jobs that were cancelled in the middle of a step: by a person, or since their runner was lost."""
    return [seen for seen in jobs if seen.job.conclusion == "cancelled" and seen.job.steps]


def runner_lost(seen: SeenJob) -> bool:
    """Tell whether a job ended in the middle: no step failed, and one never came to a conclusion."""
    steps = seen.job.steps
    return not any(step.conclusion == "failure" for step in steps) and (
        not steps or any(step.status != COMPLETED or not step.conclusion for step in steps)
    )


def circumstances_of(seen: SeenJob, annotations: Sequence[Annotation]) -> Circumstances:
    """Return what is known of a failed job besides its log."""
    step = failed_step(seen)
    return Circumstances(
        failed=True,
        step=_COMMAND.sub("", step.name) if step else "",
        annotations=tuple(annotations),
        runner_lost=runner_lost(seen),
    )


def failed_step(seen: SeenJob) -> Step | None:
    """Return the first step that failed."""
    return next((step for step in seen.job.steps if step.conclusion == "failure"), None)


def gated(verdict: Verdict, seen: SeenJob) -> Verdict:
    """Weigh a verdict by the name of the step: what runs long and was ended by its time hangs, and would hang again."""
    step = failed_step(seen)
    if step is None or verdict.subclass in _LOST:
        return verdict
    lasted = seen.seconds.get(step.number, 0)
    by_length = lasted >= _SHORTEST_TIMEOUT and lasted % _MINUTE == 0
    name = _COMMAND.sub("", step.name)
    if by_length and _LONG_RUNNING.search(name):
        return _timed_out(verdict, lasted, Scope.NONE)
    timed_out = verdict.subclass == "timeout_step" or (by_length and verdict.error_class is ErrorClass.UNKNOWN)
    if timed_out and _SETTING_UP.search(name) and not _LONG_RUNNING.search(name):
        return _timed_out(verdict, lasted, Scope.JOB)
    return verdict


def lost_by_cancelling(verdict: Verdict) -> bool:
    """Tell whether a cancelled job was in truth given up by its runner."""
    return verdict.subclass in _LOST


def _timed_out(verdict: Verdict, lasted: int, scope: Scope) -> Verdict:
    how_long = f"The step was ended by its timeout after {lasted // _MINUTE} min" if lasted else "The step timed out"
    again = "it only sets up, so a fresh machine may be faster" if scope is Scope.JOB else "what hangs would hang again"
    return replace(
        verdict,
        error_class=ErrorClass.ENVIRONMENT,
        subclass="timeout_step",
        signature=verdict.signature or "step-timeout",
        scope=scope,
        meaning=f"{how_long}; {again}.",
        hint=verdict.hint or "Look at the last line before the end; give the step more time, or find what hangs.",
        runbook="environment-timeout_step",
    )
