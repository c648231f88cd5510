"""Play the jobs of a `.gitlab-ci.yml` on this machine, as GitLab and its shell executor do.

Each keyword used here works as documented; any other is refused, so that no test passes by what was overlooked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitlabapi import GitLabApi
from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parents[2]
COMPONENT = REPOSITORY / "templates" / "lumen" / "template.yml"
_GLOBAL = {"include", "stages", "default", "variables", "workflow"}
_JOB = {
    "stage", "image", "extends", "variables", "script", "before_script", "after_script",
    "retry", "artifacts", "when", "allow_failure", "parallel",
}  # fmt: skip
_INPUT = re.compile(r"\$\[\[ inputs\.([a-z-]+) ]]")
_DOTENV_LINE = re.compile(r"([A-Za-z0-9_]+)=(.*)")


def documents(text: str) -> list[Any]:
    return list(YAML(typ="safe").load_all(text))


def component(inputs: Mapping[str, Any], path: Path = COMPONENT) -> dict[str, Any]:
    """Return the configuration that a component gives for these inputs; what GitLab would refuse is a ValueError."""
    header, body = path.read_text(encoding="utf-8").split("\n---\n", 1)
    declared: dict[str, Any] = documents(header)[0]["spec"]["inputs"]
    unknown = inputs.keys() - declared.keys()
    missing = [name for name, row in declared.items() if "default" not in row and name not in inputs]
    if unknown or missing:
        raise ValueError(f"unknown inputs {sorted(unknown)}, missing inputs {missing}")
    values = {name: inputs.get(name, row.get("default")) for name, row in declared.items()}
    for name, row in declared.items():
        kind = {"string": str, "number": int}[row.get("type", "string")]
        if not isinstance(values[name], kind) or values[name] not in row.get("options", [values[name]]):
            raise ValueError(f"input {name} cannot be {values[name]!r}")
    found: dict[str, Any] = documents(_INPUT.sub(lambda use: str(values[use[1]]), body))[0]
    return found


def read_pipeline(text: str) -> Pipeline:
    """Resolve includes of our component, `extends` and `default`."""
    (said,) = documents(text)
    whole: dict[str, Any] = {}
    for included in said.get("include", []):
        whole = _merged(whole, component(included.get("inputs", {})))
    whole = _merged(whole, {name: value for name, value in said.items() if name != "include"})
    default = whole.get("default", {})
    names = [name for name in whole if name not in _GLOBAL and not name.startswith(".")]
    jobs = {name: {**default, **_extended(whole, name)} for name in names}
    for name, job in jobs.items():
        if job.keys() - _JOB:
            raise ValueError(f"{name}: {sorted(job.keys() - _JOB)} is not played here")
    stages = (".pre", *whole.get("stages", ("build", "test", "deploy")), ".post")
    return Pipeline(jobs, stages, whole.get("variables", {}))


def _extended(whole: Mapping[str, Any], name: str) -> dict[str, Any]:
    job = dict(whole[name])
    parents = job.pop("extends", [])
    found: dict[str, Any] = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        found = _merged(found, _extended(whole, parent))
    return _merged(found, job)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge maps deeply; all else, lists too, is replaced."""
    both = {**below, **above}
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict) and isinstance(above[name], dict):
            both[name] = _merged(below[name], above[name])
    return both


@dataclass(frozen=True)
class Pipeline:
    """What a `.gitlab-ci.yml` says once it is put together."""

    jobs: Mapping[str, Mapping[str, Any]]
    stages: Sequence[str]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Played:
    """One job as it ended; a job that was tried again is another one."""

    name: str
    id: int
    status: str
    exit_code: int
    log: str
    dotenv: Mapping[str, str]
    artifacts: Mapping[str, str]
    allowed: bool = False


@dataclass
class GitLab:
    """One pipeline of one project: `files` is what a job finds checked out, `variables` are the project's own."""

    pipeline: Pipeline
    folder: Path
    files: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    pipeline_id: int = 1000
    job_id: int = 5000
    created_at: str = "2026-03-01T23:59:30Z"
    api: GitLabApi | None = None
    played: list[Played] = field(default_factory=list)

    def run(self) -> None:
        """Play every job in the order of the stages, as far as `when` lets them run."""
        for stage in self.pipeline.stages:
            failed = any(last.status == "failed" and not last.allowed for last in self._last().values())
            for name, job in self.pipeline.jobs.items():
                wanted = {"on_success": not failed, "on_failure": failed, "always": True}[job.get("when", "on_success")]
                if job.get("stage", "test") == stage and wanted:
                    self.play(name)

    def play(self, name: str) -> Played:
        """Play a job, and again as often as its `retry` says; return the last."""
        job = self.pipeline.jobs[name]
        retry = job.get("retry", {})
        for left in range(retry.get("max", 0), -1, -1):
            played = self._once(name, job)
            self.played.append(played)
            # A script that fails is none of the reasons in `when`.
            if played.status != "failed" or played.exit_code not in retry.get("exit_codes", []) or not left:
                break
        return played

    def of(self, name: str) -> list[Played]:
        return [played for played in self.played if played.name == name]

    def _last(self) -> dict[str, Played]:
        return {played.name: played for played in self.played}

    def _once(self, name: str, job: Mapping[str, Any]) -> Played:
        self.job_id += 1
        project = self.folder / "builds" / str(self.job_id) / "app"
        project.mkdir(parents=True)
        for path, text in self.files.items():
            (project / path).write_text(text, encoding="utf-8")
            (project / path).chmod(0o755)
        env = self._environment(name, job, project)
        trace = ["Running with gitlab-runner 18.0.0\n"]
        main = (*job.get("before_script", ()), *job.get("script", ()))
        code = _script(main, {**env, "CI_JOB_STATUS": "running"}, project, "step_script", trace)
        status = "failed" if code else "success"
        if self.api:
            # GitLab has what the script printed, and that the next one has begun.
            log = "".join((*trace, "\x1b[0Ksection_start:1772409600:after_script\r\x1b[0KRunning after_script\n"))
            self.api.logs[self.job_id] = [log.encode()]
        if job.get("after_script"):
            # Whatever it says, the job stays as it is.
            _script(job["after_script"], {**env, "CI_JOB_STATUS": status}, project, "after_script", trace)
        if code:
            trace.append(f"\x1b[31;1mERROR: Job failed: exit status {code}\n\x1b[0;m")
        artifacts, dotenv = _collected(job.get("artifacts", {}), project, status)
        shutil.rmtree(project)
        allowed = bool(job.get("allow_failure"))
        return Played(name, self.job_id, status, code, "".join(trace), dotenv, artifacts, allowed)

    def _environment(self, name: str, job: Mapping[str, Any], project: Path) -> dict[str, str]:
        earlier = {key: value for played in self.played for key, value in played.dotenv.items()}
        said = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_SERVER_HOST": "gitlab.example",
            "CI_SERVER_URL": "https://gitlab.example",
            "CI_API_V4_URL": self.api.url if self.api else "https://gitlab.example/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_PROJECT_PATH": "group/app",
            "CI_PROJECT_DIR": str(project),
            "CI_PIPELINE_ID": str(self.pipeline_id),
            "CI_PIPELINE_URL": f"https://gitlab.example/group/app/-/pipelines/{self.pipeline_id}",
            "CI_PIPELINE_CREATED_AT": self.created_at,
            "CI_JOB_ID": str(self.job_id),
            "CI_JOB_NAME": name,
            "CI_JOB_STAGE": str(job.get("stage", "test")),
            "CI_COMMIT_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
            "CI_SHARED_ENVIRONMENT": "true",
            "CI_NODE_TOTAL": "1",
        }
        tools = _tools(self.folder)
        # From the weakest to the strongest, as GitLab ranks them.
        words = {**said, **self.pipeline.variables, **job.get("variables", {}), **earlier, **self.variables}
        return {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(self.folder), "LANG": "C.UTF-8", **words}


def _tools(folder: Path) -> Path:
    """Return a folder with `lumen`, as the image has it: the real program by its entrypoint."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    program = tools / "lumen"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{REPOSITORY / "entrypoint.py"}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return tools


def _script(lines: Sequence[str], env: Mapping[str, str], project: Path, section: str, trace: list[str]) -> int:
    """Run lines in one shell, each echoed first; return how it ended."""
    echoed = "\n".join(f"printf '%s\\n' {_quoted('$ ' + line)}\n{line}" for line in lines)
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", echoed],
        cwd=project,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    marks = [f"\x1b[0Ksection_{edge}:1772409600:{section}\r\x1b[0K" for edge in ("start", "end")]
    trace.append(f"{marks[0]}{done.stdout.decode('utf-8', 'replace')}{marks[1]}\n")
    return done.returncode


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _collected(wanted: Mapping[str, Any], project: Path, status: str) -> tuple[dict[str, str], dict[str, str]]:
    when = wanted.get("when", "on_success")
    if when != "always" and when != {"success": "on_success", "failed": "on_failure"}[status]:
        return {}, {}
    files = {path: project / path for path in wanted.get("paths", ())}
    kept = {path: file.read_text(encoding="utf-8") for path, file in files.items() if file.is_file()}
    report = wanted.get("reports", {}).get("dotenv")
    file = project / report if report else None
    return kept, dict(_dotenv(file.read_bytes())) if file and file.is_file() else {}


def _dotenv(report: bytes) -> Iterator[tuple[str, str]]:
    """Read a dotenv report as GitLab does: one odd line, too much of it or too many variables refuse it whole."""
    assert len(report) < 5 * 1024
    lines = report.decode().splitlines()
    assert len(lines) <= 20
    for line in lines:
        found = _DOTENV_LINE.fullmatch(line)
        assert found, line
        assert "$" not in found[2], "GitLab would expand it"
        yield found[1], found[2].strip()
