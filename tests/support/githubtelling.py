"""What GitHub tells of a run and of its jobs, made of what a test says of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from githubspec import sample

if TYPE_CHECKING:
    from githubapi import GitHubApi, SaidJob, SaidRun

SECOND = 1000


def stamp(instant_ms: int) -> str:
    return datetime.fromtimestamp(instant_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def told_run(api: GitHubApi, run: SaidRun, number: int) -> dict[str, Any]:
    """Tell of a run as one attempt sees it."""
    attempt = run.attempts[number - 1]
    place = f"{api.url}/repos/{api.repo}/actions/runs/{run.id}"
    urls = ("jobs", "logs", "check_suite", "cancel", "rerun", "artifacts", "workflow")
    changed = max([job.ended_ms or 0 for job in attempt.jobs], default=0) or attempt.began_ms or run.created_ms
    return {
        "id": run.id,
        "node_id": "WFR_x",
        "name": run.name,
        "path": run.path,
        "display_title": "a title",
        "run_number": 7,
        "run_attempt": number,
        "event": run.event,
        "status": attempt.status,
        "conclusion": attempt.conclusion,
        "workflow_id": 5,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "head_commit": None,
        "url": place,
        "html_url": f"{api.server}/{api.repo}/actions/runs/{run.id}",
        "pull_requests": [sample("pull-request-minimal", number=number) for number in run.pulls],
        "created_at": stamp(run.created_ms),
        "run_started_at": stamp(attempt.began_ms or run.created_ms),
        "updated_at": stamp(changed),
        "head_repository": _repository(run.head_repo),
        "repository": _repository(api.repo),
        **{f"{name}_url": f"{place}/{name}" for name in urls},
    }


def told_job(api: GitHubApi, run: SaidRun, number: int, job: SaidJob) -> dict[str, Any]:
    """Tell of a job of one attempt."""
    place = f"{api.url}/repos/{api.repo}/actions"
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"{place}/runs/{run.id}",
        "run_attempt": number,
        "node_id": "CR_x",
        "head_sha": run.sha,
        "head_branch": "main",
        "workflow_name": run.name,
        "name": job.name,
        "url": f"{place}/jobs/{job.id}",
        "html_url": f"{api.server}/{api.repo}/actions/runs/{run.id}/job/{job.id}",
        "check_run_url": f"{api.url}/repos/{api.repo}/check-runs/{job.id}",
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": stamp(job.began_ms or run.created_ms),
        "started_at": stamp(job.began_ms or run.created_ms),
        "completed_at": None if job.ended_ms is None else stamp(job.ended_ms),
        "labels": ["ubuntu-latest"],
        "runner_id": 1 if job.runner else None,
        "runner_name": job.runner or None,
        "runner_group_id": None,
        "runner_group_name": None,
        "steps": [_step(run, job, at) for at in range(1, len(job.steps) + 1)],
    }


def _repository(name: str | None) -> dict[str, Any] | None:
    if name is None:
        return None
    person = sample("simple-user", login=name.partition("/")[0])
    return sample("minimal-repository", name=name.partition("/")[2], full_name=name, owner=person)


def _step(run: SaidRun, job: SaidJob, at: int) -> dict[str, Any]:
    (status, conclusion), began = job.steps[at - 1], job.began_ms or run.created_ms
    name = job.names[at - 1] if at <= len(job.names) else f"step {at}"
    told = {"number": at, "name": name, "status": status, "conclusion": conclusion}
    if at <= len(job.seconds):
        told |= {"started_at": stamp(began), "completed_at": stamp(began + job.seconds[at - 1] * SECOND)}
    return told
