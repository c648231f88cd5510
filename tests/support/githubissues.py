"""The issues of GitHub's REST API, as routes of `githubapi`: what is created stays, and nothing else is known."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from githubapi import Answer, Asked, GitHubApi, not_found, stamp
from githubspec import sample

_PATH = "/repos/{owner}/{repo}/issues"
_ONE = _PATH + "/{issue_number}"
_MOST_LETTERS = 65_536
_LISTED_BY = {"labels", "state", "sort", "direction", "per_page", "page"}
# What GitHub says to a person who may not be assigned, or a text that is too long.
_INVALID: dict[str, Any] = {
    "message": "Validation Failed",
    "documentation_url": "https://docs.github.com/rest",
    "errors": [{"code": "invalid", "field": "x"}],
}


@dataclass
class Issues:
    """The issues of a repository; `may` and `enabled` say what the token and the repository allow."""

    api: GitHubApi
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    known: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: list[tuple[int, str]] = field(default_factory=list)
    assignable: set[str] = field(default_factory=set)
    may_write: bool = True
    may_label: bool = True
    enabled: bool = True
    turns: list[tuple[int, str]] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, api: GitHubApi, **more: Any) -> Issues:  # noqa: ANN401
        issues = cls(api, **more)
        routes = {
            ("GET", _PATH): issues._list,
            ("POST", _PATH): issues._create,
            ("GET", _ONE): issues._get,
            ("PATCH", _ONE): issues._change,
            ("POST", _ONE + "/comments"): issues._comment,
        }
        api.routes.update({place: issues._guarded(route) for place, route in routes.items()})
        return issues

    @property
    def open(self) -> list[dict[str, Any]]:
        return [issue for issue in self.known.values() if issue["state"] == "open"]

    def by_hand(self, **fields: object) -> dict[str, Any]:
        """Let a person open an issue, or change one by its number."""
        number = fields.pop("number", None)
        if isinstance(number, int):
            self.known[number].update(fields)
            return self.known[number]
        return self._add(fields)

    def _guarded(self, route: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        def answer(asked: Asked) -> Answer:
            with self._lock:
                if not self.enabled:
                    return 410, {"message": "Issues are disabled for this repo"}, {}
                if asked.method != "GET" and not self.may_write:
                    return 403, {"message": "Resource not accessible by integration"}, {}
                return route(asked)

        return answer

    def _list(self, asked: Asked) -> Answer:
        query = asked.query
        assert set(query) <= _LISTED_BY, query
        wanted = set(filter(None, query.get("labels", "").split(",")))
        state = query.get("state", "open")
        found = [
            issue
            for issue in self.known.values()
            if wanted <= {label["name"] for label in issue["labels"]} and state in ("all", issue["state"])
        ]
        found.sort(key=lambda issue: issue["number"], reverse=query.get("direction", "desc") == "desc")
        shown, headers = self.api.page(asked, found)
        return 200, list(shown), headers

    def _create(self, asked: Asked) -> Answer:
        if self._wrong(asked.body):
            return 422, _INVALID, {}
        return 201, self._add(asked.body), {}

    def _get(self, asked: Asked) -> Answer:
        issue = self.known.get(int(asked.names["issue_number"]))
        return (200, issue, {}) if issue else (404, not_found(), {})

    def _change(self, asked: Asked) -> Answer:
        issue = self.known.get(int(asked.names["issue_number"]))
        if issue is None:
            return 404, not_found(), {}
        if self._wrong(asked.body):
            return 422, _INVALID, {}
        if asked.body.get("state", issue["state"]) != issue["state"]:
            self.turns.append((issue["number"], asked.body["state"]))
        issue.update({**asked.body, "updated_at": stamp(self.now_ms())})
        if "assignees" in asked.body:
            issue["assignees"] = _people(asked.body)
        if "labels" in asked.body:
            issue["labels"] = labels_of(*asked.body["labels"])
        return 200, issue, {}

    def _comment(self, asked: Asked) -> Answer:
        number = int(asked.names["issue_number"])
        if number not in self.known:
            return 404, not_found(), {}
        if self.known[number].get("locked"):
            return 403, {"message": "Unable to create comment because issue is locked."}, {}
        self.comments.append((number, asked.body["body"]))
        now = stamp(self.now_ms())
        return 201, sample("issue-comment", body=asked.body["body"], created_at=now, updated_at=now), {}

    def _wrong(self, body: Mapping[str, Any]) -> bool:
        too_long = len(body.get("body") or "") > _MOST_LETTERS or len(body.get("title") or "") > 256
        long_label = any(len(label) > 50 for label in body.get("labels", ()))
        return too_long or long_label or not set(body.get("assignees", ())) <= self.assignable

    def _add(self, said: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        now = stamp(self.now_ms())
        labels = said.get("labels", ()) if self.may_label else ()
        issue = sample(
            "issue",
            number=number,
            state="open",
            title=said["title"],
            body=said.get("body"),
            html_url=f"{self.api.server}/{self.api.repo}/issues/{number}",
            labels=labels_of(*labels),
            assignees=_people(said),
            created_at=now,
            updated_at=now,
            state_reason=None,
        )
        self.known[number] = issue
        self.turns.append((number, "open"))
        return issue


def labels_of(*names: str) -> list[dict[str, Any]]:
    """Return labels as an issue has them."""
    return [{"name": name} for name in names]


def _people(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [sample("simple-user", login=name) for name in said.get("assignees", ())]
