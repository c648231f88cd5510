"""Dropbox keeps what was sent, under a name that was free, and gives it back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import dropboxaccount
import loopback
import pytest
from dropboxstores import BLOCK, LARGE, PATH, SMALL, URL, Clock, options, store_of
from fakedropbox import FakeDropbox
from storecontract import NAME, StoreContract, put, read, some_bytes

from lumen_action.archive.fingerprints import DROPBOX, fingerprint
from lumen_action.archive.stores import (
    GoneError,
    RefusedError,
    Store,
    StoreError,
    TakenError,
    content_of_bytes,
)
from lumen_action.archive.stores.dropbox import Dropbox, opened
from lumen_action.errors import ConfigError

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDropbox]:
    with FakeDropbox(tmp_path / "account").serving() as serving:
        yield serving


@pytest.fixture
def store(fake: FakeDropbox, clock: Clock) -> Iterator[Dropbox]:
    made = store_of(fake, clock)
    yield made
    made.close()


class TestContract(StoreContract):
    @pytest.fixture
    def store(self, fake: FakeDropbox, clock: Clock) -> Iterator[Store]:
        fake.page = 3
        made = opened(URL, options(fake.env, clock))
        yield made
        made.close()


class TestWithoutRanges(StoreContract):
    """A proxy that drops the header costs time, not bytes."""

    @pytest.fixture
    def store(self, fake: FakeDropbox, clock: Clock) -> Iterator[Store]:
        fake.ranges = False
        made = opened("dropbox:/", options(fake.env, clock))
        yield made
        made.close()


# What the content hash is.


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5])
def test_the_content_hash_is_the_same_by_three_ways(fake: FakeDropbox, store: Dropbox, size: int) -> None:
    body = some_bytes(size)
    said = put(store, NAME, body).stored.fingerprints[DROPBOX]
    assert said == dropboxaccount.hash_of(body) == fingerprint(DROPBOX, io.BytesIO(body))
    assert fake.held(PATH) == body


# What is sent.


def test_a_small_file_takes_two_calls_and_creates_only(fake: FakeDropbox, store: Dropbox) -> None:
    receipt = put(store, NAME, SMALL)
    assert fake.asked == ["/oauth2/token", "get_metadata", "upload"]
    assert (receipt.checked, receipt.existed, receipt.stored.version) == (DROPBOX, False, fake.files[PATH].rev)
    assert receipt.stored.stored_at_ms == 1_772_600_767_000


def test_a_larger_one_takes_a_session_of_whole_blocks(fake: FakeDropbox, store: Dropbox) -> None:
    moved: list[int] = []
    store.put(NAME, content_of_bytes(LARGE), moved.append)
    append = ["upload_session/append_v2"] * 3
    assert fake.asked == ["/oauth2/token", "get_metadata", "upload_session/start", *append, "upload_session/finish"]
    assert moved == fake.sent[3:6] == [BLOCK, BLOCK, 5]
    assert fake.held(PATH) == LARGE


def test_what_is_there_already_is_not_sent_again(fake: FakeDropbox, store: Dropbox) -> None:
    put(store, NAME, LARGE)
    fake.asked.clear()
    assert put(store, NAME, LARGE).existed
    assert fake.asked == ["get_metadata"]


def test_names_beyond_ascii_go_through_a_header(fake: FakeDropbox, store: Dropbox) -> None:
    name = NAME.replace("nightly", "나이틀리-\U0001f680")
    put(store, name, SMALL)
    assert fake.held(f"/lumen/{name}") == SMALL
    assert read(store, name, 70_000) == SMALL[70_000:]


# Names.


def test_names_that_differ_in_case_are_one_to_dropbox_and_never_replaced(fake: FakeDropbox, store: Dropbox) -> None:
    put(store, NAME, SMALL)
    with pytest.raises(TakenError, match=r"holds other content \(it stands there as `/lumen/nightly/"):
        put(store, NAME.replace("nightly", "Nightly"), b"other")
    assert fake.held(PATH) == SMALL


def test_a_folder_first_written_in_another_case_hides_nothing(store: Dropbox) -> None:
    put(store, NAME.replace("nightly", "CI"), b"x")
    later = NAME.replace("nightly", "ci").replace("01-02", "01-03")
    put(store, later, b"y")
    assert later in [each.name for each in store.names("ci/")]


def test_a_listing_that_dropbox_begins_anew_is_whole(fake: FakeDropbox, store: Dropbox) -> None:
    names = {NAME.replace("/1.", f"/{number}.") for number in range(9)}
    for name in names:
        put(store, name, b"x")
    fake.page = 4
    fake.faults[len(fake.asked) + 1] = json.dumps({".tag": "reset"})
    assert {each.name for each in store.names("nightly/2026")} == names
    fake.always = "list_folder/continue:" + json.dumps({".tag": "reset"})
    with pytest.raises(StoreError, match="could not finish a listing"):
        list(store.names(""))


@pytest.mark.parametrize(
    "said",
    [{}, {"entries": [1], "has_more": False}, {"entries": [], "has_more": True, "cursor": "always the same"}],
    ids=["nothing", "no entry", "for ever"],
)
def test_what_is_none_of_dropboxs_answers_is_never_taken_for_nothing(clock: Clock, said: dict[str, object]) -> None:
    def answer(quiet: loopback.Quiet) -> None:
        quiet.rfile.read(int(quiet.headers["Content-Length"]))
        body = json.dumps(said).encode()
        quiet.send_response(200)
        quiet.send_header("Content-Length", str(len(body)))
        quiet.end_headers()
        quiet.wfile.write(body)

    with loopback.answering(answer) as url:
        env = {"DROPBOX_API_HOST": url, "DROPBOX_API_CONTENT_HOST": url, "DROPBOX_TOKEN": "made"}
        store = opened(URL, options(env, clock))
        for act in (lambda: store.stat(NAME), lambda: list(store.names(""))):
            with pytest.raises(StoreError, match=r"cannot be read|to its end"):
                act()
        store.close()


def test_only_files_below_the_folder_are_listed(fake: FakeDropbox, store: Dropbox, clock: Clock) -> None:
    put(store, NAME, b"x")
    other = opened("dropbox:/lumen-2", options(fake.env, clock))
    put(other, NAME, b"y")
    assert [each.name for each in store.names("")] == [NAME]
    assert [each.name for each in opened("dropbox:", options(fake.env, clock)).names("lumen/n")] == [PATH[1:]]
    other.close()


def test_a_folder_under_the_name_is_no_object_and_is_never_removed(fake: FakeDropbox, store: Dropbox) -> None:
    put(store, f"{NAME}/inside", b"x")
    assert store.stat(NAME) is None
    with pytest.raises(GoneError):
        read(store, NAME)
    store.delete(NAME)
    with pytest.raises(TakenError, match="is a folder there"):
        put(store, NAME, b"y")
    assert fake.held(f"{PATH}/inside") == b"x"
    with pytest.raises(RefusedError, match="a file stands where a folder is needed"):
        put(store, f"{NAME}/inside/deeper", b"z")


@pytest.mark.parametrize("name", ["../x", "a/./b", "", "a//b", "a/b\n"])
def test_a_name_that_is_no_path_is_refused(store: Dropbox, name: str) -> None:
    for ask in (store.stat, lambda name: put(store, name, b"x"), lambda name: read(store, name)):
        with pytest.raises(ConfigError, match="is no name for a file"):
            ask(name)


def test_removing_takes_the_version_that_was_looked_at_and_no_later_one(fake: FakeDropbox, store: Dropbox) -> None:
    put(store, NAME, b"x")

    class Replacing(Clock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            fake.files[PATH].rev = "00000000000b"

    slow = store_of(fake, Replacing())
    fake.faults[len(fake.asked) + 2] = "500"
    with pytest.raises(StoreError, match="path_write/conflict/file"):
        slow.delete(NAME)
    assert fake.held(PATH) == b"x"
    slow.close()
