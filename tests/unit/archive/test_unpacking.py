"""What comes out of an archive: exactly what went in, or nothing at all."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from frozenfiles import (
    FROZEN_AT,
    ID,
    KEYS,
    examined,
    frozen,
    manifest_member,
    manifest_of,
    member,
    plain_archive,
    plaintext_of,
    read_files,
    sealed_by_hand,
    unpacked,
    write_files,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.archive.container import opened
from lumen_action.archive.manifest import Entry
from lumen_action.archive.staging import _Move, staged
from lumen_action.archive.stores import StoreError
from lumen_action.archive.tarform import END
from lumen_action.archive.unpacking import unpack
from lumen_action.errors import ConfigError, IntegrityError

FILES = {"b.txt": b"two", "a/x": b"", "a/한글 name": b"1", "-dash": bytes(range(256)) * 90}
LETTERS = st.sampled_from([*"abzAZ09 -_.~#'\"$`\\", "한", "é", "\u0301", "\U0001f600", "\u202f", "\u00a0"])
PARTS = st.text(LETTERS, min_size=1, max_size=50).filter(lambda part: part not in (".", ".."))
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


def no_file_below_a_file(files: dict[str, bytes]) -> bool:
    return not any(other.startswith(f"{path}/") for path in files for other in files)


@settings(max_examples=10, deadline=None)
@given(st.dictionaries(PATHS, st.binary(max_size=2000), min_size=1, max_size=8).filter(no_file_below_a_file), st.data())
def test_what_was_frozen_comes_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], data: st.DataObject
) -> None:
    base = tmp_path_factory.mktemp("trip")
    made = frozen(write_files(base / "w", files), base / "archives")
    entries: list[Entry] = []
    contents = examined(made.sealed, seen=entries.append)
    assert {each.path: (each.size, each.sha256) for each in entries} == {
        path: (len(content), hashlib.sha256(content).hexdigest()) for path, content in files.items()
    }
    assert (contents.root, contents.files, contents.bytes) == (
        made.label.root,
        len(files),
        sum(map(len, files.values())),
    )
    wanted = data.draw(st.sets(st.sampled_from(sorted(files))))
    unpacked(made.sealed, base / "some", wanted.__contains__)
    assert read_files(base / "some") == {path: files[path] for path in wanted}
    unpacked(made.sealed, base / "all")
    assert read_files(base / "all") == files


def test_the_contents_say_who_froze_them(tmp_path: Path) -> None:
    origin = examined(frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives").sealed).origin
    assert (origin.name, origin.frozen_at_ms, origin.run, origin.run_id, origin.checkpoint, origin.tool) == (
        ID.name,
        FROZEN_AT,
        "run 7",
        "20260102-eu-1a2b3c4",
        "sqlite 5",
        "lumen test",
    )


def test_permissions_come_back_and_nothing_beyond_them(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "w", {"run": b"#!", "secret": b"", "odd": b"x"})
    modes = {"run": 0o755, "secret": 0o400, "odd": 0o600}
    for name, mode in modes.items():
        (folder / name).chmod(mode | stat.S_ISUID)
    unpacked(frozen(folder, tmp_path / "archives").sealed, tmp_path / "out")
    assert {name: stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) for name in modes} == modes


def test_a_hole_comes_back_as_a_hole(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "w", {})
    with (folder / "sparse").open("wb") as file:
        file.write(b"begin")
        file.truncate(50_000_000)
    with (folder / "zeros").open("wb") as file:
        file.truncate(20_000_000)
    unpacked(frozen(folder, tmp_path / "archives").sealed, tmp_path / "out")
    for name in ("sparse", "zeros"):
        back, before = tmp_path / "out" / name, folder / name
        assert back.stat().st_size == before.stat().st_size
        assert back.stat().st_blocks * 512 < 5_000_000
        assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(before.read_bytes()).digest()


def hostile_members() -> dict[str, bytes]:
    """Return plaintexts that a right key could seal and freezing never writes."""
    good, two = {"good": b"1"}, {"a": b"1", "b": b"2"}
    a, b = member("files/a", b"1"), member("files/b", b"2")
    before = member("files/before", b"harmless")

    def bad(name: str, content: bytes = b"evil", **told: object) -> bytes:
        path = name.removeprefix("files/")
        files = {"before": b"harmless", path: content}
        return before + member(name, content, **told) + manifest_member(manifest_of(files)) + END

    right = manifest_of(two)
    lines = right.splitlines(keepends=True)
    link: dict[str, object] = {"linkname": "/etc/passwd"}
    return {
        "traversal": bad("files/../evil"),
        "deep traversal": bad("files/x/../../../evil"),
        "absolute": bad("files//evil"),
        "absolute outside files": bad("/evil"),
        "outside files": bad("evil"),
        "a dot": bad("files/./evil"),
        "an empty part": bad("files/x//evil"),
        "an empty name": bad("files/"),
        "a newline": bad("files/x\nevil"),
        "a NUL": before + member("files/x", b"e").replace(b"files/x\0", b"files/\0x") + END,
        "an endless name": bad("files/" + "x" * 256),
        "an endless path": bad("files/" + "x/" * 3000 + "x"),
        "endlessly many folders": bad("files/" + "x/" * 1500 + "x"),
        "a size below nothing": bad("files/evil", size=-1024),
        "a symbolic link": bad("files/evil", b"", type=tarfile.SYMTYPE, **link),
        "a hard link": bad("files/evil", b"", type=tarfile.LNKTYPE, **link),
        "a device": bad("files/evil", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        "a block device": bad("files/evil", b"", type=tarfile.BLKTYPE),
        "a pipe": bad("files/evil", b"", type=tarfile.FIFOTYPE),
        "a folder": bad("files/evil", b"", type=tarfile.DIRTYPE),
        "a contiguous file": bad("files/evil", b"", type=tarfile.CONTTYPE),
        "a GNU sparse file": bad("files/evil", b"", type=tarfile.GNUTYPE_SPARSE),
        "an owner": bad("files/evil", uid=1000),
        "the name of an owner": bad("files/evil", uname="root"),
        "a time": bad("files/evil", mtime=5),
        "set-user-id": bad("files/evil", mode=0o4755),
        "another name in the extension": before
        + member("files/x", b"", pax_headers={"path": "files/../../evil"})
        + END,
        "an unknown extension": bad("files/evil", pax_headers={"SCHILY.xattr.user.x": "1"}),
        "an extension for all": before + tarfile.TarInfo.create_pax_global_header({"path": "files/../x"}) + a + END,
        "an extension without a member": before + member("files/x", b"", pax_headers={"comment": "c"})[:1024] + END,
        "an extension that is huge": before
        + member("files/x", b"", pax_headers={"comment": "c" * 100_000})
        + manifest_member(right)
        + END,
        "twice the same": a + a + manifest_member(manifest_of({"a": b"1"})) + END,
        "out of order": b + a + manifest_member(right) + END,
        "a file below a file": a
        + member("files/a/b", b"2")
        + manifest_member(manifest_of({"a": b"1", "a/b": b"2"}))
        + END,
        "a file below an earlier file": a
        + member("files/a-x", b"2")
        + member("files/a/b", b"3")
        + manifest_member(manifest_of({"a": b"1", "a-x": b"2", "a/b": b"3"}))
        + END,
        "no manifest": a + END,
        "nothing": b"",
        "only an end": END,
        "a manifest that is no member": a + b"x" * 512 + END,
        "a manifest as a link": a + member("manifest", b"", type=tarfile.SYMTYPE, **link) + END,
        "a manifest with other permissions": a + member("manifest", manifest_of({"a": b"1"}), mode=0o600) + END,
        "a manifest before the files": manifest_member(manifest_of({})) + a + END,
        "a manifest that lacks a file": a + b + manifest_member(manifest_of({"a": b"1"})) + END,
        "a manifest with one file more": a + manifest_member(right) + END,
        "a manifest with another file": a + b + manifest_member(manifest_of({"a": b"1", "c": b"2"})) + END,
        "a manifest with other bytes": a + b + manifest_member(manifest_of({"a": b"1", "b": b"3"})) + END,
        "a manifest with another size": a + b + manifest_member(manifest_of({"a": b"1", "b": b"22"})) + END,
        "a manifest with another mode": a + b + manifest_member(manifest_of(two, mode=0o600)) + END,
        "a manifest of another archive": plain_archive(good, manifest_of(good, name="nightly/2026-01-03/eu/1")),
        "a manifest of another time": plain_archive(good, manifest_of(good, at=FROZEN_AT + 1)),
        "another root": plain_archive(two, right.replace(right.splitlines()[-1][-10:-4], b"000000")),
        "another sum": plain_archive(two, right.replace(b'{"bytes":2', b'{"bytes":3')),
        "another count": plain_archive(two, right.replace(b'"files":2', b'"files":3')),
        "no last line": plain_archive(two, b"".join(lines[:-1])),
        "no first line": plain_archive(two, b"".join(lines[1:])),
        "lines changed over": plain_archive(two, b"".join([lines[0], lines[2], lines[1], lines[3]])),
        "a line after the last": plain_archive(two, right + b"{}\n"),
        "no line end": plain_archive(two, right[:-1]),
        "an empty manifest": plain_archive(two, b"\n"),
        "an endless line": plain_archive(two, lines[0] + b"x" * 3_000_000 + b"\n"),
        "an endless line at its end": plain_archive(two, lines[0] + b"x" * 3_000_000),
        "another format": plain_archive(two, right.replace(b'"format":1', b'"format":2')),
        "a manifest in another spelling": plain_archive(two, right.replace(b'{"checkpoint"', b'{ "checkpoint"')),
        "a first line that is endlessly deep": plain_archive(two, b"[" * 20_000 + b"\n" + b"".join(lines[1:])),
        "a run that is a list": plain_archive(two, right.replace(b'"run":""', b'"run":["x"]')),
        "a first line that is a list": plain_archive(two, b"[]\n" + b"".join(lines[1:])),
        "no end": plain_archive(two)[: -len(END)],
        "half an end": plain_archive(two)[:-512],
        "more behind the end": plain_archive(two) + bytes(512),
        "a member behind the end": plain_archive(two) + a,
        "a secret in the padding": plain_archive(two).replace(b"1" + bytes(511), b"1" + b"x" + bytes(510), 1),
    }


@pytest.mark.parametrize("what", hostile_members())
def test_what_freezing_never_writes_is_refused_and_touches_nothing(tmp_path: Path, what: str) -> None:
    file = sealed_by_hand(hostile_members()[what], tmp_path / "evil.lumen")
    target = write_files(tmp_path / "here" / "target", {"mine": b"kept"})
    before = read_files(tmp_path)
    with pytest.raises(IntegrityError, match="nightly 2026-01-02 eu 1: the archive is not one that freezing writes"):
        examined(file)
    with pytest.raises(IntegrityError):
        unpacked(file, target, overwrite=True)
    with pytest.raises(IntegrityError):
        unpacked(file, tmp_path / "here" / "new")
    assert read_files(tmp_path) == before
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["target"]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("traversal", "its name leads out of the folder"),
        ("absolute", "its name is absolute"),
        ("a symbolic link", "is a link"),
        ("a hard link", "is a hard link"),
        ("a device", "is a device"),
        ("a pipe", "is a pipe"),
        ("a GNU sparse file", "is of a kind that is never written"),
        ("twice the same", "comes twice or out of order"),
        ("a file below an earlier file", "lies below a file"),
        ("no manifest", "there is no manifest"),
        ("another root", "the root or the sums"),
        # These two are told before they are gathered in memory.
        ("an extension that is huge", "a header is too long"),
        ("an endless line at its end", "a line of its manifest is too long"),
    ],
)
def test_the_refusal_says_why(tmp_path: Path, what: str, told: str) -> None:
    with pytest.raises(IntegrityError, match=told):
        examined(sealed_by_hand(hostile_members()[what], tmp_path / "evil.lumen"))


def test_the_builder_of_hostile_archives_can_also_build_a_good_one(tmp_path: Path) -> None:
    file = sealed_by_hand(plain_archive(FILES), tmp_path / "good.lumen")
    unpacked(file, tmp_path / "out")
    assert read_files(tmp_path / "out") == FILES


def test_by_hand_and_by_freezing_give_the_same_bytes_of_files(tmp_path: Path) -> None:
    made = plaintext_of(frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives").sealed)
    assert made.partition(b"manifest\0")[0] == plain_archive(FILES).partition(b"manifest\0")[0]


def test_a_file_cut_off_anywhere_gives_nothing(tmp_path: Path) -> None:
    whole = frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives").sealed.read_bytes()
    chunks = [length for start in range(0, len(whole), 16_400) for length in (start, start + 1)]
    for length in sorted({*chunks, *range(0, len(whole), 4999), len(whole) - 1}):
        cut = tmp_path / "cut.lumen"
        cut.write_bytes(whole[:length])
        with pytest.raises(IntegrityError):
            unpacked(cut, tmp_path / "here" / "out")
    assert not (tmp_path / "here").exists()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_plaintext_that_is_cut_or_changed_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    has_one_meaning(tmp_path_factory, data)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_a_thousand_changed_plaintexts_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    has_one_meaning(tmp_path_factory, data)


def has_one_meaning(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whoever has the key cannot make two meanings of one archive: the same name, another content is another root."""
    base = tmp_path_factory.mktemp("changed")
    plain = plain_archive({"a": b"one", "b/c": b"two", "한" * 40: b"3"})
    at = data.draw(st.integers(0, len(plain) - 1))
    change = data.draw(st.sampled_from(["cut", "flip", "drop", "double"]))
    changed = {
        "cut": plain[:at],
        "flip": plain[:at] + bytes([plain[at] ^ data.draw(st.integers(1, 255))]) + plain[at + 1 :],
        "drop": plain[:at] + plain[at + 1 :],
        "double": plain[:at] + plain[at : at + 512] + plain[at:],
    }[change]
    if changed == plain:
        return
    with pytest.raises(IntegrityError):
        unpacked(sealed_by_hand(changed, base / "x.lumen"), base / "out")
    assert not (base / "out").exists()


def test_a_store_that_breaks_off_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    whole = frozen(
        write_files(tmp_path / "w", {"big": os.urandom(3_000_000)}), tmp_path / "archives"
    ).sealed.read_bytes()

    def pieces() -> Iterator[bytes]:
        yield whole[:2_500_000]
        raise StoreError("the line went dead")

    header, reader = opened(pieces(), KEYS)
    with reader, pytest.raises(StoreError, match="the line went dead"):
        unpack(header, reader, tmp_path / "here" / "out", lambda _: True)
    assert not (tmp_path / "here").exists()


# What is in the way.


def blocked(sealed: Path, target: Path, *, overwrite: bool = False) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        unpacked(sealed, target, overwrite=overwrite)
    return refused.value.problems


def test_every_file_in_the_way_is_told_before_anything_moves(tmp_path: Path) -> None:
    made = frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives")
    target = write_files(tmp_path / "target", {"b.txt": b"mine", "a/x": b"mine"})
    before = read_files(target)
    assert blocked(made.sealed, target)[:2] == ["a/x: it is there already", "b.txt: it is there already"]
    assert read_files(target) == before
    unpacked(made.sealed, target, overwrite=True)
    assert read_files(target) == FILES


def test_other_files_of_the_target_stay(tmp_path: Path) -> None:
    made = frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives")
    unpacked(made.sealed, write_files(tmp_path / "target", {"a/mine": b"kept", "other": b"kept"}))
    assert read_files(tmp_path / "target") == {**FILES, "a/mine": b"kept", "other": b"kept"}


def link_away(target: Path) -> None:
    (target.parent / "outside").mkdir()
    (target / "a").symlink_to(target.parent / "outside")


def file_for_folder(target: Path) -> None:
    (target / "a").write_bytes(b"mine")


def folder_for_file(target: Path) -> None:
    (target / "b.txt").mkdir()


@pytest.mark.parametrize(
    ("arrange", "told"),
    [
        (link_away, "a is a link, and nothing is written through links"),
        (file_for_folder, "a is a file, and should be a folder"),
        (folder_for_file, "b.txt: a folder stands there"),
    ],
)
def test_what_cannot_be_replaced_is_refused_even_with_overwrite(
    tmp_path: Path, arrange: Callable[[Path], None], told: str
) -> None:
    made = frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives")
    target = write_files(tmp_path / "target", {})
    arrange(target)
    before = read_files(tmp_path)
    assert any(told in each for each in blocked(made.sealed, target, overwrite=True))
    assert read_files(tmp_path) == before


def test_a_link_in_place_of_a_file_is_replaced_and_never_followed(tmp_path: Path) -> None:
    made = frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives")
    target = write_files(tmp_path / "target", {})
    (tmp_path / "victim").write_bytes(b"mine")
    (target / "b.txt").symlink_to(tmp_path / "victim")
    unpacked(made.sealed, target, overwrite=True)
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert (target / "b.txt").read_bytes() == b"two"
    assert not (target / "b.txt").is_symlink()


def test_a_target_that_is_a_file_is_refused(tmp_path: Path) -> None:
    made = frozen(write_files(tmp_path / "w", FILES), tmp_path / "archives")
    (tmp_path / "file").write_bytes(b"mine")
    assert "is not a folder" in blocked(made.sealed, tmp_path / "file")[0]
    assert "is not a folder" in blocked(made.sealed, tmp_path / "file" / "below")[0]


def test_a_move_that_fails_in_the_middle_is_taken_back(tmp_path: Path) -> None:
    """The third file cannot be moved: those before it are as they were, and no folder is left over."""
    place = write_files(tmp_path / "staging", {"old": b"new", "fresh": b"new"})
    target = write_files(tmp_path / "target", {"old": b"mine"})
    waiting = [(place / "old", "old"), (place / "fresh", "made/for/fresh"), (place / "lost", "lost")]
    with pytest.raises(FileNotFoundError):
        _Move(target, place, overwrite=True).all(waiting)
    assert read_files(target) == {"old": b"mine"}
    assert [path.name for path in target.iterdir()] == ["old"]


def test_a_link_that_came_in_the_last_moment_is_not_followed(tmp_path: Path) -> None:
    place = write_files(tmp_path / "staging", {"a": b"new", "b": b"new"})
    target, outside = write_files(tmp_path / "target", {}), write_files(tmp_path / "outside", {})
    (target / "link").symlink_to(outside)
    with pytest.raises(ConfigError, match="is a link, and nothing is written through links"):
        _Move(target, place, overwrite=True).all([(place / "a", "a"), (place / "b", "link/b")])
    assert (read_files(target), read_files(outside)) == ({}, {})


def test_a_target_that_is_not_there_yet_comes_at_once_with_all_it_holds(tmp_path: Path) -> None:
    """Whoever looks, or kills this, sees nothing of it or everything: the folder that was filled gets its name."""
    target = tmp_path / "made" / "target"
    with staged(target) as staging:
        with staging.shelf().keep("a/b", 0o600) as write:
            write(b"one")
        waiting = (staging.place / "files").stat().st_ino
        staging.settle(overwrite=False)
    assert target.stat().st_ino == waiting
    assert read_files(target) == {"a/b": b"one"}
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_nothing_is_replaced_that_came_in_the_last_moment(tmp_path: Path) -> None:
    place = write_files(tmp_path / "staging", {"a": b"new", "b": b"new"})
    target = write_files(tmp_path / "target", {"b": b"just now"})
    with pytest.raises(FileExistsError):
        _Move(target, place, overwrite=False).all([(place / "a", "a"), (place / "b", "b")])
    assert read_files(target) == {"b": b"just now"}
