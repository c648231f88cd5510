"""Requests to a bucket that holds archives: with patience, their errors in the words of stores, answers understood."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from lumen_action.archive.fingerprints import SHA256, parts_of
from lumen_action.archive.stores import BusyError, RefusedError, Stored
from lumen_action.archive.stores.patience import Patience
from lumen_action.errors import shown
from lumen_action.s3client import ExistsError, Listed, MissingError, PassingError, S3Bucket, S3Error

READING, WRITING, LISTING, REMOVING = (
    "s3:GetObject and s3:ListBucket",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:DeleteObject",
)
PROBE = ".lumen-probe"
CLAIM, MARK, PART_BYTES = "lumen-sha256", "lumen-upload", "lumen-part-bytes"
"""Metadata of our objects: their SHA-256, which upload wrote them, and the size of the parts they were sent in."""
_PROBE_BODY = b"Lumen looks here whether this store refuses to create what is there.\n"
_SLOWEST_BYTES_PER_SECOND = 1 << 20
_NOT_KNOWN = 501
_FEATURE_CODES = frozenset({"NotImplemented", "InvalidArgument", "InvalidRequest"})

_Answer = TypeVar("_Answer")


class UnknownFeatureError(RefusedError):
    """A request that says something which the store does not know, such as a checksum, a condition or a lock."""


@dataclass(frozen=True)
class Found:
    """What a store says of an object, and what only this module and its neighbours ask."""

    stored: Stored
    mark: str
    """Which upload wrote it."""
    held: bool
    """Somebody put a legal hold on it."""


@dataclass(frozen=True)
class Requests:
    """Whole requests about the objects below a prefix."""

    bucket: S3Bucket
    patience: Patience

    @property
    def url(self) -> str:
        """Return the URL of the store."""
        return self.bucket.url

    def place(self, name: str) -> dict[str, str]:
        """Return the arguments that name an object."""
        return {"Bucket": self.bucket.name, "Key": self.bucket.prefix + name}

    def patiently(self, request: Callable[[], _Answer], *, moving: int = 0) -> _Answer:
        """Ask again while a request raises BusyError; one that moves many bytes may take its time and be repeated."""
        seconds = self.patience.seconds + moving / _SLOWEST_BYTES_PER_SECOND
        return replace(self.patience, seconds=seconds).ask(request)

    @contextmanager
    def asking(self, permission: str) -> Iterator[None]:
        """Raise the errors of stores; that an object is there, or is not, is left to the caller to understand."""
        try:
            with self.bucket.asking(permission):
                yield
        except (ExistsError, MissingError):
            raise
        except PassingError as fault:
            raise BusyError(str(fault), retry_after_seconds=fault.retry_after_seconds) from fault
        except S3Error as fault:
            unknown = fault.status == _NOT_KNOWN or fault.code in _FEATURE_CODES
            raise (UnknownFeatureError if unknown else RefusedError)(f"{self.url}: {fault}") from fault

    def refused(self, fault: S3Error) -> RefusedError:
        """Return the error about an answer that no such request should get."""
        return RefusedError(f"{self.url}: {fault}")

    def keeps_conditions(self) -> bool:
        """Tell whether the store refuses to create what is there.

        It is asked to create a small object twice, or once where an earlier run did: a store that lets that through
        ignores If-None-Match.
        """
        # A bucket that locks what it takes wants a hash with it.
        md5 = base64.b64encode(hashlib.md5(_PROBE_BODY, usedforsecurity=False).digest()).decode()
        for _ in range(2):
            try:
                with self.asking(WRITING):
                    self.bucket.client.put_object(
                        **self.place(PROBE), Body=_PROBE_BODY, ContentMD5=md5, IfNoneMatch="*"
                    )
            except ExistsError:
                return True
            except UnknownFeatureError:
                return False
            except MissingError as fault:
                raise self.refused(fault) from fault
        return False

    def page(self, prefix: str, after: str) -> tuple[list[Listed], bool]:
        """Return the objects after a key in order of their keys, and whether there are more."""
        try:
            with self.asking(LISTING):
                return self.bucket.page(prefix, after)
        except MissingError as fault:
            raise self.refused(fault) from fault

    def locked_until(self, name: str) -> int | None:
        """Ask for the lock itself: some stores only repeat the headers of one, others hide them without permission."""
        try:
            with self.asking("s3:GetObjectRetention"):
                answer = self.bucket.client.get_object_retention(**self.place(name))
                return _milliseconds(answer["Retention"]["RetainUntilDate"])
        except (MissingError, UnknownFeatureError):
            return None

    def look(self, name: str, *, checksums: bool) -> Found | None:
        """Ask what is stored, None for nothing."""
        return self.patiently(partial(self._look, name, {"ChecksumMode": "ENABLED"} if checksums else {}))

    def _look(self, name: str, more: Mapping[str, str]) -> Found | None:
        try:
            with self.asking(READING):
                return _found(name, self.bucket.client.head_object(**self.place(name), **more))
        except (MissingError, RefusedError) as fault:
            # The answer to a HEAD has no body that could tell why, nor whether it is the bucket that is missing.
            if self._missing(name):
                return None
            if isinstance(fault, MissingError):
                raise BusyError(f"{shown(name)} appeared while it was asked for") from fault
            raise

    def _missing(self, name: str) -> bool:
        """Ask with a GET, whose answer tells why."""
        try:
            with self.asking(READING):
                self.bucket.client.get_object(**self.place(name))["Body"].close()
        except MissingError:
            return True
        return False


def _found(name: str, answer: Mapping[str, Any]) -> Found:
    # Servers written in Go give the names of headers capital letters.
    metadata = {key.lower(): value for key, value in answer.get("Metadata", {}).items()}
    size, version = int(answer["ContentLength"]), answer.get("VersionId", "")
    until, at = answer.get("ObjectLockRetainUntilDate"), answer.get("LastModified")
    fingerprints, claimed = _fingerprints(answer, metadata, size)
    stored = Stored(
        name,
        size,
        fingerprints,
        claimed,
        version="" if version == "null" else version,
        stored_at_ms=_milliseconds(at) if at else None,
        locked_until_ms=_milliseconds(until) if until else None,
    )
    return Found(stored, metadata.get(MARK, ""), answer.get("ObjectLockLegalHoldStatus") == "ON")


def _fingerprints(
    answer: Mapping[str, Any], metadata: Mapping[str, str], size: int
) -> tuple[dict[str, str], dict[str, str]]:
    """Tell what a store computed itself from what it only repeats.

    The protocol has a store check a checksum before it keeps an object, and say with ChecksumType what it is over.
    One without a type comes from stores that hand back what they were sent; metadata is never more than that.
    """
    claimed = {SHA256: metadata[CLAIM]} if CLAIM in metadata else {}
    value, kind = str(answer.get("ChecksumSHA256", "")), answer.get("ChecksumType", "")
    digest, _, count = value.partition("-")
    if kind == "FULL_OBJECT" and not count and (whole := _hex(digest)):
        return {SHA256: whole}, claimed
    part = metadata.get(PART_BYTES, "")
    if kind == "COMPOSITE" and part.isdecimal() and int(part) and count == str(-(-size // int(part))):
        return {parts_of(int(part)): value}, claimed
    return {}, claimed


def _hex(digest: str) -> str:
    try:
        return base64.b64decode(digest, validate=True).hex()
    except binascii.Error:
        return ""


def _milliseconds(when: datetime) -> int:
    return int(when.timestamp() * 1000)
