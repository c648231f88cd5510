"""Run a workflow with `act` on this machine, without containers, and read back what the runner saw."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
ACTION = "org/lumen-sli-action@v1"
WORKFLOW = ".github/workflows/ci.yml"
ACT = Path(sys.executable).with_name("act")
# act hands its own environment to the steps: only these may come along, as a real runner would have them.
_PASSED_ON = ("HOME", "LANG", "PATH")
_PASSED_ON_PREFIXES = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "http_", "https_", "no_", "HTTP_", "HTTPS_", "NO_")


@dataclass(frozen=True)
class Annotation:
    """One message that would stand on the run's page."""

    level: str
    message: str
    title: str = ""


@dataclass(frozen=True)
class Leg:
    """What one job did, or one leg of its matrix.

    `outputs` and `summaries` are by the id of the step in the workflow; `steps` also has the steps without an id,
    under their position. act gives one result to all legs of a matrix: `job_result` is shared. `log` is every line
    printed, those that act took for commands included.
    """

    job: str
    matrix: Mapping[str, str]
    job_result: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    summaries: Mapping[str, str] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()
    log: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return the job's page: the summaries of its steps in their order."""
        return "".join(self.summaries.values())


@dataclass(frozen=True)
class Run:
    """A finished workflow."""

    exit_code: int
    legs: tuple[Leg, ...]
    stderr: str = ""

    def leg(self, job: str | None = None, **matrix: str) -> Leg:
        """Return the only leg that fits."""
        (found,) = (leg for leg in self.legs if job in (None, leg.job) and matrix.items() <= dict(leg.matrix).items())
        return found


@dataclass(frozen=True)
class Event:
    """What started the workflow."""

    name: str = "push"
    payload: Mapping[str, Any] = field(default_factory=dict)


PUSH = Event("push")
FORK = Event(
    "pull_request",
    {
        "number": 7,
        "repository": {"full_name": "acme/reports", "fork": False},
        "pull_request": {
            "number": 7,
            "head": {"sha": "0" * 40, "repo": {"full_name": "stranger/reports", "fork": True}},
            "base": {"repo": {"full_name": "acme/reports", "fork": False}},
        },
    },
)


@dataclass(frozen=True)
class Consumer:
    """A repository that uses the Action, with what its owner set for it; files in the folder belong to it."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def flags(self) -> Iterator[str]:
        """Yield what act is told about it."""
        for flag, values in (("--env", self.env), ("--secret", self.secrets), ("--var", self.variables)):
            for name, value in values.items():
                yield from (flag, f"{name}={value}")


@dataclass(frozen=True)
class Runner:
    """A machine with the working tree served as the published Action."""

    action: Path
    home: Path

    def run(self, workflow: str, consumer: Consumer, event: Event = PUSH) -> Run:
        """Run the workflow's text in the consumer's repository."""
        _make_repository(consumer.folder, workflow)
        event_file = consumer.folder.with_name(f"{consumer.folder.name}-event.json")
        event_file.write_text(json.dumps(event.payload), encoding="utf-8")
        command = [str(ACT), event.name, "--json", "--no-cache-server", "-P", "ubuntu-latest=-self-hosted"]
        command += ["-W", WORKFLOW, "--eventpath", str(event_file), "--local-repository", f"{ACTION}={self.action}"]
        done = subprocess.run(
            [*command, *consumer.flags()],
            cwd=consumer.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            check=False,
        )
        return Run(done.returncode, _legs(done.stdout.splitlines()), done.stderr.decode(errors="replace"))

    def lumen(self, *arguments: str, **more: str) -> str:
        """Run the `lumen` command of the Action, with more in its environment, and return what it answers."""
        command = [sys.executable, str(self.action / "entrypoint.py"), *arguments]
        done = subprocess.run(command, env=self._environment() | more, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _environment(self) -> dict[str, str]:
        passed = {k: v for k, v in os.environ.items() if k in _PASSED_ON or k.startswith(_PASSED_ON_PREFIXES)}
        # The cache holds the runner's tool cache too: one machine prepares the dependencies once.
        return passed | {"XDG_CONFIG_HOME": str(self.home / "config"), "XDG_CACHE_HOME": str(self.home / "cache")}


def export_action(target: Path) -> Path:
    """Copy the files a commit of the working tree would hold, for act takes all it finds, even `.venv`."""
    listed = _git(REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    for name in filter(None, listed.decode().split("\0")):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    return target


def _make_repository(workspace: Path, workflow: str) -> None:
    file = workspace / WORKFLOW
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(workflow, encoding="utf-8")
    if (workspace / ".git").exists():
        return
    _git(workspace, "init", "--quiet", "--initial-branch=main")
    _git(workspace, "remote", "add", "origin", "https://github.com/acme/reports.git")
    _git(workspace, "add", "--all")
    _git(workspace, "-c", "user.name=acme", "-c", "user.email=ci@acme.example", "commit", "--quiet", "-m", "Start")


def _git(where: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(where), *arguments], check=True, capture_output=True)


def _legs(lines: Iterable[bytes]) -> tuple[Leg, ...]:
    """Sort the records by leg, in the order in which the legs were first heard of."""
    records: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        record = json.loads(line)
        if "jobID" in record:
            records.setdefault(record["job"], []).append(record)
    return tuple(_leg(of_one) for of_one in records.values())


def _leg(records: list[dict[str, Any]]) -> Leg:
    steps: dict[str, str] = {}
    outputs: dict[str, dict[str, str]] = {}
    summaries: dict[str, str] = {}
    annotations, log, job_result = [], [], ""
    for record in records:
        if record.get("raw_output") or "raw" in record:
            log.append(record.get("raw", record["msg"]).rstrip("\n"))
        job_result = record.get("jobResult", job_result)
        where, command = record.get("stepID", []), record.get("command")
        # A composite reports outputs and summaries twice: for its inner step and for itself. Only its own are kept.
        own = len(where) == 1
        if "stepResult" in record and own and record.get("stage") == "Main":
            steps[where[0]] = record["stepResult"]
        elif command == "set-output" and own:
            outputs.setdefault(where[0], {})[record["name"]] = record["arg"]
        elif command == "summary" and own:
            summaries[where[0]] = record["content"]
        elif command in ("error", "warning", "notice"):
            annotations.append(Annotation(command, record["arg"], record.get("kvPairs", {}).get("title", "")))
    first = records[0]
    return Leg(
        job=first["jobID"],
        matrix={name: str(value) for name, value in (first.get("matrix") or {}).items()},
        job_result=job_result,
        steps=steps,
        outputs=outputs,
        summaries=summaries,
        annotations=tuple(annotations),
        log=tuple(log),
    )
