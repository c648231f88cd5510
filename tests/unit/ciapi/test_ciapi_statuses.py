"""Check runs and commit statuses, held against GitHub's own description of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from facts import NOON
from githubapi import TOKEN, Answer, Asked, GitHubApi, Trouble
from githubspec import sample

from lumen_action.ciapi.client import Access, Client
from lumen_action.ciapi.faults import NotPermittedError, RefusedError
from lumen_action.ciapi.statuses import Shown, write_check_run, write_commit_status
from lumen_action.http import Timing

pytestmark = pytest.mark.usefixtures("no_proxy")
SHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
BARE = Timing(sleep=lambda _: None, clock=lambda: 0.0, now=lambda: NOON / 1000, chance=lambda: 0.0)
CHECKS = "/repos/{owner}/{repo}/check-runs"
STATUSES = "/repos/{owner}/{repo}/statuses/{sha}"


def shown(conclusion: str = "neutral", **more: str) -> Shown:
    told = {"title": "warn: 12 % left", "summary": "## Gate", "url": "https://github.com/org/app/actions/runs/1"}
    return Shown("lumen gate", SHA, conclusion, **told | more)


def created(schema: str) -> object:
    def answer(_: Asked) -> Answer:
        return 201, sample(schema), {}

    return answer


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    routes = {("POST", CHECKS): created("check-run"), ("POST", STATUSES): created("status")}
    with GitHubApi(routes=routes).serving() as serving:  # type: ignore[arg-type]
        yield serving


@pytest.fixture
def client(api: GitHubApi) -> Iterator[Client]:
    made = Client(Access(api.url, api.repo, TOKEN, 2.0), timing=BARE, tell=lambda _: None)
    yield made
    made.close()


@pytest.mark.parametrize("conclusion", ["success", "failure", "neutral"])
def test_a_check_run_is_over_when_it_is_written(api: GitHubApi, client: Client, conclusion: str) -> None:
    write_check_run(client, shown(conclusion))
    (made,) = api.changes
    assert made.body == {
        "name": "lumen gate",
        "head_sha": SHA,
        "status": "completed",
        "conclusion": conclusion,
        "details_url": "https://github.com/org/app/actions/runs/1",
        "output": {"title": "warn: 12 % left", "summary": "## Gate"},
    }


@pytest.mark.parametrize(
    ("conclusion", "state"), [("success", "success"), ("neutral", "success"), ("failure", "failure")]
)
def test_a_commit_status_knows_only_yes_and_no(api: GitHubApi, client: Client, conclusion: str, state: str) -> None:
    write_commit_status(client, shown(conclusion))
    (made,) = api.changes
    assert made.names["sha"] == SHA
    assert made.body == {
        "state": state,
        "context": "lumen gate",
        "description": "warn: 12 % left",
        "target_url": "https://github.com/org/app/actions/runs/1",
    }


def test_long_words_are_cut_to_what_is_taken(api: GitHubApi, client: Client) -> None:
    long = shown(title="t" * 999, summary="s" * 99_999, url="")
    write_check_run(client, long)
    write_commit_status(client, long)
    check, status = api.changes
    assert (len(check.body["output"]["title"]), len(check.body["output"]["summary"])) == (255, 65_535)
    assert len(status.body["description"]) == 140
    assert "details_url" not in check.body
    assert "target_url" not in status.body


@pytest.mark.parametrize(
    ("write", "right"),
    [(write_check_run, "`permissions: {checks: write}`"), (write_commit_status, "`permissions: {statuses: write}`")],
)
@pytest.mark.parametrize("status", [403, 404])
def test_a_missing_permission_is_named(api: GitHubApi, client: Client, write, right: str, status: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    api.troubles = [Trouble("/", status, body={"message": "Resource not accessible by integration"})]
    with pytest.raises(NotPermittedError) as raised:
        write(client, shown())
    (line,) = raised.value.problems
    assert right in line
    assert "\n" not in line


def test_another_refusal_is_told_as_it_is(api: GitHubApi, client: Client) -> None:
    api.troubles = [Trouble("/", 422, body={"message": "No commit found for SHA"})]
    with pytest.raises(RefusedError, match="No commit found"):
        write_check_run(client, shown())
