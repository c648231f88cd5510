"""What lets us into Dropbox is told in words when it does not, and is never repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import fakedropbox
import pytest
from dropboxstores import LABEL, LARGE, PATH, SMALL, URL, Clock, options, store_of
from fakedropbox import FakeDropbox
from storecontract import NAME, put, read, some_bytes

from lumen_action.archive.stores import (
    LockedError,
    RefusedError,
    StoreError,
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


# Being let in.


def test_a_token_that_dies_in_the_middle_is_renewed(fake: FakeDropbox, store: Dropbox) -> None:
    fake.faults = {3: "expired", 6: "expired"}
    put(store, NAME, LARGE)
    assert fake.asked.count("/oauth2/token") == 3
    assert fake.held(PATH) == LARGE


def test_a_token_is_renewed_before_it_dies(fake: FakeDropbox, store: Dropbox, clock: Clock) -> None:
    put(store, NAME, SMALL)
    clock.seconds += fakedropbox.LIFE_SECONDS - 301
    store.stat(NAME)
    assert fake.asked.count("/oauth2/token") == 1
    clock.seconds += 2
    store.stat(NAME)
    assert fake.asked.count("/oauth2/token") == 2


def test_a_token_made_by_hand_is_warned_of_and_its_end_says_what_to_set(fake: FakeDropbox, clock: Clock) -> None:
    hosts = {name: value for name, value in fake.env.items() if name.endswith("HOST")}
    told: list[str] = []
    store = opened(URL, options({**hosts, "DROPBOX_TOKEN": f" {fake.made_token}\n"}, clock, told))
    warning = "DROPBOX_TOKEN dies 4 hours after it was made; DROPBOX_REFRESH_TOKEN with DROPBOX_APP_KEY does not"
    assert told == [f"{URL}: {warning} (docs/archive-dropbox.md says how)"]
    put(store, NAME, SMALL)
    fake.tokens.clear()
    with pytest.raises(RefusedError, match=r"token_expired: .*DROPBOX_TOKEN.*DROPBOX_REFRESH_TOKEN") as caught:
        store.stat(NAME)
    assert fake.made_token not in str(caught.value)
    assert "/oauth2/token" not in fake.asked
    store.close()


def test_a_refresh_token_is_not_warned_of(fake: FakeDropbox, clock: Clock) -> None:
    told: list[str] = []
    opened(URL, options({**fake.env, "DROPBOX_TOKEN": "old"}, clock, told)).close()
    assert told == []


def test_a_revoked_refresh_token_says_so_and_is_not_repeated(fake: FakeDropbox, store: Dropbox) -> None:
    fake.refresh_token += "-again"
    with pytest.raises(RefusedError, match=r"token_expired: DROPBOX_REFRESH_TOKEN was revoked") as caught:
        put(store, NAME, SMALL)
    assert "refresh-me" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert fake.asked == ["/oauth2/token"]


def test_a_wrong_app_key_says_so(fake: FakeDropbox, store: Dropbox) -> None:
    fake.app_secret = fake.app_key[::-1]
    with pytest.raises(RefusedError, match=r"invalid_client.*DROPBOX_APP_KEY or DROPBOX_APP_SECRET is not that"):
        store.stat(NAME)


def test_an_app_with_a_secret_is_let_in(fake: FakeDropbox, clock: Clock) -> None:
    fake.app_secret = fake.app_key[::-1]
    store = store_of(fake, clock)
    put(store, NAME, SMALL)
    store.close()


@pytest.mark.parametrize("scope", ["files.metadata.read", "files.content.write", "files.content.read"])
def test_a_missing_permission_is_named(fake: FakeDropbox, store: Dropbox, scope: str) -> None:
    put(store, NAME, SMALL)
    fake.scopes.discard(scope)
    acts = (lambda: store.stat(NAME), lambda: put(store, LABEL, b"x"), lambda: read(store, NAME))
    told = []
    for act in acts:
        try:
            act()
        except RefusedError as fault:
            told.append(str(fault))
    assert told
    assert all(f"lacks the permission {scope}; tick it in the App Console" in each for each in told)


def test_a_full_account_says_so(fake: FakeDropbox, store: Dropbox) -> None:
    fake.space = 100_000
    put(store, NAME, SMALL)
    for body in (some_bytes(50_000, 2), LARGE):
        with pytest.raises(RefusedError, match=r"insufficient_space.*free some space"):
            put(store, LABEL, body)
    assert list(fake.files) == [PATH]


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        ({".tag": "path", "reason": {".tag": "no_write_permission"}}, RefusedError, "may not write there"),
        ({".tag": "path", "reason": {".tag": "disallowed_name"}}, RefusedError, "takes no such name"),
        ({".tag": "path", "reason": {".tag": "malformed_path", "malformed_path": None}}, RefusedError, "no such path"),
        ({".tag": "path", "reason": {".tag": "something_new"}}, StoreError, r"is refused \(path/something_new\)"),
        ({".tag": "path", "reason": {".tag": "too_many_write_operations"}}, StoreError, "busy with other writes"),
        ({".tag": "sl.token-1"}, StoreError, "no reason given"),
    ],
)
def test_what_dropbox_refuses_is_told_in_words(
    fake: FakeDropbox, store: Dropbox, error: dict[str, object], kind: type[StoreError], told: str
) -> None:
    fake.always = "upload:" + json.dumps(error)
    with pytest.raises(kind, match=told):
        put(store, NAME, SMALL)


def test_a_file_that_somebody_locked_is_not_removed(fake: FakeDropbox, store: Dropbox) -> None:
    put(store, NAME, SMALL)
    fake.always = "delete_v2:" + json.dumps({".tag": "path_lookup", "path_lookup": {".tag": "locked"}})
    with pytest.raises(LockedError, match="unlock it"):
        store.delete(NAME)


# Settings.


@pytest.mark.parametrize(
    "url", ["dropbox:folder", "dropbox://folder", "dropbox:/a//b", "dropbox:/a/../b", "dropbox:/a\\b"]
)
def test_a_url_that_names_no_folder_says_what_to_write(fake: FakeDropbox, clock: Clock, url: str) -> None:
    with pytest.raises(ConfigError, match="write `dropbox:/FOLDER`"):
        opened(url, options(fake.env, clock))


def test_all_that_is_wrong_is_told_at_once(clock: Clock) -> None:
    env = {
        "DROPBOX_REFRESH_TOKEN": "two words",
        "DROPBOX_API_HOST": "http://dropbox.example",
        "DROPBOX_API_CONTENT_HOST": "https://dropbox.example/path",
    }
    with pytest.raises(ConfigError) as caught:
        opened("dropbox:nowhere", options(env, clock))
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "store",
        "DROPBOX_API_HOST",
        "DROPBOX_API_CONTENT_HOST",
        "DROPBOX_REFRESH_TOKEN",
        "DROPBOX_APP_KEY",
    ]
    assert "two words" not in str(caught.value)


def test_without_anything_it_says_what_to_set(clock: Clock) -> None:
    with pytest.raises(ConfigError, match="DROPBOX_REFRESH_TOKEN: nothing lets us into Dropbox"):
        opened("dropbox:/lumen", options({}, clock))
