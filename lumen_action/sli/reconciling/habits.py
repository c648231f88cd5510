"""What earlier runs of a workflow teach about its jobs: under which leg and regions each speaks, and which for the run.

A job that dies before our step says none of this itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lumen_action.model import Fact, Kind, Source
from lumen_action.sli.reconciling.ciruns import Attempt, Job

# Names of jobs may hold a branch or a date: what is kept must not grow for ever.
_MOST_JOBS = 500


@dataclass(frozen=True)
class JobHabit:
    """How a job of this name speaks."""

    leg: str
    regions: tuple[str, ...]
    speaks_for_run: bool = False
    by_id: bool = True


@dataclass(frozen=True)
class WorkflowHabits:
    """The pipeline a workflow's runs belong to, and its jobs by the name that the API shows."""

    pipeline: str = ""
    jobs: Mapping[str, JobHabit] = field(default_factory=dict)

    @property
    def regions(self) -> tuple[str, ...]:
        """Return every region a job has spoken in."""
        return tuple(sorted({region for habit in self.jobs.values() for region in habit.regions}))

    def taught(self, attempt: Attempt, heard: Mapping[int, Iterable[Fact]]) -> WorkflowHabits:
        """Learn from the facts that each job of an attempt wrote itself."""
        jobs, pipeline = dict(self.jobs), self.pipeline
        for job in attempt.own_jobs:
            own = [fact for fact in heard.get(job.id, ()) if fact.source is not Source.API]
            if own:
                pipeline = own[0].pipeline
                jobs[job.name] = _habit(job, own, jobs.pop(job.name, None))
        return replace(self, pipeline=pipeline, jobs=dict(list(jobs.items())[-_MOST_JOBS:]))

    def of_base(self, name: str) -> list[JobHabit]:
        """Return the habits of every leg of a job, for a matrix that is skipped whole is shown as one job."""
        return [habit for known, habit in self.jobs.items() if base_name(known) == base_name(name)]


def base_name(name: str) -> str:
    """Return the name of a job without its matrix, as in `Report (eu-west-1, 3.12)`."""
    return name.partition(" (")[0].casefold()


def matrix_words(name: str) -> tuple[str, ...]:
    """Return the words of the matrix in a job's name, as `eu-west-1` and `3.12` of `Report (eu-west-1, 3.12)`."""
    _, opened, rest = name.partition(" (")
    return tuple(word.strip() for word in rest.removesuffix(")").split(",")) if opened else ()


def _habit(job: Job, own: list[Fact], before: JobHabit | None) -> JobHabit:
    said = [fact for fact in own if fact.key.kind is Kind.RUN] or own
    regions = {fact.key.region for fact in said}
    speaks = said[0].key.kind is Kind.RUN
    if before and before.speaks_for_run and not speaks:
        return before
    return JobHabit(said[0].leg, tuple(sorted(regions)), speaks, by_id=said[0].key.job == str(job.id))
