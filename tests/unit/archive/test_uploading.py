"""Bringing an archive to stores: once, whole, in the right order, and never in place of something else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from storecontract import some_bytes

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.fingerprints import SHA256
from lumen_action.archive.local import Frozen, frozen_as, ids_in
from lumen_action.archive.stores import Content, Receipt, Store, StoreError, TakenError, Tick, content_of_bytes
from lumen_action.archive.stores.directory import Directory
from lumen_action.archive.uploading import Upload, upload, worst_code
from lumen_action.errors import IntegrityError
from lumen_action.http import Timing

ID = ArchiveId("nightly", "2026-03-04", "eu", "1")
TIMING = Timing(sleep=lambda _: None)


def frozen(folder: Path, body: bytes = b"sealed", root: str = "ab" * 32, id_: ArchiveId = ID) -> Frozen:
    """Leave an archive in a folder as freezing does; what is inside is nothing to uploading."""
    label = Label(id_, 1, len(body), hashlib.sha256(body).hexdigest(), "0" * 8, root, 1, 1, mac="m")
    sealed, label_file = folder / id_.sealed, folder / id_.label
    sealed.parent.mkdir(parents=True, exist_ok=True)
    sealed.write_bytes(body)
    label_file.write_bytes(label.encode())
    return Frozen(label, sealed, label_file)


def folders(tmp_path: Path, *names: str) -> list[Store]:
    return [Directory(f"file:{name}", tmp_path / name) for name in names]


def brought(archive: Frozen, *stores: Store, proves: Callable[[Label], bool] = lambda _: False) -> list[Upload]:
    return upload(archive, stores, proves, lambda _: lambda _: None, TIMING)


def test_every_store_gets_both_objects_and_gives_a_receipt(tmp_path: Path) -> None:
    stores = folders(tmp_path, "a", "b", "c")
    archive = frozen(tmp_path / "here", some_bytes(300_000))
    done = brought(archive, *stores)
    assert [each.store for each in done] == ["file:a", "file:b", "file:c"]
    assert worst_code(done) == 0
    for each in done:
        assert each.receipt is not None
        assert (each.receipt.existed, dict(each.fingerprints)) == (False, {SHA256: archive.label.sha256})
        assert each.told == "taken, sha256 confirmed"
    for name in "abc":
        assert frozen_as(tmp_path / name, ID) == Frozen(
            archive.label, tmp_path / name / ID.sealed, tmp_path / name / ID.label
        )
        assert list(ids_in(tmp_path / name)) == [ID]


def test_the_same_again_is_left_alone(tmp_path: Path) -> None:
    (store,) = folders(tmp_path, "a")
    archive = frozen(tmp_path / "here")
    brought(archive, store)
    (done,) = brought(archive, store)
    assert done.receipt is not None
    assert done.receipt.existed


class Broken(Directory):
    """Fails when the label comes, after the archive was taken."""

    def put(self, name: str, content: Content, tick: Tick) -> Receipt:
        if name.endswith(".json"):
            raise StoreError(f"{self.url}: gone for lunch")
        return super().put(name, content, tick)


def test_an_upload_that_was_cut_off_has_no_label_and_is_finished_by_the_next(tmp_path: Path) -> None:
    archive = frozen(tmp_path / "here")
    good, broken = Directory("file:b", tmp_path / "b"), Broken("file:a", tmp_path / "a")
    failed, done = brought(archive, broken, good)
    assert (str(failed.fault), failed.receipt, worst_code([failed, done])) == ("file:a: gone for lunch", None, 75)
    assert done.receipt is not None
    assert list(ids_in(tmp_path / "a")) == []
    (done,) = brought(archive, Directory("file:a", tmp_path / "a"))
    assert done.receipt is not None
    assert done.receipt.existed
    assert list(ids_in(tmp_path / "a")) == [ID]


def test_other_files_under_the_same_name_are_refused(tmp_path: Path) -> None:
    (store,) = folders(tmp_path, "a")
    brought(frozen(tmp_path / "first"), store)
    (done,) = brought(frozen(tmp_path / "second", b"other", root="cd" * 32), store, proves=lambda _: True)
    assert isinstance(done.fault, TakenError)
    assert "`--version` 2" in done.told
    assert worst_code([done]) == 2
    assert (tmp_path / "a" / ID.sealed).read_bytes() == b"sealed"


def test_the_same_files_sealed_anew_are_there_if_the_label_proves_to_be_ours(tmp_path: Path) -> None:
    (store,) = folders(tmp_path, "a")
    first = frozen(tmp_path / "first")
    brought(first, store)
    again = frozen(tmp_path / "second", b"sealed with another salt")
    (done,) = brought(again, store, proves=lambda label: label == first.label)
    assert done.receipt is not None
    assert (done.label, done.receipt.existed) == (first.label, True)
    assert done.told == "was there before, sha256 confirmed; sealed before from the same files"
    (done,) = brought(again, store, proves=lambda _: False)
    assert isinstance(done.fault, TakenError)
    assert "neither the key nor the ledger" in done.told


@pytest.mark.parametrize("left", [b"", b"sealed and longer"])
def test_a_label_whose_archive_is_gone_or_another_proves_nothing(tmp_path: Path, left: bytes) -> None:
    (store,) = folders(tmp_path, "a")
    brought(frozen(tmp_path / "first"), store)
    sealed = tmp_path / "a" / ID.sealed
    sealed.unlink()
    if left:
        sealed.write_bytes(left)
    (done,) = brought(frozen(tmp_path / "second", b"anew"), store, proves=lambda _: True)
    assert isinstance(done.fault, IntegrityError)
    assert worst_code([done]) == 3


def test_what_an_unfinished_upload_left_is_not_replaced(tmp_path: Path) -> None:
    (store,) = folders(tmp_path, "a")
    store.put(ID.sealed, content_of_bytes(b"of an earlier machine"), lambda _: None)
    (done,) = brought(frozen(tmp_path / "here"), store, proves=lambda _: True)
    assert isinstance(done.fault, TakenError)
    assert "no label beside it" in done.told


@pytest.mark.parametrize("body", [b"", b"not JSON", b"[]", b'{"format": 2}', b"x" * 100_000])
def test_what_is_no_label_is_left_alone(tmp_path: Path, body: bytes) -> None:
    (store,) = folders(tmp_path, "a")
    store.put(ID.label, content_of_bytes(body), lambda _: None)
    (done,) = brought(frozen(tmp_path / "here"), store)
    assert isinstance(done.fault, TakenError)
    assert not (tmp_path / "a" / ID.sealed).exists()


def test_a_file_that_is_no_longer_what_was_frozen_goes_nowhere(tmp_path: Path) -> None:
    (store,) = folders(tmp_path, "a")
    archive = frozen(tmp_path / "here")
    archive.sealed.write_bytes(b"sealeD")
    with pytest.raises(IntegrityError, match="not what was frozen"):
        brought(archive, store)
    assert not (tmp_path / "a").exists()


class Lying(Directory):
    """Says that it holds other bytes than it was sent."""

    def put(self, name: str, content: Content, tick: Tick) -> Receipt:
        receipt = super().put(name, content, tick)
        return replace(receipt, stored=replace(receipt.stored, fingerprints={SHA256: "0" * 64}))


def test_a_store_that_holds_other_bytes_gets_no_label(tmp_path: Path) -> None:
    (done,) = brought(frozen(tmp_path / "here"), Lying("file:a", tmp_path / "a"))
    assert isinstance(done.fault, IntegrityError)
    assert list(ids_in(tmp_path / "a")) == []


def test_a_moved_label_is_seen(tmp_path: Path) -> None:
    other = frozen(tmp_path / "here", id_=replace(ID, version="2"))
    other.label_file.rename(tmp_path / "here" / ID.label)
    with pytest.raises(IntegrityError, match="somebody moved it"):
        frozen_as(tmp_path / "here", ID)
