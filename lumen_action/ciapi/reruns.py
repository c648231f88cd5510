"""What a companion asks of the API about one run, and the one thing it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lumen_action.ciapi.client import Client, Query
from lumen_action.ciapi.faults import NotPermittedError, VanishedError
from lumen_action.ciapi.reading import Record, instant_or_none, items, read_job, read_run, record, text, value
from lumen_action.ciapi.runs import jobs_at
from lumen_action.ciapi.seen import Head, Pull, SeenJob, SeenRun
from lumen_action.failure.circumstances import Annotation
from lumen_action.sli.reconciling.ciruns import Run

# A newer run is among the first of a list that begins with the newest.
_NEWEST = 20
_PULLS = (
    "token: may not see the pull requests of {repo}; a workflow needs `permissions: {{pull-requests: read}}`, a "
    "fine-grained token the repository permission Pull requests: Read-only ({said})"
)


@dataclass(frozen=True)
class Reruns:
    """The questions about one run, each one call, and the call that runs its failed jobs again."""

    client: Client

    def run(self, run_id: int) -> SeenRun:
        """Return a run as its latest attempt sees it."""
        return _seen_run(self.client.get(f"actions/runs/{run_id}").body)

    def jobs(self, run_id: int, number: int) -> list[SeenJob]:
        """Return all jobs of an attempt."""
        return [_seen_job(raw) for raw in jobs_at(self.client, f"actions/runs/{run_id}/attempts/{number}")]

    def log(self, job_id: int) -> bytes:
        """Return the log of a job that is over; a VanishedError when there is none, as for a lost runner."""
        return self.client.text(f"actions/jobs/{job_id}/logs")

    def annotations(self, job_id: int) -> tuple[Annotation, ...]:
        """Return the failures that are pinned to a job."""
        found = (record(raw, "an annotation") for raw in self.client.listed(f"check-runs/{job_id}/annotations", {}))
        return tuple(
            Annotation(text(each, "message"), text(each, "path"))
            for each in found
            if text(each, "annotation_level") == "failure"
        )

    def newer(self, seen: SeenRun) -> list[Run]:
        """Return the runs of the same workflow, branch, repository and event that were created later."""
        path = f"actions/workflows/{seen.head.workflow_id}/runs"
        query: Query = {"branch": seen.head.branch, "event": seen.run.event, "per_page": _NEWEST}
        found = map(read_run, items(self.client.get(path, query).body, "workflow_runs"))
        ours = (seen.run.created_ms, seen.run.id)
        return [run for run in found if run.head_repo == seen.run.head_repo and (run.created_ms, run.id) > ours]

    def pull(self, seen: SeenRun) -> Pull | None:
        """Return the pull request of a run."""
        try:
            return self._pull(seen)
        except NotPermittedError as fault:
            words = _PULLS.format(repo=self.client.access.repo, said=fault.said)
            raise NotPermittedError(words, fault.said) from fault

    def _pull(self, seen: SeenRun) -> Pull | None:
        """Ask for it by its number; a fork's run does not name it, so its branch has to."""
        for number in seen.head.pulls[:1]:
            try:
                return _pull(self.client.get(f"pulls/{number}").body)
            except VanishedError:
                return None
        query = {
            "head": f"{seen.head.owner}:{seen.head.branch}",
            "state": "all",
            "sort": "updated",
            "direction": "desc",
        }
        found = [_pull(record(raw, "a pull request")) for raw in self.client.listed("pulls", query)]
        found.sort(key=lambda pull: (pull.head_sha == seen.run.sha, pull.is_open, pull.number), reverse=True)
        return found[0] if found else None

    def rerun_failed_jobs(self, run_id: int) -> None:
        """Run the failed jobs of a run again, and the jobs that depend on them."""
        self.client.send("POST", f"actions/runs/{run_id}/rerun-failed-jobs", {})


def _seen_run(raw: Record) -> SeenRun:
    repository = raw.get("head_repository")
    owner = repository.get("owner") if isinstance(repository, dict) else None
    return SeenRun(
        read_run(raw),
        Head(
            branch=text(raw, "head_branch"),
            workflow_id=value(raw, "workflow_id", int),
            owner=text(owner, "login") if isinstance(owner, dict) else "",
            pulls=tuple(_pulls_here(raw)),
        ),
    )


def _pulls_here(raw: Record) -> Iterator[int]:
    """Yield the pull requests into this repository; one of the same branch into a fork has a number of the fork's."""
    here = value(record(raw.get("repository"), "the repository of a run"), "id", int)
    pulls = raw.get("pull_requests")
    for each in pulls if isinstance(pulls, list) else ():
        found = record(each, "a pull request")
        base = record(record(found.get("base"), "the base of a pull request").get("repo"), "its repository")
        if value(base, "id", int) == here:
            yield value(found, "number", int)


def _seen_job(raw: object) -> SeenJob:
    found = record(raw, "a job")
    steps = found.get("steps")
    seconds = {}
    for step in steps if isinstance(steps, list) else ():
        began, ended = (instant_or_none(step, f"{word}_at") for word in ("started", "completed"))
        if began is not None and ended is not None:
            seconds[value(step, "number", int)] = (ended - began) // 1000
    return SeenJob(read_job(found), text(found, "html_url"), seconds)


def _pull(raw: Record) -> Pull:
    head = record(raw.get("head"), "the head of a pull request")
    return Pull(value(raw, "number", int), text(raw, "state") == "open", text(head, "sha"))
