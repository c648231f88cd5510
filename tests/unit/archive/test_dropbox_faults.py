"""Whatever happens to any call of Dropbox: the bytes are the same, or there is an error, and never a false receipt."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import dropboxaccount
import fakedropbox
import pytest
from dropboxstores import BLOCK, LARGE, PATH, SMALL, URL, Clock, store_of
from fakedropbox import FakeDropbox
from hypothesis import given, settings
from hypothesis import strategies as st
from storecontract import NAME, nobody_listens, put, read, some_bytes

from lumen_action.archive.fingerprints import DROPBOX
from lumen_action.archive.stores import (
    Content,
    StoreError,
    content_of_bytes,
)
from lumen_action.archive.stores.dropbox import Dropbox
from lumen_action.archive.stores.reading import whole
from lumen_action.errors import IntegrityError, LumenError
from lumen_action.http import Timing

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


# Faults, at every call.


def sequence(store: Dropbox, body: bytes) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the acts of an archive's life."""
    yield "put", lambda: put(store, NAME, body)
    yield "stat", lambda: store.stat(NAME)
    yield "again", lambda: put(store, NAME, body)
    yield "read", lambda: b"".join(whole(store, NAME, replace(Timing(), sleep=lambda _: None)))
    yield "names", lambda: [each.name for each in store.names("nightly/")]
    yield "delete", lambda: store.delete(NAME)


def calls_of(tmp_path: Path, body: bytes) -> int:
    with FakeDropbox(tmp_path / "counted").serving() as fake:
        store = store_of(fake, Clock())
        for _, act in sequence(store, body):
            act()
        store.close()
        return len(fake.asked)


def holds(fake: FakeDropbox, store: Dropbox, body: bytes) -> None:
    """Live through an archive's life and hold each answer against the truth."""
    promised, told = False, [""]
    for name, act in sequence(store, body):
        try:
            said = act()
        except LumenError as fault:
            told.append(str(fault))
            continue
        if name in ("put", "again"):
            promised = True
            assert fake.held(PATH) == body
            assert said.checked == DROPBOX  # type: ignore[attr-defined]
        elif name == "stat":
            held = fake.held(PATH)
            assert (said is None) is (held is None)
            if said is not None and said.fingerprints[DROPBOX] == dropboxaccount.hash_of(body):  # type: ignore[attr-defined]
                assert held == body
        elif name == "read":
            assert said == fake.held(PATH) == body
        elif name == "names":
            assert said == ([NAME] if PATH in fake.files else [])
        else:
            assert fake.held(PATH) is None
    assert promised
    assert not any(secret in each for each in told for secret in ("refresh-me", "sl.token"))


QUICK = sorted({*fakedropbox.BREAKS, *fakedropbox.REFUSALS, *fakedropbox.LIES} - {"slow"})


@pytest.mark.parametrize("fault", [pytest.param("slow", marks=pytest.mark.slow), *QUICK])
@pytest.mark.parametrize("size", [70_001, pytest.param(2 * BLOCK + 5, marks=pytest.mark.slow)])
def test_one_fault_at_any_call_never_makes_a_false_receipt(tmp_path: Path, fault: str, size: int) -> None:
    body = some_bytes(size)
    count = calls_of(tmp_path, body)
    for number in range(count):
        with FakeDropbox(tmp_path / f"{number}", faults={number: fault}, delay_seconds=0.6).serving() as fake:
            store = store_of(fake, Clock(), 0.25 if fault == "slow" else 20.0)
            holds(fake, store, body)
            store.close()


@settings(max_examples=40)
@pytest.mark.slow
@given(plan=st.dictionaries(st.integers(0, 12), st.sampled_from(QUICK), max_size=4))
def test_several_faults_never_make_a_false_receipt(
    tmp_path_factory: pytest.TempPathFactory, plan: dict[int, str]
) -> None:
    with FakeDropbox(tmp_path_factory.mktemp("account"), faults=dict(plan)).serving() as fake:
        store = store_of(fake, Clock())
        for _ in range(2):
            try:
                receipt = put(store, NAME, SMALL)
            except LumenError:
                continue
            assert fake.held(PATH) == SMALL
            assert receipt.stored.fingerprints == {DROPBOX: dropboxaccount.hash_of(SMALL)}
        store.close()


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["at once", "in a session"])
def test_a_lost_answer_to_the_last_call_is_recognised_as_our_own(
    fake: FakeDropbox, store: Dropbox, body: bytes
) -> None:
    fake.faults[2 if body is SMALL else 6] = "lost"
    receipt = put(store, NAME, body)
    assert not receipt.existed
    assert (fake.held(PATH), receipt.stored.version) == (body, fake.files[PATH].rev)


def test_the_same_bytes_of_a_racer_are_told_as_his(fake: FakeDropbox, store: Dropbox, clock: Clock) -> None:
    racer = store_of(fake, clock)

    def late() -> io.BytesIO:
        if PATH not in fake.files and "get_metadata" in fake.asked:
            put(racer, NAME, SMALL)
        return io.BytesIO(SMALL)

    content = content_of_bytes(SMALL)
    assert store.put(NAME, Content(late, content.size, content.sha256), nobody_listens).existed
    racer.close()


def test_a_lost_piece_is_not_sent_twice(fake: FakeDropbox, store: Dropbox) -> None:
    fake.faults[4] = "lost"
    moved: list[int] = []
    store.put(NAME, content_of_bytes(LARGE), moved.append)
    assert moved == [BLOCK, BLOCK, 5]
    assert fake.asked.count("upload_session/append_v2") == 4


@pytest.mark.parametrize("finish", [False, True])
def test_a_session_that_fell_back_is_resumed_where_it_stands(fake: FakeDropbox, clock: Clock, *, finish: bool) -> None:
    store = store_of(fake, clock)
    reason = {".tag": "incorrect_offset", "correct_offset": 0}
    number = 6 if finish else 4
    fake.faults[number] = json.dumps({".tag": "lookup_failed", "lookup_failed": reason} if finish else reason)

    def forget(moved: int) -> None:
        ticks.append(moved)
        if moved < 0:
            next(iter(fake.sessions.values())).write_bytes(b"")

    ticks: list[int] = []
    assert not store.put(NAME, content_of_bytes(LARGE), forget).existed
    assert sum(ticks) == len(LARGE)
    assert min(ticks) == (-len(LARGE) if finish else -BLOCK)
    assert fake.held(PATH) == LARGE
    store.close()


@pytest.mark.parametrize(
    "reason",
    [
        {".tag": "not_found"},
        {".tag": "closed"},
        {".tag": "incorrect_offset", "correct_offset": 17},
        {".tag": "incorrect_offset", "correct_offset": 1 << 40},
        {".tag": "incorrect_offset", "correct_offset": "0"},
    ],
)
def test_a_session_that_is_of_no_more_use_is_begun_anew(
    fake: FakeDropbox, store: Dropbox, reason: dict[str, object]
) -> None:
    fake.faults[4] = json.dumps(reason)
    moved: list[int] = []
    store.put(NAME, content_of_bytes(LARGE), moved.append)
    assert fake.held(PATH) == LARGE
    assert sum(moved) == len(LARGE)
    assert fake.asked.count("upload_session/start") == 2


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ({".tag": "not_found"}, "forgot 3 upload sessions"),
        ({".tag": "incorrect_offset", "correct_offset": 0}, "keeps losing pieces"),
    ],
)
def test_a_service_that_keeps_losing_what_it_took_ends_in_an_error(
    fake: FakeDropbox, store: Dropbox, reason: dict[str, object], told: str
) -> None:
    fake.always = "upload_session/append_v2:" + json.dumps(reason)
    with pytest.raises(StoreError, match=told):
        put(store, NAME, LARGE)
    assert fake.held(PATH) is None


@pytest.mark.parametrize("lie", fakedropbox.LIES)
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["at once", "in a session"])
def test_what_was_stored_wrong_is_removed_and_told(fake: FakeDropbox, store: Dropbox, body: bytes, lie: str) -> None:
    fake.faults[2 if body is SMALL else 6] = lie
    with pytest.raises(StoreError, match="stored other bytes than were sent; it was removed"):
        put(store, NAME, body)
    assert fake.held(PATH) is None
    assert not put(store, NAME, body).existed


def test_a_file_that_changes_while_it_is_sent_is_never_finished(fake: FakeDropbox, store: Dropbox) -> None:
    opened_before = itertools.count()
    changed = LARGE[: BLOCK + 1] + b"?" + LARGE[BLOCK + 2 :]
    plain = content_of_bytes(LARGE)
    content = Content(lambda: io.BytesIO(changed if next(opened_before) else LARGE), plain.size, plain.sha256)
    with pytest.raises(IntegrityError, match="changed"):
        store.put(NAME, content, nobody_listens)
    assert "upload_session/finish" not in fake.asked


def test_a_download_goes_on_where_it_broke_off(fake: FakeDropbox, store: Dropbox) -> None:
    put(store, NAME, LARGE)
    fake.faults = {len(fake.asked): "cut", len(fake.asked) + 1: "cut"}
    assert b"".join(whole(store, NAME, replace(Timing(), sleep=lambda _: None))) == LARGE
    assert fake.asked[-3:] == ["download"] * 3


def test_reading_past_the_end_is_an_error(store: Dropbox) -> None:
    put(store, NAME, SMALL)
    with pytest.raises(StoreError, match="ends before byte 70002"):
        read(store, NAME, 70_002)


# Patience.


@pytest.mark.parametrize(("fault", "asked"), [("429 header", 2), ("429 body", 3), ("503", 1)])
def test_dropbox_is_asked_again_when_it_wants_to_be(
    fake: FakeDropbox, store: Dropbox, clock: Clock, fault: str, asked: float
) -> None:
    fake.faults[2] = fault
    put(store, NAME, SMALL)
    assert clock.slept == [pytest.approx(asked + 0.25)]


@pytest.mark.parametrize("fault", ["reset", "half", "500", "503", "429 header", "mismatch", "garbage", "lost"])
def test_a_service_that_stays_away_ends_in_one_error_that_names_the_store(
    fake: FakeDropbox, store: Dropbox, fault: str
) -> None:
    fake.always = f"get_metadata:{fault}"
    with pytest.raises(StoreError, match=rf"{URL}: .*tries") as caught:
        put(store, NAME, SMALL)
    assert caught.value.exit_code == 75
