"""A job of GitLab CI is known by its pipeline and its own number; its leg is its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lumen_action.errors import ConfigError
from lumen_action.host.gitlab_identity import instant_ms, read_identity
from lumen_action.model import Trust

JOB = {
    "GITLAB_CI": "true",
    "CI_SERVER_HOST": "gitlab.example",
    "CI_PROJECT_ID": "7",
    "CI_PROJECT_PATH": "group/app",
    "CI_PIPELINE_ID": "1000",
    "CI_PIPELINE_URL": "https://gitlab.example/group/app/-/pipelines/1000",
    "CI_JOB_ID": "5001",
    "CI_JOB_NAME": "build",
    "CI_JOB_STARTED_AT": "2026-03-01T23:59:50Z",
    "CI_COMMIT_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
    "CI_RUNNER_DESCRIPTION": "shared runner 3",
    "CI_NODE_TOTAL": "1",
}
MARCH_MS = 1_772_409_590_000  # 2026-03-01T23:59:50Z


def test_the_pipeline_is_the_run_and_the_job_is_part_of_the_key() -> None:
    identity = read_identity(JOB)
    assert (identity.provider, identity.host, identity.repo) == ("gitlab", "gitlab.example", "group/app")
    assert (identity.run, identity.attempt, identity.job, identity.leg) == ("1000", 1, "5001", "build")
    assert (identity.pipeline, identity.sha[:7], identity.runner) == ("group/app", "1a2b3c4", "shared runner 3")
    assert (identity.url, identity.trust) == (JOB["CI_PIPELINE_URL"], Trust.TRUSTED)
    assert (identity.job_started_at_ms, identity.several_legs, identity.in_job) == (MARCH_MS, False, True)


def test_another_try_of_a_job_differs_in_its_number_only() -> None:
    first, again = read_identity(JOB), read_identity({**JOB, "CI_JOB_ID": "5009"})
    assert again == replace(first, job="5009")


def test_all_jobs_of_a_pipeline_are_one_trace() -> None:
    first, other = read_identity(JOB), read_identity({**JOB, "CI_JOB_ID": "5002", "CI_JOB_NAME": "test"})
    assert first.traceparent == other.traceparent
    assert first.traceparent.split("-")[1] == first.trace_id


def test_jobs_side_by_side_are_legs_by_the_name_that_gitlab_gives_them() -> None:
    one, two = (
        read_identity({**JOB, "CI_JOB_NAME": f"test {index}/2", "CI_NODE_INDEX": str(index), "CI_NODE_TOTAL": "2"})
        for index in (1, 2)
    )
    assert (one.leg, two.leg, one.several_legs) == ("test 1/2", "test 2/2", True)
    assert read_identity({**JOB, "CI_JOB_NAME": "deploy: [eu, prod]"}).leg == "deploy: [eu, prod]"


def test_jobs_that_follow_each_other_can_be_given_one_leg() -> None:
    assert read_identity({**JOB, "LUMEN_LEG": "pipeline"}).leg == "pipeline"


def test_the_name_of_a_single_pipeline_is_no_name_for_counters() -> None:
    assert read_identity({**JOB, "CI_PIPELINE_NAME": "Fix #17 for $USER"}).pipeline == "group/app"


@pytest.mark.parametrize(
    ("request_of", "trust"),
    [
        ({}, Trust.TRUSTED),
        ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "7"}, Trust.TRUSTED),
        # A member runs the pipeline of a fork's request in this project.
        ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8", "CI_MERGE_REQUEST_PROJECT_ID": "7"}, Trust.FORK),
        # The fork's own pipeline for a request to the project it comes from.
        ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "6"}, Trust.FORK),
    ],
)
def test_a_merge_request_between_two_projects_is_not_trusted(request_of: dict[str, str], trust: Trust) -> None:
    assert read_identity({**JOB, **request_of}).trust is trust


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({"CI_PIPELINE_ID": ""}, ["CI_PIPELINE_ID: is missing; run this in a job of GitLab CI, or unset GITLAB_CI"]),
        (
            {"CI_PIPELINE_ID": "x", "CI_JOB_ID": "٣"},
            [
                "CI_PIPELINE_ID: `x` is not a number; leave it as GitLab sets it",
                "CI_JOB_ID: `٣` is not a number; leave it as GitLab sets it",
            ],
        ),
    ],
)
def test_what_is_missing_or_malformed_is_named_together(changed: dict[str, str], problems: list[str]) -> None:
    with pytest.raises(ConfigError) as fault:
        read_identity({**JOB, **changed})
    assert fault.value.problems == problems


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("2026-03-01T23:59:50Z", MARCH_MS),
        ("2026-03-02T08:59:50+09:00", MARCH_MS),
        ("2026-03-01T23:59:50", MARCH_MS),
        ("yesterday", None),
        ("", None),
        ("Z", None),
    ],
)
def test_times_are_read_in_utc_and_in_the_zone_of_the_server(stamp: str, instant: Any) -> None:  # noqa: ANN401
    assert instant_ms(stamp) == instant
