"""Who we are on GitHub Actions, from what the runner puts into the environment."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

from lumen_action.errors import ConfigError
from lumen_action.host import Identity
from lumen_action.host.traces import trace_of
from lumen_action.model import Trust, canonical

_UTC_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def read_identity(env: Mapping[str, str], *, job_id: str, matrix: str) -> Identity:
    """Return the identity of this job; a ConfigError names all that is missing or malformed."""
    problems: list[str] = []
    run = _digits(env, "GITHUB_RUN_ID", "", problems)
    attempt = _digits(env, "GITHUB_RUN_ATTEMPT", "1", problems)
    combination = _combination(matrix, problems)
    if problems:
        raise ConfigError(problems)
    server = env.get("GITHUB_SERVER_URL", "").rstrip("/")
    repo = env.get("GITHUB_REPOSITORY") or "unknown"
    leg = _leg(env.get("GITHUB_JOB") or "job", combination)
    event = env.get("GITHUB_EVENT_PATH", "")
    trace_id, traceparent = trace_of(run, int(attempt))
    return Identity(
        provider="github",
        host=_host_name(server) or "github.com",
        repo=repo,
        run=run,
        attempt=int(attempt),
        job=job_id or leg,
        leg=leg,
        pipeline=env.get("GITHUB_WORKFLOW") or "workflow",
        sha=env.get("GITHUB_SHA", ""),
        url=f"{server}/{repo}/actions/runs/{run}/attempts/{attempt}" if server else "",
        runner=env.get("RUNNER_NAME", ""),
        trust=Trust.FORK if _from_fork(event) else Trust.TRUSTED,
        trace_id=trace_id,
        traceparent=traceparent,
        several_legs=combination is not None,
        job_started_at_ms=_written_at_ms(event),
    )


def created_at_ms(stamp: object) -> int | None:
    """Return a time of the API in milliseconds, None for anything but `2026-01-02T03:04:05Z`."""
    if not isinstance(stamp, str) or not _UTC_SECOND.fullmatch(stamp):
        return None
    with suppress(ValueError):
        return int(datetime.fromisoformat(stamp[:-1]).replace(tzinfo=timezone.utc).timestamp()) * 1000
    return None


def _digits(env: Mapping[str, str], name: str, default: str, problems: list[str]) -> str:
    text = env.get(name) or default
    if not text:
        problems.append(f"{name}: is missing; run this as a step of a workflow, or unset GITHUB_ACTIONS")
    elif not (text.isascii() and text.isdigit()):
        problems.append(f"{name}: `{text[:40]}` is not a number; leave it as the runner sets it")
    return text


def _combination(matrix: str, problems: list[str]) -> object:
    """Return the matrix of this job, None without one: `toJSON(matrix)` then says `null`, `{}` or nothing."""
    try:
        combination = json.loads(matrix) if matrix.strip() else None
        canonical(combination)
    except ValueError:
        problems.append("matrix: is not JSON; leave it out, or write `matrix: ${{ toJSON(matrix) }}`")
        return None
    return combination or None


def _leg(job: str, combination: object) -> str:
    """Name the job and its matrix combination the same in every attempt."""
    return job if combination is None else f"{job}-{hashlib.sha256(canonical(combination)).hexdigest()[:8]}"


def _host_name(server: str) -> str:
    with suppress(ValueError):
        return urlsplit(server).hostname or ""
    return ""


def _from_fork(event_path: str) -> bool:
    """Tell whether the event is a pull request from another repository; a deleted one counts as another."""
    if not event_path:
        return False
    with suppress(OSError, ValueError):
        event = json.loads(Path(event_path).read_bytes())
        request = event.get("pull_request") if isinstance(event, dict) else None
        if isinstance(request, dict) and "head" in request:
            return _repository(request, "head") != _repository(request, "base")
    return False


def _repository(request: Mapping[str, object], side: str) -> object:
    branch = request.get(side)
    repository = branch.get("repo") if isinstance(branch, dict) else None
    return repository.get("full_name") if isinstance(repository, dict) else None


def _written_at_ms(event_path: str) -> int | None:
    """Return when the runner wrote the event, which it does as the job begins."""
    with suppress(OSError):
        return Path(event_path).stat().st_mtime_ns // 1_000_000 if event_path else None
    return None
