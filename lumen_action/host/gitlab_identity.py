"""Who we are in a job of GitLab CI, from its predefined variables.

A job that is tried again has a new CI_JOB_ID and no number of its own. So the job is part of the key, the name of the
job is the leg, and of the words of one leg the one observed last counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone

from lumen_action.errors import ConfigError
from lumen_action.host import Identity
from lumen_action.host.traces import trace_of
from lumen_action.model import Trust

ATTEMPT = 1
# A merge request names two projects; a pipeline that runs in neither of them, or in one only, deals with a fork.
_PROJECTS_OF_REQUEST = ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID")


def read_identity(env: Mapping[str, str]) -> Identity:
    """Return the identity of this job; a ConfigError names all that is missing or malformed."""
    problems: list[str] = []
    run = _digits(env, "CI_PIPELINE_ID", problems)
    job = _digits(env, "CI_JOB_ID", problems)
    if problems:
        raise ConfigError(problems)
    repo = env.get("CI_PROJECT_PATH") or "unknown"
    trace_id, traceparent = trace_of(run, ATTEMPT)
    total = env.get("CI_NODE_TOTAL", "")
    return Identity(
        provider="gitlab",
        host=env.get("CI_SERVER_HOST") or "gitlab.com",
        repo=repo,
        run=run,
        attempt=ATTEMPT,
        job=job,
        # GitLab writes the place in `parallel` into the name: `test 1/3`, `deploy: [eu, prod]`.
        leg=env.get("LUMEN_LEG") or env.get("CI_JOB_NAME") or "job",
        # The name that `workflow:name` gives may hold anything, a commit's title too: as a label it would never end.
        pipeline=repo,
        sha=env.get("CI_COMMIT_SHA", ""),
        url=env.get("CI_PIPELINE_URL", ""),
        runner=env.get("CI_RUNNER_DESCRIPTION", ""),
        trust=Trust.FORK if _from_fork(env) else Trust.TRUSTED,
        trace_id=trace_id,
        traceparent=traceparent,
        several_legs=total.isdecimal() and int(total) > 1,
        job_started_at_ms=instant_ms(env.get("CI_JOB_STARTED_AT", "")),
    )


def instant_ms(stamp: str) -> int | None:
    """Return a time as GitLab writes it, in UTC or in its server's zone, in milliseconds; None for anything else."""
    with suppress(ValueError):
        instant = datetime.fromisoformat(f"{stamp[:-1]}+00:00" if stamp.endswith("Z") else stamp)
        return int((instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)).timestamp() * 1000)
    return None


def _digits(env: Mapping[str, str], name: str, problems: list[str]) -> str:
    text = env.get(name, "")
    if not text:
        problems.append(f"{name}: is missing; run this in a job of GitLab CI, or unset GITLAB_CI")
    elif not (text.isascii() and text.isdigit()):
        problems.append(f"{name}: `{text[:40]}` is not a number; leave it as GitLab sets it")
    return text


def _from_fork(env: Mapping[str, str]) -> bool:
    here = env.get("CI_PROJECT_ID", "")
    return any(env[name] != here for name in _PROJECTS_OF_REQUEST if env.get(name))
