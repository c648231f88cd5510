"""A log is read from wherever it is, in pieces; what cannot be read is refused before anything else happens."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumen_action import logs
from lumen_action.errors import ConfigError
from lumen_action.logs import CHUNK_BYTES, log_chunks, stdin_chunks

TEXT = b"".join(b"line %d of a long log\n" % number for number in range(50_000))


def refusal(path: Path, roots: list[Path] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        log_chunks(str(path), roots=roots)
    (problem,) = caught.value.problems
    assert problem.startswith(f"log-file: {path} ")
    return problem


def test_a_file_is_read_in_chunks(tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    path.write_bytes(TEXT)
    chunks = list(log_chunks(str(path), "not this"))
    assert b"".join(chunks) == TEXT
    assert max(map(len, chunks)) == CHUNK_BYTES


def test_without_a_file_the_end_of_the_given_text_is_the_log() -> None:
    (chunk,) = log_chunks("", "é" * 100_000)
    assert len(chunk) == 64 << 10
    assert chunk.endswith("é".encode())


def test_without_anything_there_is_nothing_to_read() -> None:
    assert list(log_chunks("")) == []


def test_an_empty_file_is_an_empty_log(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    assert list(log_chunks(str(tmp_path / "empty.log"))) == []


def test_gzip_is_unpacked_all_members_of_it(tmp_path: Path) -> None:
    path = tmp_path / "build.log.gz"
    path.write_bytes(gzip.compress(TEXT) + gzip.compress(b"the end\n"))
    chunks = list(log_chunks(str(path)))
    assert b"".join(chunks) == TEXT + b"the end\n"
    assert max(map(len, chunks)) <= CHUNK_BYTES


def test_gzip_that_breaks_off_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "build.log.gz"
    path.write_bytes(gzip.compress(TEXT)[:-4000])
    got = b"".join(log_chunks(str(path)))
    assert len(got) > CHUNK_BYTES
    assert TEXT.startswith(got)


def test_padding_after_gzip_is_not_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "build.log.gz"
    path.write_bytes(gzip.compress(b"done\n") + b"\0" * 512)
    assert b"".join(log_chunks(str(path))) == b"done\n"


def test_the_archive_of_a_run_is_read_job_by_job_in_the_order_people_count(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (
            ("10_deploy.txt", "deploy\n"),
            ("build/1_Set up job.txt", "a step, also in the job's file\n"),
            ("0_build.txt", "build, no line feed"),
            ("2_test.txt", "test\n"),
        ):
            archive.writestr(name, text)
    assert b"".join(log_chunks(str(path))) == b"build, no line feed\ntest\ndeploy\n"


def test_an_archive_with_steps_only_is_read_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("build/2_Test.txt", "second\n")
        archive.writestr("build/1_Set up job.txt", "first\n")
    assert b"".join(log_chunks(str(path))) == b"first\nsecond\n"


@pytest.mark.parametrize("content", [gzip.compress(b"x" * 3000), b""], ids=["gzip", "zip"])
def test_an_archive_that_holds_too_much_is_refused(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "UNPACKED_LIMIT", 2000)
    path = tmp_path / "bomb"
    path.write_bytes(content)
    if not content:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("build.txt", b"x" * 3000)
    with pytest.raises(ConfigError, match=r"log-file: .*bomb cannot be read to its end \(it unpacks to more than"):
        list(log_chunks(str(path)))


def test_a_damaged_archive_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ConfigError, match=r"log-file: .*logs.zip cannot be read to its end"):
        list(log_chunks(str(path)))
    path.write_bytes(b"\x1f\x8b and no gzip")
    with pytest.raises(ConfigError, match=r"log-file: .*logs.zip cannot be read to its end"):
        list(log_chunks(str(path)))


def test_a_file_that_is_missing_is_refused_at_once(tmp_path: Path) -> None:
    assert "does not exist; give the path of the log" in refusal(tmp_path / "nothing.log")


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    assert "is not a regular file" in refusal(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "is not a regular file" in refusal(pipe)
    assert "is not a regular file" in refusal(Path("/dev/zero"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "secret.log"
    path.touch(mode=0)
    assert "cannot be read (Permission denied); check its path and its permissions" in refusal(path)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have_is_refused_at_once(name: str) -> None:
    with pytest.raises(ConfigError, match="log-file: "):
        log_chunks(name)


def test_links_in_a_circle_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    refusal(tmp_path / "a")


def test_a_link_out_of_the_workspace_is_refused(tmp_path: Path) -> None:
    workspace, temporary, elsewhere = (tmp_path / name for name in ("work", "temp", "home"))
    for folder in (workspace, temporary, elsewhere):
        folder.mkdir()
        (folder / "build.log").write_bytes(b"text\n")
    roots = [workspace, temporary]
    (workspace / "out.log").symlink_to(elsewhere / "build.log")
    (workspace / "folder").symlink_to(elsewhere)
    (workspace / "in.log").symlink_to("build.log")
    (workspace / "temp.log").symlink_to(temporary / "build.log")
    (tmp_path / "link to work").symlink_to(workspace)

    assert "is a link to a place outside of the workspace" in refusal(workspace / "out.log", roots)
    assert "is a link to a place outside of the workspace" in refusal(workspace / "folder" / "build.log", roots)
    assert "is a link to a place outside of the workspace" in refusal(
        tmp_path / "link to work" / "out.log", [tmp_path / "link to work", temporary]
    )
    for allowed in (workspace / "in.log", workspace / "temp.log", elsewhere / "build.log"):
        assert list(log_chunks(str(allowed), roots=roots)) == [b"text\n"]


def test_the_workspace_of_the_job_is_guarded_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    (tmp_path / "build.log").symlink_to("/etc/hostname")
    assert "outside of the workspace" in refusal(tmp_path / "build.log")


def test_a_relative_path_counts_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / "build.log").write_bytes(b"text\n")
    (tmp_path / "out.log").symlink_to("/etc/hostname")
    assert list(log_chunks("build.log")) == [b"text\n"]
    assert "outside of the workspace" in refusal(Path("out.log"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=5000), st.sampled_from(["plain", "gzip"]))
def test_whatever_goes_in_comes_out(data: bytes, form: str) -> None:
    if form == "plain" and data.startswith(b"\x1f\x8b"):
        data = b"x" + data
    packed = gzip.compress(data) if form == "gzip" else data
    assert b"".join(stdin_chunks(io.BytesIO(packed))) == data
