"""The issues of GitLab's REST API, by the contract its documentation describes; what it would refuse is a violation."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import loopback
from githubapi import stamp
from loopback import Quiet

TOKEN = "glpat-of-one-test"  # noqa: S105 - of a server that lives for one test
PROJECT = "group/sub/app"
_MOST_LETTERS = 1_048_576
_QUERY = {"labels", "state", "scope", "order_by", "sort", "per_page", "page"}
_CREATE = {"title": str, "description": str, "labels": str, "assignee_ids": list}
_CHANGE = {"state_event": str, "description": str}
_MESSAGES = {401: "401 Unauthorized", 403: "403 Forbidden", 404: "404 Project Not Found"}


@dataclass
class Trouble:
    """What happens to the next requests whose line begins so, instead of the answer or, `done`, after the deed."""

    start: str
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    done: bool = False
    cut: bool = False


@dataclass
class GitLabIssuesApi:
    """One project with its issues and people."""

    now_ms: Callable[[], int] = lambda: 0
    known: dict[int, dict[str, Any]] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    comments: list[tuple[int, str]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    url: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextlib.contextmanager
    def serving(self) -> Iterator[GitLabIssuesApi]:
        """Serve until the block ends; then nothing may have been asked that GitLab does not know."""
        with loopback.answering(self._answer) as server:
            self.url = f"{server}/api/v4"
            yield self
        assert self.violations == []

    def _answer(self, handler: Quiet) -> None:
        sent = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        status, body, headers, cut = self._answered(handler.command, handler.path, handler.headers, sent)
        handler.reply(status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode(), cut=cut)

    def _answered(
        self, method: str, target: str, headers: Mapping[str, str], sent: bytes
    ) -> tuple[int, object, dict[str, str], bool]:
        line = f"{method} {target.removeprefix('/api/v4')}"
        self.requests.append(line)
        trouble = next((each for each in self.troubles if each.times and line.startswith(each.start)), None)
        if trouble:
            trouble.times -= 1
        if headers.get("PRIVATE-TOKEN") != TOKEN:
            return 401, {"message": _MESSAGES[401]}, {}, False
        if trouble and not (trouble.done or trouble.cut):
            return trouble.status, {"message": _MESSAGES.get(trouble.status, "error")}, dict(trouble.headers), False
        status, body, said = self._routed(method, target, headers, sent)
        if trouble and trouble.done:
            return trouble.status, {"message": "502 Bad Gateway"}, {}, False
        return status, body, said, bool(trouble and trouble.cut)

    def _routed(
        self, method: str, target: str, headers: Mapping[str, str], sent: bytes
    ) -> tuple[int, object, dict[str, str]]:
        address = urlsplit(target)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        parts = address.path.removeprefix("/api/v4/").split("/")
        body = self._body(method, headers, sent)
        if parts == ["users"] and method == "GET" and set(query) == {"username"}:
            known = self.people.get(query["username"])
            return 200, [{"id": known, "username": query["username"]}] if known else [], {}
        if parts[0] != "projects" or unquote(parts[1]) != PROJECT or parts[2] != "issues":
            return 404, {"message": _MESSAGES[404]}, {}
        return self._of_issues(method, parts[3:], query, body)

    def _of_issues(
        self, method: str, parts: list[str], query: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[int, object, dict[str, str]]:
        answer: tuple[int, object, dict[str, str]] = (404, {"message": "404 Not found"}, {})
        match (method, *parts):
            case ("GET",):
                answer = self._list(query)
            case ("POST",):
                self._hold(body, _CREATE, {"title"})
                answer = (201, self._add(body), {})
            case ("GET", number) if int(number) in self.known:
                answer = (200, self.known[int(number)], {})
            case ("PUT", number) if int(number) in self.known:
                answer = self._change(self.known[int(number)], body)
            case ("POST", number, "notes") if int(number) in self.known:
                self._hold(body, {"body": str}, {"body"})
                self.comments.append((int(number), body["body"]))
                answer = (201, {"id": 1, "body": body["body"]}, {})
        return answer

    def _body(self, method: str, headers: Mapping[str, str], sent: bytes) -> dict[str, Any]:
        if method == "GET":
            if sent:
                self.violations.append("a GET with a body")
            return {}
        if headers.get("Content-Type") != "application/json":
            self.violations.append("a body that is no JSON")
        found: dict[str, Any] = json.loads(sent)
        return found

    def _hold(self, body: Mapping[str, Any], described: Mapping[str, type], needed: set[str]) -> None:
        self.violations += [f"no such field: {name}" for name in body if name not in described]
        self.violations += [f"{name} is missing" for name in needed - set(body)]
        self.violations += [
            f"{name} is no {kind.__name__}"
            for name, kind in described.items()
            if name in body and not isinstance(body[name], kind)
        ]
        if len(body.get("title", "")) > 255:
            self.violations.append("the title is longer than 255 characters")
        if len(body.get("description") or body.get("body") or "") > _MOST_LETTERS:
            self.violations.append(f"a text is longer than {_MOST_LETTERS} characters")
        if not any(body.values()):
            self.violations.append("nothing to change")

    def _list(self, query: Mapping[str, str]) -> tuple[int, object, dict[str, str]]:
        self.violations += [f"no such query: {name}" for name in set(query) - _QUERY]
        if query.get("state") not in ("all", "opened", "closed") or query.get("sort") not in ("asc", "desc"):
            self.violations.append(f"not so: {urlencode(query)}")
        wanted = set(query["labels"].split(","))
        found = [issue for issue in self.known.values() if wanted <= set(issue["labels"])]
        size, page = int(query["per_page"]), int(query["page"])
        if size > 100:
            self.violations.append("only up to 100 are given")
        more = str(page + 1) if page * size < len(found) else ""
        return 200, found[(page - 1) * size : page * size], {"X-Next-Page": more}

    def _change(self, issue: dict[str, Any], body: Mapping[str, Any]) -> tuple[int, object, dict[str, str]]:
        self._hold(body, _CHANGE, set())
        state = body.get("state_event")
        if state not in (None, "close", "reopen"):
            self.violations.append(f"no such event: {state}")
        if state:
            issue["state"] = {"close": "closed", "reopen": "opened"}[state]
        issue["description"] = body.get("description", issue["description"])
        return 200, issue, {}

    def _add(self, body: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self.numbers)
        people = {id_: name for name, id_ in self.people.items()}
        issue = {
            "id": 1000 + number,
            "iid": number,
            "title": body["title"],
            "description": body.get("description"),
            "state": "opened",
            "labels": [label for label in body.get("labels", "").split(",") if label],
            "assignees": [{"id": id_, "username": people[id_]} for id_ in body.get("assignee_ids", ())],
            "created_at": stamp(self.now_ms()).replace("Z", ".123Z"),
            "web_url": f"https://gitlab.example/{PROJECT}/-/issues/{number}",
        }
        self.known[number] = issue
        return issue
