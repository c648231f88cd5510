"""What the API's stand-in knows of logs, annotations, newer runs, pull requests and re-runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from githubapi import Answer, Asked, GitHubApi, SaidAttempt, SaidRun, not_found
from githubspec import sample

REPO = "/repos/{owner}/{repo}"
RERUN = f"{REPO}/actions/runs/{{run_id}}/rerun-failed-jobs"
RUNNING = "This workflow is already running"


@dataclass(frozen=True)
class SaidPull:
    """A pull request; `head` is OWNER:BRANCH."""

    number: int
    sha: str
    head: str = "org:feature"
    state: str = "open"


@dataclass
class Reruns:
    """Routes of what a companion asks; a job without a log here has none, as a lost runner's."""

    api: GitHubApi
    logs: dict[int, str] = field(default_factory=dict)
    annotations: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    pulls: list[SaidPull] = field(default_factory=list)
    before_call: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.api.routes.update(
            {
                ("GET", f"{REPO}/actions/jobs/{{job_id}}/logs"): self._log,
                ("GET", f"{REPO}/check-runs/{{check_run_id}}/annotations"): self._annotations,
                ("GET", f"{REPO}/actions/workflows/{{workflow_id}}/runs"): self._newer,
                ("GET", f"{REPO}/pulls"): self._pulls,
                ("GET", f"{REPO}/pulls/{{pull_number}}"): self._pull,
                ("POST", RERUN): self._rerun,
            }
        )

    @property
    def made(self) -> int:
        """Count the re-runs that were made."""
        return self.api.changed("/rerun-failed-jobs")

    def _log(self, asked: Asked) -> Answer:
        job = int(asked.names["job_id"])
        if job in self.logs:
            self.api.blobs[str(job)] = self.logs[job].encode()
        # GitHub redirects to its store even where nothing is.
        return 302, b"", {"Location": self.api.blob_url(str(job))}

    def _annotations(self, asked: Asked) -> Answer:
        notes = self.annotations.get(int(asked.names["check_run_id"]), [])
        shown, headers = self.api.page(asked, notes)
        found = [
            sample("check-annotation", path=path, message=message, annotation_level="failure")
            for path, message in shown
        ]
        return 200, found, headers

    def _newer(self, asked: Asked) -> Answer:
        runs = [run for run in self.api.runs if asked.query.get("event") in (None, run.event)]
        runs.sort(key=lambda run: run.created_ms, reverse=True)
        listed = [self.api.run(run, len(run.attempts)) for run in runs if asked.query.get("branch") == run.branch]
        return 200, {"total_count": len(listed), "workflow_runs": listed}, {}

    def _pulls(self, asked: Asked) -> Answer:
        found = [pull for pull in self.pulls if asked.query["head"] == pull.head]
        shown, headers = self.api.page(asked, found)
        return 200, [self._told("pull-request-simple", pull) for pull in shown], headers

    def _pull(self, asked: Asked) -> Answer:
        found = [pull for pull in self.pulls if pull.number == int(asked.names["pull_number"])]
        return (200, self._told("pull-request", found[0]), {}) if found else (404, not_found(), {})

    def _told(self, schema: str, pull: SaidPull) -> dict[str, Any]:
        told = sample(schema, number=pull.number, state=pull.state)
        told["head"] |= {"sha": pull.sha, "label": pull.head, "ref": pull.head.partition(":")[2]}
        return told

    def _rerun(self, asked: Asked) -> Answer:
        self.before_call()
        at, run = next((at, run) for at, run in enumerate(self.api.runs) if run.id == int(asked.names["run_id"]))
        if run.attempts[-1].status != "completed":
            return 403, {"message": RUNNING, "documentation_url": "https://docs.github.com/rest"}, {}
        self.api.runs[at] = began_again(run)
        return 201, {}, {}


def began_again(run: SaidRun) -> SaidRun:
    """Return a run whose next attempt has begun."""
    return replace(run, attempts=(*run.attempts, SaidAttempt((), None, "in_progress", run.created_ms)))
