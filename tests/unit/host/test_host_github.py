"""The files, the log and the API of a job on GitHub Actions."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest
from hostile import SHAPES, hostile_texts
from hypothesis import given
from runner_parser import Command, Runner, read_file_command

from lumen_action.errors import RemoteError
from lumen_action.host.commands import disarm, lines_of
from lumen_action.host.github import SUMMARY_BYTES, Fetch, GitHubHost

CREDENTIAL = "s3cret"


class Job:
    """One step of a job with real files in a folder."""

    def __init__(
        self, folder: Path, env: Mapping[str, str] | None = None, fetch: Fetch | None = None, token: str = ""
    ) -> None:
        self.folder = folder
        self.out = io.StringIO()
        numbers = count(1)
        self.env = {
            "GITHUB_RUN_ID": "42",
            "GITHUB_REPOSITORY": "org/shop",
            "GITHUB_API_URL": "https://api.example.com",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_ENV": str(folder / "env"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "RUNNER_TEMP": str(folder / "temp"),
        } | dict(env or {})
        self.host = GitHubHost(self.env, self.out, lambda: f"token{next(numbers)}", fetch=fetch, token=token)

    @property
    def printed(self) -> str:
        return self.out.getvalue()

    @property
    def runner(self) -> Runner:
        return Runner().read(self.printed)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


class TestPlaces:
    def test_state_lives_in_the_folder_the_runner_empties(self, tmp_path: Path) -> None:
        env = {"RUNNER_TEMP": str(tmp_path / "a b"), "GITHUB_WORKSPACE": str(tmp_path / "work")}
        host = Job(tmp_path, env).host
        assert host.state_dir == tmp_path / "a b" / "lumen"
        assert host.scratch_dirs == (tmp_path / "a b", tmp_path / "work")

    def test_without_such_a_folder_the_machine_has_one(self, tmp_path: Path) -> None:
        host = Job(tmp_path, {"RUNNER_TEMP": ""}).host
        assert host.state_dir.name == "lumen"
        assert host.state_dir.parent.is_dir()
        assert host.scratch_dirs == ()

    @pytest.mark.parametrize(("kind", "ephemeral"), [("github-hosted", True), ("self-hosted", False), ("", False)])
    def test_a_hosted_machine_dies_with_the_job(self, tmp_path: Path, kind: str, *, ephemeral: bool) -> None:
        assert Job(tmp_path, {"RUNNER_ENVIRONMENT": kind}).host.ephemeral is ephemeral

    def test_identity_is_read_once(self, job: Job) -> None:
        assert job.host.identity() is job.host.identity()
        assert job.host.identity().run == "42"


class TestFiles:
    def test_outputs_byte_by_byte(self, job: Job) -> None:
        job.host.set_outputs({"error-class": "network", "evidence": "a\nb=é\r", "rerun": "true"})
        assert (job.folder / "output").read_bytes() == (
            b"error-class<<lumen_token1\nnetwork\nlumen_token1\n"
            b"evidence<<lumen_token2\na\nb=\xc3\xa9\r\nlumen_token2\n"
            b"rerun<<lumen_token3\ntrue\nlumen_token3\n"
        )
        assert job.printed == ""

    def test_outputs_are_added_to_those_of_earlier_calls(self, job: Job) -> None:
        job.host.set_outputs({"a": "1"})
        job.host.set_outputs({"b": "2"})
        assert read_file_command((job.folder / "output").read_text()) == {"a": "1", "b": "2"}

    @given(text=hostile_texts)
    def test_hostile_outputs_stay_one_value(self, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        job = Job(tmp_path_factory.mktemp("job"))
        job.host.set_outputs({"evidence": text, "rerun": "false"})
        content = (job.folder / "output").read_bytes().decode()
        assert read_file_command(content) == {"evidence": text, "rerun": "false"}

    def test_half_characters_are_no_reason_to_stop(self, job: Job) -> None:
        job.host.set_outputs({"a": "x\udce9"})
        assert b"x\\udce9\n" in (job.folder / "output").read_bytes()

    def test_without_an_output_file_no_command_takes_its_place(self, tmp_path: Path) -> None:
        job = Job(tmp_path, {"GITHUB_OUTPUT": ""})
        job.host.set_outputs({"a": "1"})
        assert [command.name for command in job.runner.obeyed] == ["debug"]

    def test_variables_for_later_steps(self, job: Job) -> None:
        job.host.export({"TRACEPARENT": "00-a-b-01"})
        assert (job.folder / "env").read_bytes() == b"TRACEPARENT<<lumen_token1\n00-a-b-01\nlumen_token1\n"

    def test_a_summary_is_appended_in_whole_lines(self, job: Job) -> None:
        job.host.write_summary("# é")
        job.host.write_summary("| a |\n")
        assert (job.folder / "summary").read_bytes() == b"# \xc3\xa9\n| a |\n"

    def test_the_room_in_a_summary(self, tmp_path: Path) -> None:
        job = Job(tmp_path)
        assert job.host.summary_room() == SUMMARY_BYTES
        (tmp_path / "summary").write_bytes(b"x" * 1000)
        assert job.host.summary_room() == SUMMARY_BYTES - 1000
        (tmp_path / "summary").write_bytes(b"x" * (SUMMARY_BYTES + 1))
        assert job.host.summary_room() == 0
        assert Job(tmp_path, {"GITHUB_STEP_SUMMARY": ""}).host.summary_room() == 0

    def test_a_summary_that_cannot_be_written_is_a_warning(self, tmp_path: Path) -> None:
        job = Job(tmp_path, {"GITHUB_STEP_SUMMARY": str(tmp_path)})
        job.host.write_summary("# x")
        (warning,) = job.runner.obeyed
        assert warning.name == "warning"
        assert "GITHUB_STEP_SUMMARY" in warning.data


class TestLog:
    def test_annotations_are_commands_of_one_line(self, job: Job) -> None:
        job.host.notice("error", "build failed: eu, us", "50%\nnext\r\n::set-output name=x::1")
        job.host.notice("debug", "", "detail")
        assert job.runner.obeyed == [
            Command("error", {"title": "build failed: eu, us"}, "[lumen] 50%\nnext\r\n::set-output name=x::1"),
            Command("debug", {}, "detail"),
        ]
        assert job.printed.count("\n") == 2

    def test_one_error_and_three_warnings_and_the_rest_as_plain_lines(self, job: Job) -> None:
        for number in range(5):
            job.host.notice("warning", "lumen", f"w{number}")
            job.host.notice("error", "lumen", f"e{number}\n::error::x")
            job.host.notice("debug", "lumen", "d")
        names = [command.name for command in job.runner.obeyed]
        assert {name: names.count(name) for name in names} == {"error": 1, "warning": 3, "debug": 5}
        assert "[lumen] warning: lumen: w4" in job.runner.shown
        assert "[lumen] error: lumen: e4" in job.runner.shown

    def test_our_own_words_may_quote(self, job: Job) -> None:
        job.host.say("answered ##[add-mask]x\n::add-mask::y")
        assert job.runner.obeyed == []

    def test_a_group_ends_whatever_happens_inside(self, job: Job) -> None:
        def fail() -> None:
            with job.host.group("50%\n::x"):
                job.host.say("inside")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert job.printed == "::group::50%25%0A::x\n[lumen] inside\n::endgroup::\n"

    @pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
    def test_foreign_text_is_shown_and_not_obeyed(self, job: Job, text: str) -> None:
        job.host.print_foreign(text)
        assert job.printed.startswith("::stop-commands::token1\n")
        assert job.printed.endswith("\n::token1::\n")
        assert job.runner.obeyed == []
        assert job.runner.stop_token is None
        assert job.runner.shown == [*(f"[lumen] {disarm(line)}" for line in lines_of(text)), ""]

    @given(text=hostile_texts, later=hostile_texts)
    def test_no_foreign_text_is_obeyed(self, text: str, later: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        job = Job(tmp_path_factory.getbasetemp())
        job.host.print_foreign(text)
        job.host.print_foreign(later)
        job.host.notice("warning", "lumen", "ours")
        assert job.runner.obeyed == [Command("warning", {"title": "lumen"}, "[lumen] ours")]
        assert job.runner.stop_token is None

    def test_a_token_serves_once(self, job: Job) -> None:
        job.host.print_foreign("a")
        job.host.print_foreign("::token1::\n::add-mask::x")
        assert "::stop-commands::token2" in job.printed
        assert job.runner.obeyed == []

    def test_commands_are_obeyed_again_even_after_a_fault(self, tmp_path: Path) -> None:
        class Full(io.StringIO):
            def write(self, text: str) -> int:
                if "disk" in text:
                    raise OSError(28, "No space left on device")
                return super().write(text)

        out = Full()
        host = GitHubHost(Job(tmp_path).env, out, lambda: "fresh")
        with pytest.raises(OSError, match="No space"):
            host.print_foreign("a\ndisk")
        assert out.getvalue().endswith("::fresh::\n")

    def test_an_encoding_that_lacks_a_sign_is_no_reason_to_stop(self, tmp_path: Path) -> None:
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n")
        host = GitHubHost(Job(tmp_path).env, out, lambda: "t")
        host.say("日本 é\udce9")
        out.flush()
        assert raw.getvalue() == b"[lumen] \\u65e5\\u672c \xe9\\udce9\n"


class TestMasks:
    def test_every_line_of_a_secret_is_masked(self, job: Job) -> None:
        job.host.mask("first%line\n\n  \nsecond\r\nthird")
        assert [(command.name, command.data) for command in job.runner.obeyed] == [
            ("add-mask", "first%line"),
            ("add-mask", "second"),
            ("add-mask", "third"),
        ]

    @pytest.mark.parametrize("secret", ["", "\n", "  \r\n"])
    def test_nothing_is_masked_and_imported_without_a_secret(
        self, job: Job, secret: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "actions_toolkit.core", None)
        job.host.mask(secret)
        assert job.printed == ""

    def test_a_secret_that_cannot_be_masked_is_not_passed_over(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "actions_toolkit.core", None)
        with pytest.raises(ImportError):
            job.host.mask("secret")


class Api:
    """Answers like the API and counts the questions."""

    def __init__(self, answer: Mapping[str, object] | None) -> None:
        self.answer = answer
        self.questions: list[tuple[str, Mapping[str, str], float]] = []

    def __call__(self, url: str, headers: Mapping[str, str], timeout: float) -> Mapping[str, object]:
        self.questions.append((url, headers, timeout))
        if self.answer is None:
            raise RemoteError("the API answered 403")
        return self.answer


class TestCreation:
    def test_is_asked_once_a_job(self, tmp_path: Path) -> None:
        api = Api({"created_at": "2026-01-02T03:04:05Z"})
        for _ in range(2):
            host = Job(tmp_path, fetch=api, token=CREDENTIAL).host
            assert host.created_at_ms(host.identity()) == 1_767_323_045_000
        ((url, headers, timeout),) = api.questions
        assert url == "https://api.example.com/repos/org/shop/actions/runs/42"
        assert headers["Authorization"] == f"Bearer {CREDENTIAL}"
        assert timeout > 0

    @pytest.mark.parametrize("answer", [None, {}, {"created_at": "yesterday"}, {"created_at": 5}])
    def test_a_failure_is_asked_once_too(self, tmp_path: Path, answer: Mapping[str, object] | None) -> None:
        api = Api(answer)
        for _ in range(2):
            job = Job(tmp_path, fetch=api, token=CREDENTIAL)
            assert job.host.created_at_ms(job.host.identity()) is None
            assert {command.name for command in job.runner.obeyed} <= {"debug"}
        assert len(api.questions) == 1

    @pytest.mark.parametrize("kept", ["", "[]", "{}", '{"created_at_ms"', "\0"])
    def test_a_broken_memory_is_asked_again(self, tmp_path: Path, kept: str) -> None:
        api = Api({"created_at": "2026-01-02T03:04:05Z"})
        host = Job(tmp_path, fetch=api, token=CREDENTIAL).host
        host.state_dir.mkdir(parents=True)
        (host.state_dir / "run-42.json").write_text(kept)
        assert host.created_at_ms(host.identity()) == 1_767_323_045_000
        assert json.loads((host.state_dir / "run-42.json").read_text()) == {"created_at_ms": 1_767_323_045_000}

    def test_without_token_or_api_nobody_is_asked(self, tmp_path: Path) -> None:
        api = Api({"created_at": "2026-01-02T03:04:05Z"})
        for host in (
            Job(tmp_path, fetch=api).host,
            Job(tmp_path, token=CREDENTIAL).host,
            Job(tmp_path, {"GITHUB_API_URL": ""}, fetch=api, token=CREDENTIAL).host,
        ):
            assert host.created_at_ms(host.identity()) is None
        assert api.questions == []

    def test_a_folder_that_cannot_be_written_costs_only_the_memory(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        api = Api({"created_at": "2026-01-02T03:04:05Z"})
        host = Job(tmp_path, {"RUNNER_TEMP": str(tmp_path / "file")}, fetch=api, token=CREDENTIAL).host
        assert host.created_at_ms(host.identity()) == 1_767_323_045_000
