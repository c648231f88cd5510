"""From the API's JSON to values, refusing what does not look as documented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from lumen_action.ciapi.faults import ApiError
from lumen_action.sli.reconciling.ciruns import Job, Run, Step

T = TypeVar("T")
Record = Mapping[str, object]


def read_run(raw: object) -> Run:
    """Read a workflow run."""
    run = record(raw, "a workflow run")
    url = value(run, "html_url", str)
    head = run.get("head_repository")
    created_ms = _instant(run, "created_at")
    repository = record(run.get("repository"), "the repository of a run")
    return Run(
        host=urlsplit(url).hostname or "",
        repo=value(repository, "full_name", str),
        id=value(run, "id", int),
        attempt=value(run, "run_attempt", int) if "run_attempt" in run else 1,
        workflow=text(run, "name"),
        # A run of a reusable or required workflow names its version as well.
        path=text(run, "path").partition("@")[0],
        event=value(run, "event", str),
        status=text(run, "status"),
        conclusion=text(run, "conclusion"),
        created_ms=created_ms,
        began_ms=_instant(run, "run_started_at") if "run_started_at" in run else created_ms,
        changed_ms=_instant(run, "updated_at"),
        head_repo=text(head, "full_name") if isinstance(head, dict) else "",
        sha=text(run, "head_sha"),
        url=url,
    )


def read_job(raw: object) -> Job:
    """Read a job with its steps."""
    job = record(raw, "a job")
    steps = job.get("steps")
    return Job(
        id=value(job, "id", int),
        name=value(job, "name", str),
        status=value(job, "status", str),
        conclusion=text(job, "conclusion"),
        began_ms=instant_or_none(job, "started_at"),
        ended_ms=instant_or_none(job, "completed_at"),
        runner=text(job, "runner_name"),
        steps=tuple(_step(step) for step in steps) if isinstance(steps, list) else (),
    )


def items(body: Record, name: str) -> list[object]:
    """Return a list of an answer."""
    found: list[object] = value(body, name, list)
    return found


def record(raw: object, what: str) -> Record:
    """Return a JSON object."""
    if not isinstance(raw, dict):
        raise ApiError(f"GitHub's API gave {what} that is no object")
    return raw


def value(found: Record, name: str, kind: type[T]) -> T:
    """Return a field that has to be there."""
    there = found.get(name)
    if not isinstance(there, kind) or isinstance(there, bool):
        raise ApiError(f"GitHub's API gave `{name}` as {type(there).__name__}, expected {kind.__name__}")
    return there


def text(found: Record, name: str) -> str:
    """Return a text, empty where the API says null."""
    return "" if found.get(name) is None else value(found, name, str)


def instant_or_none(found: Record, name: str) -> int | None:
    """Return a time, None while it has not come."""
    return None if found.get(name) is None else _instant(found, name)


def instant_ms(said: str) -> int:
    """Return a time as APIs write it; a ValueError when it is none."""
    # Python 3.10 does not read the Z.
    return int(datetime.fromisoformat(said.replace("Z", "+00:00")).timestamp() * 1000)


def _step(raw: object) -> Step:
    step = record(raw, "a step")
    return Step(
        value(step, "number", int), value(step, "name", str), value(step, "status", str), text(step, "conclusion")
    )


def _instant(found: Record, name: str) -> int:
    said = value(found, name, str)
    try:
        return instant_ms(said)
    except ValueError:
        raise ApiError(f"GitHub's API gave `{name}` as a text that is no time") from None
