"""What is known besides the log decides where the log says nothing, or where it cannot know."""

from __future__ import annotations

import pytest

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify
from lumen_action.failure.circumstances import Annotation, Circumstances, exit_code_of
from lumen_action.model import Verdict

CATALOGUE = load_catalogue()
TIMED_OUT = (
    "fatal: unable to access 'https://git.example/a.git/': Failed to connect to git.example port 443: Timed out\n"
)
STEPS = (
    "##[group]Run ./fetch.sh\n##[endgroup]\nfatal: Authentication failed for 'https://git.example/a.git/'\n"
    "##[error]Process completed with exit code 128.\n"
    "##[group]Run ./build.sh\n##[endgroup]\nmain.c:3:1: error: unknown type name 'foo'\n"
    "##[error]Process completed with exit code 2.\n"
)


def verdict(log: str, **known: object) -> Verdict:
    return classify([log.encode()], CATALOGUE, circumstances=Circumstances(**known)).verdict  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (124, "environment/timeout_step"),
        (126, "environment/permission_fs"),
        (127, "environment/missing_tool"),
        (134, "build/crash"),
        (137, "environment/oom"),
        (139, "build/crash"),
        (1, "unknown/no_failure"),
    ],
)
def test_an_exit_code_is_a_hint_where_no_line_explains_the_failure(code: int, name: str) -> None:
    found = verdict("doing things\n", exit_code=code)
    assert found.name == name
    assert found.confidence <= 0.5


def test_the_exit_code_in_the_last_line_serves_too() -> None:
    assert verdict("./go.sh\n##[error]Process completed with exit code 127.\n").name == "environment/missing_tool"


def test_a_line_that_explains_the_failure_beats_the_exit_code() -> None:
    assert verdict(TIMED_OUT, exit_code=127).error_class == "network"


def test_a_lost_runner_without_a_word_in_the_log_is_one() -> None:
    assert verdict("", runner_lost=True).name == "environment/runner_lost"
    assert verdict(TIMED_OUT, runner_lost=True).error_class == "network"


def test_what_ended_the_job_from_outside_beats_whatever_its_log_says() -> None:
    lost = Annotation("The hosted runner lost communication with the server. Anything in your workflow that terminates")
    assert verdict(TIMED_OUT, annotations=(lost,)).name == "environment/runner_lost"


def test_a_failure_pinned_to_a_file_of_the_project_beats_a_transient_word_in_the_log() -> None:
    pinned = Annotation("expected 3, got 4", "src/app.test.ts")
    found = verdict(TIMED_OUT, annotations=(pinned,))
    assert found.error_class == "build"
    assert found.evidence
    assert found.evidence.text == "src/app.test.ts: expected 3, got 4"
    workflow = Annotation("Process completed with exit code 100.", ".github")
    assert verdict(TIMED_OUT, annotations=(workflow,)).error_class == "network"


def test_an_annotation_speaks_where_the_log_does_not() -> None:
    assert verdict("", annotations=(Annotation("No space left on device"),)).name == "environment/disk"


def test_no_secret_of_an_annotation_comes_through() -> None:
    note = Annotation("https://bot:hunter2secret@git.example answered 401", "a.py")
    found = verdict("", annotations=(note,))
    assert found.evidence
    assert "hunter2secret" not in found.evidence.text


def test_the_step_that_is_known_to_have_failed_is_looked_at() -> None:
    assert verdict(STEPS).error_class == "token_expired"
    assert verdict(STEPS, step="./build.sh").name == "build/compile"


@pytest.mark.parametrize(
    ("word", "code"), [("137", 137), ("KILL", 137), ("sigterm", 143), ("SIGSEGV", 139), ("x", None)]
)
def test_a_signal_is_an_exit_code(word: str, code: int | None) -> None:
    assert exit_code_of(word) == code
