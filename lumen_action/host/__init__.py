"""Where we run: identity in, outputs, summary and messages out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lumen_action.model import Trust


@dataclass(frozen=True)
class Identity:
    """What the host knows about the job we are in."""

    provider: str
    host: str
    repo: str
    run: str
    attempt: int
    job: str
    leg: str
    pipeline: str
    sha: str = ""
    url: str = ""
    runner: str = ""
    trust: Trust = Trust.TRUSTED
    trace_id: str = ""
    traceparent: str = ""
    several_legs: bool = False
    job_started_at_ms: int | None = None

    @property
    def in_job(self) -> bool:
        """Tell whether a CI runs us, so that our steps of one job follow each other."""
        return self.provider != "local"


class Host(Protocol):
    """One CI system, or the command line."""

    name: str
    state_dir: Path
    scratch_dirs: tuple[Path, ...]
    ephemeral: bool

    def identity(self) -> Identity:
        """Tell who we are; a ConfigError names what the CI did not say."""

    def created_at_ms(self, identity: Identity) -> int | None:
        """Return when the run was created, None if the host will not tell."""

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Hand values to later steps."""

    def export(self, variables: Mapping[str, str]) -> None:
        """Set environment variables for later steps; never with foreign text."""

    def summary_room(self) -> int:
        """Return the bytes the job summary can still take, 0 where there is none."""

    def write_summary(self, markdown: str) -> None:
        """Append to the job summary."""

    def job_log(self) -> Iterable[bytes]:
        """Return what this job has printed, where the host can have it; nobody is asked before it is iterated."""

    def say(self, text: str) -> None:
        """Print one line of our own."""

    def notice(self, level: str, title: str, message: str) -> None:
        """Annotate the run; level is error, warning or debug."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Fold what is printed inside."""

    def print_foreign(self, text: str) -> None:
        """Print text from elsewhere so that the host obeys nothing in it."""

    def mask(self, secret: str) -> None:
        """Keep a secret, and every line of it, out of the log."""
