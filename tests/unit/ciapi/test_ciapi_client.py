"""The API's client against a strict stand-in: what it asks, what it waits for, and what it says when it gives up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from facts import HOUR, NOON
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun, Trouble

from lumen_action.ciapi.client import Access, Client
from lumen_action.ciapi.faults import ApiError, RateLimitedError, TooManyCallsError, VanishedError
from lumen_action.ciapi.runs import MOST_CALLS_AN_ATTEMPT, Runs
from lumen_action.errors import ConfigError
from lumen_action.http import Timing

pytestmark = pytest.mark.usefixtures("no_proxy")
NOW = 1_767_355_200.0
JOBS = "/attempts/1/jobs"
RUN = SaidRun(100, NOON, (SaidAttempt((SaidJob(11, "Deploy", "success", NOON, NOON + HOUR),)),))


@dataclass
class Clock:
    """A clock that only sleeping moves, where an answer would have to be waited for."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    def timing(self) -> Timing:
        return Timing(sleep=self.sleep, clock=lambda: 0.0, now=lambda: NOW + self.seconds, chance=lambda: 0.0)


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi(runs=[RUN]).serving() as serving:
        yield serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def runs(api: GitHubApi, clock: Clock, said: list[str]) -> Iterator[Runs]:
    client = Client(Access(api.url, api.repo, TOKEN, 2.0), timing=clock.timing(), tell=said.append)
    yield Runs(client)
    client.close()


def test_a_run_an_attempt_and_its_jobs_are_read(runs: Runs) -> None:
    run = runs.run(100)
    attempt = runs.attempt(run, 1)
    assert (run.host, run.repo, run.attempt, run.created_ms) == ("github.com", "org/app", 1, NOON)
    assert [(job.id, job.name, job.runner, job.ended_ms) for job in attempt.jobs] == [
        (11, "Deploy", "machine 1", NOON + HOUR)
    ]
    assert runs.client.calls == 2


def test_a_server_in_a_company_is_asked_at_its_own_address(api: GitHubApi, runs: Runs) -> None:
    api.server = "https://git.acme.example"
    assert runs.run(100).host == "git.acme.example"


def test_a_window_is_read_page_by_page(api: GitHubApi, runs: Runs) -> None:
    api.runs = [replace(RUN, id=n, created_ms=NOON + n * 1000) for n in range(250)]
    found = {run.id for run in runs.created_between(NOON, NOON + HOUR)}
    assert (found, runs.client.calls) == (set(range(250)), 3)


def test_a_window_of_more_runs_than_are_shown_is_halved_until_all_are(api: GitHubApi, runs: Runs) -> None:
    api.runs = [replace(RUN, id=n, created_ms=NOON + n * 1000) for n in range(2100)]
    found = [run.id for run in runs.created_between(NOON, NOON + HOUR)]
    assert sorted(found) == list(range(2100))


def test_a_page_that_is_missing_is_noticed(api: GitHubApi, runs: Runs) -> None:
    api.troubles = [Trouble("/actions/runs?", raw=b'{"total_count": 7, "workflow_runs": []}')]
    with pytest.raises(ApiError, match="announced 7 runs"):
        list(runs.created_between(NOON, NOON + HOUR))


def test_an_attempt_is_worth_fifteen_calls_and_tries_count(api: GitHubApi, runs: Runs) -> None:
    many = tuple(SaidJob(n, f"Deploy ({n})", "success", NOON, NOON) for n in range(1, 1402))
    api.runs = [replace(RUN, attempts=(SaidAttempt(many),))]
    run = runs.run(100)
    assert len(runs.attempt(run, 1).jobs) == 1401
    assert api.asked(JOBS) == MOST_CALLS_AN_ATTEMPT
    api.troubles = [Trouble("page=15", 502)]
    with pytest.raises(TooManyCallsError):
        runs.attempt(run, 1)
    assert api.asked(JOBS) == 2 * MOST_CALLS_AN_ATTEMPT


class TestWhatPasses:
    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_fault_of_the_server_is_tried_again(self, api: GitHubApi, runs: Runs, status: int) -> None:
        api.troubles = [Trouble("/runs/100", status, times=3)]
        assert runs.run(100).id == 100
        assert runs.client.calls == 4

    def test_the_server_names_the_time_to_come_back(self, api: GitHubApi, runs: Runs, clock: Clock) -> None:
        api.troubles = [Trouble("/runs/100", 503, {"Retry-After": "7"})]
        runs.run(100)
        assert clock.pauses == [7.0]

    @pytest.mark.parametrize(
        "trouble",
        [
            Trouble("/runs/100", cut=True),
            Trouble("/runs/100", raw=b"<html>maintenance</html>"),
            Trouble("/runs/100", raw=b"[]"),
            Trouble("/runs/100", slow_seconds=2.6),
        ],
        ids=["cut", "a page", "a list", "slow"],
    )
    def test_an_answer_that_is_none_is_asked_for_again(self, api: GitHubApi, runs: Runs, trouble: Trouble) -> None:
        api.troubles = [replace(trouble)]
        assert runs.run(100).id == 100
        assert runs.client.calls == 2

    @pytest.mark.parametrize(
        "trouble",
        [
            Trouble("/runs/100", 502, times=9),
            Trouble("/runs/100", cut=True, times=9),
            Trouble("/runs", raw=b"x", times=9),
        ],
        ids=["502", "cut", "malformed"],
    )
    def test_but_not_for_ever(self, api: GitHubApi, runs: Runs, trouble: Trouble) -> None:
        api.troubles = [replace(trouble)]
        with pytest.raises(ApiError) as caught:
            runs.run(100)
        assert caught.value.exit_code == 75
        assert runs.client.calls == 4


SECONDARY = "You have exceeded a secondary rate limit"


def limit(status: int, message: str = "API rate limit exceeded", **headers: str) -> Trouble:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Trouble("/runs/100", status, named, {"message": message})


class TestLimits:
    @pytest.mark.parametrize(
        ("limit", "pause"),
        [
            (limit(429, retry_after="30"), 30.0),
            (limit(403, SECONDARY, retry_after="20"), 20.0),
            (limit(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW) + 40)), 41.0),
            (limit(429, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW) + 5)), 6.0),
            (limit(403, SECONDARY), 60.0),
            (limit(429, "slow down"), 60.0),
        ],
    )
    def test_a_short_one_is_waited_for_and_said(
        self, limit: Trouble, pause: float, api: GitHubApi, runs: Runs, clock: Clock, said: list[str]
    ) -> None:
        api.troubles = [replace(limit)]
        assert runs.run(100).id == 100
        assert clock.pauses == [pause]
        assert said == [f"GitHub's rate limit: waiting {pause:.0f} s"]

    def test_a_long_one_is_for_the_next_call(self, api: GitHubApi, runs: Runs, clock: Clock) -> None:
        api.troubles = [Trouble("/runs/100", 429, {"Retry-After": "1800"})]
        with pytest.raises(RateLimitedError, match="until 12:30:00 UTC, in 1800 s"):
            runs.run(100)
        assert clock.pauses == []

    def test_short_ones_add_up(self, api: GitHubApi, runs: Runs, clock: Clock) -> None:
        api.troubles = [Trouble("/runs/100", 429, {"Retry-After": "40"}, times=9)]
        with pytest.raises(RateLimitedError):
            runs.run(100)
        assert clock.pauses == [40.0, 40.0]

    def test_one_of_no_seconds_that_never_ends_ends(self, api: GitHubApi, runs: Runs) -> None:
        api.troubles = [Trouble("/runs/100", 429, {"Retry-After": "0"}, times=999)]
        with pytest.raises(RateLimitedError):
            runs.run(100)


class TestWhatDoesNotPass:
    def test_a_permission(self, api: GitHubApi, runs: Runs) -> None:
        api.permitted = False
        with pytest.raises(ConfigError, match=r"needs `actions: read`.*Resource not accessible by integration"):
            runs.run(100)
        assert runs.client.calls == 1

    @pytest.mark.parametrize("status", [404, 410])
    def test_what_is_not_there_or_no_longer(self, api: GitHubApi, runs: Runs, status: int) -> None:
        api.troubles = [Trouble("/runs/100", status)]
        with pytest.raises(VanishedError):
            runs.run(100)

    def test_a_next_page_elsewhere_never_gets_the_token(self, api: GitHubApi, runs: Runs) -> None:
        api.runs = [replace(RUN, id=n) for n in range(150)]
        with GitHubApi().serving() as other:
            link = f'<{other.url}/repos/org/app/actions/runs?page=2>; rel="next"'
            api.troubles = [Trouble("/actions/runs?", headers={"Link": link})]
            with pytest.raises(ApiError, match="names a next page on"):
                list(runs.created_between(NOON, NOON + HOUR))
            assert other.requests == []

    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            (b'{"id": "100"}', "`html_url` as NoneType"),
            (
                b'{"html_url": "u", "created_at": "2026-01-02T12:00:00Z", "repository": 3}',
                "the repository of a run that is no object",
            ),
            (b'{"html_url": "u", "repository": {"full_name": "o/r"}, "created_at": "soon"}', "a text that is no time"),
        ],
    )
    def test_json_of_another_shape(self, api: GitHubApi, runs: Runs, body: bytes, wrong: str) -> None:
        api.troubles = [Trouble("/runs/100", raw=body)]
        with pytest.raises(ApiError, match=wrong):
            runs.run(100)
