"""Which job of an attempt a fact comes from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lumen_action.model import Fact, Kind, Source
from lumen_action.sli.reconciling.ciruns import Attempt, Job
from lumen_action.sli.reconciling.habits import WorkflowHabits, base_name, matrix_words

_MATRIX_DIGEST = re.compile(r"-[0-9a-f]{8}$")
_SKEW_MS = 120_000


@dataclass(frozen=True)
class Heard:
    """The facts of each job by its id, and the jobs that may have spoken for the run without our knowing which."""

    of_job: Mapping[int, Sequence[Fact]] = field(default_factory=dict)
    perhaps: frozenset[int] = frozenset()


def listen(attempt: Attempt, facts: Iterable[Fact], habits: WorkflowHabits) -> Heard:
    """Give every fact of an attempt to its job.

    Where the host gives no id of the job the fact has only a name: runner and time tell, or habit, or the name itself.
    """
    of_job: dict[int, list[Fact]] = defaultdict(list)
    perhaps: set[int] = set()
    ids = {str(job.id): job for job in attempt.own_jobs}
    for fact in facts:
        found = [ids[fact.key.job]] if fact.key.job in ids else _suspects(attempt.own_jobs, fact, habits)
        if len(found) == 1:
            of_job[found[0].id].append(fact)
        elif fact.key.kind is Kind.RUN and not fact.key.job.isdecimal():
            perhaps.update(job.id for job in found or attempt.own_jobs)
    return Heard(of_job, frozenset(perhaps))


def _suspects(jobs: Sequence[Job], fact: Fact, habits: WorkflowHabits) -> list[Job]:
    """Return the jobs a fact may come from, by the best evidence there is."""
    by_name = [job for job in jobs if fact.key.job in (job.name, _habitual_leg(job, habits))]
    by_machine = [job for job in jobs if fact.source is not Source.API and _ran_there(job, fact)]
    leg = _MATRIX_DIGEST.sub("", fact.leg).casefold()
    by_likeness = [job for job in jobs if base_name(job.name) == leg and _may_be_in(job, fact.key.region)]
    return by_name or by_machine or by_likeness


def _habitual_leg(job: Job, habits: WorkflowHabits) -> str:
    habit = habits.jobs.get(job.name)
    return habit.leg if habit else job.name


def _ran_there(job: Job, fact: Fact) -> bool:
    if not fact.runner or fact.runner != job.runner or job.began_ms is None or job.ended_ms is None:
        return False
    return job.began_ms - _SKEW_MS <= fact.observed_at_ms <= job.ended_ms + _SKEW_MS


def _may_be_in(job: Job, region: str) -> bool:
    matrix = matrix_words(job.name)
    return not matrix or region in matrix
