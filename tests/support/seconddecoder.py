"""A second reader of sealed archives, written from docs/archive-format.md alone: it shares no code with the product.

It takes the other ways through its libraries too: HMAC by hand for the derivation, the streaming cipher for GCM (whose
text is only handed on once its tag was checked), and tar read block by block. It is slow and keeps all in memory.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

BLOCK = 512
_PAX_RECORD = re.compile(rb"(\d+) ([^=]+)=")


class NotAnArchiveError(Exception):
    """What is read is not a whole, unchanged archive."""


@dataclass(frozen=True)
class Decoded:
    """All that an archive holds."""

    header: Mapping[str, Any]
    files: Mapping[str, tuple[int, bytes]]
    """By path: permissions and content."""
    told: Mapping[str, Any]
    """The first line of the manifest."""
    root: str


def decode(sealed: bytes, key: bytes) -> Decoded:
    """Read a sealed file with its content key."""
    header, stream, context = split(sealed)
    plain = unsealed(stream, key, context)
    members = _members(plain)
    *files, (last, mode, manifest) = members
    _require(last == "manifest" and mode == 0o644, "the last member is no manifest")
    lines = manifest.split(b"\n")
    _require(lines.pop() == b"", "the manifest does not end with a line")
    told, *listed, summary = lines
    _require(json.loads(told)["name"] == header["name"], "the manifest is of another archive")
    found = []
    for path, permissions, content in files:
        digest = hashlib.sha256(content).hexdigest()
        line = {"mode": permissions, "path": path.removeprefix("files/"), "sha256": digest, "size": len(content)}
        found.append(_compact(line))
    _require(listed == found, "the manifest lists other files")
    root = tree([b"\0" + line for line in listed])
    total = sum(len(content) for _, _, content in files)
    _require(summary == _compact({"bytes": total, "files": len(files), "root": root.hex()}), "the root is another")
    return Decoded(
        header=header,
        files={path.removeprefix("files/"): (permissions, content) for path, permissions, content in files},
        told=json.loads(told),
        root=root.hex(),
    )


def split(sealed: bytes) -> tuple[Mapping[str, Any], bytes, bytes]:
    """Return header, sealed stream and context of a sealed file."""
    _require(sealed[:16] == b"lumen-archive-1\n", "the magic is another")
    end = 20 + int.from_bytes(sealed[16:20], "big")
    _require(end <= min(len(sealed), 20 + 65536), "the header is too long")
    return json.loads(sealed[20:end]), sealed[end:], hashlib.sha256(sealed[:end]).digest()


def unsealed(stream: bytes, key: bytes, context: bytes) -> bytes:
    """Return the plaintext of a sealed stream."""
    salt, commitment, chunks = stream[:24], stream[24:56], stream[56:]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" + b"\0" + salt + context
    first = hmac.new(key, info + b"\1", hashlib.sha512).digest()
    second = hmac.new(key, first + info + b"\2", hashlib.sha512).digest()
    made = first + second
    _require(len(salt) == 24 and hmac.compare_digest(made[44:76], commitment), "the commitment is another")
    plain = b""
    number = 0
    while True:
        chunk, chunks = chunks[:16400], chunks[16400:]
        plain += _chunk(made[:32], made[32:44], number, chunk)
        if len(chunk) < 16400:
            _require(not chunks, "something follows the end")
            return plain
        number += 1


def tree(leaves: list[bytes]) -> bytes:
    """Return the head of section 2.1 of RFC 6962 over leaves that begin with their zero byte."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def label_proven(label: bytes, key: bytes) -> bool:
    """Tell whether a label was made with a content key."""
    said = json.loads(label)
    mac = said.pop("mac")
    extracted = hmac.new(bytes(32), key, hashlib.sha256).digest()
    mac_key = hmac.new(extracted, b"lumen-archive-label-v1" + b"\1", hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(mac_key, _compact(said), hashlib.sha256).hexdigest(), mac)


def key_of_age(secret: bytes) -> bytes:
    """Return the content key from what age decrypts of the field `wrapped`."""
    return b64decode(secret)


def _chunk(key: bytes, nonce: bytes, number: int, chunk: bytes) -> bytes:
    _require(len(chunk) >= 16, "it ends too early")
    counted = number.to_bytes(12, "big")
    reader = Cipher(AES(key), GCM(bytes(a ^ b for a, b in zip(nonce, counted, strict=True)), chunk[-16:])).decryptor()
    try:
        return reader.update(chunk[:-16]) + reader.finalize()
    except InvalidTag as fault:
        raise NotAnArchiveError(f"chunk {number} is not what was sealed") from fault


def _members(tar: bytes) -> list[tuple[str, int, bytes]]:
    """Return name, permissions and content of every regular file in a PAX tar."""
    members: list[tuple[str, int, bytes]] = []
    pax: dict[str, str] = {}
    at = 0
    while tar[at : at + BLOCK].strip(b"\0"):
        head = tar[at : at + BLOCK]
        _require(_tar_sum(head) == _octal(head[148:156]), "the checksum of a member is wrong")
        size = int(pax.pop("size", 0)) or _octal(head[124:136])
        content = tar[at + BLOCK : at + BLOCK + size]
        at += BLOCK + (size + BLOCK - 1) // BLOCK * BLOCK
        if head[156:157] == b"x":
            pax = _pax(content)
            continue
        _require(head[156:157] == b"0", "a member is no regular file")
        _require(not any(head[136:148].strip(b"0\0 ")), "a member has a time")
        _require(not head[345:].strip(b"\0"), "a name is split")
        name = pax.pop("path", "") or head[:100].rstrip(b"\0").decode()
        members.append((name, _octal(head[100:108]), content))
        _require(not pax, "a member has what members have not")
    _require(len(tar) - at == 2 * BLOCK and not tar[at:].strip(b"\0"), "the tar does not end as it should")
    return members


def _pax(records: bytes) -> dict[str, str]:
    found = {}
    while records:
        record = _PAX_RECORD.match(records)
        _require(record is not None, "a record of a member cannot be read")
        if record:
            length = int(record[1])
            found[record[2].decode()] = records[record.end() : length - 1].decode()
            records = records[length:]
    return found


def _octal(field: bytes) -> int:
    return int(field.strip(b"\0 ") or b"0", 8)


def _tar_sum(head: bytes) -> int:
    return sum(head[:148]) + sum(head[156:]) + 8 * ord(" ")


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(sorted(value.items())), separators=(",", ":"), ensure_ascii=False).encode()


def _require(sound: object, told: str) -> None:
    if not sound:
        raise NotAnArchiveError(told)
