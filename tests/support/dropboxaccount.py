"""What Dropbox does with the files of one account, as strictly as it does it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK = 4 * 1024 * 1024
MOST_AT_ONCE = 150 * 1024 * 1024
WHEN = "2026-03-04T05:06:07Z"

Told = Callable[[dict[str, Any]], dict[str, Any]]
COMMIT = {"path", "mode", "autorename", "client_modified", "mute", "property_groups", "strict_conflict"}


@dataclass(frozen=True)
class Route:
    content: bool
    scope: str
    fields: frozenset[str]
    needed: frozenset[str]


def route(host: str, scope: str, fields: str, needed: str = "path") -> Route:
    return Route(host == "content", scope, frozenset(fields.split()), frozenset(needed.split()))


ROUTES = {
    "get_metadata": route(
        "api",
        "files.metadata.read",
        "path include_media_info include_deleted include_has_explicit_shared_members include_property_groups",
    ),
    "list_folder": route(
        "api",
        "files.metadata.read",
        "path recursive limit include_media_info include_deleted include_has_explicit_shared_members "
        "include_mounted_folders include_non_downloadable_files shared_link include_property_groups",
    ),
    "list_folder/continue": route("api", "files.metadata.read", "cursor", "cursor"),
    "delete_v2": route("api", "files.content.write", "path parent_rev"),
    "upload": route("content", "files.content.write", f"content_hash {' '.join(COMMIT)}"),
    "upload_session/start": route("content", "files.content.write", "close session_type content_hash", ""),
    "upload_session/append_v2": route("content", "files.content.write", "cursor close content_hash", "cursor"),
    "upload_session/finish": route("content", "files.content.write", "cursor commit content_hash", "cursor commit"),
    "download": route("content", "files.content.read", "path rev"),
}


class Reply(Exception):  # noqa: N818 - an answer, raised where it is found
    """An answer."""

    def __init__(self, status: int, said: object = b"", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self.file: Path | None = None
        self.start = 0

    def with_file(self, file: Path, start: int = 0) -> Reply:
        """Make a file, from an offset on, the body."""
        self.file, self.start = file, start
        return self


@dataclass
class Kept:
    path: str
    file: Path
    rev: str


@dataclass
class Account:
    """Files, folders and open sessions; their bytes lie in a folder, so size costs no memory."""

    folder: Path
    space: int = 1 << 50
    page: int = 1000
    ranges: bool = True
    wants_hashes: bool = True
    """Stricter than Dropbox, which takes bytes without their hash."""
    files: dict[str, Kept] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, Path] = field(default_factory=dict)
    cursors: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._numbers = iter(range(1, 1 << 40))
        self._flips = False

    def held(self, path: str) -> bytes | None:
        """Return the bytes of a file, whatever the case of its name."""
        kept = self.files.get(path.lower())
        return kept.file.read_bytes() if kept else None

    def call(self, name: str, arg: dict[str, Any], body: bytes, headers: Mapping[str, str]) -> None:
        """Do what a route does; its answer is raised."""
        known = ROUTES[name]
        if unknown := arg.keys() - known.fields:
            raise bad(f"{name}: unknown field {sorted(unknown)}")
        if missing := known.needed - arg.keys():
            raise bad(f"{name}: missing field {sorted(missing)}")
        if "path" in arg:
            checked_path(arg["path"], empty=name == "list_folder")
        if self.wants_hashes and "content_hash" in known.fields - arg.keys():
            raise bad(f"{name}: nothing says what the bytes have to be")
        if known.content and arg.get("content_hash") not in (None, hash_of(body)):
            raise refused({".tag": "content_hash_mismatch"})
        if len(body) > MOST_AT_ONCE:
            raise refused({".tag": "payload_too_large"})
        getattr(self, "_do_" + name.replace("/", "_"))(arg, body, headers)

    def _do_get_metadata(self, arg: dict[str, Any], _body: bytes, _headers: Mapping[str, str]) -> None:
        folder = self.folders.get(arg["path"].lower())
        raise Reply(200, folder_view(folder) if folder else {".tag": "file", **view(self._found(arg["path"]))})

    def _do_list_folder(self, arg: dict[str, Any], _body: bytes, _headers: Mapping[str, str]) -> None:
        if arg.get("recursive") is not True:
            raise bad("only whole trees are listed here")
        top = arg["path"].lower()
        if top in self.files:
            raise refused({".tag": "path", "path": {".tag": "not_folder"}})
        if top and top not in self.folders:
            raise refused({".tag": "path", "path": {".tag": "not_found"}})
        inside = [folder_view(shown) for lower, shown in self.folders.items() if f"{lower}/".startswith(f"{top}/")]
        held = [{".tag": "file", **view(kept)} for lower, kept in self.files.items() if lower.startswith(f"{top}/")]
        self._give_page([*inside, *held], min(self.page, arg.get("limit", self.page)))

    def _do_list_folder_continue(self, arg: dict[str, Any], _body: bytes, _headers: Mapping[str, str]) -> None:
        if arg["cursor"] not in self.cursors:
            raise refused({".tag": "reset"})
        self._give_page(self.cursors[arg["cursor"]], self.page)

    def _give_page(self, entries: list[dict[str, Any]], size: int) -> None:
        cursor = f"cursor-{next(self._numbers)}"
        self.cursors[cursor] = entries[size:]
        raise Reply(200, {"entries": entries[:size], "cursor": cursor, "has_more": bool(entries[size:])})

    def _do_delete_v2(self, arg: dict[str, Any], _body: bytes, _headers: Mapping[str, str]) -> None:
        lower = arg["path"].lower()
        if lower in self.folders:
            if "parent_rev" in arg:
                raise refused(
                    {".tag": "path_write", "path_write": {".tag": "conflict", "conflict": {".tag": "folder"}}}
                )
            for held in (self.files, self.folders):
                for each in [name for name in held if f"{name}/".startswith(f"{lower}/")]:
                    del held[each]  # type: ignore[attr-defined]
            raise Reply(200, {"metadata": folder_view(arg["path"])})
        kept = self.files.get(lower)
        if kept is None:
            raise refused({".tag": "path_lookup", "path_lookup": {".tag": "not_found"}})
        if arg.get("parent_rev", kept.rev) != kept.rev:
            raise refused({".tag": "path_write", "path_write": {".tag": "conflict", "conflict": {".tag": "file"}}})
        del self.files[lower]
        raise Reply(200, {"metadata": {".tag": "file", **view(kept)}})

    def _do_upload(self, arg: dict[str, Any], body: bytes, _headers: Mapping[str, str]) -> None:
        file = self._new_file()
        file.write_bytes(body)
        commit = {name: value for name, value in arg.items() if name != "content_hash"}
        self._commit(commit, file, lambda reason: {".tag": "path", "reason": reason, "upload_session_id": "pid_none"})

    def _do_upload_session_start(self, arg: dict[str, Any], body: bytes, _headers: Mapping[str, str]) -> None:
        session = f"pid_{next(self._numbers)}"
        self.sessions[session] = self._new_file()
        self.sessions[session].write_bytes(body)
        if arg.get("close"):
            raise bad("closed sessions are not made here")
        raise Reply(200, {"session_id": session})

    def _do_upload_session_append_v2(self, arg: dict[str, Any], body: bytes, _headers: Mapping[str, str]) -> None:
        self._append(arg["cursor"], body, lambda reason: reason)
        raise Reply(200, None)

    def _do_upload_session_finish(self, arg: dict[str, Any], body: bytes, _headers: Mapping[str, str]) -> None:
        file = self._append(arg["cursor"], body, lambda reason: {".tag": "lookup_failed", "lookup_failed": reason})
        if unknown := arg["commit"].keys() - COMMIT:
            raise bad(f"unknown field {sorted(unknown)}")
        checked_path(arg["commit"].get("path"))
        # Dropbox keeps a session whose commit it refused; one that became a file is gone.
        try:
            self._commit(arg["commit"], file, lambda reason: {".tag": "path", "path": reason})
        except Reply as reply:
            if reply.status == 200:
                del self.sessions[arg["cursor"]["session_id"]]
            raise

    def _do_download(self, arg: dict[str, Any], _body: bytes, headers: Mapping[str, str]) -> None:
        kept = self._found(arg["path"])
        told = {"Content-Type": "application/octet-stream", "Dropbox-API-Result": json.dumps(view(kept))}
        wanted = re.fullmatch(r"bytes=(\d+)-", headers.get("Range", ""))
        if headers.get("Range") and not wanted:
            raise bad("only ranges up to the end are given here")
        if not wanted or not self.ranges:
            raise Reply(200, headers=told).with_file(kept.file)
        start, size = int(wanted.group(1)), kept.file.stat().st_size
        if start >= size:
            raise Reply(416, b"", {"Content-Range": f"bytes */{size}"})
        told["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        raise Reply(206, headers=told).with_file(kept.file, start)

    def _append(self, cursor: Mapping[str, Any], body: bytes, error: Told) -> Path:
        if set(cursor) != {"session_id", "offset"} or type(cursor["offset"]) is not int:
            raise bad("the cursor is malformed")
        file = self.sessions.get(cursor["session_id"])
        if file is None:
            raise refused(error({".tag": "not_found"}))
        stands = file.stat().st_size
        if cursor["offset"] != stands:
            raise refused(error({".tag": "incorrect_offset", "correct_offset": stands}))
        with file.open("ab") as grown:
            grown.write(body)
        return file

    def _commit(self, commit: Mapping[str, Any], file: Path, error: Told) -> None:
        path, lower = commit["path"], commit["path"].lower()
        mode = commit.get("mode", "add")
        mode = mode.get(".tag") if isinstance(mode, dict) else mode
        if any(type(commit.get(option, False)) is not bool for option in ("autorename", "mute", "strict_conflict")):
            raise bad("an option of the commit is neither true nor false")
        held, above = self.files.get(lower), parents(path)
        same = held is not None and hash_file(held.file) == hash_file(file)
        if lower in self.folders:
            raise refused(error({".tag": "conflict", "conflict": {".tag": "folder"}}))
        if any(each.lower() in self.files for each in above):
            raise refused(error({".tag": "conflict", "conflict": {".tag": "file_ancestor"}}))
        if held and mode == "add" and commit.get("autorename"):
            path, lower = f"{path} (1)", f"{lower} (1)"
        elif held and mode == "add" and same and not commit.get("strict_conflict"):
            raise Reply(200, view(held))
        elif held and mode == "add":
            raise refused(error({".tag": "conflict", "conflict": {".tag": "file"}}))
        if sum(kept.file.stat().st_size for kept in self.files.values()) + file.stat().st_size > self.space:
            raise refused(error({".tag": "insufficient_space"}))
        self._flip(file)
        self.files[lower] = Kept(self._shown(path), file, f"{next(self._numbers):012x}")
        raise Reply(200, view(self.files[lower]))

    def _shown(self, path: str) -> str:
        """Return a path in the case in which its folders were first written, and make those that are missing."""
        shown = ""
        for each in parents(path):
            shown = self.folders.setdefault(each.lower(), f"{shown}/{each.rpartition('/')[2]}")
        return f"{shown}/{path.rpartition('/')[2]}"

    def _flip(self, file: Path) -> None:
        """Damage a file, when that is the fault of this request."""
        if self._flips and file.stat().st_size:
            with file.open("r+b") as damaged:
                first = damaged.read(1)
                damaged.seek(0)
                damaged.write(bytes([first[0] ^ 1]))

    def _found(self, path: str) -> Kept:
        kept = self.files.get(path.lower())
        if kept is None:
            tag = "not_file" if path.lower() in self.folders else "not_found"
            raise refused({".tag": "path", "path": {".tag": tag}})
        return kept

    def _new_file(self) -> Path:
        return self.folder / f"{next(self._numbers)}"


def refused(error: Mapping[str, Any]) -> Reply:
    return Reply(409, {"error_summary": f"{error['.tag']}/..", "error": error})


def bad(told: str, status: int = 400) -> Reply:
    return Reply(status, told.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def checked_path(path: object, *, empty: bool = False) -> None:
    if path == "" and empty:
        return
    if not isinstance(path, str) or not re.fullmatch(r"(/[^/\x00-\x1f\\]+)+", path):
        raise bad(f"path: {path!r} did not match the pattern")


def parents(path: str) -> list[str]:
    """Return the folders above a path, the outermost first."""
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[: end + 1]) for end in range(len(parts))]


def hash_of(body: bytes) -> str:
    """Return the content hash of bytes, as its specification words it."""
    blocks = (body[start : start + BLOCK] for start in range(0, len(body), BLOCK))
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


def hash_file(file: Path) -> str:
    digests = []
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            digests.append(hashlib.sha256(block).digest())
    return hashlib.sha256(b"".join(digests)).hexdigest()


def view(kept: Kept) -> dict[str, Any]:
    return {
        "name": kept.path.rpartition("/")[2],
        "id": f"id:{hashlib.sha256(kept.path.lower().encode()).hexdigest()[:22]}",
        "client_modified": WHEN,
        "server_modified": WHEN,
        "rev": kept.rev,
        "size": kept.file.stat().st_size,
        "path_lower": kept.path.lower(),
        "path_display": kept.path,
        "is_downloadable": True,
        "content_hash": hash_file(kept.file),
    }


def folder_view(shown: str) -> dict[str, Any]:
    name = shown.rpartition("/")[2]
    return {".tag": "folder", "name": name, "id": f"id:{name}", "path_lower": shown.lower(), "path_display": shown}
