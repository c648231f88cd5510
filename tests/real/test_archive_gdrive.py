"""Google's own client and our store understand each other through the stand-in for Drive that the tests use.

Nothing of it was run against Google itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fakedrive
import pytest
import servers
from fakedrive import MINE, SHARED, FakeDrive
from fakedriveparts import UNIT
from storecontract import NAME, nobody_listens, put, read, some_bytes, states_only_truth

from lumen_action.archive.stores import Store, StoreError, content_of_bytes
from lumen_action.archive.stores.gdrive import opened
from lumen_action.archive.stores.gdrivecalls import Limits
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.archive.stores.reading import whole

pytestmark = pytest.mark.slow

DOCUMENT = servers.ROOT.joinpath(
    ".tools", "google-client", "googleapiclient", "discovery_cache", "documents", "drive.v3.json"
)
BODY = some_bytes(3 * UNIT + 5)
MEGABYTE = 1 << 20

_CLIENT = """
import hashlib, io, json, os, sys
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload

url, folder, chunk, document = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.load(open(sys.argv[4]))
document["rootUrl"] = url + "/"
scopes = ["https://www.googleapis.com/auth/drive"]
if "GDRIVE_SERVICE_ACCOUNT" in os.environ:
    access = service_account.Credentials.from_service_account_info(
        json.loads(os.environ["GDRIVE_SERVICE_ACCOUNT"]), scopes=scopes
    )
else:
    access = credentials.Credentials(
        None, refresh_token=os.environ["GDRIVE_REFRESH_TOKEN"], token_uri=url + "/token",
        client_id=os.environ["GDRIVE_CLIENT_ID"], client_secret=os.environ["GDRIVE_CLIENT_SECRET"],
    )
access.refresh(Request())
files = build_from_document(document, credentials=access).files()
every = {"supportsAllDrives": True}
told = {}


def downloaded(id):
    body = io.BytesIO()
    download = MediaIoBaseDownload(body, files.get_media(fileId=id, **every), chunksize=chunk)
    done = False
    while not done:
        _, done = download.next_chunk()
    return body.getvalue()


def refused(request):
    try:
        request.execute()
    except HttpError as fault:
        return fault.resp.status
    raise SystemExit("not refused")


def uploading(name, body, id):
    media = MediaIoBaseUpload(io.BytesIO(body), "application/octet-stream", chunksize=chunk, resumable=True)
    fields = "id,name,size,md5Checksum,sha256Checksum,headRevisionId"
    return files.create(body={"id": id, "name": name, "parents": [folder]}, media_body=media, fields=fields, **every)
"""

_WRITE = (
    _CLIENT
    + """
ids = files.generateIds(count=3, space="drive", type="files").execute()["ids"]
sent = sys.stdin.buffer.read()
for number, (id, body) in enumerate(zip(ids, (sent, b"", b"x"))):
    request, answer = uploading(f"theirs/{number}", body, id), None
    while answer is None:
        try:
            _, answer = request.next_chunk()
        except HttpError as fault:
            told["status"] = fault.resp.status
    assert int(answer["size"]) == len(body)
    if body:
        assert downloaded(id) == body
    told[f"theirs/{number}"] = [answer["sha256Checksum"], answer["md5Checksum"], hashlib.sha256(body).hexdigest()]
told["again"] = refused(uploading("theirs/0", sent, ids[0]))
told["without flag"] = refused(files.get(fileId=ids[0]))
told["field"] = refused(files.get(fileId=ids[0], fields="nothing", **every))
files.update(fileId=ids[2], body={"trashed": True}, **every).execute()
told["for good"] = refused(files.delete(fileId=ids[2], **every))
print(json.dumps(told))
"""
)

_READ = (
    _CLIENT
    + """
drive = files.get(fileId=folder, fields="driveId", **every).execute().get("driveId")
place = {"corpora": "drive", "driveId": drive} if drive else {"corpora": "user"}
request = files.list(
    q=f"'{folder}' in parents and trashed = false", pageSize=2, includeItemsFromAllDrives=True,
    fields="nextPageToken,incompleteSearch,files(id,name,size,sha256Checksum,properties)", **place, **every,
)
while request is not None:
    page = request.execute()
    for each in page["files"]:
        body = downloaded(each["id"])
        assert len(body) == int(each["size"])
        told[each["name"]] = [each["sha256Checksum"], hashlib.sha256(body).hexdigest(), each["properties"]]
    request = files.list_next(request, page)
print(json.dumps(told))
"""
)


def google(fake: FakeDrive, script: str, folder: str, means: str, sent: bytes = b"") -> Mapping[str, Any]:
    """Run Google's client against the stand-in and return what it found."""
    packages = servers.apart("google-client")
    done = subprocess.run(
        [sys.executable, "-c", script, fake.url, folder, str(UNIT), str(DOCUMENT)],
        input=sent,
        env={**os.environ, **fake.env(means), "PYTHONPATH": str(packages)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def ours(fake: FakeDrive, tmp_path: Path, folder: str, means: str, limits: Limits | None = None) -> Store:
    """Open our store on the stand-in."""
    limits = limits or Limits(chunk_bytes=UNIT)
    return opened(f"gdrive:{folder}", StoreOptions(fake.env(means), tmp_path, print), limits)


@pytest.fixture
def fake() -> Iterator[FakeDrive]:
    with FakeDrive().running() as running:
        yield running


PLACES = [(SHARED, "service account"), (MINE, "refresh token")]


class TestGooglesOwnClient:
    @pytest.mark.parametrize("fault", ["", "half"])
    def test_what_it_writes_we_read(self, fake: FakeDrive, tmp_path: Path, fault: str) -> None:
        if fault:
            fake.plan(fault, "chunk", 1)
        told = google(fake, _WRITE, SHARED, "service account", BODY)
        assert told.get("status") == (503 if fault else None)
        assert (told["again"], told["without flag"], told["field"], told["for good"]) == (409, 404, 400, 403)
        store = ours(fake, tmp_path, SHARED, "service account")
        for number, body in enumerate((BODY, b"")):
            stored = store.stat(f"theirs/{number}")
            assert stored is not None
            states_only_truth(stored, body)
            assert read(store, stored.name) == body
            sha256, md5, own = told[stored.name]
            assert sha256 == own == stored.fingerprints["sha256"]
            assert md5 == hashlib.md5(body, usedforsecurity=False).hexdigest()
            assert put(store, stored.name, body).existed
        assert store.stat("theirs/2") is None
        store.close()

    @pytest.mark.parametrize(("folder", "means"), PLACES)
    def test_what_we_write_it_reads(self, fake: FakeDrive, tmp_path: Path, folder: str, means: str) -> None:
        store = ours(fake, tmp_path, folder, means)
        bodies = {f"{NAME}{number}": some_bytes(size) for number, size in enumerate((1, UNIT, len(BODY)))}
        for name, body in bodies.items():
            put(store, name, body)
        sums = {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}
        found = google(fake, _READ, folder, means)
        assert found == {name: [value, value, {"lumen-sha256": value}] for name, value in sums.items()}
        store.close()


class TestTheDescriptionOfTheApi:
    """What Google publishes of the API has every call, parameter and field that our store asks for."""

    @pytest.fixture
    def document(self) -> Mapping[str, Any]:
        servers.apart("google-client")
        found: Mapping[str, Any] = json.loads(DOCUMENT.read_text())
        return found

    def test_it_has_all_that_is_asked(self, fake: FakeDrive, tmp_path: Path, document: Mapping[str, Any]) -> None:
        store = ours(fake, tmp_path, SHARED, "service account")
        fake.plan("half", "chunk")
        put(store, NAME, BODY)
        assert b"".join(whole(store, NAME)) == BODY
        store.delete(NAME)
        methods = {each["id"]: each for each in document["resources"]["files"]["methods"].values()}
        schema = document["schemas"]
        for asked in fake.asked:
            name = _METHODS.get(asked.call)
            if name is None:
                continue
            method = methods[f"drive.files.{name}"]
            assert asked.method == method["httpMethod"]
            path = method["path"] if asked.call != "start" else "files"
            prefix = "/upload/drive/v3/" if asked.call == "start" else f"/{document['servicePath']}"
            assert re.fullmatch(prefix + re.sub(r"\{\w+\}", "[^/]+", path), asked.path)
            known = {*method["parameters"], *document["parameters"], "uploadType"}
            assert set(asked.query) <= known
            if asked.body:
                assert set(json.loads(asked.body)) <= set(schema["File"]["properties"])
            answer = schema[method["response"]["$ref"]]["properties"] if "response" in method else {}
            assert _unknown(asked.query.get("fields", ""), answer, schema) == []
        assert set(_METHODS) <= set(fake.calls)

    def test_uploads_go_where_it_says(self, document: Mapping[str, Any]) -> None:
        create = document["resources"]["files"]["methods"]["create"]["mediaUpload"]
        assert create["protocols"]["simple"]["path"] == "/upload/drive/v3/files"
        assert "resumable" in create["protocols"]
        assert document["rootUrl"] == "https://www.googleapis.com/"
        assert "https://www.googleapis.com/auth/drive" in document["auth"]["oauth2"]["scopes"]


_METHODS = {
    "ids": "generateIds",
    "search": "list",
    "start": "create",
    "file": "get",
    "download": "get",
    "trash": "update",
}


def _unknown(fields: str, properties: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the fields that an answer does not have."""
    met = re.fullmatch(r"(.*),files\((.*)\)", fields)
    if met:
        return [each for each in met[1].split(",") if each not in properties] + _unknown(
            met[2], schema["File"]["properties"], schema
        )
    found = []
    for each in filter(None, fields.split(",")):
        name, _, below = each.partition("/")
        inside = properties.get(name, {}).get("properties", {})
        if name not in properties or (below and below not in inside):
            found.append(each)
    return found


class TestASlowServer:
    @pytest.mark.parametrize("met", range(9))
    def test_an_answer_that_comes_too_late_is_no_answer(self, fake: FakeDrive, tmp_path: Path, met: int) -> None:
        fake.slow_seconds = 2.0
        fake.plan("slow", after=met)
        limits = Limits(chunk_bytes=2 * UNIT, timeout_seconds=0.5, patience_seconds=60)
        store = ours(fake, tmp_path, SHARED, "service account", limits)
        receipt = store.put(NAME, content_of_bytes(BODY), nobody_listens)
        states_only_truth(receipt.stored, BODY)
        assert [each.body for each in fake.held(NAME)] == [BODY]
        fake.plan("slow", "download")
        assert b"".join(whole(store, NAME)) == BODY
        store.close()

    def test_one_that_is_always_slow_is_given_up(self, fake: FakeDrive, tmp_path: Path) -> None:
        fake.slow_seconds = 1.0
        for _ in range(20):
            fake.plan("slow", "search")
        limits = Limits(timeout_seconds=0.2, patience_seconds=2)
        store = ours(fake, tmp_path, SHARED, "refresh token", limits)
        with pytest.raises(StoreError, match=r"timed out.*tries|tries"):
            put(store, NAME, BODY)


_MOVE = """
import hashlib, json, re, sys, tempfile
from pathlib import Path
from lumen_action.archive.stores import content_of
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.archive.stores.reading import whole

asked = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "sparse"
    with file.open("wb") as made:
        made.truncate(asked["size"])
    store = open_store(asked["url"], StoreOptions(asked["env"], Path(folder), lambda _: None))
    receipt = store.put("sparse", content_of(file, asked["size"], asked["sha256"]), lambda _: None)
    digest = hashlib.sha256()
    for piece in whole(store, "sparse"):
        digest.update(piece)
    # Of this process alone; what getrusage tells begins with the size of the one that started it.
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
    print(json.dumps([receipt.checked, digest.hexdigest() == asked["sha256"], int(peak)]))
"""


def test_memory_does_not_grow_with_what_is_moved() -> None:
    peaks = []
    for megabytes in (32, 300):
        digest = hashlib.sha256()
        for _ in range(megabytes):
            digest.update(bytes(MEGABYTE))
        with FakeDrive(keep=False).running() as fake:
            asked = {
                "url": f"gdrive:{fakedrive.SHARED}",
                "env": fake.env("refresh token"),
                "size": megabytes * MEGABYTE,
                "sha256": digest.hexdigest(),
            }
            done = subprocess.run(
                [sys.executable, "-c", _MOVE],
                input=json.dumps(asked),
                env={**os.environ, "PYTHONPATH": str(servers.ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        checked, same, peak = json.loads(done.stdout)
        assert (checked, same) == ("sha256", True)
        peaks.append(peak / 1024)
    small, large = peaks
    assert large < small + 16, f"{small:.0f} MB for 32 MB, {large:.0f} MB for 300 MB"
