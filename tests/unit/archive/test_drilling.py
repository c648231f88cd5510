"""Which archive is drilled, and that what stands on the disk is held against what is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from facts import NOON
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.archive import ArchiveId
from lumen_action.archive.container import Header, opened
from lumen_action.archive.drilling import require_restored, restoring, sample, store_in_turn
from lumen_action.archive.facts import Known
from lumen_action.archive.freezing import Order, freeze
from lumen_action.archive.keys import Keys
from lumen_action.archive.unpacking import Reader
from lumen_action.archive.walking import found_files
from lumen_action.errors import IntegrityError

ID = ArchiveId("nightly", "2026-03-04", "eu", "1")
OTHER = ArchiveId("nightly", "2026-03-05", "eu", "1")
KEYS = Keys(bytes(range(32)))
URLS = ["file:a", "file:b", "s3://c"]


def known(**drilled: int) -> dict[ArchiveId, Known]:
    urls = {"a": "file:a", "b": "file:b", "c": "s3://c"}
    return {ID: Known(ID, drilled={urls[name]: at for name, at in drilled.items()})}


def test_a_store_that_never_was_drilled_comes_first_then_the_one_that_waited_longest() -> None:
    assert store_in_turn(URLS, known(a=5, c=7), "1") == "file:b"
    assert store_in_turn(URLS, known(a=5, b=3, c=7), "1") == "file:b"
    later = known(a=5, b=3, c=7) | {OTHER: Known(OTHER, drilled={"file:b": 9})}
    assert store_in_turn(URLS, later, "1") == "file:a"


@given(st.lists(st.text(), min_size=1), st.text(), st.randoms())
def test_a_seed_draws_the_same_whatever_the_order(names: list[str], seed: str, random: object) -> None:
    drawn = sample(names, str, seed)
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sample(shuffled, str, seed) == drawn
    assert drawn in names


def test_over_many_runs_every_archive_is_drawn() -> None:
    names = [f"day {number}" for number in range(10)]
    assert {sample(names, str, str(NOON + run)) for run in range(300)} == set(names)


@pytest.fixture
def archive(tmp_path: Path) -> tuple[Header, Reader]:
    source = tmp_path / "source"
    for name in ("a.txt", "a.d/b.txt", "a/c.txt", "보고서.txt", "run.sh"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    (source / "run.sh").chmod(0o755)
    order = Order(ID, found_files([str(source)], source).files, tmp_path / "frozen", frozen_at_ms=1)
    made = freeze(order, KEYS, lambda _: None)
    return opened(iter([made.sealed.read_bytes()]), KEYS)


def test_what_was_restored_is_what_was_frozen(archive: tuple[Header, Reader], tmp_path: Path) -> None:
    contents = restoring(tmp_path / "restored")(*archive)
    assert contents.files == 5
    assert (tmp_path / "restored" / "a.d" / "b.txt").read_text() == "a.d/b.txt"


def _rewrite(folder: Path) -> None:
    (folder / "a.txt").write_text("x.txt")


def _add(folder: Path) -> None:
    (folder / "z.txt").write_text("")


def _remove(folder: Path) -> None:
    (folder / "a" / "c.txt").unlink()


def _forbid(folder: Path) -> None:
    (folder / "run.sh").chmod(0o600)


@pytest.mark.parametrize("spoil", [_rewrite, _add, _remove, _forbid])
def test_a_disk_that_gives_back_something_else_fails(
    archive: tuple[Header, Reader], tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    target = tmp_path / "restored"
    contents = restoring(target)(*archive)
    require_restored(contents, target)
    spoil(target)
    with pytest.raises(IntegrityError, match="the files on the disk are not those of the archive"):
        require_restored(contents, target)
