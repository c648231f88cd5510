"""Tickets as issues of a GitHub repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import quote, urlsplit

from lumen_action.ciapi.client import Client
from lumen_action.ciapi.faults import ApiError, RateLimitedError, RefusedError, UncertainError, VanishedError
from lumen_action.errors import ConfigError
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

_FORBIDDEN = 403
_UNPROCESSABLE = 422
_MOST_ASSIGNEES = 10
# What one issue refuses is no missing right.
_OF_ONE_ISSUE = ("issue is locked", "commenting is disabled")
_NAMES = Names(number="number", text="body", url="html_url", open_state="open")
# How a person says that there is nothing to be done.
_REJECTED = frozenset({"not_planned", "duplicate"})
_NEEDS = (
    "the token may not write issues of {repo}: it needs `permissions: {{issues: write}}` in the workflow, for a "
    "fine-grained token the repository permission Issues: Read and write ({said})"
)
_HIDDEN = "issues of {repo} are switched off, or hidden from the token ({said})"


class GitHubIssues:
    """One repository's issues."""

    kind = "github"
    remembers = True

    def __init__(self, client: Client, server: str = "https://github.com") -> None:
        """Take the client of the repository; `server` is where people read it."""
        self.host = urlsplit(server).hostname or server
        self.project = client.access.repo
        self._client = client

    def tickets(self) -> Iterator[Ticket]:
        """Yield every issue that carries our label, open or closed."""
        return iter(self._labelled(LABEL))

    def find(self, fingerprint: str) -> list[Ticket]:
        """Return the issues of one fingerprint, open or closed."""
        found = self._labelled(fingerprint_label(fingerprint))
        return [ticket for ticket in found if ticket.fingerprint == fingerprint]

    def get(self, reference: str) -> Ticket | None:
        """Return one issue, None when it is no longer there."""
        try:
            with translated(self.project):
                found = _ticket(self._client.get(f"issues/{quote(reference)}").body)
        except DeclinedError:
            return None
        # GitHub leads on to the new home of an issue that was transferred; here its new number is somebody else's.
        return found if found and found.reference == reference else None

    def create(self, draft: Draft) -> Ticket:
        """Open an issue; where GitHub refuses one of the assignees, the others are tried one by one."""
        said = {"title": draft.title, "body": draft.body, "labels": list(draft.labels)}
        assigned = {"assignees": list(draft.assignees[:_MOST_ASSIGNEES])} if draft.assignees else {}
        refused = False
        with translated(self.project, whole=True):
            try:
                made = self._client.send("POST", "issues", {**said, **assigned})
            except RefusedError as fault:
                if fault.status != _UNPROCESSABLE or not assigned:
                    raise
                made = self._client.send("POST", "issues", said)
                refused = True
            ticket = _ticket(made)
        if ticket is None:
            raise UnsureError(f"GitHub answered a new issue of {self.project} with something else")
        if refused:
            self._assign(ticket, draft.assignees[:_MOST_ASSIGNEES])
        return ticket

    def _assign(self, ticket: Ticket, people: Sequence[str]) -> None:
        """Assign whom GitHub takes; the issue stands in any case."""
        taken: list[str] = []
        for person in people if len(people) > 1 else ():
            with suppress(ApiError):
                self._client.send("PATCH", f"issues/{quote(ticket.reference)}", {"assignees": [*taken, person]})
                taken.append(person)

    def turn(self, ticket: Ticket, draft: Draft, *, to_open: bool) -> None:
        """Open an issue again, or close it, and bring its text up to date in the same call."""
        state = (
            {"state": "open", "state_reason": "reopened"}
            if to_open
            else {"state": "closed", "state_reason": "completed"}
        )
        self._change("PATCH", f"issues/{quote(ticket.reference)}", {**state, "body": draft.body})

    def rewrite(self, ticket: Ticket, body: str) -> None:
        """Bring the text of an issue up to date."""
        self._change("PATCH", f"issues/{quote(ticket.reference)}", {"body": body})

    def comment(self, ticket: Ticket, draft: Draft) -> None:
        """Tell those who follow an issue what is new."""
        self._change("POST", f"issues/{quote(ticket.reference)}/comments", {"body": draft.news})

    def _change(self, method: str, path: str, body: Mapping[str, object]) -> None:
        with translated(self.project):
            self._client.send(method, path, body)

    def _labelled(self, label: str) -> list[Ticket]:
        query = {"labels": label, "state": "all", "sort": "created", "direction": "asc"}
        with translated(self.project, whole=True):
            found = map(_ticket, self._client.listed("issues", query))
            return [ticket for ticket in found if ticket and ticket.fingerprint]


@contextmanager
def translated(repo: str, *, whole: bool = False) -> Iterator[None]:
    """Say what a fault means for tickets; `whole` when what is not there is the repository's list of issues."""
    try:
        yield
    except RateLimitedError as fault:
        raise BusyError(str(fault)) from fault
    except UncertainError as fault:
        raise UnsureError(str(fault)) from fault
    except VanishedError as fault:
        if whole:
            raise NotAllowedError(_HIDDEN.format(repo=repo, said=fault)) from fault
        raise DeclinedError(f"the issue is no longer there ({fault})") from fault
    except RefusedError as fault:
        if fault.status == _FORBIDDEN and not any(words in fault.said.casefold() for words in _OF_ONE_ISSUE):
            raise NotAllowedError(_NEEDS.format(repo=repo, said=fault.said or fault)) from fault
        raise DeclinedError(str(fault)) from fault
    except ApiError as fault:
        raise TrackerError(str(fault)) from fault
    except ConfigError as fault:
        said = getattr(fault, "said", "")
        raise NotAllowedError(_NEEDS.format(repo=repo, said=said) if said else str(fault)) from fault


def _ticket(raw: object) -> Ticket | None:
    """Read an issue; a pull request is listed as one and is none."""
    if not isinstance(raw, dict) or "pull_request" in raw:
        return None
    ticket = read_issue(raw, _NAMES)
    rejected = raw.get("state") == "closed" and raw.get("state_reason") in _REJECTED
    return replace(ticket, rejected=rejected) if ticket else None
