"""Starting git: an environment that only leads to the host, a deadline, and files that nobody else may read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lumen_action.errors import LedgerError
from lumen_action.ledger.gitanswers import GitError

LOCAL_SECONDS = 120.0
_SETTINGS_OF_THE_CONNECTION = r"^(credential|http|safe|ssh|url)\.|^core\.(sshcommand|askpass|gitproxy)$"
_KEPT_VARIABLES = ("GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_HTTP_", "GIT_PROXY", "GIT_SSH", "GIT_SSL_")


def environment_of(outer: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of every command on a clone: of the user's only what reaches hosts."""
    clean = _without_git(outer)
    clean |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
        "GIT_DIR": str(folder),
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    if "GIT_SSH_COMMAND" not in clean and "GIT_SSH" not in clean:
        clean["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
    return clean | _as_variables(_connection_settings(outer))


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder for files that nobody else may read, and remove it."""
    with on_disk(), tempfile.TemporaryDirectory(prefix="lumen-git-") as folder:
        yield Path(folder)


@contextmanager
def on_disk() -> Iterator[None]:
    """Turn a full or forbidden disk into what a ledger may raise."""
    try:
        yield
    except OSError as fault:
        raise LedgerError(f"cannot write {fault.filename or 'to the disk'}: {fault.strerror}") from fault


def _without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what would lead git to another repository or another behaviour; what reaches a host stays."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT_VARIABLES)
    }


def _connection_settings(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return how the user reaches hosts: credential helpers, headers (as actions/checkout leaves them), proxies."""
    command = ["git", "config", "--includes", "-z", "--get-regexp", _SETTINGS_OF_THE_CONNECTION]
    _, output, _ = run(command, dict(environment), LOCAL_SECONDS, b"")
    entries = (entry.partition("\n") for entry in output.decode(errors="surrogateescape").split("\0") if entry)
    return [(name, value) for name, _, value in entries]


def _as_variables(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Hand settings over where no list of processes shows them."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def run(
    command: Sequence[str], environment: Mapping[str, str], seconds: float, stdin: bytes
) -> tuple[int, bytes, bytes]:
    """Run to the end or the deadline; a session of its own has no terminal to ask at and ends as a whole."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a fixed program, and its arguments are no shell's
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as fault:
        raise LedgerError(f"git cannot be started ({fault.strerror}); install git 2.31 or newer") from fault
    try:
        output, errors = process.communicate(stdin, timeout=seconds)
    except BaseException as fault:
        _end(process)
        process.communicate()
        if isinstance(fault, subprocess.TimeoutExpired):
            raise GitError(f"git {command[1]} had no answer in {seconds:.0f} s", passing=True) from None
        raise
    return process.returncode, output, errors


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
