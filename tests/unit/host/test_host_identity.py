"""Who we are on GitHub Actions, on GitHub Enterprise Server, on Gitea and under act."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.host import Identity
from lumen_action.host.github_identity import created_at_ms, read_identity
from lumen_action.model import Trust

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_JOB": "build",
    "GITHUB_REPOSITORY": "org/shop",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_RUN_ID": "1234567890",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_SHA": "1a2b3c4d" * 5,
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_WORKFLOW_REF": "org/shop/.github/workflows/nightly.yml@refs/heads/main",
    "RUNNER_NAME": "GitHub Actions 7",
}
TRACE = "175c9b5c1aa26ae202a9dd18ed193154"
USUAL = Identity(
    provider="github",
    host="github.com",
    repo="org/shop",
    run="1234567890",
    attempt=2,
    job="9876543210",
    leg="build",
    pipeline="nightly",
    sha="1a2b3c4d" * 5,
    url="https://github.com/org/shop/actions/runs/1234567890/attempts/2",
    runner="GitHub Actions 7",
    trace_id=TRACE,
    traceparent=f"00-{TRACE}-2317eb85d7a2846f-01",
)


def who(env: Mapping[str, str] = GITHUB, *, job_id: str = "", matrix: str = "") -> Identity:
    return read_identity(env, job_id=job_id, matrix=matrix)


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in GITHUB.items() if name not in names}


def test_on_github() -> None:
    assert who(job_id="9876543210") == USUAL


def test_on_github_enterprise_server_without_a_job_id() -> None:
    env = GITHUB | {
        "GITHUB_SERVER_URL": "https://GIT.example.com:8443/",
        "GITHUB_API_URL": "https://git.example.com:8443/api/v3",
    }
    assert who(env) == replace(
        USUAL,
        host="git.example.com",
        job="build",
        url="https://GIT.example.com:8443/org/shop/actions/runs/1234567890/attempts/2",
    )


def test_on_an_old_server_without_attempts() -> None:
    identity = who(without("GITHUB_RUN_ATTEMPT", "GITHUB_WORKFLOW_REF"))
    assert identity.attempt == 1
    assert identity.url.endswith("/attempts/1")


def test_on_gitea() -> None:
    env = without("GITHUB_WORKFLOW_REF", "GITHUB_RUN_ATTEMPT", "RUNNER_NAME") | {
        "GITHUB_SERVER_URL": "http://gitea:3000",
        "GITHUB_WORKFLOW": "nightly.yml",
    }
    identity = who(env)
    assert (identity.host, identity.pipeline, identity.runner) == ("gitea", "nightly.yml", "")


def test_under_act(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}")
    env = GITHUB | {"GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_WORKFLOW_REF": "", "RUNNER_NAME": ""}
    identity = who(env | {"GITHUB_EVENT_PATH": str(event)}, matrix="{}")
    assert (identity.run, identity.attempt, identity.job, identity.trust) == ("1", 1, "build", Trust.TRUSTED)


def test_with_nothing_but_a_run_id() -> None:
    identity = who({"GITHUB_RUN_ID": "5"})
    assert (identity.host, identity.repo, identity.pipeline, identity.job, identity.url) == (
        *("github.com", "unknown", "workflow", "job"),
        "",
    )


@pytest.mark.parametrize("server", ["https://[::1", "nonsense", ""])
def test_a_strange_server_url_is_no_reason_to_stop(server: str) -> None:
    assert who(GITHUB | {"GITHUB_SERVER_URL": server}).host == "github.com"


def test_what_is_wrong_is_named_all_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        who(without("GITHUB_RUN_ID") | {"GITHUB_RUN_ATTEMPT": "two"}, matrix="{region")
    run, attempt, matrix = caught.value.problems
    assert run.startswith("GITHUB_RUN_ID: is missing; ")
    assert attempt.startswith("GITHUB_RUN_ATTEMPT: `two` is not a number; ")
    assert matrix == "matrix: is not JSON; leave it out, or write `matrix: ${{ toJSON(matrix) }}`"


@pytest.mark.parametrize("run", ["12/34", "-1", "1 2", "١٢", "../x", "1\n"])
def test_a_run_id_is_made_of_digits(run: str) -> None:
    with pytest.raises(ConfigError, match="GITHUB_RUN_ID"):
        who(GITHUB | {"GITHUB_RUN_ID": run})


class TestMatrix:
    @pytest.mark.parametrize("matrix", ["", "  \n", "{}", "null"])
    def test_none(self, matrix: str) -> None:
        identity = who(matrix=matrix)
        assert (identity.leg, identity.job, identity.several_legs) == ("build", "build", False)

    def test_tells_the_legs_apart(self) -> None:
        legs = {who(matrix=json.dumps({"region": region})).leg for region in ("eu", "us")}
        assert len(legs) == 2
        assert all(leg.startswith("build-") for leg in legs)

    def test_is_the_same_in_every_attempt_and_spelling(self) -> None:
        first = who(GITHUB | {"GITHUB_RUN_ATTEMPT": "1"}, matrix='{"a": 1, "b": [2]}')
        again = who(GITHUB | {"GITHUB_RUN_ATTEMPT": "2"}, matrix='{\n  "b": [\n 2 ],\r\n  "a": 1\n}\n')
        assert first.leg == again.leg == first.job
        assert first.several_legs

    def test_leaves_the_job_id_alone(self) -> None:
        identity = who(job_id="77", matrix='{"a": 1}')
        assert identity.job == "77"
        assert identity.leg.startswith("build-")

    def test_holds_nothing_that_json_does_not_know(self) -> None:
        with pytest.raises(ConfigError, match="matrix: is not JSON"):
            who(matrix='{"a": NaN}')


def pull_request(head: object, base: str = "org/shop") -> dict[str, object]:
    return {"pull_request": {"head": head, "base": {"repo": {"full_name": base}}}}


@pytest.mark.parametrize(
    ("event", "trust"),
    [
        (pull_request({"repo": {"full_name": "org/shop"}}), Trust.TRUSTED),
        (pull_request({"repo": {"full_name": "someone/shop"}}), Trust.FORK),
        (pull_request({"repo": None}), Trust.FORK),
        (pull_request(None), Trust.FORK),
        ({"pull_request": {}}, Trust.TRUSTED),
        ({"pull_request": None}, Trust.TRUSTED),
        ({"ref": "refs/heads/main"}, Trust.TRUSTED),
        ([], Trust.TRUSTED),
        ({}, Trust.TRUSTED),
    ],
)
def test_a_pull_request_of_another_repository_is_a_fork(event: object, trust: Trust, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event), encoding="utf-8")
    assert who(GITHUB | {"GITHUB_EVENT_PATH": str(file)}).trust is trust


def test_the_job_began_when_its_event_was_written(tmp_path: Path) -> None:
    file = tmp_path / "with blanks" / "event.json"
    file.parent.mkdir()
    file.write_bytes(b"\xff not json")
    os.utime(file, ns=(0, 1_767_323_045_678_000_000))
    identity = who(GITHUB | {"GITHUB_EVENT_PATH": str(file)})
    assert identity.job_started_at_ms == 1_767_323_045_678
    assert identity.trust is Trust.TRUSTED
    assert who(GITHUB | {"GITHUB_EVENT_PATH": str(tmp_path / "gone")}).job_started_at_ms is None
    assert who().job_started_at_ms is None


@given(st.integers(1, 10**12), st.integers(1, 99))
def test_trace_ids_follow_the_collector(run: int, attempt: int) -> None:
    identity = who(GITHUB | {"GITHUB_RUN_ID": str(run), "GITHUB_RUN_ATTEMPT": str(attempt)})
    trace = hashlib.sha256(f"{run}{attempt}t".encode()).hexdigest()[:32]
    span = hashlib.sha256(f"{run}{attempt}s".encode()).hexdigest()[16:32]
    assert (identity.trace_id, identity.traceparent) == (trace, f"00-{trace}-{span}-01")


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2026-01-02T03:04:05Z", 1_767_323_045_000),
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-02T03:04:05", None),
        ("2026-01-02T03:04:05.123Z", None),
        ("2026-01-02T03:04:05+00:00", None),
        ("2026-02-30T03:04:05Z", None),
        ("2026-01-02 03:04:05Z", None),
        ("\uff12026-01-02T03:04:05Z", None),
        ("2026-01-02T03:04:05Z\n", None),
        (1_767_323_045, None),
        (None, None),
    ],
)
def test_times_of_the_api_are_read_strictly(stamp: object, moment: int | None) -> None:
    assert created_at_ms(stamp) == moment
