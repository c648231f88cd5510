"""How a job ended, from what the CI's API says of it."""

from __future__ import annotations

from collections.abc import Mapping

from lumen_action.model import ErrorClass, Failure, Outcome
from lumen_action.sli.reconciling.ciruns import COMPLETED, Job

Ending = tuple[Outcome, Failure | None]

_TIMEOUT = Failure(
    ErrorClass.ENVIRONMENT, "timeout_job", meaning="The CI ended the job when its time was up; our step never ran."
)
_LOST = Failure(
    ErrorClass.ENVIRONMENT,
    "runner_lost",
    meaning="The job was given up in the middle of a step: its runner is gone.",
)
_NO_RUNNER = Failure(ErrorClass.ENVIRONMENT, "runner_provision", meaning="The job failed before its first step began.")
_SET_UP = Failure(ErrorClass.UNKNOWN, "no_log", meaning="The runner could not set up the job; none of its steps ran.")
_NOT_STARTED = Failure(
    ErrorClass.UNKNOWN, "no_log", meaning="The CI could not start the run: look at the workflow file and at its limits."
)
_UNEXPLAINED = Failure(ErrorClass.UNKNOWN, "no_log", meaning="The job failed without a word of its own.")

_ENDINGS: Mapping[str, Ending] = {
    "success": (Outcome.SUCCESS, None),
    "neutral": (Outcome.SUCCESS, None),
    "failure": (Outcome.FAILURE, _UNEXPLAINED),
    "cancelled": (Outcome.CANCELLED, None),
    "skipped": (Outcome.SKIPPED, None),
    "timed_out": (Outcome.TIMEOUT, _TIMEOUT),
}
# A conclusion that is new to us is an error, so that nobody overlooks it.
_OTHERWISE: Ending = (Outcome.ERROR, _NOT_STARTED)


def ending_of(job: Job) -> Ending:
    """Return how a completed job ended and why, as far as the API knows."""
    if job.conclusion != "failure":
        return _ENDINGS.get(job.conclusion, _OTHERWISE)
    if not job.steps:
        return Outcome.ERROR, _NO_RUNNER
    if any(step.status != COMPLETED for step in job.steps):
        return Outcome.ERROR, _LOST
    if min(job.steps, key=lambda step: step.number).conclusion == "failure":
        return Outcome.ERROR, _SET_UP
    return _ENDINGS["failure"]


def ending_without_jobs(conclusion: str) -> Ending:
    """Return how a run ended that never had a job; a workflow file with a fault is a `failure` of that kind."""
    ending = _ENDINGS.get(conclusion, _OTHERWISE)
    return _OTHERWISE if ending[0].bad else ending
