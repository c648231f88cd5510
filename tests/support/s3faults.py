"""A strict S3 of our own: it checks every hash, keeps every promise, and breaks what a test tells it to break."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from email.utils import formatdate
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import loopback

BUCKET = "evidence"
_PIECE = 1 << 16


@dataclass
class Asked:
    """One request: `act` names it as the API does."""

    act: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    size: int = 0
    body: bytes = b""
    sha256: bytes = b""
    md5: bytes = b""


@dataclass
class Answer:
    """What is answered."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Kept:
    """An object."""

    size: int
    body: bytes
    sha256: bytes
    headers: dict[str, str]
    """Metadata, checksums and locks, as they are told."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a request."""

    status: int = 0
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    deed: str = ""
    """`unheard`: no answer, nothing done; `cut`: the connection ends in the middle of the request's body; `lost`: done
    and not answered; `half`: of the answer's body only half comes; `reset`: the same, and then a reset; `flip`: a bit
    of what came is another; `slow`: the answer comes when nobody waits any more."""
    changes: Callable[[Answer], None] | None = None
    """Makes the answer lie."""


Faults = Callable[[Asked], "Fate | None"]


def nothing(_asked: Asked) -> Fate | None:
    """Let everything go well."""
    return None


def at(act: str, fate: Fate, times: int = 1, after: int = 0) -> Faults:
    """Let some requests of a kind meet a fate, the first ones or those after some."""
    seen = itertools.count()

    def strikes(asked: Asked) -> Fate | None:
        return fate if asked.act == act and after <= next(seen) < after + times else None

    return strikes


@dataclass
class StrictS3:
    """One bucket; `address` is known while it serves."""

    faults: Faults = nothing
    checksums: str = "computed"
    """`computed`; `refused` as stores that do not know them do; `dropped`; `echoed`, that is without a type."""
    conditions: str = "kept"
    """`kept`, `ignored` or `refused`."""
    keeps: bool = True
    """Without it the bytes are hashed and forgotten."""
    slow_seconds: float = 3.0
    objects: dict[str, Kept] = field(default_factory=dict)
    uploads: dict[str, tuple[Asked, dict[int, Kept]]] = field(default_factory=dict)
    seen: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def serving(self) -> Iterator[tuple[StrictS3, str]]:
        """Serve until left, and give itself and the URL."""
        with loopback.answering(self._answer) as url:
            yield self, url

    def reset(self) -> None:
        """Forget everything, and be strict again."""
        fresh = StrictS3()
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))

    def acts(self) -> list[str]:
        """Return what was asked, in order."""
        return [asked.act for asked in self.seen]

    def _answer(self, quiet: loopback.Quiet) -> None:
        asked = _asked(quiet)
        fate = self.faults(asked) or Fate()
        if not self._received(quiet, asked, fate):
            quiet.close_connection = True
            return
        self.seen.append(asked)
        if fate.status:
            answer = _error(fate.status, fate.code)
            answer.headers |= fate.headers
        else:
            with self.lock:
                answer = self._wrong(asked) or _ACTS[asked.act](self, asked)
        if fate.changes:
            fate.changes(answer)
        if fate.deed == "slow":
            time.sleep(self.slow_seconds)
        if fate.deed == "lost":
            quiet.close_connection = True
            return
        self._reply(quiet, asked, answer, fate)

    def _reply(self, quiet: loopback.Quiet, asked: Asked, answer: Answer, fate: Fate) -> None:
        with contextlib.suppress(OSError):
            quiet.send_response(answer.status)
            length = {} if "Content-Length" in answer.headers else {"Content-Length": str(len(answer.body))}
            for name, value in {**answer.headers, **length}.items():
                quiet.send_header(name, value)
            quiet.end_headers()
            broken = fate.deed in ("half", "reset")
            if asked.act != "HeadObject":
                quiet.wfile.write(answer.body[: len(answer.body) // 2] if broken else answer.body)
                quiet.wfile.flush()
            if fate.deed == "reset":
                # Closing with zero time to linger sends a reset.
                quiet.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                quiet.connection.close()
            quiet.close_connection = quiet.close_connection or broken

    def _received(self, quiet: loopback.Quiet, asked: Asked, fate: Fate) -> bool:
        """Take the body; tell whether all of it came."""
        if fate.deed == "unheard":
            return False
        asked.size = int(asked.headers.get("content-length", 0))
        digest, md5, left, pieces = hashlib.sha256(), hashlib.md5(usedforsecurity=False), asked.size, []
        until = left // 2 if fate.deed == "cut" else 0
        while left > until:
            piece = quiet.rfile.read(min(left, _PIECE))
            if not piece:
                return False
            left -= len(piece)
            if fate.deed == "flip":
                piece = bytes([piece[0] ^ 1]) + piece[1:]
            digest.update(piece)
            md5.update(piece)
            if self.keeps or asked.act == "CompleteMultipartUpload":
                pieces.append(piece)
        asked.body, asked.sha256, asked.md5 = b"".join(pieces), digest.digest(), md5.digest()
        return fate.deed != "cut"

    def _wrong(self, asked: Asked) -> Answer | None:
        """Refuse what does not hold together, as Amazon does."""
        headers, ours = asked.headers, _base64(asked.sha256)
        checksum = headers.get("x-amz-checksum-sha256")
        conditional, upload = "if-none-match" in headers, asked.query.get("uploadId")
        refusals = (
            ("AKIDEXAMPLE" not in headers.get("authorization", ""), 403, "InvalidAccessKeyId"),
            (headers.get("x-amz-content-sha256") != asked.sha256.hex(), 400, "XAmzContentSHA256Mismatch"),
            (headers.get("content-md5") not in (None, _base64(asked.md5)), 400, "BadDigest"),
            (
                self.checksums == "refused" and (checksum or "x-amz-checksum-algorithm" in headers),
                400,
                "InvalidArgument",
            ),
            (self.checksums == "computed" and checksum not in (None, ours), 400, "BadDigest"),
            (conditional and self.conditions == "refused", 501, "NotImplemented"),
            (conditional and self.conditions == "kept" and asked.key in self.objects, 412, "PreconditionFailed"),
            (upload is not None and upload not in self.uploads, 404, "NoSuchUpload"),
        )
        return next((_error(status, code) for wrong, status, code in refusals if wrong), None)

    def _told(self, asked: Asked, sha256: str = "", kind: str = "FULL_OBJECT") -> dict[str, str]:
        """Return the headers that are kept with an object."""
        kept = {
            name: value
            for name, value in asked.headers.items()
            if name.startswith(("x-amz-meta-", "x-amz-object-lock-"))
        }
        sent = asked.headers.get("x-amz-checksum-sha256")
        if self.checksums == "computed" and (sent or sha256):
            kept |= {"x-amz-checksum-sha256": sha256 or str(sent), "x-amz-checksum-type": kind}
        elif self.checksums == "echoed" and sent:
            kept |= {"x-amz-checksum-sha256": sent}
        return kept | {"Last-Modified": formatdate(usegmt=True), "ETag": f'"{asked.md5.hex()}"'}

    def put(self, asked: Asked) -> Answer:
        """Keep an object."""
        kept = Kept(asked.size, asked.body, asked.sha256, self._told(asked))
        self.objects[asked.key] = kept
        return Answer(
            headers={name: value for name, value in kept.headers.items() if not name.startswith("x-amz-meta")}
        )

    def begin(self, asked: Asked) -> Answer:
        """Begin an upload in parts."""
        number = f"upload-{len(self.seen)}"
        self.uploads[number] = (asked, {})
        body = f"<InitiateMultipartUploadResult><UploadId>{number}</UploadId></InitiateMultipartUploadResult>"
        return Answer(body=body.encode())

    def part(self, asked: Asked) -> Answer:
        """Keep a part."""
        kept = Kept(asked.size, asked.body, asked.sha256, self._told(asked))
        self.uploads[asked.query["uploadId"]][1][int(asked.query["partNumber"])] = kept
        return Answer(headers=kept.headers)

    def complete(self, asked: Asked) -> Answer:
        """Put the parts together."""
        begun, parts = self.uploads[asked.query["uploadId"]]
        root = ET.fromstring(asked.body)  # noqa: S314 - of our own client
        told = [{each.tag.rpartition("}")[2]: each.text or "" for each in part} for part in root]
        if [int(each["PartNumber"]) for each in told] != sorted(parts):
            return _error(400, "InvalidPart")
        for each in told:
            kept = parts[int(each["PartNumber"])]
            wrong_sha256 = each.get("ChecksumSHA256") not in (None, _base64(kept.sha256))
            if each["ETag"] != kept.headers["ETag"] or (self.checksums == "computed" and wrong_sha256):
                return _error(400, "InvalidPart")
        all_parts = [parts[number] for number in sorted(parts)]
        size = sum(each.size for each in all_parts)
        if asked.headers.get("x-amz-mp-object-size", str(size)) != str(size):
            return _error(400, "InvalidRequest")
        together = _base64(hashlib.sha256(b"".join(each.sha256 for each in all_parts)).digest())
        composite = f"{together}-{len(parts)}" if "x-amz-checksum-algorithm" in begun.headers else ""
        body = b"".join(each.body for each in all_parts)
        self.objects[asked.key] = Kept(size, body, b"", self._told(begun, composite, "COMPOSITE"))
        del self.uploads[asked.query["uploadId"]]
        return Answer(body=b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")

    def abort(self, asked: Asked) -> Answer:
        """Forget an upload."""
        del self.uploads[asked.query["uploadId"]]
        return Answer(204)

    def head(self, asked: Asked) -> Answer:
        """Tell what is kept."""
        kept = self.objects.get(asked.key)
        if kept is None:
            return Answer(404)
        hidden = () if asked.headers.get("x-amz-checksum-mode") == "ENABLED" else ("x-amz-checksum-sha256",)
        told = {name: value for name, value in kept.headers.items() if name not in hidden}
        return Answer(headers={**told, "Content-Length": str(kept.size)})

    def retention(self, asked: Asked) -> Answer:
        """Tell of the lock."""
        until = self.objects[asked.key].headers.get("x-amz-object-lock-retain-until-date")
        if until is None:
            return _error(404, "NoSuchObjectLockConfiguration")
        return Answer(body=f"<Retention><RetainUntilDate>{until}</RetainUntilDate></Retention>".encode())

    def get(self, asked: Asked) -> Answer:
        """Give the bytes."""
        kept = self.objects.get(asked.key)
        if kept is None:
            return _error(404, "NoSuchKey")
        start = int(asked.headers.get("range", "bytes=0-")[6:-1])
        if "range" in asked.headers and start >= kept.size:
            return _error(416, "InvalidRange")
        headers = {"Content-Range": f"bytes {start}-{kept.size - 1}/{kept.size}"} if "range" in asked.headers else {}
        return Answer(206 if headers else 200, headers, kept.body[start:])

    def remove(self, asked: Asked) -> Answer:
        """Forget an object."""
        self.objects.pop(asked.key, None)
        return Answer(204)

    def page(self, asked: Asked) -> Answer:
        """List two objects at a time."""
        prefix, after = asked.query.get("prefix", ""), asked.query.get("start-after", "")
        found = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        rows = "".join(
            f"<Contents><Key>{escape(quote(key))}</Key><Size>{self.objects[key].size}</Size>"
            "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
            for key in found[:2]
        )
        more = f"<IsTruncated>{'true' if found[2:] else 'false'}</IsTruncated><EncodingType>url</EncodingType>"
        return Answer(body=f"<ListBucketResult>{more}{rows}</ListBucketResult>".encode())


_ACTS: Mapping[str, Callable[[StrictS3, Asked], Answer]] = {
    "PutObject": StrictS3.put,
    "UploadPart": StrictS3.part,
    "CreateMultipartUpload": StrictS3.begin,
    "CompleteMultipartUpload": StrictS3.complete,
    "AbortMultipartUpload": StrictS3.abort,
    "HeadObject": StrictS3.head,
    "GetObject": StrictS3.get,
    "GetObjectRetention": StrictS3.retention,
    "DeleteObject": StrictS3.remove,
    "ListObjectsV2": StrictS3.page,
}


def _asked(quiet: loopback.Quiet) -> Asked:
    parts = urlsplit(quiet.path)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    assert bucket == BUCKET
    in_parts = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
    whole = {"PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
    whole |= {"GET": "GetObject" if key else "ListObjectsV2", "POST": "CreateMultipartUpload"}
    named = "GetObjectRetention" if "retention" in query else ""
    act = named or (in_parts if "uploadId" in query else whole)[quiet.command]
    return Asked(act, key, query, {name.lower(): value for name, value in quiet.headers.items()})


def _error(status: int, code: str) -> Answer:
    return Answer(status, body=f"<Error><Code>{code}</Code></Error>".encode() if code else b"")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
