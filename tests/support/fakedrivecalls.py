"""The calls of Drive by name, and the answers to those that only look."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from fakedriveparts import File, Refusal, test_of

SHARED_DRIVE = "sharedDrive0001"


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    call: str
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass
class Reply(Exception):  # noqa: N818 - it is an answer
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


_CALLS: tuple[tuple[str, str, str], ...] = (
    ("token", "POST", r"/token"),
    ("ids", "GET", r"/drive/v3/files/generateIds"),
    ("search", "GET", r"/drive/v3/files"),
    ("start", "POST", r"/upload/drive/v3/files"),
    ("chunk", "PUT", r"/upload/drive/v3/files"),
    ("file", "GET", r"/drive/v3/files/[^/]+"),
    ("trash", "PATCH", r"/drive/v3/files/[^/]+"),
    ("delete", "DELETE", r"/drive/v3/files/[^/]+"),
)


def call_of(method: str, path: str, query: Mapping[str, str], place: str) -> str:
    """Name a call."""
    name = next((call for call, verb, form in _CALLS if verb == method and re.fullmatch(form, path)), "unknown")
    if name == "chunk" and place.startswith("bytes */"):
        return "position"
    return "download" if name == "file" and query.get("alt") == "media" else name


def echo(asked: Asked) -> str:
    """Return what was sent, secrets and all."""
    sent = asked.body[:2000].decode(errors="replace")
    return f"{asked.path}?{dict(asked.query)} {sent} {asked.headers.get('authorization', '')}"


def answered(said: object) -> NoReturn:
    """Answer with JSON."""
    raise Reply(200, json.dumps(said).encode())


def search(files: Iterable[File], query: Mapping[str, str], most: int, *, every: bool, fault: str) -> NoReturn:
    """Answer a search, a page at most so long."""
    test = test_of(query.get("q", ""))
    corpora, drive = query.get("corpora", "user"), query.get("driveId", "")
    shared = every and query.get("includeItemsFromAllDrives") == "true"
    if corpora not in ("user", "drive") or (corpora == "drive") != bool(drive) or (drive and not shared):
        raise Refusal(400, "invalid", "corpora, driveId and the flags of Shared Drives belong together")
    if drive not in ("", SHARED_DRIVE):
        raise Refusal(404, "notFound", f"Shared drive not found: {drive}")
    size = int(query.get("pageSize", "100"))
    if not 1 <= size <= 1000 or query.get("spaces", "drive") != "drive":
        raise Refusal(400, "invalid", "pageSize or spaces")
    if fault == "stale":  # it has not heard of the trash yet
        files = [replace(file, trashed=False) for file in files]
    found = [file for file in files if file.drive == drive and file.settled and test(file)]
    begin = int(query.get("pageToken", "0"))
    end = begin + min(size, most)
    wanted = re.fullmatch(r"((?:nextPageToken|incompleteSearch|kind|,)*)files\(([^()]*)\)", query.get("fields", ""))
    if not wanted:
        raise Refusal(400, "invalidParameter", "Invalid field selection")
    page = [file.view(wanted[2]) for file in found[begin:end]]
    following = begin if fault == "circle" else end
    more = {"nextPageToken": str(following)} if end < len(found) and "nextPageToken" in wanted[1] else {}
    answered({"files": page, "incompleteSearch": fault == "incomplete", **more})


def download(file: File, wanted: str, fault: str) -> NoReturn:
    """Answer with the bytes of a file, or with the range of them that is wanted."""
    begin, end, headers = 0, file.size, {"Content-Type": "application/octet-stream"}
    met = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    if wanted:
        if not met or int(met[1]) >= file.size:
            raise Reply(416, headers={"Content-Range": f"bytes */{file.size}"})
        begin, end = int(met[1]), min(int(met[2] or file.size - 1) + 1, file.size)
        first = begin + 1 if fault == "wrong range" else begin
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{file.size}"
    if fault == "short":  # whole to whoever does not compare it with the size
        end = (begin + end) // 2
    body = bytes(end - begin) if file.body is None else bytes(file.body[begin:end])
    raise Reply(206 if met else 200, body, headers)
