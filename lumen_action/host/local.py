"""The command line: a terminal, a cron job, or a CI we do not know."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TextIO

from lumen_action.errors import ConfigError
from lumen_action.host import Identity
from lumen_action.host.terminal import speakable
from lumen_action.host.worktree import find_worktree


class LocalHost:
    """No CI at all: answers go to stdout by the commands themselves, words for people to stderr."""

    name = "local"
    ephemeral = False
    scratch_dirs: tuple[Path, ...] = ()

    def __init__(
        self,
        env: Mapping[str, str],
        stdout: TextIO,
        stderr: TextIO,
        *,
        folder: Path,
        clock_ms: Callable[[], int],
        run_id: str = "",
    ) -> None:
        """Keep where we stand; without `run_id` the UTC day and the commit name the run."""
        self._env = env
        self._stdout = stdout
        self._stderr = stderr
        self._folder = folder
        self._clock_ms = clock_ms
        self._run_id = run_id
        self.state_dir = folder / state_folder(env, windows=os.name == "nt")

    def identity(self) -> Identity:
        """Tell who we are, from the git work tree we stand in if there is one."""
        return self._identity

    @cached_property
    def _identity(self) -> Identity:
        attempt = self._env.get("LUMEN_ATTEMPT") or "1"
        if not (attempt.isascii() and attempt.isdigit() and int(attempt)):
            raise ConfigError(f"LUMEN_ATTEMPT: `{attempt[:40]}` is not a number from 1; write `LUMEN_ATTEMPT=2`")
        tree = find_worktree(self._folder)
        repo = tree.repo if tree else self._folder.name or "local"
        sha = tree.sha if tree else ""
        day = datetime.fromtimestamp(self._clock_ms() / 1000, timezone.utc)
        return Identity(
            provider="local",
            host="localhost",
            repo=repo,
            run=self._run_id or f"{day:%Y%m%d}-{sha[:7] or 'nosha'}",
            attempt=int(attempt),
            job="local",
            leg="local",
            pipeline=repo.rpartition("/")[2],
            sha=sha,
        )

    def created_at_ms(self, identity: Identity) -> int | None:  # noqa: ARG002 - nobody here knows another answer
        """Leave the day to the clock."""
        return None

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Do nothing: there are no later steps."""

    def export(self, variables: Mapping[str, str]) -> None:
        """Do nothing: there are no later steps."""

    def summary_room(self) -> int:
        """Return 0: there is no job summary."""
        return 0

    def write_summary(self, markdown: str) -> None:
        """Do nothing: there is no job summary."""

    def job_log(self) -> Iterable[bytes]:
        """Return nothing: there is no job."""
        return ()

    def say(self, text: str) -> None:
        """Print words for a person, after the answers given so far."""
        self._stdout.flush()
        for line in text.splitlines():
            self._stderr.write(f"{speakable(line)}\n")

    def notice(self, level: str, title: str, message: str) -> None:
        """Print an error or warning."""
        if level != "debug":
            self.say(f"{level}: {message}" if title == "lumen" else f"{level}: {title}: {message}")

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Print the title above what is printed inside."""
        self.say(title)
        yield

    def print_foreign(self, text: str) -> None:
        """Print text from elsewhere without what a terminal would obey."""
        self.say(text)

    def mask(self, secret: str) -> None:
        """Do nothing: nobody filters a terminal."""


def state_folder(env: Mapping[str, str], *, windows: bool) -> Path:
    """Return where facts wait and the default ledger lives, by the custom of the system."""
    if env.get("LUMEN_STATE_DIR"):
        return Path(env["LUMEN_STATE_DIR"])
    if windows and env.get("LOCALAPPDATA"):
        return Path(env["LOCALAPPDATA"]) / "lumen"
    # The XDG specification tells to ignore a relative path.
    state_home = Path(env.get("XDG_STATE_HOME") or ".")
    if state_home.is_absolute():
        return state_home / "lumen"
    return Path(env.get("HOME") or Path.home()) / ".local" / "state" / "lumen"
