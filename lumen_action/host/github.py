"""GitHub Actions, and what speaks its language: GitHub Enterprise Server, Gitea, act.

The only module that knows actions-toolkit, of which it uses `core` alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from functools import cached_property
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, TextIO

from lumen_action.errors import RemoteError
from lumen_action.files import write_atomically
from lumen_action.host import Identity
from lumen_action.host.commands import (
    annotation,
    clip,
    disarm,
    escape_data,
    lines_of,
    output_entry,
    variable_entry,
)
from lumen_action.host.github_identity import created_at_ms, read_identity
from lumen_action.model import OWN_MARK

Fetch = Callable[[str, Mapping[str, str], float], Mapping[str, object]]

# The runner drops a summary above 1 MiB whole; what other tools append to the same file needs room, too.
SUMMARY_BYTES = 900_000
FETCH_TIMEOUT_SECONDS = 5.0
# The runner shows ten of a kind in a step; a call that needs more has too much to say.
_ANNOTATIONS = {"error": 1, "warning": 3}


class GitHubHost:
    """A job of GitHub Actions."""

    name = "github"

    def __init__(
        self,
        env: Mapping[str, str],
        stdout: TextIO,
        new_token: Callable[[], str],
        *,
        job_id: str = "",
        matrix: str = "",
        fetch: Fetch | None = None,
        token: str = "",
    ) -> None:
        """Keep the job's environment; `new_token` must never return the same text twice."""
        self._env = env
        self._out = stdout
        self._new_token = new_token
        self._job_id = job_id
        self._matrix = matrix
        self._fetch = fetch
        self._token = token
        self._annotations_left = dict(_ANNOTATIONS)
        # What does not outlive the job: the runner empties the one, checkout cleans the other.
        self.scratch_dirs = tuple(Path(env[name]) for name in ("RUNNER_TEMP", "GITHUB_WORKSPACE") if env.get(name))
        self.state_dir = (Path(env["RUNNER_TEMP"]) if env.get("RUNNER_TEMP") else _machine_temp()) / "lumen"
        self.ephemeral = env.get("RUNNER_ENVIRONMENT") == "github-hosted"
        # On Windows stdout is not UTF-8 and would write CR LF; a log must never stop us.
        reconfigure = getattr(stdout, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace", newline="\n")

    def identity(self) -> Identity:
        """Tell who we are; a ConfigError names what the runner did not say."""
        return self._identity

    @cached_property
    def _identity(self) -> Identity:
        return read_identity(self._env, job_id=self._job_id, matrix=self._matrix)

    def created_at_ms(self, identity: Identity) -> int | None:
        """Ask the API when the run was created, once a job: the answer, even none, is kept for the next step."""
        api = self._env.get("GITHUB_API_URL")
        if not (self._fetch and self._token and api):
            return None
        kept = self.state_dir / f"run-{identity.run}.json"
        with suppress(OSError, ValueError, TypeError, KeyError):
            known = json.loads(kept.read_text(encoding="utf-8"))["created_at_ms"]
            return known if isinstance(known, int) else None
        created = self._ask(self._fetch, f"{api}/repos/{identity.repo}/actions/runs/{identity.run}")
        with suppress(OSError):
            write_atomically(kept, json.dumps({"created_at_ms": created}).encode())
        return created

    def _ask(self, fetch: Fetch, url: str) -> int | None:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        try:
            return created_at_ms(fetch(url, headers, FETCH_TIMEOUT_SECONDS).get("created_at"))
        except (RemoteError, ImportError) as fault:
            # Without an index the program that asks cannot be had; the day is then that of the first step.
            self.notice("debug", "", f"the API did not tell when the run was created: {fault}")
            return None

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Hand values to later steps, each between delimiters nobody can guess."""
        entries = [output_entry(name, value, self._new_token()) for name, value in outputs.items()]
        self._append("GITHUB_OUTPUT", "".join(entries))

    def export(self, variables: Mapping[str, str]) -> None:
        """Set environment variables for later steps; never with foreign text."""
        entries = [variable_entry(name, value, self._new_token()) for name, value in variables.items()]
        self._append("GITHUB_ENV", "".join(entries))

    def summary_room(self) -> int:
        """Return the bytes the job summary can still take, 0 where there is none."""
        path = self._env.get("GITHUB_STEP_SUMMARY")
        if not path:
            return 0
        try:
            return max(0, SUMMARY_BYTES - Path(path).stat().st_size)
        except OSError:
            return SUMMARY_BYTES

    def write_summary(self, markdown: str) -> None:
        """Append to the job summary."""
        self._append("GITHUB_STEP_SUMMARY", markdown if markdown.endswith("\n") else f"{markdown}\n")

    def _append(self, variable: str, text: str) -> None:
        """Append to a file of the runner; without it the outcome is recorded all the same."""
        path = self._env.get(variable)
        if not path:
            # Its older form, a command on stdout, would let any printed text set outputs.
            self.notice("debug", "", f"{variable} is not set by this runner, so nothing is written there")
            return
        try:
            with Path(path).open("ab+") as file:
                if not _at_line_begin(file):
                    file.write(b"\n")
                file.write(text.encode("utf-8", "backslashreplace"))
        except OSError as fault:
            self.notice("warning", "lumen", f"cannot write to {variable} ({path}): {fault.strerror or fault}")

    def job_log(self) -> Iterable[bytes]:
        """Return nothing: the API has a job's log only once the job is over."""
        return ()

    def say(self, text: str) -> None:
        """Print words of our own; what they quote must not become a command."""
        for line in lines_of(text):
            self._print(f"{OWN_MARK} {disarm(line)}")

    def notice(self, level: str, title: str, message: str) -> None:
        """Annotate the run, as plain lines once this call has said enough; level is error, warning or debug."""
        if level in _ANNOTATIONS:
            self._annotations_left[level] -= 1
            if self._annotations_left[level] < 0:
                self.say(f"{level}: {title}: {message}")
                return
        self._print(annotation(level, title, message if level == "debug" else f"{OWN_MARK} {message}"))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is printed inside."""
        self._print(f"::group::{escape_data(clip(title, 200))}")
        try:
            yield
        finally:
            self._print("::endgroup::")

    def print_foreign(self, text: str) -> None:
        """Print text from elsewhere while the runner obeys nothing, and harmless even if it did."""
        token = self._new_token()
        self._print(f"::stop-commands::{token}")
        try:
            self.say(text)
        finally:
            self._print(f"::{token}::")

    def mask(self, secret: str) -> None:
        """Keep a secret, and every line of it, out of the log."""
        lines = [line for line in lines_of(secret) if line.strip()]
        if not lines:
            return
        # There is no second way beside the toolkit: where it is missing, requests is missing, too, so no secret can be
        # sent and none could come back in an answer. It imports requests itself, hence only here.
        from actions_toolkit.core import set_secret

        with redirect_stdout(self._out):
            for line in lines:
                set_secret(line)

    def _print(self, line: str) -> None:
        self._out.write(f"{line}\n")


def _at_line_begin(file: BinaryIO) -> bool:
    """Tell whether a file's last line has ended: a script of the same step may have left it open."""
    if not file.seek(0, SEEK_END):
        return True
    file.seek(-1, SEEK_END)
    return file.read() == b"\n"


def _machine_temp() -> Path:
    # tempfile costs more to import than the answer is worth on a runner that says where its folder is.
    import tempfile

    return Path(tempfile.gettempdir())
