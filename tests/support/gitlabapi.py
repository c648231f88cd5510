"""The one piece of GitLab's REST API that is asked: a job's log, by the contract docs/gitlab.md writes down.

A request that GitLab would not know, or not let through as it stands, is a violation, told when the server ends.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import loopback
from loopback import Quiet

TOKEN = "glpat-of-one-test"  # noqa: S105 - of a server that lives for one test
_TRACE = re.compile(r"/api/v4/projects/(?P<project>[^/]+)/jobs/(?P<job>[^/]+)/trace")
# By the words of GitLab's own answers.
_MESSAGES = {401: "401 Unauthorized", 403: "403 Forbidden", 404: "404 Not found", 500: "500 Internal Server Error"}


@dataclass
class Trouble:
    """What happens to the next requests instead of an answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass
class GitLabApi:
    """One project; `logs` are the log of each job as it stands at one request after the other, the last for good."""

    project_id: int = 7
    path: str = "group/app"
    logs: dict[int, list[bytes]] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    url: str = ""

    @contextlib.contextmanager
    def serving(self) -> Iterator[GitLabApi]:
        """Serve until the block ends; then nothing may have been asked that GitLab does not know."""
        with loopback.answering(self._answer) as server:
            self.url = f"{server}/api/v4"
            yield self
        assert self.violations == []

    def _answer(self, handler: Quiet) -> None:
        handler.reply(*self._answered(handler.command, handler.path, handler.headers))

    def _answered(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(f"{method} {target}")
        address = urlsplit(target)
        found = _TRACE.fullmatch(address.path)
        wrong = [
            said
            for said, so in (
                ("only GET is described", method != "GET"),
                ("no such path", found is None),
                ("the log takes no query", bool(address.query)),
                ("job_id is an integer", bool(found) and not found["job"].isdecimal()),
                ("a job's token does not open the Jobs API", "JOB-TOKEN" in headers),
                ("one kind of token", "Authorization" in headers and "PRIVATE-TOKEN" in headers),
            )
            if so
        ]
        self.violations += [f"{method} {target}: {said}" for said in wrong]
        if wrong or found is None:
            return _refusal(404)
        trouble = next((each for each in self.troubles if each.times), None)
        if trouble:
            trouble.times -= 1
            return _refusal(trouble.status, trouble.headers)
        if headers.get("PRIVATE-TOKEN") != TOKEN:
            return _refusal(401)
        if unquote(found["project"]) not in (str(self.project_id), self.path) or int(found["job"]) not in self.logs:
            return _refusal(404)
        states = self.logs[int(found["job"])]
        body = states.pop(0) if len(states) > 1 else states[0]
        name = f'infile; filename="{found["job"]}.log"'
        return 200, {"Content-Type": "text/plain", "Content-Disposition": name}, body


def _refusal(status: int, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    if status in _MESSAGES:
        return status, {"Content-Type": "application/json"}, json.dumps({"message": _MESSAGES[status]}).encode()
    # What stands before the application answers in plain words.
    words = b"Retry later\n" if status == 429 else b""
    return status, {"Content-Type": "text/plain", **(headers or {})}, words
