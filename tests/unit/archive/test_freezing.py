"""Freezing: a name is given once, and never to something half-written."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from frozenfiles import FROZEN_AT, ID, KEY_TEXT, KEYS, examined, frozen, quiet, read_files, write_files

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.freezing import Order, freeze, standing
from lumen_action.archive.keys import Keys, label_mac, read_keys
from lumen_action.archive.packing import UnsteadyError
from lumen_action.archive.placing import DiskError
from lumen_action.archive.stores import TakenError
from lumen_action.archive.walking import found_files
from lumen_action.errors import ConfigError, IntegrityError

FILES = {"a": b"one", "b/c": b"two"}


def order(tmp_path: Path, files: dict[str, bytes] | None = None, id_: ArchiveId = ID) -> Order:
    folder = write_files(tmp_path / "w", FILES if files is None else files)
    return Order(id_, found_files(["."], folder).files, tmp_path / "archives", FROZEN_AT)


def names(tmp_path: Path) -> list[str]:
    """Return every file beside the archives, hidden ones too."""
    return sorted(read_files(tmp_path / "archives"))


def test_the_label_tells_what_everybody_may_know(tmp_path: Path) -> None:
    made = frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives")
    sealed = made.sealed.read_bytes()
    label = Label.decode(made.label_file.read_bytes())
    assert label == made.label
    assert (label.size, label.sha256) == (len(sealed), hashlib.sha256(sealed).hexdigest())
    assert (label.files, label.content_bytes, label.root) == (2, 6, examined(made.sealed).root)
    assert (label.run, label.checkpoint, label.tool) == ("run 7", "sqlite 5", "lumen test")
    assert label.mac == label_mac(bytes(range(32)), label)
    assert KEYS.proves(label)
    assert names(tmp_path) == ["nightly/2026-01-02/eu/1.json", "nightly/2026-01-02/eu/1.lumen"]


def test_the_sealed_file_says_nothing_of_the_files(tmp_path: Path) -> None:
    made = frozen(write_files(tmp_path / "w", {"secret-name": b"secret-content"}), tmp_path / "archives")
    told = made.sealed.read_bytes() + made.label_file.read_bytes()
    assert b"secret" not in told


def test_the_same_files_are_frozen_once(tmp_path: Path) -> None:
    asked = order(tmp_path)
    assert standing(asked, quiet) is None
    made = freeze(asked, KEYS, quiet)
    before = read_files(tmp_path / "archives")
    later = replace(asked, frozen_at_ms=FROZEN_AT + 1, run="another")
    assert standing(later, quiet) == made
    assert read_files(tmp_path / "archives") == before


def test_other_files_need_another_version(tmp_path: Path) -> None:
    freeze(order(tmp_path), KEYS, quiet)
    before = read_files(tmp_path / "archives")
    with pytest.raises(TakenError, match=r"frozen before with other content .* Freeze this as `--version 2`"):
        standing(order(tmp_path, {"a": b"One"}), quiet)
    assert read_files(tmp_path / "archives") == before
    freeze(order(tmp_path, {"a": b"One"}, replace(ID, version="2")), KEYS, quiet)


def test_an_archive_that_was_damaged_is_not_taken_for_the_same(tmp_path: Path) -> None:
    made = freeze(order(tmp_path), KEYS, quiet)
    made.sealed.write_bytes(made.sealed.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match="not what was frozen"):
        standing(order(tmp_path), quiet)


def test_a_name_that_was_given_meanwhile_is_not_given_again(tmp_path: Path) -> None:
    asked = order(tmp_path)
    made = freeze(asked, KEYS, quiet)
    os.utime(made.sealed, (1, 1))
    before = read_files(tmp_path / "archives")
    with pytest.raises(TakenError, match="by somebody else"):
        freeze(asked, KEYS, quiet)
    assert read_files(tmp_path / "archives") == before


def test_of_many_who_freeze_one_name_at_once_one_does(tmp_path: Path) -> None:
    asked = order(tmp_path)
    came: list[object] = []

    def one() -> None:
        try:
            came.append(freeze(asked, KEYS, quiet))
        except TakenError as fault:
            came.append(fault)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(each, TakenError) for each in came) == 1
    made = standing(asked, quiet)
    assert made
    assert examined(made.sealed).root == made.label.root
    assert len(names(tmp_path)) == 2


def test_what_was_cut_off_between_both_names_is_frozen_anew_a_minute_later(tmp_path: Path) -> None:
    asked = order(tmp_path)
    made = freeze(asked, KEYS, quiet)
    made.label_file.unlink()
    with pytest.raises(TakenError, match="again in a minute"):
        freeze(asked, KEYS, quiet)
    old = made.sealed.stat().st_mtime - 100
    os.utime(made.sealed, (old, old))
    again = freeze(asked, KEYS, quiet)
    assert standing(asked, quiet) == again


def test_what_a_killed_one_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    """Also by whoever then finds that the name is frozen already."""
    old = ".1.lumen.00.part", ".1.json.00.part"
    place = tmp_path / "archives" / "nightly" / "2026-01-02" / "eu"
    for act in (freeze, lambda asked, _keys, tick: standing(asked, tick)):
        write_files(place, dict.fromkeys([*old, ".1.lumen.11.part"], b""))
        for name in old:
            os.utime(place / name, (1, 1))
        assert act(order(tmp_path), KEYS, quiet)
        assert sorted(path.name for path in place.iterdir()) == [".1.lumen.11.part", "1.json", "1.lumen"]


def test_a_file_that_changes_leaves_nothing_behind(tmp_path: Path) -> None:
    asked = order(tmp_path, {"big": bytes(3_000_000)})

    def truncate(_: int) -> None:
        os.truncate(tmp_path / "w" / "big", 5)

    with pytest.raises(UnsteadyError):
        freeze(asked, KEYS, truncate)
    assert names(tmp_path) == []
    assert threading.active_count() < 10


def test_without_a_key_nothing_is_frozen(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LUMEN_ARCHIVE_KEY"):
        freeze(order(tmp_path), Keys(), quiet)
    assert not (tmp_path / "archives").exists()


def test_another_key_cannot_open_it(tmp_path: Path) -> None:
    made = freeze(order(tmp_path), KEYS, quiet)
    other = read_keys({"LUMEN_ARCHIVE_KEY": "B" + KEY_TEXT[1:]}, [], [])
    with pytest.raises(ConfigError, match=f"no key {made.label.key_id}"):
        examined(made.sealed, other)


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files needs Unix")
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    import resource

    asked = order(tmp_path, {"big": os.urandom(3_000_000)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(DiskError, match="no file may grow to this size") as refused:
            freeze(asked, KEYS, quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.exit_code == 75
    assert names(tmp_path) == []
