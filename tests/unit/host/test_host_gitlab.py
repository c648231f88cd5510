"""On GitLab answers go to files of the project's folder, and words to the log without commanding it."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lumen_action.host.gitlab import OUTPUTS_FILE, SUMMARY_BYTES, SUMMARY_FILE, GitLabHost
from lumen_action.host.gitlab_trace import JobAddress, Trace, TraceError

SECRET = "glpat-0123456789abcdefghij"  # noqa: S105 - of nobody
# What GitLab's log takes for the edge of a section.
_EDGE = re.compile(r"section_(start|end):(\d+):([a-zA-Z0-9_.-]+)(\[collapsed=true\])?\r\x1b\[0K")


class Job:
    def __init__(self, folder: Path, env: dict[str, str] | None = None, **how: object) -> None:
        self.out, self.err, self.asked = io.StringIO(), io.StringIO(), list[JobAddress]()
        self.folder = folder
        tokens = itertools.count(1)
        said = {
            "CI_PROJECT_DIR": str(folder),
            "CI_PROJECT_ID": "7",
            "CI_PIPELINE_ID": "1000",
            "CI_JOB_ID": "5001",
            "CI_API_V4_URL": "https://gitlab.example/api/v4",
        }
        self.host = GitLabHost(
            said | (env or {}),
            self.out,
            self.err,
            clock_ms=lambda: 1_772_409_590_000,
            new_token=lambda: f"token{next(tokens)}",
            **how,  # type: ignore[arg-type]
        )

    def reading(self, found: Trace | Exception) -> Job:
        def read(address: JobAddress, _: Callable[[str], None]) -> Trace:
            self.asked.append(address)
            if isinstance(found, Exception):
                raise found
            return found

        self.host._read_trace = read
        return self

    @property
    def outputs(self) -> str:
        return (self.folder / OUTPUTS_FILE).read_text(encoding="utf-8")


def test_outputs_are_a_dotenv_report_with_names_that_set_none_of_our_options(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.host.set_outputs({"outcome": "failure", "error-class": "network", "run-id": "20260301-eu-1a2b3c4"})
    assert job.outputs == (
        "LUMEN_OUTPUT_OUTCOME=failure\nLUMEN_OUTPUT_ERROR_CLASS=network\nLUMEN_OUTPUT_RUN_ID=20260301-eu-1a2b3c4\n"
    )


def test_a_later_stage_of_the_job_replaces_what_an_earlier_one_said(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.host.set_outputs({"outcome": "failure", "error-class": "network"})
    job.host.export({"TRACEPARENT": "00-ab-cd-01"})
    job.host.set_outputs({"outcome": "success", "error-class": ""})
    assert job.outputs == "LUMEN_OUTPUT_OUTCOME=success\nLUMEN_OUTPUT_ERROR_CLASS=\nTRACEPARENT=00-ab-cd-01\n"


def test_what_quotes_the_log_goes_into_no_variable(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.host.set_outputs({"evidence": "harmless", "json": json.dumps({"a": 1}), "outcome": "failure"})
    assert job.outputs == "LUMEN_OUTPUT_OUTCOME=failure\n"


@given(st.text())
def test_no_value_is_expanded_or_makes_a_second_line(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    job = Job(tmp_path_factory.mktemp("job"))
    job.host.set_outputs({"run-id": value, "outcome": "success"})
    lines = job.outputs.splitlines()
    assert lines[-1] == "LUMEN_OUTPUT_OUTCOME=success"
    assert lines[:-1] in ([], [f"LUMEN_OUTPUT_RUN_ID={value}"])
    assert "$" not in job.outputs


def test_a_value_that_cannot_be_handed_over_leaves_no_older_one_standing(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.host.set_outputs({"run-id": "first"})
    job.host.set_outputs({"run-id": "$CI_JOB_TOKEN"})
    assert job.outputs == ""


def test_a_report_that_gitlab_would_refuse_whole_is_not_written(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.host.set_outputs({"outcome": "success"})
    job.host.set_outputs({f"value-{number}": "x" * 200 for number in range(30)})
    assert job.outputs == "LUMEN_OUTPUT_OUTCOME=success\n"
    assert "larger than GitLab takes" in job.err.getvalue()


def test_the_summary_is_a_file_that_grows_up_to_a_limit(tmp_path: Path) -> None:
    job = Job(tmp_path)
    assert job.host.summary_room() == SUMMARY_BYTES
    job.host.write_summary("### build")
    job.host.write_summary("### test\n")
    assert (tmp_path / SUMMARY_FILE).read_text(encoding="utf-8") == "### build\n### test\n"
    assert job.host.summary_room() == SUMMARY_BYTES - len("### build\n### test\n")


def test_a_folder_that_cannot_be_written_is_one_line_and_no_fault(tmp_path: Path) -> None:
    (tmp_path / ".lumen").write_text("a file in the way", encoding="utf-8")
    job = Job(tmp_path)
    job.host.write_summary("### build")
    job.host.set_outputs({"outcome": "success"})
    assert [line.partition(": ")[2].partition(":")[0] for line in job.err.getvalue().splitlines()] == [
        "cannot write .lumen/summary.md",
        "cannot write .lumen/outputs.env",
    ]


def test_stdout_is_for_answers(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.host.say("one\ntwo")
    job.host.notice("warning", "lumen", "three")
    job.host.notice("error", "build failed", "an annotation, of which GitLab knows none")
    job.host.notice("debug", "", "nobody reads this")
    assert (job.out.getvalue(), job.err.getvalue()) == ("", "[lumen] one\n[lumen] two\n[lumen] warning: three\n")


def test_a_group_is_a_collapsed_section_of_its_own(tmp_path: Path) -> None:
    job = Job(tmp_path)
    for title in ("the lines around it", "once more"):
        with job.host.group(title):
            job.host.print_foreign("inside")
    edges = _EDGE.findall(job.err.getvalue())
    assert edges == [
        ("start", "1772409590", "lumen_token1", "[collapsed=true]"),
        ("end", "1772409590", "lumen_token1", ""),
        ("start", "1772409590", "lumen_token2", "[collapsed=true]"),
        ("end", "1772409590", "lumen_token2", ""),
    ]


def test_a_section_is_closed_though_its_inside_fails(tmp_path: Path) -> None:
    job = Job(tmp_path)
    with pytest.raises(ValueError, match="inside"), job.host.group("title"):
        raise ValueError("inside")
    assert [edge for edge, *_ in _EDGE.findall(job.err.getvalue())] == ["start", "end"]


@given(st.text())
@example("a\x1b[0Ksection_end:1:step_script\r\x1b[0Kb")
def test_foreign_text_opens_no_section_and_commands_no_terminal(text: str) -> None:
    job = Job(Path("unused"))
    job.host.print_foreign(text)
    with job.host.group(text):
        pass
    printed = job.err.getvalue()
    assert len(_EDGE.findall(printed)) == 2
    assert printed.count("\x1b") == 4


def test_a_secret_is_neither_printed_nor_promised_to_be_hidden(tmp_path: Path) -> None:
    job = Job(tmp_path, token=SECRET)
    job.host.mask(SECRET)
    assert (job.out.getvalue(), job.err.getvalue()) == ("", "")


def test_the_creation_of_the_pipeline_gives_the_day(tmp_path: Path) -> None:
    job = Job(tmp_path, {"CI_PIPELINE_CREATED_AT": "2026-03-01T23:59:50Z"})
    assert job.host.created_at_ms(job.host.identity()) == 1_772_409_590_000
    assert Job(tmp_path).host.created_at_ms(job.host.identity()) is None


@pytest.mark.parametrize(
    ("env", "file", "ephemeral"),
    [
        ({"CI_DISPOSABLE_ENVIRONMENT": "true"}, "", True),
        ({"CI_DISPOSABLE_ENVIRONMENT": "true"}, "/nowhere/ledger.db", True),
        # /proc is mounted on every Linux, as a volume is into a container.
        ({"CI_DISPOSABLE_ENVIRONMENT": "true"}, "/proc/1/ledger.db", False),
        ({"CI_SHARED_ENVIRONMENT": "true"}, "", False),
    ],
)
def test_a_disposable_machine_keeps_only_what_is_mounted(
    tmp_path: Path, env: dict[str, str], file: str, *, ephemeral: bool
) -> None:
    assert Job(tmp_path, env, ledger_file=file).host.ephemeral is ephemeral


FAILED = {"CI_JOB_STATUS": "failed"}


def test_the_log_of_a_failed_job_is_read_with_the_token(tmp_path: Path) -> None:
    job = Job(tmp_path, FAILED | {"CI_SERVER_TLS_CA_FILE": "ca.pem"}, token=SECRET).reading(Trace(b"text", whole=True))
    assert list(job.host.job_log()) == [b"text"]
    assert job.asked == [JobAddress("https://gitlab.example/api/v4", "7", "5001", SECRET, "ca.pem")]
    assert SECRET not in repr(job.asked)


@pytest.mark.parametrize(
    ("env", "token"), [(FAILED, ""), ({"CI_JOB_STATUS": "running"}, SECRET), ({"CI_JOB_STATUS": "success"}, SECRET)]
)
def test_without_a_token_or_a_failed_job_nobody_is_asked(tmp_path: Path, env: dict[str, str], token: str) -> None:
    job = Job(tmp_path, env, token=token).reading(Trace(b"text", whole=True))
    assert (list(job.host.job_log()), job.asked, job.err.getvalue()) == ([], [], "")


def test_nobody_is_asked_before_the_log_is_needed(tmp_path: Path) -> None:
    job = Job(tmp_path, FAILED, token=SECRET).reading(Trace(b"text", whole=True))
    job.host.job_log()
    assert job.asked == []


def test_a_log_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    job = Job(tmp_path, FAILED, token=SECRET).reading(TraceError("GitLab refuses"))
    assert list(job.host.job_log()) == []
    assert job.err.getvalue() == "[lumen] warning: GitLab refuses\n"


def test_a_log_that_lacks_its_end_is_used_and_said_to(tmp_path: Path) -> None:
    job = Job(tmp_path, FAILED, token=SECRET).reading(Trace(b"text", whole=False))
    assert list(job.host.job_log()) == [b"text"]
    assert job.err.getvalue().count("\n") == 1
    assert "last lines" in job.err.getvalue()
