"""GitHub's REST API for tests: no request, and no answer of its own, may be other than GitHub's OpenAPI describes it.

What it knows is in `github-openapi.json`, an extract of GitHub's own description made by tools/github_openapi.py.
More operations are routes: `api.routes.update({("POST", "/repos/{owner}/{repo}/issues"): created})`, kept in files of
their own beside this one, each with its state.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import loopback
from githubspec import RANGE, SPECIFICATION, body_of, faults_of, operation, resolved, validator
from githubtelling import stamp, told_job, told_run
from loopback import Quiet

T = TypeVar("T")
TOKEN = "ghs_right"  # noqa: S105 - of a server that lives for one test
_MOST_FOUND = 1000


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
        with loopback.answering(self._answer) as self.url:
            yield self
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

    def _answer(self, handler: Quiet) -> None:
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

    def _blob(self, handler: Quiet, path: str) -> Answer:
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
        return 200, {"total_count": len(jobs), "jobs": [told_job(self, run, number, job) for job in shown]}, headers

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
        return told_run(self, run, number)

    def _send(
        self, handler: Quiet, status: int, body: object, headers: Mapping[str, str], trouble: Trouble | None
    ) -> None:
        plain = isinstance(body, bytes)
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        if trouble and trouble.raw is not None:
            encoded = trouble.raw
        kind = "text/plain" if plain else "application/json; charset=utf-8"
        handler.reply(status, {"Content-Type": kind, **headers}, encoded, cut=bool(trouble and trouble.cut))


def not_found() -> dict[str, Any]:
    return {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
