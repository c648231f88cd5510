"""A folder keeps whole files, create-only, whatever stands in it and whoever died while writing."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from storecontract import NAME, StoreContract, nobody_listens, put, read, some_bytes

import lumen_action
from lumen_action.archive.stores import (
    Content,
    GoneError,
    RefusedError,
    Store,
    StoreError,
    TakenError,
    content_of,
    content_of_bytes,
)
from lumen_action.archive.stores.directory import Directory, opened
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.errors import ConfigError

HOUR = 3600
PACKAGE = Path(lumen_action.__file__).parent
_DYING = """
import io, sys, time
from pathlib import Path
from lumen_action.archive.stores import Content
from lumen_action.archive.stores.directory import Directory

def stop(moved):
    print("written", flush=True)
    time.sleep(600)

content = Content(lambda: io.BytesIO(b"x" * 3_000_000), 3_000_000, "")
Directory("file:x", Path(sys.argv[1])).put(sys.argv[2], content, stop)
"""
NOBODY = 65534


def options(folder: Path) -> StoreOptions:
    return StoreOptions(env={}, folder=folder, tell=lambda _: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Store:
    return opened(f"file:{root}", options(root))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the rights of root, to whom nothing is read-only."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[0][1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[0])
        signal.signal(signal.SIGXFSZ, before[1])


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def dated_back(path: Path, seconds: int) -> None:
    stamp = path.stat().st_mtime - seconds
    os.utime(path, (stamp, stamp))


class Meddling(io.BytesIO):
    """Does something when everything was read."""

    def __init__(self, body: bytes, at_end: Callable[[], object]) -> None:
        super().__init__(body)
        self._at_end = at_end

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            self._at_end()
        return piece


def meddled(body: bytes, at_end: Callable[[], object]) -> Content:
    plain = content_of_bytes(body)
    return Content(lambda: Meddling(body, at_end), plain.size, plain.sha256)


class TestContract(StoreContract):
    @pytest.fixture
    def store(self, root: Path) -> Store:
        return opened(f"file:{root}", options(root))


class TestWithoutHardLinks(StoreContract):
    """As FAT answers: exactly the same promises."""

    @pytest.fixture
    def store(self, root: Path) -> Store:
        return Directory(f"file:{root}", root, unlinked)


def unlinked(_source: Path, _target: Path) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize(
    ("url", "where", "named"),
    [
        ("file:kept", "kept", "file:kept"),
        ("file:./a b%20c", "a b%20c", "file:a b%20c"),
        ("file:deep//down/", "deep/down", "file:deep/down"),
        ("file://{}/kept", "kept", "file:{}/kept"),
        ("file://localhost{}/kept", "kept", "file:{}/kept"),
        ("file:{}/kept", "kept", "file:{}/kept"),
    ],
)
def test_a_url_names_a_folder_that_is_made_with_the_first_object(
    tmp_path: Path, url: str, where: str, named: str
) -> None:
    opened_store = opened(url.format(tmp_path), options(tmp_path))
    assert not (tmp_path / where).exists()
    put(opened_store, NAME, b"x")
    assert (tmp_path / where / NAME).read_bytes() == b"x"
    assert opened_store.url == named.format(tmp_path)


@pytest.mark.parametrize("url", ["file:", "file://host.example/share", "file:a\0b", "file://localhost"])
def test_a_url_that_names_no_folder_is_refused_with_what_to_write(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="write `file:FOLDER`"):
        opened(url, options(tmp_path))


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name in ("store", "nowhere"):
        with pytest.raises(ConfigError, match="is not a folder"):
            opened(f"file:{name}", options(tmp_path))


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to("disk")
    put(opened("file:store", options(tmp_path)), NAME, b"x")
    assert (tmp_path / "disk" / NAME).read_bytes() == b"x"


@pytest.mark.parametrize("name", ["../x", "a/../x", "/etc/x", "a//x", "a/./x", ".", "", "a/x\0y"])
def test_no_name_leads_out_of_the_folder(store: Store, name: str) -> None:
    for ask in (store.stat, store.delete, lambda name: put(store, name, b"x"), lambda name: read(store, name)):
        with pytest.raises(ConfigError, match="is no name for a file"):
            ask(name)


@pytest.mark.parametrize("link", ["nightly", "nightly/2026-01-02", NAME])
def test_a_link_inside_is_never_followed(store: Store, root: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    (outside / NAME).parent.mkdir(parents=True)
    (outside / NAME).write_bytes(b"secret")
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside / link)
    for ask in (store.stat, store.delete, lambda name: put(store, name, b"x"), lambda name: read(store, name)):
        with pytest.raises(RefusedError, match=f"{link} is a link, and links inside a store are never followed"):
            ask(NAME)
    assert list(store.names("")) == []
    assert (outside / NAME).read_bytes() == b"secret"


def test_a_link_inside_is_not_followed_by_a_reader_who_looked_before_it_came(store: Store, root: Path) -> None:
    put(store, NAME, b"mine")
    found = store.stat(NAME)
    assert found
    (root / NAME).unlink()
    (root / NAME).symlink_to("/etc/passwd")
    with pytest.raises((GoneError, RefusedError)):
        found.fingerprints["sha256"]


def test_a_folder_or_a_device_is_no_object_and_its_name_is_taken(store: Store, root: Path) -> None:
    (root / NAME).mkdir(parents=True)
    pipe = NAME.replace("1.lumen", "2.lumen")
    os.mkfifo(root / pipe)
    for name in (NAME, pipe):
        assert store.stat(name) is None
        with pytest.raises(GoneError):
            read(store, name)
        store.delete(name)
        with pytest.raises(TakenError, match="move it away"):
            put(store, name, b"x")
    assert list(store.names("")) == []


def test_a_file_in_place_of_a_folder_below_is_told(store: Store, root: Path) -> None:
    root.mkdir()
    (root / "nightly").write_text("a file")
    assert store.stat(NAME) is None
    with pytest.raises(RefusedError, match="a file stands where a folder is needed"):
        put(store, NAME, b"x")


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Return a folder that everybody reaches: those of pytest are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_we_may_not_write_to_is_one_clear_error(reachable: Path) -> None:
    store = opened("file:.", options(reachable))
    put(store, NAME, b"kept")
    (reachable / NAME).parent.chmod(0o555)
    with as_nobody():
        assert read(store, NAME) == b"kept"
        with pytest.raises(RefusedError, match=r"Permission denied; let the user that runs this"):
            put(store, NAME.replace("/1.", "/2."), b"x")
        with pytest.raises(RefusedError, match="Permission denied"):
            store.delete(NAME)
    assert everything(reachable) == [NAME]


def test_a_folder_that_we_may_not_look_into_is_one_clear_error(reachable: Path) -> None:
    store = opened("file:.", options(reachable))
    put(store, NAME, b"kept")
    (reachable / "nightly").chmod(0)
    with as_nobody():
        for ask in (store.stat, store.delete, lambda name: put(store, name, b"x"), lambda name: read(store, name)):
            with pytest.raises(RefusedError, match=r"nightly.*: Permission denied"):
                ask(NAME)
        with pytest.raises(RefusedError, match="Permission denied"):
            list(store.names(""))
    (reachable / "nightly").chmod(0o755)


def test_a_disk_that_takes_no_more_is_told_and_keeps_nothing(store: Store, root: Path) -> None:
    with files_of_at_most(100_000), pytest.raises(RefusedError, match="too large there"):
        put(store, NAME, some_bytes(3_000_000))
    assert everything(root) == []
    put(store, NAME, some_bytes(3_000_000))


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    def link(_source: Path, _target: Path) -> None:
        with Path("/dev/full").open("wb", buffering=0) as device:
            device.write(b"x")

    with pytest.raises(RefusedError, match="the disk is full; free some space"):
        put(Directory("file:full", tmp_path / "store", link), NAME, b"x")
    assert everything(tmp_path) == []


def test_a_disk_that_gives_back_other_bytes_makes_no_receipt(store: Store, root: Path) -> None:
    def flip() -> None:
        (scratch,) = root.rglob("*.part")
        with scratch.open("r+b") as file:
            file.write(b"!")

    body = some_bytes(3 << 20)
    with pytest.raises(StoreError, match="gives back other bytes than were written; nothing was stored"):
        store.put(NAME, meddled(body, flip), nobody_listens)
    assert everything(root) == []


def test_who_was_faster_is_not_replaced(store: Store, root: Path) -> None:
    with pytest.raises(TakenError, match="holds other content"):
        store.put(NAME, meddled(b"mine", lambda: (root / NAME).write_bytes(b"yours")), nobody_listens)
    assert (root / NAME).read_bytes() == b"yours"
    again = NAME.replace("/1.", "/2.")
    receipt = store.put(again, meddled(b"same", lambda: (root / again).write_bytes(b"same")), nobody_listens)
    assert receipt.existed
    assert everything(root) == [NAME, again]


def test_what_a_killed_writer_left_is_no_object_and_goes_with_a_later_put_of_the_name(store: Store, root: Path) -> None:
    put(store, NAME, b"x")
    folder = (root / NAME).parent
    dead, alive, other = (
        folder / f".{name}.part" for name in ("2.lumen.0123abcd", "2.lumen.4567abcd", "3.lumen.89abcdef")
    )
    for path in (dead, alive, other):
        path.write_bytes(b"half")
    dated_back(dead, 2 * HOUR)
    dated_back(alive, HOUR // 2)
    dated_back(other, 2 * HOUR)
    assert [each.name for each in store.names("")] == [NAME]
    put(store, NAME.replace("/1.", "/2."), b"y")
    assert not dead.exists()
    assert alive.exists()
    assert other.exists()


def test_a_writer_that_is_killed_leaves_nothing_that_counts(store: Store, root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _DYING, str(root), NAME], stdout=subprocess.PIPE, cwd=PACKAGE.parent
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
        writer.kill()
    (left,) = root.rglob("*.part")
    assert left.stat().st_size
    assert store.stat(NAME) is None
    assert list(store.names("")) == []
    assert not put(store, NAME, b"x" * 3_000_000).existed


def test_without_hard_links_the_claim_of_a_dead_writer_is_taken_over_and_that_of_a_living_one_is_not(
    root: Path,
) -> None:
    plain = Directory(f"file:{root}", root, unlinked)
    (root / NAME).parent.mkdir(parents=True)
    (root / NAME).touch()
    with pytest.raises(TakenError):
        put(plain, NAME, b"x")
    dated_back(root / NAME, 2 * HOUR)
    assert not put(plain, NAME, b"x").existed
    assert everything(root) == [NAME]


def test_a_folder_is_written_by_many_and_emptied_by_others_at_once(store: Store, root: Path) -> None:
    done = threading.Event()

    def clear() -> None:
        while not done.is_set():
            store.delete(NAME)

    clearing = threading.Thread(target=clear)
    clearing.start()
    try:
        for number in range(50):
            put(store, NAME.replace("/1.", f"/{number + 2}."), b"x")
            store.delete(NAME.replace("/1.", f"/{number + 2}."))
    finally:
        done.set()
        clearing.join()
    assert everything(root) == []


def test_removing_the_last_object_removes_the_empty_folders_but_never_the_store(store: Store, root: Path) -> None:
    put(store, NAME, b"x")
    put(store, NAME.replace("eu-west-1", "us"), b"x")
    store.delete(NAME)
    assert sorted(path.name for path in (root / "nightly/2026-01-02").iterdir()) == ["us"]
    store.delete(NAME.replace("eu-west-1", "us"))
    assert list(root.iterdir()) == []


def test_metadata_is_cheap_and_the_hash_is_of_what_the_disk_holds_when_somebody_looks(store: Store, root: Path) -> None:
    put(store, NAME, b"as it was")
    found = store.stat(NAME)
    (root / NAME).write_bytes(b"as it is!")
    assert found
    assert set(found.fingerprints) == {"sha256"}
    assert found.fingerprints["sha256"] == content_of_bytes(b"as it is!").sha256
    assert found.fingerprints.get("md5") is None
    assert all(not each.fingerprints for each in store.names(""))


def test_the_path_of_a_file_is_content_too(store: Store, tmp_path: Path) -> None:
    (tmp_path / "frozen").write_bytes(b"bytes")
    plain = content_of_bytes(b"bytes")
    put(store, NAME, b"bytes")
    assert store.put(NAME, content_of(tmp_path / "frozen", plain.size, plain.sha256), nobody_listens).existed
