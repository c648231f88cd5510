"""The issues of a GitHub repository that mirror incidents: found by their label, changed only where they are ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from lumen_action.ciapi.client import Client
from lumen_action.ops.tickets import DeclinedError, UnsureError
from lumen_action.ops.tickets.github import translated
from lumen_action.ops.tickets.pacing import Pace

LABEL = "lumen-incident"


@dataclass(frozen=True)
class Issue:
    """An issue as it was found."""

    number: int
    title: str
    body: str
    open: bool
    labels: tuple[str, ...]
    assignees: tuple[str, ...]
    author: str
    url: str
    closed_by: str = ""


@dataclass(frozen=True)
class Face:
    """How an issue should look."""

    title: str
    body: str
    labels: tuple[str, ...]
    open: bool


def labels_of(shown: Issue | Face) -> frozenset[str]:
    """Return labels as they are compared: to GitHub those in another case are the same."""
    return frozenset(each.casefold() for each in shown.labels)


def alike(one: Issue | Face, other: Issue | Face) -> bool:
    """Tell whether two look the same; a title is not looked at."""
    return (one.body, labels_of(one), one.open) == (other.body, labels_of(other), other.open)


class MirrorIssues:
    """One repository's issues about incidents."""

    def __init__(self, client: Client, pace: Pace | None = None) -> None:
        """Take the client of the repository."""
        self.project = client.access.repo
        self._client = client
        self._pace = pace or Pace()

    def all(self) -> list[Issue]:
        """Return every issue with our label, open or closed, the oldest first; the search would lag behind."""
        query = {"labels": LABEL, "state": "all", "sort": "created", "direction": "asc"}
        with translated(self.project, whole=True):
            found = [_issue(raw) for raw in self._client.listed("issues", query)]
        return sorted((each for each in found if each), key=lambda issue: issue.number)

    def get(self, number: int) -> Issue | None:
        """Return one issue, None where it was deleted or went to another repository."""
        try:
            with translated(self.project):
                found = _issue(self._client.get(f"issues/{number}").body)
        except DeclinedError:
            return None
        # GitHub leads on to the new home of an issue that was transferred; here its new number is somebody else's.
        home = f"/{self.project}/issues/{number}".casefold()
        return found if found and found.number == number and found.url.casefold().endswith(home) else None

    def create(self, face: Face) -> Issue:
        """Open an issue."""
        self._pace.wait()
        with translated(self.project, whole=True):
            said = {"title": face.title, "body": face.body, "labels": list(face.labels)}
            made = _issue(self._client.send("POST", "issues", said))
        if made is None:
            raise UnsureError(f"GitHub answered a new issue of {self.project} with something else")
        return made

    def change(self, issue: Issue, face: Face) -> None:
        """Give an issue another face, sending what differs only: what a person does meanwhile to the rest stays.

        Its title is a person's once it is there.
        """
        said: dict[str, object] = {"body": face.body}
        if labels_of(face) != labels_of(issue):
            said["labels"] = list(face.labels)
        if face.open != issue.open:
            said |= _turned(to_open=face.open)
        self._send("PATCH", issue, "", said)

    def close_duplicate(self, issue: Issue, body: str, labels: Iterable[str]) -> None:
        """Close an issue that has an older twin."""
        self._send(
            "PATCH", issue, "", {"state": "closed", "state_reason": "duplicate", "body": body, "labels": [*labels]}
        )

    def comment(self, issue: Issue, text: str) -> None:
        """Say something to those who follow an issue."""
        self._send("POST", issue, "/comments", {"body": text})

    def _send(self, method: str, issue: Issue, rest: str, body: Mapping[str, object]) -> None:
        self._pace.wait()
        with translated(self.project):
            self._client.send(method, f"issues/{quote(str(issue.number))}{rest}", body)


def _turned(*, to_open: bool) -> dict[str, object]:
    if to_open:
        return {"state": "open", "state_reason": "reopened"}
    return {"state": "closed", "state_reason": "completed"}


def _issue(raw: object) -> Issue | None:
    """Read an issue; a pull request is listed as one and is none."""
    if not isinstance(raw, dict) or "pull_request" in raw or not isinstance(raw.get("number"), int):
        return None
    text = raw.get("body")
    return Issue(
        number=raw["number"],
        title=str(raw.get("title") or ""),
        body=text.replace("\r\n", "\n") if isinstance(text, str) else "",
        open=raw.get("state") == "open",
        labels=tuple(_names(raw.get("labels"), "name")),
        assignees=tuple(_names(raw.get("assignees"), "login")),
        author=next(iter(_names([raw.get("user")], "login")), ""),
        url=str(raw.get("html_url") or ""),
        closed_by=next(iter(_names([raw.get("closed_by")], "login")), ""),
    )


def _names(found: object, key: str) -> list[str]:
    rows = found if isinstance(found, list) else []
    return [str(row[key]) if isinstance(row, dict) else row for row in rows if isinstance(row, str) or _has(row, key)]


def _has(row: object, key: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(key), str)
