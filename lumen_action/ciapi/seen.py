"""What a companion has to know of a run, its jobs and its pull request, beyond what counting needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lumen_action.sli.reconciling.ciruns import Job, Run


@dataclass(frozen=True)
class Head:
    """Which state of which branch ran; a fork has a repository of its own."""

    branch: str
    workflow_id: int
    owner: str = ""
    pulls: tuple[int, ...] = ()


@dataclass(frozen=True)
class SeenRun:
    """A run as its latest attempt sees it."""

    run: Run
    head: Head


@dataclass(frozen=True)
class SeenJob:
    """A job, its page, and how many seconds each of its steps took by the step's number."""

    job: Job
    url: str = ""
    seconds: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pull:
    """A pull request."""

    number: int
    is_open: bool
    head_sha: str
