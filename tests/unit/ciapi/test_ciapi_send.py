"""Changes through the API's client: once, unless the answer proves that nothing was done; and lists and texts."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from facts import NOON
from githubapi import TOKEN, Asked, GitHubApi, SaidAttempt, SaidJob, SaidRun, Trouble
from githubruns import REPO, Reruns

from lumen_action.ciapi.client import Access, Client
from lumen_action.ciapi.faults import (
    ApiError,
    NotPermittedError,
    RateLimitedError,
    RefusedError,
    TooManyCallsError,
    UncertainError,
    VanishedError,
)
from lumen_action.errors import ConfigError
from lumen_action.http import Timing

pytestmark = pytest.mark.usefixtures("no_proxy")
RERUN = "actions/runs/100/rerun-failed-jobs"
BARE = Timing(sleep=lambda _: None, clock=lambda: 0.0, now=lambda: NOON / 1000, chance=lambda: 0.0)


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    job = SaidJob(11, "build", "failure", NOON, NOON)
    with GitHubApi(runs=[SaidRun(100, NOON, (SaidAttempt((job,), "failure"),))]).serving() as serving:
        yield serving


@pytest.fixture
def known(api: GitHubApi) -> Reruns:
    return Reruns(api, {11: "first\nsecond \x1b[31mred\n"})


@pytest.fixture
def client(api: GitHubApi) -> Iterator[Client]:
    made = Client(Access(api.url, api.repo, TOKEN, 2.0), timing=BARE, tell=lambda _: None)
    yield made
    made.close()


def trouble(status: int, **other: object) -> Trouble:
    return Trouble("/rerun-failed-jobs", status, **other)  # type: ignore[arg-type]


def test_a_change_is_made_and_counted(known: Reruns, client: Client) -> None:
    assert client.send("POST", RERUN, {}) == {}
    assert (known.made, client.calls) == (1, 1)


@pytest.mark.parametrize(
    "said",
    [
        trouble(429, headers={"Retry-After": "1"}),
        trouble(403, headers={"Retry-After": "1"}),
        trouble(403, body={"message": "You have exceeded a secondary rate limit."}),
        trouble(403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON // 1000 + 5)}),
    ],
)
def test_a_limit_did_nothing_and_is_waited_for(said: Trouble, known: Reruns, client: Client) -> None:
    known.api.troubles = [said]
    client.send("POST", RERUN, {})
    assert (known.made, client.calls) == (1, 2)


def test_a_limit_too_long_is_for_later(known: Reruns, client: Client) -> None:
    known.api.troubles = [trouble(429, headers={"Retry-After": "3600"})]
    with pytest.raises(RateLimitedError):
        client.send("POST", RERUN, {})
    assert known.made == 0


@pytest.mark.parametrize(
    "said",
    [
        trouble(500),
        trouble(502, done=True),
        trouble(503, headers={"Retry-After": "1"}),
        trouble(200, cut=True),
        trouble(200, slow_seconds=2.5),
        trouble(200, raw=b"<html>"),
    ],
)
def test_what_may_have_been_done_is_never_sent_again(said: Trouble, known: Reruns, client: Client) -> None:
    if said.cut:
        said.raw = b'{"id": 1}'
    known.api.troubles = [said]
    with pytest.raises(UncertainError):
        client.send("POST", RERUN, {})
    assert known.api.asked("POST") == 1


def test_nobody_there_did_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = Client(Access(url, "org/app", TOKEN, 2.0), timing=BARE, tell=lambda _: None)
    with pytest.raises(ApiError, match=r"refused.*4 tries") as fault:
        client.send("POST", RERUN, {})
    client.close()
    assert not isinstance(fault.value, UncertainError)
    assert client.calls == 4


@pytest.mark.parametrize(("status", "kind"), [(403, RefusedError), (409, RefusedError), (404, VanishedError)])
def test_a_refusal_keeps_its_words(status: int, kind: type[ApiError], known: Reruns, client: Client) -> None:
    known.api.troubles = [trouble(status, body={"message": "This workflow is already running"})]
    with pytest.raises(kind, match="already running") as fault:
        client.send("POST", RERUN, {})
    if isinstance(fault.value, RefusedError):
        assert (fault.value.status, fault.value.said) == (status, "This workflow is already running")
    assert client.calls == 1


def test_a_refused_token_is_a_matter_of_configuration(api: GitHubApi) -> None:
    client = Client(Access(api.url, api.repo, "ghs_wrong", 2.0), timing=BARE, tell=lambda _: None)
    with pytest.raises(ConfigError, match="token: the token was refused"):
        client.send("POST", RERUN, {})
    client.close()


def test_changes_count_towards_the_most_calls(known: Reruns, client: Client) -> None:
    with client.at_most(1):
        client.get("actions/runs/100")
        with client.at_most(5), pytest.raises(TooManyCallsError):
            client.send("POST", RERUN, {})
    assert known.made == 0


def test_a_list_is_read_page_by_page(known: Reruns, client: Client) -> None:
    known.annotations = {11: [(".github", f"note {at}") for at in range(150)]}
    found = list(client.listed("check-runs/11/annotations", {}))
    assert (len(found), client.calls) == (150, 2)


def test_an_object_where_a_list_should_be(known: Reruns, client: Client) -> None:
    known.api.troubles = [Trouble("/annotations", raw=b"{}", times=4)]
    with pytest.raises(ApiError, match="without a JSON list"):
        list(client.listed("check-runs/11/annotations", {}))


def test_a_log_comes_from_another_host_to_which_no_token_goes(known: Reruns, client: Client) -> None:
    assert client.text("actions/jobs/11/logs") == b"first\nsecond \x1b[31mred\n"
    assert known.api.violations == []


def test_a_log_that_is_gone(known: Reruns, client: Client) -> None:
    known.logs = {}
    with pytest.raises(VanishedError):
        client.text("actions/jobs/11/logs")


def test_a_right_that_lacks_is_told_apart(known: Reruns, client: Client) -> None:
    known.api.permitted = False
    with pytest.raises(NotPermittedError) as fault:
        client.text("actions/jobs/11/logs")
    assert fault.value.said == "Resource not accessible by integration"


def test_the_stand_in_takes_no_body_that_github_does_not_know(known: Reruns, client: Client) -> None:
    def created(_asked: Asked) -> tuple[int, object, dict[str, str]]:
        raise AssertionError

    known.api.routes["POST", f"{REPO}/issues"] = created
    for body, word in (({"titel": "x"}, "title"), ({"title": "x", "colour": "red"}, "no such field: colour")):
        with pytest.raises(RefusedError, match=word):
            client.send("POST", "issues", body)
    known.api.violations.clear()
