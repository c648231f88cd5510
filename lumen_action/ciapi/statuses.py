"""What a commit shows of us: a check run, or a commit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lumen_action.ciapi.client import Client
from lumen_action.ciapi.faults import NotPermittedError, RefusedError, VanishedError

_MOST_SUMMARY, _MOST_TITLE, _MOST_DESCRIPTION = 65_535, 255, 140
_FORBIDDEN = 403
_PERMISSION = (
    "the token may not write a {what} to {repo}; a workflow needs `permissions: {{{right}: write}}`, a fine-grained "
    "token the repository permission {name}: Read and write ({said})"
)


@dataclass(frozen=True)
class Shown:
    """What stands at a commit; the conclusion is `success`, `failure` or `neutral`."""

    name: str
    sha: str
    conclusion: str
    title: str
    summary: str
    url: str = ""


def write_check_run(client: Client, shown: Shown) -> None:
    """Add a check run that is over; a NotPermittedError names the missing permission."""
    body: dict[str, object] = {
        "name": shown.name,
        "head_sha": shown.sha,
        "status": "completed",
        "conclusion": shown.conclusion,
        "output": {"title": _cut(shown.title, _MOST_TITLE), "summary": _cut(shown.summary, _MOST_SUMMARY)},
    }
    _write(client, "check-runs", body | _link("details_url", shown), ("check run", "checks", "Checks"))


def write_commit_status(client: Client, shown: Shown) -> None:
    """Add a commit status, which knows nothing between success and failure."""
    body: dict[str, object] = {
        "state": "failure" if shown.conclusion == "failure" else "success",
        "context": shown.name,
        "description": _cut(shown.title, _MOST_DESCRIPTION),
    }
    words = ("commit status", "statuses", "Commit statuses")
    _write(client, f"statuses/{shown.sha}", body | _link("target_url", shown), words)


def _write(client: Client, path: str, body: Mapping[str, object], words: tuple[str, str, str]) -> None:
    what, right, name = words
    try:
        client.send("POST", path, body)
    except VanishedError as fault:
        # GitHub hides what a token may not see.
        raise NotPermittedError(_told(client, what, right, name, str(fault)), str(fault)) from None
    except RefusedError as fault:
        if fault.status != _FORBIDDEN:
            raise
        raise NotPermittedError(_told(client, what, right, name, fault.said or str(fault)), fault.said) from None


def _told(client: Client, what: str, right: str, name: str, said: str) -> str:
    return _PERMISSION.format(what=what, repo=client.access.repo, right=right, name=name, said=said)


def _link(name: str, shown: Shown) -> dict[str, object]:
    return {name: shown.url} if shown.url else {}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
