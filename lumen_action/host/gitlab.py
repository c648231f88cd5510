"""GitLab CI: files of the project's folder instead of outputs and summary, sections in the log instead of groups.

docs/gitlab.md tells what GitLab does not offer: annotations, masking at run time, variables for the next script.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TextIO

from lumen_action.errors import RemoteError
from lumen_action.files import write_atomically
from lumen_action.host import Identity
from lumen_action.host.gitlab_identity import instant_ms, read_identity
from lumen_action.host.gitlab_trace import JobAddress, Trace, read_trace
from lumen_action.host.terminal import speakable
from lumen_action.model import OWN_MARK

ReadTrace = Callable[[JobAddress, Callable[[str], None]], Trace]

# Below the project's folder, the only place that both scripts of a job and its artifacts see.
FOLDER = ".lumen"
SUMMARY_FILE = f"{FOLDER}/summary.md"
OUTPUTS_FILE = f"{FOLDER}/outputs.env"
SUMMARY_BYTES = 900_000
# GitLab refuses a whole dotenv report of 5 KB or more, and takes no more than 20 variables where nobody raised that.
_DOTENV_BYTES = 4096
_PREFIX = "LUMEN_OUTPUT_"
# What quotes the log; GitLab would replace `$NAME` in it by the value of a variable, maybe a secret.
_FOREIGN_OUTPUTS = frozenset({"evidence", "json"})
_PLAIN_VALUE = re.compile(r"[\w.,:/@+-]{0,200}(?: [\w.,:/@+-]{1,200}){0,20}", re.ASCII)


class GitLabHost:
    """A job of GitLab CI."""

    name = "gitlab"

    def __init__(
        self,
        env: Mapping[str, str],
        stdout: TextIO,
        stderr: TextIO,
        *,
        clock_ms: Callable[[], int],
        new_token: Callable[[], str],
        token: str = "",
        ledger_file: str = "",
        reading: ReadTrace = read_trace,
    ) -> None:
        """Keep the job's environment; `token` may read the job's log, `ledger_file` is a ledger on this machine."""
        self._env = env
        self._stdout = stdout
        self._stderr = stderr
        self._clock_ms = clock_ms
        self._new_token = new_token
        self._token = token
        self._read_trace = reading
        self._folder = Path(env.get("CI_PROJECT_DIR") or ".")
        self.scratch_dirs: tuple[Path, ...] = (self._folder,)
        self.state_dir = self._folder / FOLDER / "state"
        # All executors but `shell` and `ssh` throw the machine away, and only what is mounted into it stays.
        disposable = env.get("CI_DISPOSABLE_ENVIRONMENT") == "true"
        self.ephemeral = disposable and not (ledger_file and _mounted(Path(ledger_file).expanduser()))

    def identity(self) -> Identity:
        """Tell who we are; a ConfigError names what GitLab did not say."""
        return self._identity

    @cached_property
    def _identity(self) -> Identity:
        return read_identity(self._env)

    def created_at_ms(self, identity: Identity) -> int | None:
        """Return when the pipeline was created."""
        del identity  # GitLab tells it of this pipeline only
        return instant_ms(self._env.get("CI_PIPELINE_CREATED_AT", ""))

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Hand values to later jobs by the dotenv report, but never what quotes the log."""
        self._report(
            {
                f"{_PREFIX}{name.upper().replace('-', '_')}": value
                for name, value in outputs.items()
                if name not in _FOREIGN_OUTPUTS
            }
        )

    def export(self, variables: Mapping[str, str]) -> None:
        """Hand variables to later jobs; the next script of this job does not see them."""
        self._report(variables)

    def _report(self, variables: Mapping[str, str]) -> None:
        path = self._folder / OUTPUTS_FILE
        said: dict[str, str] = {}
        with suppress(OSError, ValueError):
            said = dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines())
        said |= variables
        # A value that GitLab would not take as it is must not leave an older one standing.
        text = "".join(f"{name}={value}\n" for name, value in said.items() if _PLAIN_VALUE.fullmatch(value)).encode()
        if len(text) > _DOTENV_BYTES:
            self.notice("warning", "lumen", f"{OUTPUTS_FILE} would be larger than GitLab takes; it stays as it is")
            return
        try:
            write_atomically(path, text)
        except OSError as fault:
            self.notice("warning", "lumen", f"cannot write {OUTPUTS_FILE}: {fault.strerror or fault}")

    def summary_room(self) -> int:
        """Return the bytes the summary file can still take."""
        try:
            return max(0, SUMMARY_BYTES - (self._folder / SUMMARY_FILE).stat().st_size)
        except OSError:
            return SUMMARY_BYTES

    def write_summary(self, markdown: str) -> None:
        """Append to the summary, which the job keeps as an artifact."""
        path = self._folder / SUMMARY_FILE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write((markdown if markdown.endswith("\n") else f"{markdown}\n").encode("utf-8", "replace"))
        except OSError as fault:
            self.notice("warning", "lumen", f"cannot write {SUMMARY_FILE}: {fault.strerror or fault}")

    def job_log(self) -> Iterator[bytes]:
        """Yield what this job has printed, if it has failed and a token lets us read it; else say why not."""
        if self._env.get("CI_JOB_STATUS") != "failed" or not self._token:
            return
        identity = self.identity()
        address = JobAddress(
            api_url=self._env.get("CI_API_V4_URL", ""),
            project=self._env.get("CI_PROJECT_ID") or identity.repo,
            job=identity.job,
            token=self._token,
            ca_file=self._env.get("CI_SERVER_TLS_CA_FILE") or None,
        )
        try:
            trace = self._read_trace(address, self.say)
        except (RemoteError, ImportError) as fault:
            self.notice("warning", "lumen", str(fault))
            return
        if not trace.whole:
            self.notice("warning", "lumen", "GitLab lacks the last lines of this job still; the cause may stand there")
        yield trace.text

    def say(self, text: str) -> None:
        """Print words of our own, after the answers given so far; what they quote commands nothing."""
        for line in text.splitlines():
            self._print(f"{OWN_MARK} {speakable(line)}")

    def notice(self, level: str, title: str, message: str) -> None:
        """Print an error or warning of our own; an annotation would only repeat what the log says already."""
        if title == "lumen" and level != "debug":
            self.say(f"{level}: {message}")

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is printed inside into a collapsed section."""
        section = f"lumen_{self._new_token()}"
        self._print(f"{self._marker('start', f'{section}[collapsed=true]')}{OWN_MARK} {speakable(title)[:200]}")
        try:
            yield
        finally:
            self._print(self._marker("end", section))

    def print_foreign(self, text: str) -> None:
        """Print text from elsewhere without what would open a section or command a terminal."""
        self.say(text)

    def mask(self, secret: str) -> None:
        """Do nothing: in GitLab only a variable that was declared masked is hidden, so no secret is ever printed."""

    def _marker(self, edge: str, section: str) -> str:
        return f"\x1b[0Ksection_{edge}:{self._clock_ms() // 1000}:{section}\r\x1b[0K"

    def _print(self, line: str) -> None:
        self._stdout.flush()
        self._stderr.write(f"{line}\n")
        self._stderr.flush()


def _mounted(path: Path) -> bool:
    """Tell whether a file lies on something that was mounted into this machine."""
    return any(os.path.ismount(folder) for folder in path.absolute().parents if folder != folder.parent)
