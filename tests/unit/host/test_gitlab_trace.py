"""The log of a running job comes late and in parts; each way in which it does not come is one clear line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from gitlabapi import TOKEN, GitLabApi, Trouble

from lumen_action.automaton import AutomatonScreen
from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify
from lumen_action.failure.circumstances import Circumstances
from lumen_action.host.gitlab_trace import PATIENCE_SECONDS, JobAddress, Trace, TraceError, read_trace
from lumen_action.http import Timing

STAMP = "2026-03-01T23:59:50.120034Z "
SCRIPT = b"$ ./test.sh\nE   AssertionError: 3 != 4\n"
AFTER = b"\x1b[0Ksection_start:1772409600:after_script\r\x1b[0K\x1b[0K\x1b[36;1mRunning after_script\x1b[0;m\n$ lumen\n"


@dataclass
class Clock:
    """Time that passes only by waiting."""

    now: float = 0.0
    waited: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def timing(self) -> Timing:
        return Timing(sleep=self._sleep, clock=lambda: self.now, now=lambda: self.now, chance=lambda: 1.0)

    def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def api() -> Iterator[GitLabApi]:
    with GitLabApi().serving() as served:
        yield served


def read(api: GitLabApi, clock: Clock, *, project: str = "7", job: str = "5001", token: str = TOKEN) -> Trace:
    return read_trace(JobAddress(api.url, project, job, token), clock.said.append, clock.timing())


def test_what_stands_before_the_after_script_is_the_log(api: GitLabApi) -> None:
    api.logs[5001] = [SCRIPT + AFTER]
    clock = Clock()
    assert read(api, clock) == Trace(SCRIPT, whole=True)
    assert (clock.waited, clock.said) == ([], [])


def test_a_project_may_be_named_by_its_path(api: GitLabApi) -> None:
    api.logs[5001] = [SCRIPT + AFTER]
    assert read(api, Clock(), project="group/app").whole
    assert api.requests == ["GET /api/v4/projects/group%2Fapp/jobs/5001/trace"]


def test_it_waits_until_the_runner_has_sent_the_end_and_says_so_once(api: GitLabApi) -> None:
    api.logs[5001] = [b"", SCRIPT[:5], SCRIPT, SCRIPT + AFTER]
    clock = Clock()
    assert read(api, clock) == Trace(SCRIPT, whole=True)
    assert (clock.waited, len(clock.said)) == ([5.0, 5.0, 5.0], 1)


def test_it_does_not_wait_for_ever_and_takes_what_there_is(api: GitLabApi) -> None:
    api.logs[5001] = [SCRIPT]
    clock = Clock()
    assert read(api, clock) == Trace(SCRIPT, whole=False)
    assert clock.now <= PATIENCE_SECONDS


def test_a_log_that_stays_empty_is_said(api: GitLabApi) -> None:
    api.logs[5001] = [b"\n"]
    with pytest.raises(TraceError, match="GitLab has no log of this job yet: its answer was empty"):
        read(api, Clock())


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (401, {}, "GitLab refuses LUMEN_GITLAB_TOKEN (401)"),
        (403, {}, "LUMEN_GITLAB_TOKEN may not read the log of this job (403)"),
        (404, {}, "GitLab shows no such job to LUMEN_GITLAB_TOKEN (404)"),
        (429, {"Retry-After": "600"}, "answered 429: Retry later (1 try, it asks to wait 600 s)"),
        (500, {}, 'answered 500: {"message": "500 Internal Server Error"}'),
        (503, {}, "answered 503 Service Unavailable"),
    ],
)
def test_every_refusal_is_one_line_that_says_what_to_do(
    api: GitLabApi, status: int, headers: dict[str, str], said: str
) -> None:
    api.logs[5001] = [SCRIPT + AFTER]
    api.troubles = [Trouble(status, headers, times=99)]
    with pytest.raises(TraceError) as fault:
        read(api, Clock())
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)
    assert TOKEN not in str(fault.value)


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry-After": "7"}), (502, {}), (503, {})])
def test_what_passes_is_waited_for(api: GitLabApi, status: int, headers: dict[str, str]) -> None:
    api.logs[5001] = [SCRIPT + AFTER]
    api.troubles = [Trouble(status, headers)]
    clock = Clock()
    assert read(api, clock).whole
    assert clock.waited == [float(headers.get("Retry-After", 0)) + 0.5]


def test_a_wrong_token_and_a_foreign_job_are_refused(api: GitLabApi) -> None:
    api.logs[5001] = [SCRIPT + AFTER]
    with pytest.raises(TraceError, match="401"):
        read(api, Clock(), token="glpat-wrong")  # noqa: S106 - of nobody
    with pytest.raises(TraceError, match="404"):
        read(api, Clock(), job="5002")


def test_a_server_that_is_away_is_one_line() -> None:
    with contextlib.ExitStack() as stack:
        gone = stack.enter_context(GitLabApi().serving())
    with pytest.raises(TraceError, match="could not be read: GET http://127"):
        read(gone, Clock())


# The second form is that of newer runners, which put time and stream before every line.
@pytest.mark.parametrize("before", ["", f"{STAMP}01O "])
def test_sections_and_the_marks_of_the_runner_are_no_part_of_the_evidence(api: GitLabApi, before: str) -> None:
    lines = [
        "\x1b[0KRunning with gitlab-runner 18.0.0 (abc)\x1b[0;m",
        'section_start:1772409590:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting "step_script" stage\x1b[0;m',
        "\x1b[32;1m$ ./upload.sh\x1b[0;m",
        "uploading report.pdf",
        "curl: (6) Could not resolve host: files.example",
        "section_end:1772409599:step_script\r\x1b[0K",
    ]
    api.logs[5001] = ["".join(f"{before}{line}\n" for line in lines).encode() + before.encode() + AFTER]
    trace = read(api, Clock())
    verdict = classify(
        [trace.text],
        load_catalogue(),
        secrets=(),
        faster=AutomatonScreen,
        circumstances=Circumstances(failed=True),
    ).verdict
    assert verdict.name == "network/dns"
    assert verdict.evidence is not None
    assert (verdict.evidence.line, verdict.evidence.text) == (5, "curl: (6) Could not resolve host: files.example")
    assert trace.whole


def test_the_address_shows_no_token() -> None:
    assert TOKEN not in repr(JobAddress("https://gitlab.example/api/v4", "7", "5001", TOKEN))
