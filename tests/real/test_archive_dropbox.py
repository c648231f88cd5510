"""Dropbox's own client and our store understand each other through the stand-in that the tests use, over TLS."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dropboxaccount
import pytest
import servers
from fakedropbox import FakeDropbox
from storecontract import NAME, nobody_listens, put, some_bytes

from lumen_action.archive.fingerprints import DROPBOX, fingerprint
from lumen_action.archive.stores import Store, StoreError, TakenError, content_of_bytes
from lumen_action.archive.stores.dropbox import opened
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.archive.stores.reading import whole

pytestmark = pytest.mark.slow

LARGE = some_bytes((8 << 20) + 11)
KOREAN = NAME.replace("nightly", "나이틀리")

_READ = """
import hashlib, json, os, dropbox
from dropbox.files import FileMetadata

given = os.environ
client = dropbox.Dropbox(oauth2_refresh_token=given["DROPBOX_REFRESH_TOKEN"], app_key=given["DROPBOX_APP_KEY"])
page = client.files_list_folder("/lumen", recursive=True, limit=2)
entries = list(page.entries)
while page.has_more:
    page = client.files_list_folder_continue(page.cursor)
    entries += page.entries
found = {}
for entry in entries:
    if isinstance(entry, FileMetadata):
        told = client.files_get_metadata(entry.path_lower)
        _, answer = client.files_download(entry.path_lower)
        said = [told.size, told.content_hash, told.rev, hashlib.sha256(answer.content).hexdigest()]
        found[entry.path_display] = said
print(json.dumps(found))
"""

_WRITE = """
import json, os, sys, dropbox
from dropbox.exceptions import ApiError
from dropbox.files import CommitInfo, UploadSessionCursor, WriteMode

given = os.environ
client = dropbox.Dropbox(oauth2_refresh_token=given["DROPBOX_REFRESH_TOKEN"], app_key=given["DROPBOX_APP_KEY"])
name, korean = sys.argv[1:3]
body = sys.stdin.buffer.read()
told = {}

def refused(act, *arguments, **more):
    try:
        act(*arguments, **more)
    except ApiError as fault:
        return fault.error
    raise SystemExit("not refused")

strict = {"mode": WriteMode.add, "autorename": False, "strict_conflict": True}
told["small"] = client.files_upload(body[:1000], korean, **strict).content_hash
session = client.files_upload_session_start(body[:4194304]).session_id
gap = refused(client.files_upload_session_append_v2, b"x", UploadSessionCursor(session, 17))
told["stands"] = gap.get_incorrect_offset().correct_offset
client.files_upload_session_append_v2(body[4194304:], UploadSessionCursor(session, 4194304))
behind = UploadSessionCursor(session, 4194304)
late = refused(client.files_upload_session_finish, b"", behind, CommitInfo(name, **strict))
told["finish stands"] = late.get_lookup_failed().get_incorrect_offset().correct_offset
done = client.files_upload_session_finish(b"", UploadSessionCursor(session, len(body)), CommitInfo(name, **strict))
told["large"] = done.content_hash
gone = refused(client.files_upload_session_append_v2, b"x", UploadSessionCursor(session, 0))
told["session gone"] = gone.is_not_found()
conflict = refused(client.files_upload, b"other", name, **strict).get_path().reason
told["conflict"] = conflict.is_conflict() and conflict.get_conflict().is_file()
same = refused(client.files_upload, body[:1000], korean, **strict).get_path().reason
told["same bytes conflict"] = same.is_conflict()
wrong = refused(client.files_upload, b"x", "/lumen/wrong", content_hash="0" * 64, **strict)
told["wrong hash"] = wrong.is_content_hash_mismatch()
session = client.files_upload_session_start(b"other").session_id
finish = refused(client.files_upload_session_finish, b"", UploadSessionCursor(session, 5), CommitInfo(name, **strict))
told["finish conflict"] = finish.get_path().is_conflict()
told["missing"] = refused(client.files_get_metadata, "/lumen/missing").get_path().is_not_found()
told["not removed"] = refused(client.files_delete_v2, name, parent_rev="00000000000a").get_path_write().is_conflict()
client.files_upload(b"short", "/lumen/short")
client.files_delete_v2("/lumen/short", parent_rev=client.files_get_metadata("/lumen/short").rev)
told["removed"] = refused(client.files_delete_v2, "/lumen/short").get_path_lookup().is_not_found()
print(json.dumps(told))
"""

_ARCHIVE = """
import hashlib, os, re, sys
from pathlib import Path
from lumen_action.archive.stores import content_of
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.archive.stores.reading import whole

path, size, sha256 = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
store = open_store("dropbox:/lumen", StoreOptions(env=os.environ, folder=Path(), tell=print))
receipt = store.put("a/b.lumen", content_of(path, size, sha256), lambda moved: None)
digest = hashlib.sha256()
for piece in whole(store, "a/b.lumen"):
    digest.update(piece)
assert digest.hexdigest() == sha256
assert not receipt.existed and store.put("a/b.lumen", content_of(path, size, sha256), lambda moved: None).existed
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1))
"""


@pytest.fixture
def fake(tmp_path: Path, certificate: servers.Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDropbox]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.authority))
    with FakeDropbox(tmp_path / "account", page=2, wants_hashes=False, certificate=certificate).serving() as serving:
        yield serving


@pytest.fixture
def store(fake: FakeDropbox) -> Iterator[Store]:
    made = opened("dropbox:/lumen", StoreOptions(env=fake.env, folder=Path(), tell=lambda _: None))
    yield made
    made.close()


def client(fake: FakeDropbox, script: str, *arguments: str, sent: bytes = b"") -> dict[str, Any]:
    """Run Dropbox's client, which wants hosts without a scheme."""
    folder = servers.apart("dropbox-sdk")
    hosts = {name: value.removeprefix("https://") for name, value in fake.env.items()}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        input=sent,
        env={**os.environ, **hosts, "PYTHONPATH": str(folder)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_its_client_finds_and_reads_what_our_store_wrote(fake: FakeDropbox, store: Store) -> None:
    bodies = {NAME: LARGE, NAME.replace(".lumen", ".json"): b"label", KOREAN: b""}
    receipts = {name: put(store, name, body) for name, body in bodies.items()}
    assert client(fake, _READ) == {
        f"/lumen/{name}": [
            len(body),
            fingerprint(DROPBOX, io.BytesIO(body)),
            receipts[name].stored.version,
            hashlib.sha256(body).hexdigest(),
        ]
        for name, body in bodies.items()
    }


def test_our_store_finds_and_reads_what_its_client_wrote_and_both_are_refused_alike(
    fake: FakeDropbox, store: Store
) -> None:
    told = client(fake, _WRITE, f"/lumen/{NAME}", f"/lumen/{KOREAN}", sent=LARGE)
    assert told == {
        "small": dropboxaccount.hash_of(LARGE[:1000]),
        "large": dropboxaccount.hash_of(LARGE),
        "stands": 4 << 20,
        "finish stands": len(LARGE),
        **dict.fromkeys(
            (
                *("session gone", "conflict", "same bytes conflict", "wrong hash", "finish conflict"),
                *("missing", "not removed", "removed"),
            ),
            True,
        ),
    }
    assert sorted(each.name for each in store.names("")) == [NAME, KOREAN]
    assert b"".join(whole(store, NAME)) == LARGE
    assert store.put(NAME, content_of_bytes(LARGE), nobody_listens).existed
    with pytest.raises(TakenError):
        put(store, KOREAN, b"other")


def test_an_authority_that_nobody_knows_is_told_at_once(fake: FakeDropbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    store = opened("dropbox:/lumen", StoreOptions(env=fake.env, folder=Path(), tell=lambda _: None))
    with pytest.raises(StoreError, match="certificate verify failed") as caught:
        store.stat(NAME)
    assert "tries" not in str(caught.value)
    assert fake.asked == []
    store.close()


def test_memory_does_not_grow_with_the_file(tmp_path: Path, fake: FakeDropbox) -> None:
    def peak(size: int) -> int:
        path = tmp_path / f"{size}"
        with path.open("wb") as file:
            file.truncate(size)
        with path.open("rb") as file:
            sha256 = fingerprint("sha256", file)
        done = subprocess.run(
            [sys.executable, "-c", _ARCHIVE, str(path), str(size), sha256],
            cwd=servers.ROOT,
            env={**os.environ, **fake.env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        fake.files.clear()
        return int(done.stdout)

    small, large = peak(20 << 20), peak(300 << 20)
    assert large < small + (8 << 10)
