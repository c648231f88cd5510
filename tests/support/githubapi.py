"""GitHub's REST API for tests: no request, and no answer of its own, may be other than GitHub's OpenAPI describes it.

What it knows is in `github-openapi.json`, an extract of GitHub's own description made by tools/github_openapi.py.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import jsonschema

SPECIFICATION: dict[str, Any] = json.loads(Path(__file__).with_name("github-openapi.json").read_text(encoding="utf-8"))
T = TypeVar("T")
TOKEN = "ghs_right"  # noqa: S105 - of a server that lives for one test
SECOND = 1000
_MOST_FOUND = 1000
_RANGE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\.\.(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


def stamp(instant_ms: int) -> str:
    return datetime.fromtimestamp(instant_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class SaidJob:
    """A job as the API tells of it; `steps` are pairs of status and conclusion."""

    id: int
    name: str
    conclusion: str | None = "success"
    began_ms: int = 0
    ended_ms: int | None = 0
    status: str = "completed"
    runner: str = "machine 1"
    steps: tuple[tuple[str, str | None], ...] = (("completed", "success"), ("completed", "success"))


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


@dataclass
class Trouble:
    """What happens to the next requests whose path holds `part`, instead of or to the answer."""

    part: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    times: int = 1
    cut: bool = False
    slow_seconds: float = 0.0
    raw: bytes | None = None


@dataclass
class GitHubApi:
    """One repository and its runs."""

    repo: str = "org/app"
    server: str = "https://github.com"
    runs: list[SaidRun] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    permitted: bool = True
    url: str = ""

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

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        self.requests.append(handler.path)
        path, names = self._operation(address.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True, strict_parsing=bool(address.query)))
        faults = self._faults(handler, path, names, query)
        self.violations += [f"{handler.command} {handler.path}: {fault}" for fault in faults]
        trouble = next((each for each in self.troubles if each.times and each.part in handler.path), None)
        if trouble:
            trouble.times -= 1
            time.sleep(trouble.slow_seconds)
        if faults:
            self._send(handler, 422, {"message": "; ".join(faults)}, {}, trouble)
        elif handler.headers["Authorization"] != f"Bearer {TOKEN}":
            self._send(handler, 401, {"message": "Bad credentials"}, {}, trouble)
        elif not self.permitted:
            self._send(handler, 403, {"message": "Resource not accessible by integration"}, {}, trouble)
        elif trouble and trouble.status != 200:
            body = trouble.body or {"message": "Server Error", "documentation_url": "https://docs.github.com/rest"}
            self._send(handler, trouble.status, body, trouble.headers, trouble)
        else:
            status, body, headers = self._known(path, names, query)
            self._check(path, status, body)
            self._send(handler, status, body, {**headers, **(trouble.headers if trouble else {})}, trouble)

    def _operation(self, path: str) -> tuple[str, dict[str, str]]:
        for template in SPECIFICATION["paths"]:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
            found = re.fullmatch(pattern, path)
            if found:
                return template, found.groupdict()
        return "", {}

    def _faults(
        self,
        handler: http.server.BaseHTTPRequestHandler,
        path: str,
        names: Mapping[str, str],
        query: Mapping[str, str],
    ) -> list[str]:
        if not path:
            return ["no such path"]
        if handler.command != "GET":
            return [f"no such method: {handler.command}"]
        faults = []
        parameters = {p["name"]: p for p in map(_resolved, SPECIFICATION["paths"][path]["get"]["parameters"])}
        for name, word in {**names, **query}.items():
            place = "path" if name in names else "query"
            if name not in parameters or parameters[name]["in"] != place:
                faults.append(f"no such {place} parameter: {name}")
            else:
                faults += [f"{name}: {fault}" for fault in _misfits(word, parameters[name]["schema"])]
        if "created" in query and not _RANGE.fullmatch(query["created"]):
            faults.append(f"created: `{query['created']}` is no range of times")
        if not 1 <= int(query.get("per_page", "30")) <= 100:
            faults.append("per_page: only up to 100 are given, whatever is asked")
        for name, expected in (("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28")):
            if handler.headers[name] != expected:
                faults.append(f"header {name}: `{handler.headers[name]}`")
        if not handler.headers["User-Agent"]:
            faults.append("header User-Agent is missing: GitHub answers 403")
        return faults

    def _check(self, path: str, status: int, body: object) -> None:
        if str(status) not in SPECIFICATION["paths"][path]["get"]["responses"]:
            assert status == 404
            return
        problems = _validator(path, str(status)).iter_errors(body)
        self.violations += [f"answer of {path}: {list(problem.path)}: {problem.message}" for problem in problems]

    def _known(
        self, path: str, names: Mapping[str, str], query: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        if f"{names['owner']}/{names['repo']}" != self.repo:
            return 404, _not_found(), {}
        if "run_id" not in names:
            return self._list_of_runs(path, names, query)
        run = next((run for run in self.runs if run.id == int(names["run_id"])), None)
        number = int(names.get("attempt_number", len(run.attempts) if run else 1))
        if run is None or not 1 <= number <= len(run.attempts):
            return 404, _not_found(), {}
        if not path.endswith("/jobs"):
            return 200, self._run(run, number), {}
        jobs = run.attempts[number - 1].jobs
        shown, headers = self._page(path.format(**names), jobs, query)
        return 200, {"total_count": len(jobs), "jobs": [self._job(run, number, job) for job in shown]}, headers

    def _list_of_runs(
        self, path: str, names: Mapping[str, str], query: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        window = _RANGE.fullmatch(query.get("created", ""))
        found = [run for run in self.runs if not window or window[1] <= stamp(run.created_ms) <= window[2]]
        found.sort(key=lambda run: run.created_ms, reverse=True)
        shown, headers = self._page(path.format(**names), found[:_MOST_FOUND], query)
        listed = [self._run(run, len(run.attempts)) for run in shown]
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

    def _run(self, run: SaidRun, number: int) -> dict[str, Any]:
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
            "head_branch": "main",
            "head_sha": run.sha,
            "head_commit": None,
            "url": place,
            "html_url": f"{self.server}/{self.repo}/actions/runs/{run.id}",
            "pull_requests": [],
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
            "steps": [
                {"number": at, "name": f"step {at}", "status": status, "conclusion": conclusion}
                for at, (status, conclusion) in enumerate(job.steps, 1)
            ],
        }

    def _repository(self, name: str | None) -> dict[str, Any] | None:
        if name is None:
            return None
        schema = SPECIFICATION["components"]["schemas"]["minimal-repository"]
        owner = SPECIFICATION["components"]["schemas"]["simple-user"]
        person = _filled(owner) | {"login": name.partition("/")[0]}
        return _filled(schema) | {"name": name.partition("/")[2], "full_name": name, "owner": person}

    def _send(
        self,
        handler: http.server.BaseHTTPRequestHandler,
        status: int,
        body: Mapping[str, object],
        headers: Mapping[str, str],
        trouble: Trouble | None,
    ) -> None:
        encoded = json.dumps(body).encode()
        if trouble and trouble.raw is not None:
            encoded = trouble.raw
        with contextlib.suppress(OSError):  # a client that has waited long enough hangs up
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json; charset=utf-8")
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(encoded)))
            handler.end_headers()
            handler.wfile.write(encoded[: len(encoded) // 2] if trouble and trouble.cut else encoded)
        if trouble and trouble.cut:
            handler.close_connection = True


def _not_found() -> dict[str, Any]:
    return {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


def _resolved(described: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in described:
        _, _, kind, name = described["$ref"].split("/")
        described = SPECIFICATION["components"][kind][name]
    return described


@functools.cache
def _validator(path: str, status: str) -> jsonschema.Draft202012Validator:
    described = _resolved(SPECIFICATION["paths"][path]["get"]["responses"][status])
    schema = described["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**_draft(schema), "components": _draft(SPECIFICATION["components"])})


def _misfits(word: str, schema: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the word of a parameter."""
    kind = schema.get("type")
    fits = {"integer": word.isdigit(), "boolean": word in ("true", "false")}.get(kind, bool(word))
    return [] if fits else [f"`{word}` is no {kind}"]


def _draft(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Translate OpenAPI's `nullable` into JSON Schema; what GitHub answers null for a fork that is gone is allowed."""
    if isinstance(schema, list):
        return [_draft(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    said = {key: _draft(value) for key, value in schema.items() if key != "nullable"}
    if "head_repository" in said:
        said["head_repository"] = {"anyOf": [said["head_repository"], {"type": "null"}]}
    return {"anyOf": [said, {"type": "null"}]} if schema.get("nullable") is True else said


def _filled(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with the simplest value for each field that is required."""
    simple = {"string": "x", "integer": 1, "boolean": False, "object": {}, "array": []}
    return {name: simple[_resolved(schema["properties"][name])["type"]] for name in schema["required"]}
