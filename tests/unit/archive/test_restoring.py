"""Which archive of a day comes back, and from where: the first copy that proves right, with a word about the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from frozenfiles import ID, KEY_TEXT, KEYS, frozen, pieces_of, quiet, write_files

from lumen_action.archive import ArchiveId
from lumen_action.archive.keys import Keys, NoKeyError, read_keys
from lumen_action.archive.restoring import Copy, Fetched, choose, copies_of, copy_in, fetch
from lumen_action.archive.stores import GoneError, RefusedError, StoreError, content_of_bytes
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.errors import ConfigError, IntegrityError, LumenError
from lumen_action.http import Timing


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return frozen(write_files(tmp_path / "w", {"a": b"one", "b": b"two"}), tmp_path / "archives").sealed


def failing(where: str, fault: LumenError) -> Copy:
    def pieces() -> Iterator[bytes]:
        raise fault
        yield b""

    return Copy(where, pieces)


def changed(sealed: Path, at: int) -> Copy:
    body = bytearray(sealed.read_bytes())
    body[at] ^= 1
    return Copy("spoilt", lambda: iter([bytes(body)]))


def fetched(copies: Sequence[Copy], id_: ArchiveId = ID, keys: Keys = KEYS) -> tuple[Fetched, list[str], int]:
    """Return what came, what was told of the others, and how often it was begun."""
    told: list[str] = []
    begun: list[int] = []

    def begin() -> tuple[None, None]:
        begun.append(1)
        return None, None

    return fetch(id_, copies, keys, begin, lambda _: quiet, told.append), told, len(begun)


def test_the_first_copy_that_proves_right_is_taken(sealed: Path) -> None:
    copies = [
        failing("s3://one", StoreError("it does not answer")),
        failing("s3://two", RefusedError("s3://two: set AWS_ACCESS_KEY_ID")),
        failing("file:three", GoneError("it is not there")),
        changed(sealed, 5),
        changed(sealed, 40),
        changed(sealed, -1),
        copy_in(sealed),
        failing("never", StoreError("asked for nothing")),
    ]
    done, told, begun = fetched(copies)
    assert (done.where, done.contents.files, begun) == (str(sealed), 2, 2)
    assert [line.partition(":")[0] for line in told[:3]] == ["s3", "s3", "file"]
    assert told[0] == "s3://one: it does not answer; s3://two is asked instead"
    assert len(told) == 6


def test_where_no_copy_helps_all_of_them_are_told(sealed: Path) -> None:
    with pytest.raises(StoreError, match=r"no copy of it can be used; spoilt: .*; s3://x: it does not answer"):
        fetched([changed(sealed, -1), failing("s3://x", StoreError("it does not answer"))])


@pytest.mark.parametrize(
    ("faults", "kind", "code"),
    [
        ([IntegrityError("x"), GoneError("y")], IntegrityError, 3),
        ([IntegrityError("x"), StoreError("y")], StoreError, 75),
        ([StoreError("x"), RefusedError("y")], RefusedError, 2),
        ([IntegrityError("x"), NoKeyError("y")], NoKeyError, 2),
        ([GoneError("x")], GoneError, 3),
    ],
)
def test_the_exit_code_says_what_would_help(faults: list[LumenError], kind: type[LumenError], code: int) -> None:
    with pytest.raises(kind) as refused:
        fetched([failing(str(number), fault) for number, fault in enumerate(faults)])
    assert (type(refused.value), refused.value.exit_code) == (kind, code)


def test_an_archive_under_the_name_of_another_is_refused(sealed: Path) -> None:
    with pytest.raises(
        IntegrityError, match="it is nightly 2026-01-02 eu 1, not nightly 2026-01-03 eu 1; somebody moved"
    ):
        fetched([copy_in(sealed)], replace(ID, day="2026-01-03"))


def test_without_the_key_it_is_named(sealed: Path) -> None:
    other = read_keys({"LUMEN_ARCHIVE_KEY": "B" + KEY_TEXT[1:]}, [], [])
    with pytest.raises(ConfigError, match="LUMEN_ARCHIVE_KEY"):
        fetched([copy_in(sealed)], keys=other)


def test_a_fault_of_this_machine_is_not_blamed_on_the_copy(sealed: Path) -> None:
    def begin() -> tuple[None, None]:
        raise ConfigError("to: it is not a folder")

    with pytest.raises(ConfigError, match=r"^to: it is not a folder$"):
        fetch(ID, [copy_in(sealed), copy_in(sealed)], KEYS, begin, lambda _: quiet, pytest.fail)


def offered(*names: str, labelled: bool = True) -> dict[ArchiveId, list[Copy]]:
    copy = Copy("x", lambda: iter(()), labelled=labelled)
    return {ArchiveId("nightly", *name.split("/")): [copy] for name in names}


@pytest.mark.parametrize(
    ("found", "region", "version", "chosen"),
    [
        (offered("2026-01-02/eu/1", "2026-01-02/eu/2", "2026-01-02/eu/10"), "", "", ["eu/10"]),
        (offered("2026-01-02/eu/1", "2026-01-02/us/1", "2026-01-02/us/2"), "", "", ["eu/1", "us/2"]),
        (offered("2026-01-02/eu/1", "2026-01-02/us/1", "2026-01-02/us/2"), "us", "", ["us/2"]),
        (offered("2026-01-02/eu/1", "2026-01-02/us/1", "2026-01-02/us/2"), "", "1", ["eu/1", "us/1"]),
        (offered("2026-01-02/eu/1"), "ap", "", []),
        (offered("2026-01-01/eu/1", "2026-01-02/eu/1", "2026-01-02/us/1"), "", "", ["eu/1", "us/1"]),
        (offered("2026-01-02/eu/1") | offered("2026-01-02/eu/2", labelled=False), "", "", ["eu/1"]),
        (offered("2026-01-02/eu/2", labelled=False), "", "", ["eu/2"]),
        (offered("2026-01-02/eu/1") | offered("2026-01-02/eu/2", labelled=False), "", "2", ["eu/2"]),
    ],
)
def test_the_newest_version_of_each_region_comes_back(
    found: dict[ArchiveId, list[Copy]], region: str, version: str, chosen: list[str]
) -> None:
    got = choose(found, region, version)
    assert [f"{each.region}/{each.version}" for each in got] == chosen
    assert {each.day for each in got} <= {"2026-01-02"}


def test_stores_are_asked_in_their_order(tmp_path: Path, sealed: Path) -> None:
    one, two = (open_store(f"file:{name}", StoreOptions({}, tmp_path, print)) for name in ("one", "two"))
    for each in (one, two):
        each.put(ID.sealed, content_of_bytes(sealed.read_bytes()), quiet)
    two.put(ID.label, content_of_bytes(b"{}"), quiet)
    found = copies_of([one, two], "nightly", "2026-01-02", pytest.fail, Timing())
    assert [(each.where, each.labelled, each.size) for each in found[ID]] == [
        ("file:one", False, sealed.stat().st_size),
        ("file:two", True, sealed.stat().st_size),
    ]
    assert b"".join(found[ID][1].pieces()) == b"".join(pieces_of(sealed))
    assert copies_of([one, two], "nightly", "2026-01-03", pytest.fail, Timing()) == {}
    assert copies_of([one, two], "hourly", "", pytest.fail, Timing()) == {}


def test_a_store_that_is_away_is_told_of_and_all_of_them_are_an_error(tmp_path: Path, sealed: Path) -> None:
    here = open_store("file:here", StoreOptions({}, tmp_path, print))
    here.put(ID.sealed, content_of_bytes(sealed.read_bytes()), quiet)

    class Away:
        url = "s3://away"

        def names(self, prefix: str) -> Iterator[object]:
            raise StoreError(f"s3://away: nobody answers for {prefix}")

    told: list[str] = []
    found = copies_of([Away(), here], "nightly", "", told.append, Timing())  # type: ignore[list-item]
    assert list(found) == [ID]
    assert told == ["s3://away: nobody answers for nightly/; it is left out"]
    with pytest.raises(StoreError, match="nobody answers"):
        copies_of([Away()], "nightly", "", told.append, Timing())  # type: ignore[list-item]


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        copy_in(tmp_path / "none.lumen")
    with pytest.raises(ConfigError, match="cannot be read"):
        copy_in(tmp_path)
