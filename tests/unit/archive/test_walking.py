"""Which files are frozen and what they are called inside: nothing is guessed, and every fault is told at once."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest
from frozenfiles import write_files

from lumen_action.archive.walking import found_files
from lumen_action.errors import ConfigError


def names(paths: list[str], folder: Path, exclude: tuple[str, ...] = ()) -> list[str]:
    return [each.path for each in found_files(paths, folder, exclude).files]


def problems(paths: list[str], folder: Path, exclude: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        found_files(paths, folder, exclude)
    return refused.value.problems


def test_a_file_is_called_by_its_way_from_the_working_folder(tmp_path: Path) -> None:
    work = write_files(tmp_path / "work", {"reports/a.html": b"1", "reports/deep/b.pdf": b"2", "c.txt": b"3"})
    assert names(["reports", "./c.txt"], work) == ["c.txt", "reports/a.html", "reports/deep/b.pdf"]
    assert names(["."], work) == ["c.txt", "reports/a.html", "reports/deep/b.pdf"]
    assert names([str(work / "reports" / "deep")], work) == ["reports/deep/b.pdf"]


def test_what_lies_elsewhere_keeps_its_own_name(tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere" / "site", {"index.html": b"1"})
    work = write_files(tmp_path / "work", {})
    assert names([str(tmp_path / "elsewhere" / "site")], work) == ["site/index.html"]
    assert names(["../elsewhere/site/index.html"], work) == ["index.html"]


def test_a_working_folder_behind_a_link_is_the_working_folder(tmp_path: Path) -> None:
    real = write_files(tmp_path / "real", {"reports/a": b"1"})
    (tmp_path / "way").symlink_to(real)
    assert names([str(real / "reports")], tmp_path / "way") == ["reports/a"]
    assert names([str(tmp_path / "way" / "reports")], real) == ["reports/a"]


def test_files_stand_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    write_files(tmp_path, dict.fromkeys(["b", "a/z", "a-x", "a.b", "é", "z", "한글", "Z", "\U0001f600"], b""))
    expected = sorted(["b", "a/z", "a-x", "a.b", "é", "z", "한글", "Z", "\U0001f600"], key=lambda name: name.encode())
    assert names(["."], tmp_path) == expected


def test_a_file_that_is_named_twice_is_frozen_once(tmp_path: Path) -> None:
    write_files(tmp_path, {"reports/a": b"1"})
    assert names(["reports", "reports/a", str(tmp_path / "reports")], tmp_path) == ["reports/a"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.tmp", ["a.txt", "logs/x.log", "logs/debug/y.log"]),
        ("logs", ["a.tmp", "a.txt"]),
        ("logs/", ["a.tmp", "a.txt"]),
        ("./logs/debug", ["a.tmp", "a.txt", "logs/x.log"]),
        ("logs/*.log", ["a.tmp", "a.txt"]),
        ("debug", ["a.tmp", "a.txt", "logs/x.log"]),
        ("A.txt", ["a.tmp", "a.txt", "logs/debug/y.log", "logs/x.log"]),
    ],
)
def test_patterns_leave_files_and_whole_folders_out(tmp_path: Path, pattern: str, left: list[str]) -> None:
    write_files(tmp_path, dict.fromkeys(["a.txt", "a.tmp", "logs/x.log", "logs/debug/y.log"], b""))
    assert names(["."], tmp_path, (pattern,)) == sorted(left)


def test_what_is_no_file_is_refused_all_at_once_with_the_way_out(tmp_path: Path) -> None:
    write_files(tmp_path, {"good": b"1", "deep/good": b"2"})
    (tmp_path / "link").symlink_to("good")
    (tmp_path / "deep" / "dangling").symlink_to("/nowhere")
    (tmp_path / "folder-link").symlink_to("deep", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(tmp_path / "sock"))
        told = problems([".", "missing"], tmp_path)
    assert [line.partition(":")[0] for line in told] == [
        "deep/dangling",
        "folder-link",
        "link",
        "missing",
        "pipe",
        "sock",
    ]
    assert "a link" in told[0]
    assert "--exclude 'deep/dangling'" in told[0]
    assert "a pipe" in told[4]
    assert "a socket" in told[5]
    assert names(["."], tmp_path, ("link", "dangling", "folder-link", "pipe", "sock")) == ["deep/good", "good"]


@pytest.mark.parametrize("name", [b"new\nline", b"tab\there", b"esc\x1b[31m", b"bad\xff", "next\x85line".encode()])
def test_names_that_cannot_stand_in_a_line_are_refused(tmp_path: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    (told,) = problems(["."], tmp_path)
    assert told.isprintable()
    assert "rename it" in told


def test_folders_in_folders_without_end_are_refused(tmp_path: Path) -> None:
    """They are deeper than recursion goes, and than a path may be long."""
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("a", dir_fd=folder)
        below = os.open("a", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    told = problems(["."], tmp_path)
    # Python's own removal recurses, and so could not tidy up after this test.
    subprocess.run(["rm", "-rf", tmp_path / "a"], check=True)
    assert ["it lies in more than 199 folders" in each for each in told] == [True]


@pytest.mark.parametrize(
    "name", ["-rf", "--help", " lead", "trail ", "sp ace", "한글.txt", "a\u202fb", "#", "~", "e\u0301"]
)
def test_odd_names_are_only_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert names(["."], tmp_path) == [name]


def test_two_files_never_get_one_name(tmp_path: Path) -> None:
    write_files(tmp_path, {"one/report": b"1", "two/report": b"2"})
    work = write_files(tmp_path / "work", {})
    (told,) = problems(["../one/report", "../two/report"], work)
    assert told.startswith("report: both ")


def test_nothing_to_freeze_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "there is no file in `empty`" in problems(["empty"], tmp_path)[0]


def test_the_folder_of_archives_is_left_out_and_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": b"1", "lumen-archives/nightly/2026-01-02/eu/1.lumen": b"2"})
    found = found_files(["."], tmp_path, (), tmp_path / "lumen-archives")
    assert ([each.path for each in found.files], found.spared) == (["a"], ["lumen-archives"])


def test_very_many_faults_are_counted(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"link-{number:02}").symlink_to("x")
    told = problems(["."], tmp_path)
    assert (len(told), told[-1]) == (51, "and 10 more of the kind")
