"""What a CI says of its runs, attempts, jobs and steps, as far as counting needs it."""

from __future__ import annotations

from dataclasses import dataclass

from lumen_action.model import Trust

COMPLETED = "completed"
# A fork's run that waits for a maintainer's consent is said to be over, and begins when that is given.
_AWAITS_CONSENT = "action_required"


@dataclass(frozen=True)
class Step:
    """One step of a job; the first is the runner's own set-up."""

    number: int
    name: str
    status: str
    conclusion: str


@dataclass(frozen=True)
class Job:
    """One job of one attempt; times are None while it has not come so far."""

    id: int
    name: str
    status: str
    conclusion: str
    began_ms: int | None
    ended_ms: int | None
    runner: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Run:
    """One run as one of its attempts sees it: created once, begun with each attempt."""

    host: str
    repo: str
    id: int
    attempt: int
    workflow: str
    path: str
    event: str
    status: str
    conclusion: str
    created_ms: int
    began_ms: int
    changed_ms: int
    head_repo: str = ""
    sha: str = ""
    url: str = ""

    @property
    def over(self) -> bool:
        """Tell whether nothing will happen in this attempt any more."""
        return self.status == COMPLETED and self.conclusion != _AWAITS_CONSENT

    @property
    def attempt_url(self) -> str:
        """Return the page of the attempt, empty when the run has none."""
        return f"{self.url}/attempts/{self.attempt}" if self.url else ""

    @property
    def trust(self) -> Trust:
        """Return whose code ran; the pull request of a fork that is gone is a fork's."""
        from_elsewhere = self.event.startswith("pull_request") and self.head_repo != self.repo
        return Trust.FORK if from_elsewhere else Trust.TRUSTED


@dataclass(frozen=True)
class Attempt:
    """One attempt of a run with all of its jobs."""

    run: Run
    jobs: tuple[Job, ...]

    @property
    def over(self) -> bool:
        """Tell whether run and jobs have ended: a run may say so before its last job does."""
        return self.run.over and all(job.status == COMPLETED for job in self.jobs)

    @property
    def own_jobs(self) -> tuple[Job, ...]:
        """Return the jobs that ran in this attempt; a partial re-run lists those it took over as well."""
        if self.run.attempt == 1:
            return self.jobs
        return tuple(job for job in self.jobs if job.ended_ms is None or job.ended_ms >= self.run.began_ms)
