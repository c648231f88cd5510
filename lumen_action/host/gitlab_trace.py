"""The log of a job of GitLab CI, from its API: what the job's own token may not read, a project's token may."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from lumen_action.errors import RemoteError

if TYPE_CHECKING:
    from lumen_action.http import HttpError, Timing

TOKEN_VARIABLE = "LUMEN_GITLAB_TOKEN"  # noqa: S105 - the name of a variable
# GitLab asks a runner for what a job has printed once a minute while nobody looks at its page.
PATIENCE_SECONDS = 75.0
PAUSE_SECONDS = 5.0
ANSWER_SECONDS = 20.0
# The runner opens this section once the script has ended: all that the script has printed stands before it.
_AFTER_SCRIPT = re.compile(rb"[^\n]*section_start:\d+:after_script")

_REFUSED: Mapping[int, str] = {
    401: f"GitLab refuses {TOKEN_VARIABLE} (401): it is wrong, revoked or expired; make a project access token "
    "with the scope `read_api` and keep it as a masked variable",
    403: f"{TOKEN_VARIABLE} may not read the log of this job (403): it needs the scope `read_api` and the role "
    "Reporter, or Developer where pipelines are not public",
    404: f"GitLab shows no such job to {TOKEN_VARIABLE} (404): make the token in this project, or in a group above it",
}


class TraceError(RemoteError):
    """The log of the job could not be had."""


@dataclass(frozen=True)
class JobAddress:
    """Which job of which server, and what lets us read its log."""

    api_url: str
    project: str
    job: str
    token: str = field(repr=False)
    ca_file: str | None = None

    @property
    def url(self) -> str:
        """Return where the log is."""
        return f"{self.api_url.rstrip('/')}/projects/{quote(self.project, safe='')}/jobs/{self.job}/trace"


@dataclass(frozen=True)
class Trace:
    """What a job has printed; `whole` tells whether everything its script printed is there."""

    text: bytes
    whole: bool


def read_trace(address: JobAddress, tell: Callable[[str], None], timing: Timing | None = None) -> Trace:
    """Return the log up to the end of the script, waiting for its last lines; a TraceError says why there is none."""
    from lumen_action.http import Http, HttpError, Request
    from lumen_action.http import Timing as RealTiming

    clocks = timing or RealTiming()
    http = Http(patience_seconds=ANSWER_SECONDS, timing=clocks)
    request = Request(
        "GET",
        address.url,
        headers={"PRIVATE-TOKEN": address.token, "Accept": "text/plain"},
        timeout_seconds=ANSWER_SECONDS,
        ca_file=address.ca_file,
    )
    give_up_at = clocks.clock() + PATIENCE_SECONDS
    told = False
    try:
        while True:
            found = _trace(http.send(request).body)
            if found.whole or clocks.clock() + PAUSE_SECONDS >= give_up_at:
                break
            if not told:
                told = True
                tell(f"waiting up to {PATIENCE_SECONDS:.0f} s until GitLab has the last lines of this job")
            clocks.sleep(PAUSE_SECONDS)
    except HttpError as fault:
        raise TraceError(_said(fault)) from None
    finally:
        http.close()
    if not found.text.strip():
        raise TraceError("GitLab has no log of this job yet: its answer was empty")
    return found


def _trace(body: bytes) -> Trace:
    end = _AFTER_SCRIPT.search(body)
    return Trace(body[: end.start()] if end else body, whole=end is not None)


def _said(fault: HttpError) -> str:
    return _REFUSED.get(fault.status or 0, f"the log of this job could not be read: {fault}")
