"""Tickets as issues of a GitLab project."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from lumen_action.ciapi.patience import Limits, until_answered
from lumen_action.http import Http, HttpError, Request, Response, Timing, origin
from lumen_action.ops.tickets import (
    BusyError,
    DeclinedError,
    Draft,
    NotAllowedError,
    Ticket,
    TrackerError,
    UnsureError,
)
from lumen_action.ops.tickets.reading import Names, read_issue
from lumen_action.ops.tickets.writing import LABEL, fingerprint_label

_PAGE = 100
_TRIES = 4
# GitLab.com counts a minute where it names no time.
_LIMIT_SECONDS = 60.0
_NAMES = Names(number="iid", text="description", url="web_url", open_state="opened")
_REFUSED = frozenset({401, 403})
_GONE = frozenset({404, 410})
_LIMITED = 429
_SERVER_FAULT = 500
_NEEDS = (
    "the token may not write issues of {project}: it needs the scope `api` and the role Reporter or higher, and the "
    "project needs its issues switched on; the job token of GitLab CI cannot write issues ({said})"
)


@dataclass(frozen=True)
class GitLabAccess:
    """Where the API is, which project, and what lets us in."""

    url: str
    project: str
    token: str = field(repr=False)
    timeout_seconds: float = 20.0


class GitLabIssues:
    """One project's issues."""

    kind = "gitlab"
    remembers = True

    def __init__(self, access: GitLabAccess, *, tell: Callable[[str], None], timing: Timing | None = None) -> None:
        """Open nothing yet; `tell` hears when we wait."""
        self.host = urlsplit(access.url).hostname or access.url
        self.project = access.project
        self._access = access
        self._timing = timing or Timing()
        self._http = Http(patience_seconds=access.timeout_seconds, timing=self._timing, tries_again=False)
        self._limits = Limits("GitLab", timing=self._timing, tell=tell)

    def tickets(self) -> Iterator[Ticket]:
        """Yield every issue that carries our label, open or closed."""
        return self._labelled(LABEL)

    def find(self, fingerprint: str) -> list[Ticket]:
        """Return the issues of one fingerprint, open or closed."""
        found = self._labelled(fingerprint_label(fingerprint))
        return [ticket for ticket in found if ticket.fingerprint == fingerprint]

    def get(self, reference: str) -> Ticket | None:
        """Return one issue, None when it is no longer there."""
        try:
            return _ticket(self._json(self._send("GET", f"issues/{quote(reference)}")))
        except DeclinedError:
            return None

    def create(self, draft: Draft) -> Ticket:
        """Open an issue."""
        said = {"title": draft.title, "description": draft.body, "labels": ",".join(draft.labels)}
        people = [id_ for id_ in map(self._person, draft.assignees) if id_]
        ticket = _ticket(self._json(self._send("POST", "issues", {**said, "assignee_ids": people}, whole=True)))
        if ticket is None:
            raise UnsureError(f"GitLab answered a new issue of {self.project} with something else")
        return ticket

    def turn(self, ticket: Ticket, draft: Draft, *, to_open: bool) -> None:
        """Open an issue again, or close it, and bring its text up to date in the same call."""
        body = {"state_event": "reopen" if to_open else "close", "description": draft.body}
        self._send("PUT", f"issues/{quote(ticket.reference)}", body)

    def rewrite(self, ticket: Ticket, body: str) -> None:
        """Bring the text of an issue up to date."""
        self._send("PUT", f"issues/{quote(ticket.reference)}", {"description": body})

    def comment(self, ticket: Ticket, draft: Draft) -> None:
        """Tell those who follow an issue what is new."""
        self._send("POST", f"issues/{quote(ticket.reference)}/notes", {"body": draft.news})

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _labelled(self, label: str) -> Iterator[Ticket]:
        page = "1"
        while page:
            query = {"labels": label, "state": "all", "scope": "all", "order_by": "created_at", "sort": "asc"}
            path = f"issues?{urlencode({**query, 'per_page': _PAGE, 'page': page})}"
            answer = self._send("GET", path, whole=True)
            found = self._json(answer)
            if not isinstance(found, list):
                raise TrackerError(f"{origin(self._access.url)} gave no list of issues; is CI_API_V4_URL the API's?")
            yield from (ticket for ticket in map(_ticket, found) if ticket and ticket.fingerprint)
            page = answer.headers.get("x-next-page", "")

    def _person(self, name: str) -> int | None:
        """Return the id that GitLab knows a person by, None for somebody unknown."""
        found = self._json(self._ask("GET", f"{self._access.url}/users?{urlencode({'username': name})}"))
        first = found[0] if isinstance(found, list) and found else {}
        id_ = first.get("id") if isinstance(first, dict) else None
        return id_ if isinstance(id_, int) else None

    def _send(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, whole: bool = False
    ) -> Response:
        """Ask for something of the project; `whole` when what is not there is its list of issues."""
        url = f"{self._access.url}/projects/{quote(self.project, safe='')}/{path}"
        return self._ask(method, url, body, whole=whole)

    def _ask(self, method: str, url: str, body: Mapping[str, object] | None = None, *, whole: bool = False) -> Response:
        """Ask until an answer comes; a change again only where nothing was done."""
        return until_answered(
            lambda: self._http.send(self._request(method, url, body)),
            lambda fault, tries: self._refuse(fault, tries, reads=method == "GET", whole=whole),
        )

    def _request(self, method: str, url: str, body: Mapping[str, object] | None) -> Request:
        headers = {"Accept": "application/json", "PRIVATE-TOKEN": self._access.token}
        return Request(
            method,
            url,
            body=None if body is None else json.dumps(body).encode(),
            headers=headers if body is None else {**headers, "Content-Type": "application/json"},
            timeout_seconds=self._access.timeout_seconds,
        )

    def _refuse(self, fault: HttpError, tries: int, *, reads: bool, whole: bool) -> None:
        """Wait for what passes; say what the rest means for tickets."""
        status = fault.status
        if status == _LIMITED:
            wait = _LIMIT_SECONDS if fault.retry_after_seconds is None else fault.retry_after_seconds
            if not self._limits.outlasted(wait):
                used_up = f"GitLab's rate limit is used up for {wait:.0f} s; the next call goes on from here"
                raise BusyError(used_up) from None
            return
        if status in _REFUSED or (whole and status in _GONE):
            raise NotAllowedError(_NEEDS.format(project=self.project, said=fault)) from None
        if status in _GONE:
            raise DeclinedError(f"the issue is no longer there ({fault})") from None
        if status is not None and status < _SERVER_FAULT:
            raise DeclinedError(str(fault)) from None
        if not reads and not fault.unsent:
            raise UnsureError(f"{fault}; whether it was done is not known") from None
        if tries >= _TRIES:
            raise TrackerError(f"{fault} ({tries} tries)") from None
        self._timing.sleep(self._timing.pause(tries, fault.retry_after_seconds))

    def _json(self, answer: Response) -> object:
        try:
            found: object = json.loads(answer.body)
        except ValueError:
            raise UnsureError(f"{origin(self._access.url)} answered {answer.status} without JSON") from None
        return found


def _ticket(raw: object) -> Ticket | None:
    return read_issue(raw, _NAMES) if isinstance(raw, dict) else None
