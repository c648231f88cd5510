"""A strict fake of the Drive v3 calls that archives need, and of the service that gives tokens.

It refuses what Google punishes: a call on a Shared Drive that does not say that it knows them, a field or parameter it
does not have, a query it cannot read, an id it did not give, a chunk that is no multiple of 256 KiB or does not follow
the last, an assertion that is signed wrong, too old or for somebody else. Each refusal repeats what it was sent, so
that a message which quotes it gives a secret away. Faults are planned for one of the next requests.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn
from urllib.parse import parse_qs, quote, urlsplit

import loopback
from fakedrivecalls import SHARED_DRIVE, Asked, Reply, answered, call_of, download, echo, search
from fakedriveparts import DEFAULT_FIELDS, FOLDER_TYPE, UNIT, File, Refusal, Session, check, checksums
from fakedrivetokens import CLIENT, CLIENT_SECRET, EMAIL, PERSON, REFRESH_TOKEN, Denial, Tokens, pem

SHARED, MINE = "sharedFolder0001", "myFolder0001"
_MOST_PROPERTY_BYTES = 124
_FIRST_MS = 1_770_000_000_000
_COMMON = frozenset({"alt", "fields", "supportsAllDrives"})
_LIST = frozenset({"q", "pageSize", "pageToken", "spaces", "corpora", "driveId", "includeItemsFromAllDrives"})
_KNOWN: Mapping[str, frozenset[str]] = {
    "ids": frozenset({"count", "space", "type"}),
    "search": _LIST,
    "start": frozenset({"uploadType"}),
}
_OWNER = frozenset({"add", "trash", "delete"})
_ROLES: Mapping[str, frozenset[str]] = {
    "reader": frozenset(),
    "writer": frozenset({"add"}),
    "fileOrganizer": frozenset({"add", "trash"}),
    "organizer": _OWNER,
}
BROKEN = ("drop before", "drop within", "drop after", "cut", "503", "500", "429", "rate", "user rate", "html", "slow")
"""Faults that any request may meet, and that a second one does not."""


class FakeDrive:
    """Two folders, one in a Shared Drive and one on My Drive; `url` is where it listens inside `running()`."""

    def __init__(self, *, keep: bool = True) -> None:
        """Start empty; `keep` says whether the bytes are kept, or only hashed."""
        self.url = ""
        self.role = "fileOrganizer"
        """What whoever asks may do in the Shared Drive."""
        self.page_size = 1000
        self.lags = False
        """The search does not find what comes to be."""
        self.ranges = True
        self.slow_seconds = 0.0
        self.keep = keep
        self.asked: list[Asked] = []
        self.hooks: dict[str, Callable[[], object]] = {}
        """What happens once, before the next call of a name is answered."""
        self.files: dict[str, File] = {
            SHARED: File(SHARED, "archives", SHARED_DRIVE, _FIRST_MS, SHARED_DRIVE, FOLDER_TYPE),
            MINE: File(MINE, "archives", "root", _FIRST_MS, "", FOLDER_TYPE),
        }
        self.tokens = Tokens()
        self._plans: list[tuple[str, str, int]] = []
        self._ids: set[str] = set()
        self._sessions: dict[str, Session] = {}
        self._addresses: list[str] = []
        self._count = 0
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def running(self) -> Iterator[FakeDrive]:
        """Listen until left."""
        with loopback.answering(self._answer) as url:
            self.url = url
            yield self

    # What a test sets up and looks at.

    def plan(self, fault: str, call: str = "", after: int = 0) -> None:
        """Let a fault meet a request: of this call, when so many of them went well."""
        self._plans.append((fault, call, after))

    @property
    def planned(self) -> int:
        """Return how many faults have met nobody yet."""
        return len(self._plans)

    @property
    def calls(self) -> list[str]:
        """Return what was asked for, by name."""
        return [each.call for each in self.asked]

    @property
    def secrets(self) -> list[str]:
        """Return all that no message may hold."""
        key = [line for line in pem().splitlines() if "---" not in line]
        return [*self.tokens.given, *self._addresses, CLIENT_SECRET, REFRESH_TOKEN, quote(REFRESH_TOKEN, safe=""), *key]

    def env(self, means: str = "service account") -> dict[str, str]:
        """Return the environment of somebody who is let in."""
        more = {
            "service account": lambda: {"GDRIVE_SERVICE_ACCOUNT": json.dumps(self.key())},
            "refresh token": lambda: {
                "GDRIVE_REFRESH_TOKEN": REFRESH_TOKEN,
                "GDRIVE_CLIENT_ID": CLIENT,
                "GDRIVE_CLIENT_SECRET": CLIENT_SECRET,
            },
            "token": lambda: {"GDRIVE_TOKEN": self.tokens.new(PERSON)},
        }[means]
        return {"LUMEN_GDRIVE_URL": self.url, **more()}

    def key(self) -> dict[str, str]:
        """Return the key file of the service account."""
        return {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key": pem(),
            "private_key_id": "key-1",
            "token_uri": f"{self.url}/token",
        }

    def add(self, name: str, body: bytes, folder: str = SHARED, **more: object) -> File:
        """Let somebody else put a file into a folder."""
        with self._lock:
            file = File(self._new_id(), name, folder, self._tick(), self.files[folder].drive, told=checksums(body))
            file.size, file.body = len(body), bytearray(body)
            for key, value in more.items():
                setattr(file, key, value)
            self.files[file.id] = file
            return file

    def held(self, name: str) -> list[File]:
        """Return the files of a name that are not in the trash."""
        return [file for file in self.files.values() if file.name == name and not file.trashed]

    # Answering.

    def _answer(self, handler: loopback.Quiet) -> None:
        url = urlsplit(handler.path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        call = call_of(handler.command, url.path, query, handler.headers.get("Content-Range", ""))
        fault = self._fault(call)
        length = int(handler.headers.get("Content-Length") or 0)
        if fault in ("drop before", "drop within"):
            handler.rfile.read(length // 2 if fault == "drop within" else 0)
            handler.close_connection = True
            return
        asked = Asked(
            call,
            handler.command,
            url.path,
            query,
            handler.rfile.read(length),
            {key.lower(): value for key, value in handler.headers.items()},
        )
        reply = self._replied(asked, fault)
        if fault == "slow":
            time.sleep(self.slow_seconds)
        if fault == "drop after" or (fault == "cut" and not reply.body):
            handler.close_connection = True
            return
        if fault == "html":
            reply = Reply(200, b"<html>Sign in to the guest network</html>", {"Content-Type": "text/html"})
        headers = {"Content-Type": "application/json", **reply.headers}
        handler.reply(reply.status, headers, reply.body, cut=fault == "cut")

    def _replied(self, asked: Asked, fault: str) -> Reply:
        with self._lock:
            self.asked.append(asked if self.keep else Asked(asked.call, asked.method, asked.path, asked.query, b"", {}))
            if hook := self.hooks.pop(asked.call, None):
                hook()
            try:
                self._general(fault)
                self._route(asked, fault)
            except Reply as reply:
                return reply
            except Denial as denial:
                said: object = {"error_description": f"{echo(asked)} {denial.told}", "error": denial.error}
                return Reply(denial.status, json.dumps(said).encode())
            except Refusal as refusal:
                told = f"{echo(asked)} {refusal.told}"
                reasons = [{"reason": echo(asked)}, {"domain": "global", "reason": refusal.reason, "message": told}]
                said = {"error": {"message": told, "code": refusal.status, "errors": reasons}}
                return Reply(refusal.status, json.dumps(said).encode())

    def _fault(self, call: str) -> str:
        with self._lock:
            for place, (fault, wanted, after) in enumerate(self._plans):
                if wanted in ("", call):
                    if after:
                        self._plans[place] = (fault, wanted, after - 1)
                        continue
                    del self._plans[place]
                    return fault
        return ""

    def _general(self, fault: str) -> None:
        if fault in ("503", "500", "429"):
            raise Reply(int(fault), b"<html>try later</html>", {"Retry-After": "7"} if fault == "429" else {})
        if fault in ("rate", "user rate"):
            raise Refusal(403, "rateLimitExceeded" if fault == "rate" else "userRateLimitExceeded")
        if met := re.fullmatch(r"(4\d\d) (\w+)", fault):
            raise Refusal(int(met[1]), met[2])
        if fault == "expired":
            self.tokens.revoke()

    def _route(self, asked: Asked, fault: str) -> NoReturn:
        call, query = asked.call, asked.query
        if call == "token":
            answered(self.tokens.answer(asked.headers["content-type"], asked.body))
        who = self.tokens.who(asked.headers.get("authorization", ""))
        if not who:
            raise Refusal(401, "authError", "Invalid Credentials")
        if call in ("chunk", "position"):
            self._receive(asked, fault)
        if unknown := set(query) - _COMMON - _KNOWN.get(call, frozenset()):
            raise Refusal(400, "invalidParameter", f"no such parameter: {sorted(unknown)}")
        every = query.get("supportsAllDrives") == "true"
        if call == "ids":
            ids = [self._new_id() for _ in range(int(query.get("count", "10")))]
            self._ids.update(ids)
            answered({"kind": "drive#generatedIds", "space": "drive", "ids": ids})
        if call == "search":
            search(self.files.values(), query, self.page_size, every=every, fault=fault)
        if call == "start":
            self._start(asked, who, every=every, fault=fault)
        file = self.files.get(asked.path.rpartition("/")[2])
        if file is None or (file.drive and not every):
            raise Refusal(404, "notFound", "File not found")
        self._one(file, asked, fault)

    def _one(self, file: File, asked: Asked, fault: str) -> NoReturn:
        call, query = asked.call, asked.query
        rights = _ROLES[self.role] if file.drive else _OWNER
        fields = query.get("fields", DEFAULT_FIELDS)
        if call == "file":
            view = file.view(fields, may_add="add" in rights)
            answered(view | {"sha256Checksum": "0" * 64} if fault == "wrong hash" else view)
        if call == "download":
            download(file, asked.headers.get("range", "") if self.ranges else "", fault)
        if call == "trash" and json.loads(asked.body) == {"trashed": True} and "trash" in rights:
            file.trashed = True
            answered(file.view(fields))
        if call == "delete" and "delete" in rights:
            del self.files[file.id]
            raise Reply(204)
        raise Refusal(403, "insufficientFilePermissions", "The user does not have sufficient permissions")

    def _start(self, asked: Asked, who: str, *, every: bool, fault: str) -> NoReturn:
        said, length = json.loads(asked.body), asked.headers.get("x-upload-content-length", "")
        unknown = set(said) - {"id", "name", "parents", "mimeType", "properties"}
        typed = asked.headers.get("content-type", "").startswith("application/json")
        if unknown or not length.isdecimal() or not typed or asked.query.get("uploadType") != "resumable":
            raise Refusal(400, "badRequest", f"{sorted(unknown)} or the length or the type")
        properties = said.get("properties", {})
        if any(len(f"{key}{value}".encode()) > _MOST_PROPERTY_BYTES for key, value in properties.items()):
            raise Refusal(400, "invalid", "The property is too long")
        parents = [self.files.get(each) for each in said.get("parents", ())]
        parent = parents[0] if len(parents) == 1 else None
        if parent is None or (parent.drive and not every):
            raise Refusal(404, "notFound", "File not found: parent")
        if parent.drive and "add" not in _ROLES[self.role]:
            raise Refusal(403, "insufficientFilePermissions", "The user does not have sufficient permissions")
        if not parent.drive and who == EMAIL:
            raise Refusal(403, "storageQuotaExceeded", "Service Accounts do not have storage quota.")
        self._refuse_id(said)
        fields = asked.query.get("fields", DEFAULT_FIELDS)
        check(fields)
        upload_id = f"upload-{hashlib.sha256(str(self._tick()).encode()).hexdigest()[:24]}"
        self._addresses.append(upload_id)
        self._sessions[upload_id] = Session(said, int(length), self.keep, fields)
        host = "http://elsewhere.example" if fault == "elsewhere" else self.url
        address = f"{host}/upload/drive/v3/files?uploadType=resumable&upload_id={upload_id}"
        raise Reply(200, headers={"Location": address})

    def _refuse_id(self, said: Mapping[str, str]) -> None:
        if said.get("id") in self.files:
            raise Refusal(409, "fileIdInUse", "A file already exists with the provided ID.")
        if "id" in said and said["id"] not in self._ids:
            raise Refusal(400, "invalid", "The provided file ID is not usable.")

    def _receive(self, asked: Asked, fault: str) -> NoReturn:
        upload_id = asked.query.get("upload_id", "")
        if fault in ("gone", "410"):
            self._sessions.pop(upload_id, None)
        session = self._sessions.get(upload_id)
        if session is None:
            raise Refusal(410 if fault == "410" else 404, "notFound", "upload not found")
        if session.done:
            answered(session.done.view(session.fields))
        if session.heard(asked.headers.get("content-range", ""), asked.body):
            if fault == "half":
                session.take(asked.body[: len(asked.body) // 2 // UNIT * UNIT])
                raise Reply(503)
            if fault == "none":
                raise Reply(308, headers=session.arrived)
            if fault == "forgets":
                session.forget()
                raise Reply(503)
            session.take(asked.body)
        if fault == "too far":
            raise Reply(308, headers={"Range": f"bytes=0-{session.total}"})
        if session.size < session.total or fault == "unfinished":
            raise Reply(308, headers=session.arrived)
        self._finish(session, fault)

    def _finish(self, session: Session, fault: str) -> NoReturn:
        said, told = session.description, session.hashes
        self._refuse_id(said)
        if fault == "flip":
            session.body[len(session.body) // 2] ^= 1
            told = checksums(session.body)
        told = {name: value for name, value in told.items() if name not in _LACKING.get(fault, ())}
        parent = self.files[said["parents"][0]]
        file = File(said.get("id") or self._new_id(), said["name"], parent.id, self._tick(), parent.drive, told=told)
        file.size, file.body = session.size, session.body if session.keep else None
        file.properties, file.settled = said.get("properties", {}), not self.lags
        self.files[file.id] = session.done = file
        answered(file.view(session.fields))

    def _new_id(self) -> str:
        # Ids tell nothing of the order in which they were given.
        return f"id{hashlib.sha256(str(self._tick()).encode()).hexdigest()[:31]}"

    def _tick(self) -> int:
        with self._lock:
            self._count += 1
            return _FIRST_MS + self._count


_LACKING: Mapping[str, tuple[str, ...]] = {
    "no sha": ("sha256Checksum",),
    "no hash": ("sha256Checksum", "md5Checksum"),
}
