"""The bytes of an archive: the same for the same files, whoever owns them and whenever they were written."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from frozenfiles import quiet, write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumen_action.archive.ahead import ahead, gathered
from lumen_action.archive.manifest import Origin, Tally
from lumen_action.archive.packing import UnsteadyError, packed
from lumen_action.archive.walking import found_files
from lumen_action.merkle import tree_head

ORIGIN = Origin("nightly/2026-01-02/eu/1", 5, "run 7", "20260102-eu-1a2b3c4", "ab" * 16, "sqlite 5", "lumen test")
FILES = {"b.txt": b"two", "a/x": b"", "a/한글 name": b"1", "-dash": bytes(range(256)) * 9}


def archive(folder: Path, *paths: str, tick: Callable[[int], None] = quiet) -> tuple[bytes, Tally]:
    tally = Tally()
    files = found_files(paths or (".",), folder).files
    return b"".join(packed(files, ORIGIN, tally, tick, folder.parent)), tally


def test_any_tar_reads_it(tmp_path: Path) -> None:
    made, _ = archive(write_files(tmp_path / "w", FILES))
    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        members = tar.getmembers()
        read = {each.name: tar.extractfile(each).read() for each in members}  # type: ignore[union-attr]
    manifest = read.pop("manifest")
    assert read == {f"files/{path}": content for path, content in FILES.items()}
    assert list(read) == [f"files/{path}" for path in sorted(FILES, key=str.encode)]
    assert members[-1].name == "manifest"
    assert {(each.uid, each.gid, each.uname, each.gname, each.mtime, each.type) for each in members} == {
        (0, 0, "", "", 0, tarfile.REGTYPE)
    }
    head, *lines, end = manifest.splitlines()
    assert json.loads(head) == {
        "format": 1,
        "name": "nightly/2026-01-02/eu/1",
        "frozen_at_ms": 5,
        "run": "run 7",
        "run_id": "20260102-eu-1a2b3c4",
        "trace_id": "ab" * 16,
        "checkpoint": "sqlite 5",
        "tool": "lumen test",
    }
    assert [json.loads(line) for line in lines] == [
        {"mode": 0o644, "path": path, "sha256": hashlib.sha256(FILES[path]).hexdigest(), "size": len(FILES[path])}
        for path in sorted(FILES, key=str.encode)
    ]
    total = sum(map(len, FILES.values()))
    assert json.loads(end) == {"files": 4, "bytes": total, "root": tree_head(lines).hex()}


def test_times_owners_and_order_change_nothing(tmp_path: Path) -> None:
    one = write_files(tmp_path / "one", FILES)
    other = write_files(tmp_path / "other", dict(reversed(FILES.items())))
    for number, file in enumerate(other.rglob("*")):
        os.utime(file, (number, 1_000_000_000 + number))
    if os.getuid() == 0:
        os.chown(other / "b.txt", 1234, 4321)
    assert archive(one, "a", "b.txt", "-dash")[0] == archive(other, "-dash", "b.txt", "a")[0]


def test_permissions_are_kept_and_nothing_beyond_them(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "w", {"run": b"#!", "plain": b""})
    (folder / "run").chmod(0o4755)
    (folder / "plain").chmod(0o640)
    made, _ = archive(folder)
    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        assert {each.name: each.mode for each in tar} == {"files/plain": 0o640, "files/run": 0o755, "manifest": 0o644}


def test_the_root_is_that_of_the_files_alone(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "w", FILES)
    _, before = archive(folder)
    other = Tally()
    for _ in packed(found_files(["."], folder).files, Origin("else", 9), other, quiet, tmp_path):
        pass
    assert other.root == before.root
    (folder / "b.txt").write_bytes(b"twO")
    assert archive(folder)[1].root != before.root


def test_every_byte_is_told_of(tmp_path: Path) -> None:
    moved: list[int] = []
    archive(write_files(tmp_path / "w", FILES), tick=moved.append)
    assert sum(moved) == sum(map(len, FILES.values()))


def grow(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"more")


def shrink(file: Path) -> None:
    os.truncate(file, 10)


def rewrite(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"other")
    os.utime(file, ns=(1, 1))


def empty_and_refill(file: Path) -> None:
    file.write_bytes(b"x" * 3_000_000)
    os.utime(file, ns=(1, 1))


@pytest.mark.parametrize("change", [grow, shrink, rewrite, empty_and_refill, lambda file: file.chmod(0o600)])
def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, change: Callable[[Path], None]) -> None:
    folder = write_files(tmp_path / "w", {"big": bytes(3_000_000)})

    def once(_: int) -> None:
        if not seen:
            seen.append(True)
            change(folder / "big")

    seen: list[bool] = []
    with pytest.raises(UnsteadyError, match="big: it changed while it was read") as refused:
        archive(folder, tick=once)
    assert refused.value.exit_code == 75


def swap_for_a_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def swap_for_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("change", [swap_for_a_link, swap_for_a_pipe, Path.unlink])
def test_a_file_that_became_something_else_is_an_error(tmp_path: Path, change: Callable[[Path], None]) -> None:
    folder = write_files(tmp_path / "w", {"a": b"1", "b": b"2"})
    files = found_files(["."], folder).files
    change(folder / "b")
    with pytest.raises(UnsteadyError, match=r"^b: it changed while it was read"):
        list(packed(files, ORIGIN, Tally(), quiet, tmp_path))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 50))
def test_gathering_keeps_every_byte(pieces: list[bytes], size: int) -> None:
    made = list(gathered(pieces, size))
    assert b"".join(made) == b"".join(pieces)
    assert all(len(piece) >= size for piece in made[:-1])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(), max_size=40), st.integers(1, 4), st.integers(0, 40))
def test_working_ahead_changes_nothing_and_can_be_left(values: list[int], depth: int, taken: int) -> None:
    assert list(ahead(values, depth)) == values
    some = ahead(values, depth)
    assert [next(some, None) for _ in range(min(taken, len(values)))] == values[:taken]
    some.close()


def test_what_goes_wrong_ahead_is_raised_where_it_is_taken() -> None:
    def breaking() -> object:
        yield 1
        raise ValueError("broken")

    some = ahead(breaking())  # type: ignore[arg-type]
    assert next(some) == 1
    with pytest.raises(ValueError, match="broken"):
        next(some)
