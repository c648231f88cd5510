"""The log of the last step that failed, from `lumen-shell` to the next `uses:` line of the same job."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

_NAME = "failed-step.log"
_VERSION = "1"
# What tells one attempt of one job from all others that a machine may have run; a runner sets the last for each job.
_JOB = ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_TRACKING_ID")


class Captured:
    """A step's log, and the gap in it as `Tail.gap` tells it."""

    def __init__(self, text: bytes, gap: tuple[int, int]) -> None:
        """Keep both."""
        self.text = text
        self.gap = gap


def folder_of(env: Mapping[str, str]) -> str:
    """Return where the steps of a job leave what the next one needs, empty outside of a job."""
    return os.path.join(env["RUNNER_TEMP"], "lumen") if env.get("RUNNER_TEMP") else ""


def leave(folder: str, env: Mapping[str, str], chunks: Iterable[bytes], gap: tuple[int, int]) -> None:
    """Keep the log for the next `uses:` line; only its owner may read it. An earlier one is replaced as a whole."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, _NAME)
    scratch = f"{path}.{os.getpid()}"
    file = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for chunk in (_header(env, gap), *chunks):
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)
    os.replace(scratch, path)


def take(folder: str | os.PathLike[str], env: Mapping[str, str]) -> Captured | None:
    """Return the log that a step of this job has left since the last call, and forget it."""
    path = os.path.join(folder, _NAME)
    try:
        with open(path, "rb") as file:
            first, text = file.readline(), file.read()
        os.unlink(path)
    except OSError:
        return None
    said = first.decode(errors="replace").rstrip("\n").split("\t")
    job, gap = said[: len(_JOB) + 1], said[len(_JOB) + 1 :]
    if job != _job(env):
        return None
    after, by = map(int, gap)
    return Captured(text, (after, by))


def _header(env: Mapping[str, str], gap: tuple[int, int]) -> bytes:
    return ("\t".join([*_job(env), *map(str, gap)]) + "\n").encode(errors="replace")


def _job(env: Mapping[str, str]) -> list[str]:
    return [_VERSION, *(" ".join(env.get(name, "").split()) for name in _JOB)]
