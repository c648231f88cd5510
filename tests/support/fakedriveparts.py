"""What Drive keeps and how it speaks of it: files, queries, uploads; strict where Google is."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

UNIT = 256 * 1024
FOLDER_TYPE = "application/vnd.google-apps.folder"
DEFAULT_FIELDS = "kind,id,name,mimeType"
_FIELDS = frozenset(
    {
        *("kind", "id", "name", "mimeType", "size", "createdTime", "trashed", "md5Checksum", "sha256Checksum"),
        *("headRevisionId", "properties", "driveId", "parents", "capabilities", "capabilities/canAddChildren"),
    }
)


@dataclass
class Refusal(Exception):  # noqa: N818 - it is an answer
    """A request that Drive refuses."""

    status: int
    reason: str
    told: str = ""


@dataclass
class File:
    """A file or folder."""

    id: str
    name: str
    parent: str
    created_ms: int
    drive: str = ""
    mime: str = "application/octet-stream"
    size: int = 0
    body: bytearray | None = None
    """None for one whose bytes are not kept; they are read as zeros."""
    told: dict[str, str] = field(default_factory=dict)
    """Its hashes."""
    properties: dict[str, str] = field(default_factory=dict)
    trashed: bool = False
    settled: bool = True
    """The search knows it."""

    def view(self, fields: str, *, may_add: bool = True) -> dict[str, Any]:
        """Return what was asked for, and nothing else."""
        check(fields)
        created = datetime.fromtimestamp(self.created_ms / 1000, timezone.utc)
        told: dict[str, Any] = {
            "kind": "drive#file",
            "id": self.id,
            "name": self.name,
            "mimeType": self.mime,
            "createdTime": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "trashed": self.trashed,
            "parents": [self.parent],
            "properties": self.properties,
        }
        if self.drive:
            told["driveId"] = self.drive
        if self.mime == FOLDER_TYPE:
            told["capabilities"] = {"canAddChildren": may_add}
        else:
            told |= {"size": str(self.size), "headRevisionId": f"revision-of-{self.id}", **self.told}
        wanted = {each.partition("/")[0] for each in fields.replace(" ", "").split(",")}
        return {name: value for name, value in told.items() if name in wanted}


def check(fields: str) -> None:
    """Refuse a field that files do not have."""
    if unknown := set(fields.replace(" ", "").split(",")) - _FIELDS:
        raise Refusal(400, "invalidParameter", f"Invalid field selection {sorted(unknown)}")


def checksums(body: bytes | bytearray) -> dict[str, str]:
    """Return the hashes of bytes under the names that Drive has for them."""
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return {"sha256Checksum": hashlib.sha256(body).hexdigest(), "md5Checksum": md5}


_TEXT = r"'((?:[^'\\]|\\['\\])*)'"
_TERMS: tuple[tuple[str, Callable[[File, str], bool]], ...] = (
    (rf"name = {_TEXT}", lambda file, text: file.name == text),
    (rf"{_TEXT} in parents", lambda file, text: file.parent == text),
    (r"trashed = (true|false)", lambda file, text: file.trashed == (text == "true")),
)


def test_of(query: str) -> Callable[[File], bool]:
    """Return the test that a query is."""
    terms, rest = [], query
    while rest:
        for pattern, test in _TERMS:
            if met := re.match(rf"{pattern}(?: and (?=.)|$)", rest):
                terms.append(functools.partial(test, text=re.sub(r"\\(.)", r"\1", met[1])))
                rest = rest[met.end() :]
                break
        else:
            raise Refusal(400, "invalid", f"Invalid Value: q at {rest}")
    return lambda file: all(term(file) for term in terms)


@dataclass
class Session:
    """An upload that goes on."""

    description: dict[str, Any]
    total: int
    keep: bool
    fields: str
    size: int = 0
    body: bytearray = field(default_factory=bytearray)
    sha256: Any = field(default_factory=hashlib.sha256)
    md5: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))
    done: File | None = None

    def heard(self, place: str, body: bytes) -> bool:
        """Check a request and tell whether it brings bytes."""
        met = re.fullmatch(r"bytes (?:\*|(\d+)-(\d+))/(\d+)", place)
        if (met and int(met[3]) != self.total) or (self.total and not met):
            raise Refusal(400, "badRequest", f"Content-Range: {place}")
        if not met or met[1] is None:
            if body:
                raise Refusal(400, "badRequest", "bytes without a place")
            return False
        first, last = int(met[1]), int(met[2])
        if first != self.size or last - first + 1 != len(body) or last >= self.total:
            raise Refusal(400, "badRequest", f"has {self.size}, got {place} with {len(body)} bytes")
        if last + 1 != self.total and len(body) % UNIT:
            raise Refusal(400, "badRequest", "a chunk that is not the last has to be a multiple of 256 KiB")
        return True

    def take(self, data: bytes) -> None:
        """Add bytes."""
        self.size += len(data)
        self.sha256.update(data)
        self.md5.update(data)
        if self.keep:
            self.body += data

    def forget(self) -> None:
        """Lose what has arrived."""
        self.size, self.body = 0, bytearray()
        self.sha256, self.md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)

    @property
    def arrived(self) -> Mapping[str, str]:
        """Return the header that says how much is there; nothing says that nothing is."""
        return {"Range": f"bytes=0-{self.size - 1}"} if self.size else {}

    @property
    def hashes(self) -> dict[str, str]:
        """Return the hashes of what has arrived."""
        return {"sha256Checksum": self.sha256.hexdigest(), "md5Checksum": self.md5.hexdigest()}
