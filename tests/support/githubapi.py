"""GitHub's REST API for tests: no request, and no answer of its own, may be other than GitHub's OpenAPI describes it.

What it knows is in `github-openapi.json`, an extract of GitHub's own description made by tools/github_openapi.py.
More operations are routes: `api.routes.update({("POST", "/repos/{owner}/{repo}/issues"): created})`, kept in files of
their own beside this one, each with its state.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from githubspec import RANGE, SPECIFICATION, body_of, faults_of, operation, resolved, sample, validator

T = TypeVar("T")
TOKEN = "ghs_right"  # noqa: S105 - of a server that lives for one test
SECOND = 1000
_MOST_FOUND = 1000


def stamp(instant_ms: int) -> str:
    return datetime.fromtimestamp(instant_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class SaidJob:
    """A job as the API tells of it; `steps` are pairs of status and conclusion, with names and durations."""

    id: int
    name: str
    conclusion: str | None = "success"
    began_ms: int = 0
    ended_ms: int | None = 0
    status: str = "completed"
    runner: str = "machine 1"
    steps: tuple[tuple[str, str | None], ...] = (("completed", "success"), ("completed", "success"))
    names: tuple[str, ...] = ()
    seconds: tuple[int, ...] = ()


@dataclass(frozen=True)
class SaidAttempt:
    """One attempt of a run."""

    jobs: tuple[SaidJob, ...] = ()
    conclusion: str | None = "success"
    status: str = "completed"
    began_ms: int = 0


@dataclass(frozen=True)
class SaidRun:
    """A run as the API tells of it."""

    id: int
    created_ms: int
    attempts: tuple[SaidAttempt, ...]
    name: str = "nightly"
    path: str = ".github/workflows/nightly.yml"
    event: str = "schedule"
    head_repo: str | None = "org/app"
    sha: str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
    branch: str = "main"
    pulls: tuple[int, ...] = ()


@dataclass
class Trouble:
    """What happens to the next requests whose path holds `part`, instead of or to the answer.

    With `done` it happens after the change was made.
    """

    part: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    times: int = 1
    cut: bool = False
    slow_seconds: float = 0.0
    raw: bytes | None = None
    done: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as GitHub's description reads it: the template of its path, its names, its query and its JSON."""

    method: str
    path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]


# Status, body (JSON, or bytes as they are) and headers.
Answer = tuple[int, Any, dict[str, str]]
Route = Callable[[Asked], Answer]


@dataclass
class GitHubApi:
    """One repository and its runs; `routes` answer what is not of runs, `blobs` are on a host of their own."""

    repo: str = "org/app"
    server: str = "https://github.com"
    runs: list[SaidRun] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    permitted: bool = True
    url: str = ""
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    changes: list[Asked] = field(default_factory=list)

    @contextlib.contextmanager
    def serving(self) -> Iterator[GitHubApi]:
        """Serve until the block ends; then nothing may have been asked or answered that GitHub does not know."""
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                api._answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - as http.server wants them

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
        assert self.violations == []

    def asked(self, part: str) -> int:
        return sum(part in request for request in self.requests)

    def changed(self, ending: str) -> int:
        """Count the changes that were made, by the ending of their path."""
        return sum(asked.path.endswith(ending) for asked in self.changes)

    def blob_url(self, name: str) -> str:
        """Name a blob as GitHub does, on another host than the API's."""
        return self.url.replace("127.0.0.1", "localhost") + f"/blobs/{name}"

    def page(self, asked: Asked, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        """Return the items of the page that was asked for, and the links to the others."""
        return self._page(asked.path.format(**asked.names), items, asked.query)

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        sent = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        address = urlsplit(handler.path)
        self.requests.append(handler.path if handler.command == "GET" else f"{handler.command} {handler.path}")
        trouble = next((each for each in self.troubles if each.times and each.part in self.requests[-1]), None)
        if trouble:
            trouble.times -= 1
            time.sleep(trouble.slow_seconds)
        if address.path.startswith("/blobs/"):
            self._send(handler, *self._blob(handler, address.path), trouble)
            return
        path, names = operation(address.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True, strict_parsing=bool(address.query)))
        faults = faults_of(handler.command.lower(), path, names, query, dict(handler.headers.items()))
        body, body_faults = ({}, []) if faults else body_of(sent, handler.command.lower(), path)
        faults += body_faults
        self.violations += [f"{handler.command} {handler.path}: {fault}" for fault in faults]
        if faults:
            self._send(handler, 422, {"message": "; ".join(faults)}, {}, trouble)
        elif handler.headers["Authorization"] != f"Bearer {TOKEN}":
            self._send(handler, 401, {"message": "Bad credentials"}, {}, trouble)
        elif not self.permitted:
            self._send(handler, 403, {"message": "Resource not accessible by integration"}, {}, trouble)
        elif trouble and trouble.status != 200 and not trouble.done:
            said = trouble.body or {"message": "Server Error", "documentation_url": "https://docs.github.com/rest"}
            self._send(handler, trouble.status, said, trouble.headers, trouble)
        else:
            asked = Asked(handler.command, path, names, query, body)
            status, known, headers = self._known(asked)
            self._check(asked, status, known)
            if asked.method != "GET" and status < 300:
                self.changes.append(asked)
            if trouble and trouble.done:
                status, known = trouble.status, {"message": "Bad Gateway"}
            self._send(handler, status, known, {**headers, **(trouble.headers if trouble else {})}, trouble)

    def _blob(self, handler: http.server.BaseHTTPRequestHandler, path: str) -> Answer:
        if handler.headers["Authorization"]:
            self.violations.append(f"{handler.path}: the token went to another host")
        found = self.blobs.get(path.removeprefix("/blobs/"))
        return (404, b"<Error><Code>BlobNotFound</Code></Error>", {}) if found is None else (200, found, {})

    def _check(self, asked: Asked, status: int, body: object) -> None:
        """Hold our own answer against the description; GitHub leaves its refusals out of many operations."""
        described = SPECIFICATION["paths"][asked.path][asked.method.lower()]["responses"]
        if str(status) not in described:
            assert status in (403, 404, 410, 422)
            return
        if isinstance(body, bytes) or "content" not in resolved(described[str(status)]):
            return
        problems = validator(asked.path, asked.method.lower(), str(status)).iter_errors(body)
        self.violations += [f"answer of {asked.path}: {list(problem.path)}: {problem.message}" for problem in problems]

    def _known(self, asked: Asked) -> Answer:
        path, names, query = asked.path, asked.names, asked.query
        if f"{names['owner']}/{names['repo']}" != self.repo:
            return 404, not_found(), {}
        if (asked.method, path) in self.routes:
            return self.routes[asked.method, path](asked)
        known = asked.method == "GET" and path.startswith("/repos/{owner}/{repo}/actions/runs")
        return self._of_runs(path, names, query) if known else (404, not_found(), {})

    def _of_runs(self, path: str, names: Mapping[str, str], query: Mapping[str, str]) -> Answer:
        if "run_id" not in names:
            return self._list_of_runs(path, names, query)
        run = next((run for run in self.runs if run.id == int(names["run_id"])), None)
        number = int(names.get("attempt_number", len(run.attempts) if run else 1))
        if run is None or not 1 <= number <= len(run.attempts):
            return 404, not_found(), {}
        if not path.endswith("/jobs"):
            return 200, self.run(run, number), {}
        jobs = run.attempts[number - 1].jobs
        shown, headers = self._page(path.format(**names), jobs, query)
        return 200, {"total_count": len(jobs), "jobs": [self._job(run, number, job) for job in shown]}, headers

    def _list_of_runs(
        self, path: str, names: Mapping[str, str], query: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        window = RANGE.fullmatch(query.get("created", ""))
        found = [run for run in self.runs if not window or window[1] <= stamp(run.created_ms) <= window[2]]
        found.sort(key=lambda run: run.created_ms, reverse=True)
        shown, headers = self._page(path.format(**names), found[:_MOST_FOUND], query)
        listed = [self.run(run, len(run.attempts)) for run in shown]
        return 200, {"total_count": len(found), "workflow_runs": listed}, headers

    def _page(self, path: str, items: Sequence[T], query: Mapping[str, str]) -> tuple[Sequence[T], dict[str, str]]:
        most = len(items)
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        shown = items[(page - 1) * size : page * size]
        if page * size >= most:
            return shown, {}
        last = -(-most // size)
        links = {"next": page + 1, "last": last}
        parts = [f'<{self.url}{path}?{urlencode({**query, "page": at})}>; rel="{rel}"' for rel, at in links.items()]
        return shown, {"Link": ", ".join(parts)}

    def run(self, run: SaidRun, number: int) -> dict[str, Any]:
        """Tell of a run as one attempt sees it."""
        attempt = run.attempts[number - 1]
        place = f"{self.url}/repos/{self.repo}/actions/runs/{run.id}"
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
            "html_url": f"{self.server}/{self.repo}/actions/runs/{run.id}",
            "pull_requests": [sample("pull-request-minimal", number=number) for number in run.pulls],
            "created_at": stamp(run.created_ms),
            "run_started_at": stamp(attempt.began_ms or run.created_ms),
            "updated_at": stamp(changed),
            "head_repository": self._repository(run.head_repo),
            "repository": self._repository(self.repo),
            **{f"{name}_url": f"{place}/{name}" for name in urls},
        }

    def _job(self, run: SaidRun, number: int, job: SaidJob) -> dict[str, Any]:
        place = f"{self.url}/repos/{self.repo}/actions"
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
            "html_url": f"{self.server}/{self.repo}/actions/runs/{run.id}/job/{job.id}",
            "check_run_url": f"{self.url}/repos/{self.repo}/check-runs/{job.id}",
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

    def _repository(self, name: str | None) -> dict[str, Any] | None:
        if name is None:
            return None
        person = sample("simple-user", login=name.partition("/")[0])
        return sample("minimal-repository", name=name.partition("/")[2], full_name=name, owner=person)

    def _send(
        self,
        handler: http.server.BaseHTTPRequestHandler,
        status: int,
        body: object,
        headers: Mapping[str, str],
        trouble: Trouble | None,
    ) -> None:
        plain = isinstance(body, bytes)
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        if trouble and trouble.raw is not None:
            encoded = trouble.raw
        with contextlib.suppress(OSError):  # a client that has waited long enough hangs up
            handler.send_response(status)
            handler.send_header("Content-Type", "text/plain" if plain else "application/json; charset=utf-8")
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(encoded)))
            handler.end_headers()
            handler.wfile.write(encoded[: len(encoded) // 2] if trouble and trouble.cut else encoded)
        if trouble and trouble.cut:
            handler.close_connection = True


def _step(run: SaidRun, job: SaidJob, at: int) -> dict[str, Any]:
    (status, conclusion), began = job.steps[at - 1], job.began_ms or run.created_ms
    name = job.names[at - 1] if at <= len(job.names) else f"step {at}"
    told = {"number": at, "name": name, "status": status, "conclusion": conclusion}
    if at <= len(job.seconds):
        told |= {"started_at": stamp(began), "completed_at": stamp(began + job.seconds[at - 1] * SECOND)}
    return told


def not_found() -> dict[str, Any]:
    return {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
