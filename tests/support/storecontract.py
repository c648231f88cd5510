"""What every store of archives promises; a test class of each store inherits it and gives a fixture `store`.

    class TestDirectory(StoreContract):
        @pytest.fixture
        def store(self, tmp_path: Path) -> Store: ...

The store is empty at the beginning of each test. What a store cannot promise is said in the class attributes.
"""

from __future__ import annotations

import hashlib
import io
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lumen_action.archive.fingerprints import fingerprint
from lumen_action.archive.stores import Content, GoneError, Receipt, Store, Stored, TakenError, content_of_bytes
from lumen_action.archive.stores.reading import whole
from lumen_action.errors import IntegrityError, LumenError

NAME = "nightly/2026-01-02/eu-west-1/1.lumen"
ODD_NAMES = (
    "nightly/2026-01-02/eu-west-1/1.json",
    "나이틀리/2026-01-02/eu%2Fwest/1.lumen",
    "caf\u00e9%20%2B/2026-01-02/%2E%2E/a_b-c.d.lumen",
    f"{'n' * 100}/2026-01-02/{'r' * 100}/1.lumen",
)
SIZES = (0, 1, 255, 65_537, 1_000_003)


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Return bytes that are the same at each call and look like no others."""
    return random.Random(f"{seed} {size}").randbytes(size)


def nobody_listens(_moved: int) -> None:
    """Hear ticks."""


def read(store: Store, name: str, offset: int = 0) -> bytes:
    """Return the bytes of an object in one try."""
    with store.read(name, offset) as pieces:
        return b"".join(pieces)


def put(store: Store, name: str, body: bytes) -> Receipt:
    """Store bytes under a name."""
    return store.put(name, content_of_bytes(body), nobody_listens)


def states_only_truth(stored: Stored, body: bytes) -> None:
    """Hold what a store says that it computed against the bytes themselves."""
    assert stored.size == len(body)
    for algorithm, value in stored.fingerprints.items():
        assert value == fingerprint(algorithm, io.BytesIO(body)), algorithm


class StoreContract:
    """The promises; `store` is a fixture of the class that inherits them."""

    atomic = True
    """Of several who create a name at once exactly one succeeds."""
    checks = True
    """The store confirms the bytes it took by a hash of its own."""

    @pytest.mark.parametrize("size", SIZES)
    def test_what_was_stored_is_given_back(self, store: Store, size: int) -> None:
        body, moved = some_bytes(size), []
        receipt = store.put(NAME, content_of_bytes(body), moved.append)
        assert not receipt.existed
        assert receipt.stored.name == NAME
        assert bool(receipt.checked) is self.checks
        assert not receipt.checked or receipt.checked in receipt.stored.fingerprints
        states_only_truth(receipt.stored, body)
        assert sum(moved) == size
        found = store.stat(NAME)
        assert found is not None
        assert found.name == NAME
        states_only_truth(found, body)
        assert read(store, NAME) == b"".join(whole(store, NAME)) == body

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_every_name_of_an_archive_is_taken(self, store: Store, name: str) -> None:
        put(store, name, b"sealed")
        assert [each.name for each in store.names("")] == [name]
        assert [each.name for each in store.names(name[:5])] == [name]
        assert read(store, name) == b"sealed"
        store.delete(name)
        assert store.stat(name) is None

    def test_the_same_bytes_again_change_nothing(self, store: Store) -> None:
        put(store, NAME, some_bytes(1000))
        first = store.stat(NAME)
        moved: list[int] = []
        receipt = store.put(NAME, content_of_bytes(some_bytes(1000)), moved.append)
        assert receipt.existed
        states_only_truth(receipt.stored, some_bytes(1000))
        assert sum(moved) in (0, 1000)
        assert store.stat(NAME) == first

    @pytest.mark.parametrize("other", [b"", b"other", some_bytes(1000, seed=2), some_bytes(1000) + b"x"])
    def test_other_bytes_never_replace_what_is_there(self, store: Store, other: bytes) -> None:
        put(store, NAME, some_bytes(1000))
        with pytest.raises(TakenError) as caught:
            put(store, NAME, other)
        assert NAME in str(caught.value)
        assert read(store, NAME) == some_bytes(1000)

    def test_of_racers_with_different_bytes_one_wins(self, store: Store) -> None:
        if not self.atomic:
            pytest.skip("this store cannot promise it, and its receipts say so")
        racers = 4
        start = threading.Barrier(racers)

        def race(number: int) -> bool:
            start.wait()
            try:
                put(store, NAME, some_bytes(20_000, number))
            except TakenError:
                return False
            return True

        with ThreadPoolExecutor(racers) as threads:
            won = list(threads.map(race, range(racers)))
        assert won.count(True) == 1
        assert read(store, NAME) == some_bytes(20_000, won.index(True))

    @pytest.mark.parametrize(
        "lying",
        [
            Content(lambda: io.BytesIO(b"x" * 300_000), 300_000, hashlib.sha256(b"y" * 300_000).hexdigest()),
            Content(lambda: io.BytesIO(b"x" * 299_999), 300_000, hashlib.sha256(b"x" * 300_000).hexdigest()),
            Content(lambda: io.BytesIO(b"x" * 300_001), 300_000, hashlib.sha256(b"x" * 300_001).hexdigest()),
        ],
        ids=["other bytes", "too short", "too long"],
    )
    def test_a_file_that_changed_since_it_was_hashed_gets_no_receipt(self, store: Store, lying: Content) -> None:
        with pytest.raises(IntegrityError, match="changed"):
            store.put(NAME, lying, nobody_listens)
        assert store.stat(NAME) is None

    def test_what_is_not_there(self, store: Store) -> None:
        assert store.stat(NAME) is None
        assert list(store.names("")) == list(store.names("nightly/")) == []
        with pytest.raises(GoneError) as caught:
            read(store, NAME)
        assert NAME in str(caught.value)
        with pytest.raises(GoneError):
            list(whole(store, NAME))
        store.delete(NAME)

    def test_names_are_found_by_what_they_begin_with(self, store: Store) -> None:
        names = [
            f"{pipeline}/2026-01-{day:02}/{region}/1.lumen"
            for pipeline in ("nightly", "nightly-2")
            for day in (1, 2, 12)
            for region in ("eu", "us")
        ]
        for number, name in enumerate(names):
            put(store, name, b"x" * number)
        found = {each.name: each.size for each in store.names("")}
        assert found == {name: number for number, name in enumerate(names)}
        for prefix in ("nightly", "nightly/", "nightly/2026-01-1", "nightly-2/2026-01-02/", names[3], "other", "eu"):
            assert sorted(each.name for each in store.names(prefix)) == sorted(
                name for name in names if name.startswith(prefix)
            )

    def test_reading_begins_where_it_is_told_to(self, store: Store) -> None:
        body = some_bytes(70_001)
        put(store, NAME, body)
        for offset in (0, 1, 69_999, 70_000, 70_001):
            assert read(store, NAME, offset) == body[offset:]

    def test_a_reader_may_stop_early(self, store: Store) -> None:
        put(store, NAME, some_bytes(1_000_003))
        for _ in range(3):
            with store.read(NAME) as pieces:
                assert some_bytes(1_000_003).startswith(next(pieces))
        assert read(store, NAME) == some_bytes(1_000_003)

    def test_what_was_removed_is_gone_and_its_name_is_free(self, store: Store) -> None:
        put(store, NAME, b"first")
        store.delete(NAME)
        store.delete(NAME)
        assert store.stat(NAME) is None
        assert list(store.names("")) == []
        assert not put(store, NAME, b"second").existed
        assert read(store, NAME) == b"second"

    def test_its_url_is_where_a_message_points(self, store: Store) -> None:
        put(store, NAME, b"x")
        with pytest.raises(LumenError) as caught:
            put(store, NAME, b"y")
        assert store.url in str(caught.value)
