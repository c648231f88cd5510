"""From the failed jobs of an attempt to one decision for the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from lumen_action.companion.jobs import FailedJob
from lumen_action.model import Action, Decision, Scope
from lumen_action.rerun import Attempt, Policy, decide


class Course(str, Enum):
    """What is done about a run."""

    RERUN = "rerun"
    TICKET = "ticket"
    INCIDENT = "incident"
    LATER = "later"
    NOTHING = "nothing"

    def __str__(self) -> str:
        """Return the word itself on every Python version."""
        return str(self.value)


@dataclass(frozen=True)
class Judged:
    """A failed job and what it would be worth alone."""

    job: FailedJob
    decision: Decision


@dataclass(frozen=True)
class RunDecision:
    """What to do about a run, why in words, and which of its jobs were judged how."""

    course: Course
    reason: str
    judged: tuple[Judged, ...] = ()
    delay_seconds: int = 0
    guard: str = ""
    everywhere: str = ""
    """The fingerprint that is seen everywhere, for an incident of that kind."""
    since_ms: int = 0
    """When the first of those failed."""

    @property
    def tickets(self) -> tuple[Judged, ...]:
        """Return the failures that are worth a ticket: those that no rerun mends, whatever becomes of the others."""
        return tuple(each for each in self.judged if each.decision.action is Action.TICKET)


def judge(
    jobs: Sequence[FailedJob],
    number: int,
    policy: Policy,
    random: Callable[[], float],
    demoted: Mapping[str, str],
) -> tuple[Judged, ...]:
    """Judge each failed job of an attempt by itself; `demoted` signatures have lost their reruns for a reason."""
    return tuple(Judged(job, _decided(job, number, policy, random, demoted)) for job in jobs)


def decide_run(judged: Sequence[Judged], most_failed_jobs: int, failed: int) -> RunDecision:
    """Decide for the run: it is run again only when every job that failed is worth it."""
    known = tuple(judged)
    if not failed:
        return RunDecision(Course.NOTHING, "no job failed", known)
    if failed > most_failed_jobs:
        words = f"{failed} jobs failed, more than {most_failed_jobs}: that is an outage or the change itself"
        return RunDecision(Course.INCIDENT, f"not rerun: {words}", known)
    permanent = [each for each in known if each.decision.action is Action.TICKET]
    if permanent:
        first = permanent[0]
        others = f", and {len(permanent) - 1} more" if len(permanent) > 1 else ""
        veto = f" (which vetoes {failed - len(permanent)} that may be transient)" if failed > len(permanent) else ""
        return RunDecision(Course.TICKET, f"`{first.job.name}`: {first.decision.reason}{others}{veto}", known)
    unread = [each.job for each in known if each.job.verdict is None]
    if unread:
        why = f"not rerun: `{unread[0].name}` failed and nothing tells why: {unread[0].unread}"
        return RunDecision(Course.NOTHING, why, known)
    delay = max(each.decision.delay_seconds for each in known)
    names = ", ".join(sorted({each.job.verdict.name for each in known if each.job.verdict}))
    count = "the only failed job is" if failed == 1 else f"all {failed} failed jobs are"
    return RunDecision(Course.RERUN, f"{count} transient: {names}", known, delay)


def _decided(
    job: FailedJob, number: int, policy: Policy, random: Callable[[], float], demoted: Mapping[str, str]
) -> Decision:
    if job.verdict is None:
        return Decision(Action.NOTHING, Scope.NONE, f"unreadable: {job.unread}")
    return decide(job.verdict, Attempt(number, demoted=demoted.get(job.verdict.signature, "")), policy, random)
