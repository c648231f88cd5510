"""Google Drive as a store, against a strict fake of it; every fault meets every call."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import fakedrive
import pytest
from fakedrive import MINE, SHARED, FakeDrive
from fakedriveparts import UNIT
from storecontract import NAME, StoreContract, nobody_listens, put, read, some_bytes, states_only_truth

from lumen_action.archive.stores import Content, RefusedError, Store, StoreError, TakenError, content_of_bytes
from lumen_action.archive.stores.gdrive import opened
from lumen_action.archive.stores.gdrivecalls import Limits
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.archive.stores.reading import whole
from lumen_action.errors import ConfigError
from lumen_action.http import Timing

SMALL = Limits(chunk_bytes=UNIT, timeout_seconds=20.0, patience_seconds=60.0)
BODY = some_bytes(3 * UNIT + 5)
QUICK = ("drop after", "cut", "503", "rate")
"""What stands for the others where it has to be quick."""
PASSING = [
    fault if fault in QUICK else pytest.param(fault, marks=pytest.mark.slow)
    for fault in fakedrive.BROKEN
    if fault not in ("html", "slow")
]
PUT_CALLS = ["token", "file", "search", "ids", "start", "chunk", "chunk", "chunk", "chunk", "file", "search"]

pytestmark = pytest.mark.usefixtures("no_proxy")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def timing(self) -> Timing:
        return Timing(sleep=self.sleep, clock=lambda: self.now, chance=lambda: 0.5)


@pytest.fixture
def fake() -> Iterator[FakeDrive]:
    with FakeDrive().running() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store_in(fake: FakeDrive, clock: Clock, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Open stores on the fake, by folder and by what lets them in."""
    stores: list[Store] = []

    def open_one(folder: str = SHARED, means: str = "refresh token", limits: Limits = SMALL) -> Store:
        stores.append(opened(f"gdrive:{folder}", StoreOptions(fake.env(means), tmp_path, print, clock.timing), limits))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(store_in: Callable[..., Store]) -> Store:
    return store_in()


def fault_of(fake: FakeDrive, kind: type[Exception], act: Callable[[], object]) -> str:
    """Return what an error tells; neither it nor what led to it holds a secret."""
    with pytest.raises(kind) as caught:
        act()
    told = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in fake.secrets if secret in told]
    return str(caught.value)


class TestSharedDrive(StoreContract):
    @pytest.fixture
    def store(self, store_in: Callable[..., Store]) -> Store:
        return store_in(SHARED, "service account")


@pytest.mark.slow
class TestMyDriveOfAPerson(StoreContract):
    @pytest.fixture
    def store(self, store_in: Callable[..., Store]) -> Store:
        return store_in(MINE)


class TestOneFaultAtOneCall:
    def test_these_are_the_calls_of_an_upload(self, fake: FakeDrive, store: Store) -> None:
        put(store, NAME, BODY)
        assert fake.calls == PUT_CALLS

    @pytest.mark.parametrize("fault", PASSING)
    @pytest.mark.parametrize("met", range(len(PUT_CALLS)))
    def test_an_upload_comes_through(self, fake: FakeDrive, store: Store, clock: Clock, met: int, fault: str) -> None:
        fake.plan(fault, after=met)
        moved: list[int] = []
        receipt = store.put(NAME, content_of_bytes(BODY), moved.append)
        assert not fake.planned
        assert clock.slept
        assert not receipt.existed
        assert receipt.checked == "sha256"
        states_only_truth(receipt.stored, BODY)
        assert sum(moved) == len(BODY)
        [held] = fake.held(NAME)
        assert held.body == BODY

    @pytest.mark.parametrize("met", range(len(PUT_CALLS)))
    def test_a_page_that_is_not_of_drive_makes_no_receipt(self, fake: FakeDrive, store: Store, met: int) -> None:
        fake.plan("html", after=met)
        try:
            receipt = put(store, NAME, BODY)
        except StoreError:
            assert PUT_CALLS[met] in ("start", "chunk")
        else:
            states_only_truth(receipt.stored, BODY)
        assert all(each.body == BODY for each in fake.held(NAME))

    @pytest.mark.parametrize("fault", [*PASSING, "html"])
    @pytest.mark.parametrize("met", range(4))
    def test_a_reading_comes_through(self, fake: FakeDrive, store: Store, clock: Clock, met: int, fault: str) -> None:
        fake.add(NAME, BODY)
        fake.plan(fault, after=met)
        got = b"".join(whole(store, NAME, clock.timing))
        # Whoever reads compares the hash: a page in place of a file is not for the store to know.
        assert got == BODY or (fault == "html" and b"guest network" in got)
        assert not fake.planned

    @pytest.mark.parametrize("fault", PASSING)
    def test_looking_and_removing_come_through(self, fake: FakeDrive, store: Store, fault: str) -> None:
        fake.add(NAME, BODY)
        for act in (lambda: store.stat(NAME), lambda: list(store.names("")), lambda: store.delete(NAME)):
            fake.plan(fault)
            act()
            assert not fake.planned
        assert not fake.held(NAME)

    def test_a_wait_that_drive_asks_for_is_kept(self, fake: FakeDrive, store: Store, clock: Clock) -> None:
        fake.plan("429", "start")
        put(store, NAME, b"x")
        assert max(clock.slept) >= 7


class TestAFaultThatStays:
    @pytest.mark.parametrize("fault", PASSING)
    @pytest.mark.parametrize("call", ["token", "file", "search", "ids", "start", "chunk"])
    def test_an_upload_ends_with_a_clear_error(self, fake: FakeDrive, store: Store, call: str, fault: str) -> None:
        for _ in range(100):
            fake.plan(fault, call)
        if call == "chunk":  # else the answer to a question would say that all has arrived
            for _ in range(100):
                fake.plan(fault, "position")
        told = fault_of(fake, StoreError, lambda: put(store, NAME, BODY))
        assert told.startswith(store.url)
        assert "tries" in told

    @pytest.mark.parametrize("fault", PASSING)
    @pytest.mark.parametrize("call", ["search", "download"])
    def test_a_reading_ends_with_a_clear_error(
        self, fake: FakeDrive, store: Store, clock: Clock, call: str, fault: str
    ) -> None:
        fake.add(NAME, BODY)
        for _ in range(100):
            fake.plan(fault, call)
        # Half of what is left arrives each time.
        if (call, fault) != ("download", "cut"):
            told = fault_of(fake, StoreError, lambda: b"".join(whole(store, NAME, clock.timing)))
            assert told.startswith(store.url)
            assert "tries" in told

    def test_nothing_listens(self, fake: FakeDrive, tmp_path: Path, clock: Clock) -> None:
        env = {**fake.env("token"), "LUMEN_GDRIVE_URL": "http://127.0.0.1:9"}
        store = opened(f"gdrive:{SHARED}", StoreOptions(env, tmp_path, print, clock.timing), SMALL)
        assert "refused" in fault_of(fake, StoreError, lambda: store.stat(NAME))


class TestUploading:
    @pytest.mark.parametrize("fault", ["half", "none", "forgets", "gone", "410"])
    @pytest.mark.parametrize("met", range(4))
    def test_what_has_arrived_is_not_guessed(self, fake: FakeDrive, store: Store, met: int, fault: str) -> None:
        fake.plan(fault, "chunk", met)
        moved: list[int] = []
        receipt = store.put(NAME, content_of_bytes(BODY), moved.append)
        states_only_truth(receipt.stored, BODY)
        assert sum(moved) == len(BODY)
        assert [each.body for each in fake.held(NAME)] == [BODY]

    def test_half_of_a_large_chunk_is_kept(self, fake: FakeDrive, store_in: Callable[..., Store]) -> None:
        fake.plan("half", "chunk")
        put(store_in(limits=replace(SMALL, chunk_bytes=4 * UNIT)), NAME, BODY)
        places = [each.headers.get("content-range") for each in fake.asked if each.call in ("chunk", "position")]
        total = len(BODY)
        assert places == [f"bytes 0-{total - 1}/{total}", f"bytes */{total}", f"bytes {UNIT}-{total - 1}/{total}"]
        assert fake.held(NAME)[0].body == BODY

    @pytest.mark.parametrize("size", [0, 1, UNIT, 2 * UNIT])
    def test_a_lost_last_answer_is_recognised_by_the_id(self, fake: FakeDrive, store: Store, size: int) -> None:
        body = some_bytes(size)
        fake.plan("drop after", "chunk", max(0, size // UNIT - 1))
        fake.plan("gone", "position" if size else "chunk", 0)
        receipt = put(store, NAME, body)
        assert not receipt.existed
        assert fake.calls.count("start") == 2
        assert fake.calls.count("ids") == 1
        assert [each.body for each in fake.held(NAME)] == [body]

    def test_an_upload_that_is_lost_again_and_again_is_given_up(self, fake: FakeDrive, store: Store) -> None:
        for _ in range(10):
            fake.plan("gone", "chunk")
        assert "lost what was sent" in fault_of(fake, StoreError, lambda: put(store, NAME, BODY))
        assert not fake.held(NAME)

    def test_drive_that_has_all_and_never_ends_is_given_up(self, fake: FakeDrive, store: Store) -> None:
        for _ in range(30):
            fake.plan("unfinished", "chunk")
            fake.plan("unfinished", "position")
        assert "does not finish" in fault_of(fake, StoreError, lambda: put(store, NAME, BODY))

    def test_drive_that_has_more_than_was_sent_is_not_believed(self, fake: FakeDrive, store: Store) -> None:
        fake.plan("too far", "chunk")
        assert "more than was sent" in fault_of(fake, StoreError, lambda: put(store, NAME, BODY))

    def test_the_token_goes_to_drive_only(self, fake: FakeDrive, store: Store) -> None:
        fake.plan("elsewhere", "start")
        told = fault_of(fake, StoreError, lambda: put(store, NAME, BODY))
        assert "no address of its own" in told
        assert "elsewhere" not in told

    @pytest.mark.parametrize("fault", ["400 badRequest", "403 somethingNew", "401 authError", "429 rateLimitExceeded"])
    def test_an_answer_that_repeats_the_address_is_not_quoted(self, fake: FakeDrive, store: Store, fault: str) -> None:
        for _ in range(30):
            fake.plan(fault, "chunk")
            fake.plan(fault, "position")
        fault_of(fake, StoreError, lambda: put(store, NAME, BODY))
        assert any(len(secret) > 20 and secret.startswith("upload-") for secret in fake.secrets)

    @pytest.mark.parametrize(("fault", "call", "after"), [("flip", "chunk", 3), ("wrong hash", "file", 1)])
    def test_wrong_bytes_get_no_receipt_and_do_not_stay(
        self, fake: FakeDrive, store: Store, fault: str, call: str, after: int
    ) -> None:
        fake.plan(fault, call, after)
        told = fault_of(fake, StoreError, lambda: put(store, NAME, BODY))
        assert "other bytes than were sent" in told
        assert "our copy was removed" in told
        assert not fake.held(NAME)
        assert not put(store, NAME, BODY).existed

    def test_who_may_not_remove_wrong_bytes_says_which(self, fake: FakeDrive, store: Store) -> None:
        fake.role = "writer"
        fake.plan("flip", "chunk", 3)
        told = fault_of(fake, StoreError, lambda: put(store, NAME, BODY))
        assert f"{fake.held(NAME)[0].id} could not be removed" in told

    def test_without_a_sha256_the_md5_counts_and_a_note_says_so(self, fake: FakeDrive, store: Store) -> None:
        fake.plan("no sha", "chunk", 3)
        receipt = put(store, NAME, BODY)
        assert receipt.checked == "md5"
        assert "no SHA-256" in receipt.note
        again = put(store, NAME, BODY)
        assert (again.existed, again.checked, again.note) == (True, "md5", receipt.note)
        with pytest.raises(TakenError):
            put(store, NAME, some_bytes(len(BODY), seed=2))

    def test_without_any_hash_there_is_no_receipt(self, fake: FakeDrive, store: Store) -> None:
        fake.plan("no hash", "chunk", 3)
        for _ in range(2):
            assert "tells no hash" in fault_of(fake, StoreError, lambda: put(store, NAME, BODY))

    def test_our_own_hash_is_only_a_claim(self, fake: FakeDrive, store: Store) -> None:
        put(store, NAME, BODY)
        fake.held(NAME)[0].told = {}
        stored = store.stat(NAME)
        assert stored is not None
        assert stored.fingerprints == {}
        assert stored.claimed == {"sha256": content_of_bytes(BODY).sha256}


class TestSeveralOfOneName:
    def test_who_was_there_first_keeps_the_name(self, fake: FakeDrive, store: Store) -> None:
        fake.hooks["ids"] = lambda: fake.add(NAME, b"theirs")
        told = fault_of(fake, TakenError, lambda: put(store, NAME, BODY))
        assert NAME in told
        assert [each.body for each in fake.held(NAME)] == [b"theirs"]

    def test_the_same_bytes_by_two_are_one(self, fake: FakeDrive, store: Store) -> None:
        fake.hooks["ids"] = lambda: fake.add(NAME, BODY)
        receipt = put(store, NAME, BODY)
        assert receipt.existed
        assert "at the same time" in receipt.note
        assert len(fake.held(NAME)) == 1

    def test_who_came_later_does_not_matter(self, fake: FakeDrive, store: Store) -> None:
        store.stat(NAME)
        fake.hooks["file"] = lambda: fake.add(NAME, b"theirs")
        assert not put(store, NAME, BODY).existed
        assert read(store, NAME) == BODY
        assert [each.size for each in store.names("")] == [len(BODY)]

    def test_a_loser_that_may_not_remove_its_own_says_so(self, fake: FakeDrive, store: Store) -> None:
        fake.role = "writer"
        fake.hooks["ids"] = lambda: fake.add(NAME, BODY)
        assert "could not be removed" in put(store, NAME, BODY).note

    def test_all_of_a_name_are_removed_and_lie_in_the_trash(self, fake: FakeDrive, store: Store) -> None:
        both = [fake.add(NAME, b"one"), fake.add(NAME, b"two")]
        store.delete(NAME)
        assert store.stat(NAME) is None
        assert all(each.trashed for each in both)
        assert "delete" not in fake.calls

    def test_neither_the_trash_nor_documents_of_google_count(self, fake: FakeDrive, store: Store) -> None:
        fake.add(NAME, b"old", trashed=True)
        fake.add(NAME, b"", mime="application/vnd.google-apps.document")
        fake.add(NAME, b"elsewhere", parent="another-folder")
        assert store.stat(NAME) is None
        assert not put(store, NAME, BODY).existed


class TestSearching:
    def test_a_search_that_lags_does_not_hide_what_was_done_here(self, fake: FakeDrive, store: Store) -> None:
        fake.lags = True
        put(store, NAME, BODY)
        stored = store.stat(NAME)
        assert stored is not None
        assert read(store, NAME) == BODY
        assert put(store, NAME, BODY).existed
        store.delete(NAME)
        assert store.stat(NAME) is None

    def test_a_search_that_lags_does_not_bring_back_what_was_removed_here(self, fake: FakeDrive, store: Store) -> None:
        put(store, NAME, BODY)
        store.delete(NAME)
        for _ in range(2):
            fake.plan("stale", "search")
        assert store.stat(NAME) is None
        assert list(store.names("")) == []

    def test_page_after_page(self, fake: FakeDrive, store: Store) -> None:
        fake.page_size = 2
        for number in range(7):
            fake.add(f"nightly/{number}", b"x" * number)
        assert {each.name: each.size for each in store.names("nightly/")} == {f"nightly/{n}": n for n in range(7)}
        assert fake.calls.count("search") == 4

    @pytest.mark.parametrize(("fault", "words"), [("incomplete", "whole folder"), ("circle", "same page")])
    def test_half_a_search_is_none(self, fake: FakeDrive, store: Store, fault: str, words: str) -> None:
        fake.page_size = 2
        for number in range(7):
            fake.add(f"nightly/{number}", b"x")
        fake.plan(fault, "search", 1)
        assert words in fault_of(fake, StoreError, lambda: list(store.names("")))

    @pytest.mark.parametrize("name", ["it's", "back\\slash", "' or trashed = true or name = '", "ends\\'"])
    def test_a_name_cannot_leave_its_quotes(self, fake: FakeDrive, store: Store, name: str) -> None:
        fake.add("other", b"other")
        put(store, name, BODY)
        assert read(store, name) == BODY
        assert [each.name for each in store.names(name)] == [name]


class TestReading:
    def test_a_server_that_ignores_ranges(self, fake: FakeDrive, store: Store, clock: Clock) -> None:
        fake.add(NAME, BODY)
        fake.ranges = False
        assert read(store, NAME, 1000) == BODY[1000:]
        fake.plan("cut", "download")
        assert b"".join(whole(store, NAME, clock.timing)) == BODY

    @pytest.mark.parametrize("fault", ["short", "wrong range", "cut"])
    def test_what_is_missing_is_fetched(self, fake: FakeDrive, store: Store, clock: Clock, fault: str) -> None:
        fake.add(NAME, BODY)
        fake.plan("cut", "download")
        fake.plan(fault, "download")
        assert b"".join(whole(store, NAME, clock.timing)) == BODY

    def test_a_page_that_is_longer_than_the_file_is_not_given_out(
        self, fake: FakeDrive, store: Store, clock: Clock
    ) -> None:
        fake.add(NAME, b"{}")
        fake.plan("html", "download")
        assert b"".join(whole(store, NAME, clock.timing)) == b"{}"

    def test_who_may_not_download_hears_why(self, fake: FakeDrive, store: Store) -> None:
        fake.add(NAME, BODY)
        fake.plan("403 cannotDownloadAbusiveFile", "download")
        assert "harmful" in fault_of(fake, RefusedError, lambda: read(store, NAME))


class TestRefusals:
    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("storageQuotaExceeded", "or use a folder of a Shared Drive"),
            ("insufficientPermissions", "scope"),
            ("appNotAuthorizedToFile", "drive.file"),
            ("insufficientFilePermissions", "Content manager"),
            ("accessNotConfigured", "not enabled"),
            ("dailyLimitExceeded", "tomorrow"),
            ("teamDriveFileLimitExceeded", "as many items"),
            ("domainPolicy", "administrators"),
            ("somethingNew", "the account of GDRIVE_REFRESH_TOKEN"),
        ],
    )
    def test_a_refusal_says_what_to_do(self, fake: FakeDrive, store: Store, reason: str, words: str) -> None:
        fake.plan(f"403 {reason}", "start")
        assert words in fault_of(fake, RefusedError, lambda: put(store, NAME, BODY))
        assert not fake.held(NAME)

    def test_a_service_account_has_no_room_on_my_drive(self, fake: FakeDrive, store_in: Callable[..., Store]) -> None:
        told = fault_of(fake, RefusedError, lambda: put(store_in(MINE, "service account"), NAME, BODY))
        assert "use a folder of a Shared Drive" in told
        assert "GDRIVE_REFRESH_TOKEN" in told

    def test_a_person_whose_drive_is_full(self, fake: FakeDrive, store_in: Callable[..., Store]) -> None:
        fake.plan("403 storageQuotaExceeded", "start")
        assert "is full" in fault_of(fake, RefusedError, lambda: put(store_in(MINE), NAME, BODY))

    def test_a_reader_hears_it_before_anything_is_sent(self, fake: FakeDrive, store: Store) -> None:
        fake.role = "reader"
        assert "Contributor" in fault_of(fake, RefusedError, lambda: put(store, NAME, BODY))
        assert "ids" not in fake.calls

    def test_a_contributor_stores_and_cannot_remove(self, fake: FakeDrive, store: Store) -> None:
        fake.role = "writer"
        put(store, NAME, BODY)
        assert "Content manager" in fault_of(fake, RefusedError, lambda: store.delete(NAME))
        assert read(store, NAME) == BODY

    def test_a_folder_that_is_not_there(self, fake: FakeDrive, store_in: Callable[..., Store]) -> None:
        told = fault_of(fake, RefusedError, lambda: store_in("noSuchFolder", "service account").stat(NAME))
        assert "is not there" in told
        assert fakedrive.EMAIL in told

    def test_a_folder_in_the_trash(self, fake: FakeDrive, store: Store) -> None:
        fake.files[SHARED].trashed = True
        assert "in the trash" in fault_of(fake, RefusedError, lambda: store.stat(NAME))

    def test_a_file_is_no_folder(self, fake: FakeDrive, store_in: Callable[..., Store]) -> None:
        file = fake.add("report.pdf", b"x")
        assert "no folder" in fault_of(fake, ConfigError, lambda: store_in(file.id).stat(NAME))


def test_content_that_is_opened_twice_is_read_from_its_beginning(fake: FakeDrive, store: Store) -> None:
    """A second try must not go on where the first one stopped."""
    content = content_of_bytes(BODY)
    counted: list[int] = []

    def open_again() -> object:
        counted.append(1)
        return content.open()

    fake.plan("no sha", "chunk", 3)
    receipt = store.put(NAME, Content(open_again, content.size, content.sha256), nobody_listens)  # type: ignore[arg-type]
    assert receipt.checked == "md5"
    assert len(counted) == 2
