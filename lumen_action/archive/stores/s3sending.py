"""Sending an object to a bucket: in one request, or in parts that become an object together or not at all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from lumen_action.archive.fingerprints import parts_of
from lumen_action.archive.stores import Content, StoreError, Tick
from lumen_action.archive.stores.outgoing import PIECE_BYTES, Outgoing, changed
from lumen_action.archive.stores.s3requests import PART_BYTES, WRITING, Requests
from lumen_action.errors import IntegrityError
from lumen_action.s3client import ExistsError, MissingError, S3Error

if TYPE_CHECKING:
    from _hashlib import HASH

MOST_PARTS = 10_000
ABORTING = "s3:AbortMultipartUpload"


@dataclass(frozen=True)
class Sent:
    """What became of an object that was sent."""

    wrote: bool
    """An answer said that it was written; without one it may have been, and somebody else may have been faster."""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Those of our bytes that were computed on the way."""


@dataclass(frozen=True)
class Sending:
    """One object on its way to a name that should be free."""

    requests: Requests
    name: str
    content: Content
    tick: Tick
    metadata: Mapping[str, str]
    lock: Mapping[str, Any]
    """The arguments that lock it, none for no lock."""
    condition: Mapping[str, str]
    """The arguments that make the store refuse a name that is taken, none for one that does not know them."""
    checksums: bool
    """Whether the store is asked to check a SHA-256; an MD5 otherwise, which the oldest stores know."""
    tell: Callable[[str], None]

    def in_one(self) -> Sent:
        """Send it in one request."""
        digest = bytes.fromhex(self.content.sha256)
        checked = self._checked(digest, 0, self.content.size)
        return self.requests.patiently(partial(self._once, digest, checked), moving=self.content.size)

    def _once(self, digest: bytes, checked: Mapping[str, str]) -> Sent:
        body = Outgoing(self.content, self.tick, size=self.content.size, sha256=self.content.sha256)
        try:
            with body, self._asking():
                answer = self.requests.bucket.client.put_object(
                    **self.requests.place(self.name),
                    Body=body,
                    ContentLength=self.content.size,
                    Metadata=self.metadata,
                    **checked,
                    **self.condition,
                    **self.lock,
                )
        except ExistsError:
            return Sent(wrote=False)
        except MissingError as fault:
            raise self.requests.refused(fault) from fault
        self._agrees(answer, digest)
        return Sent(wrote=True)

    def in_parts(self, least_part_bytes: int) -> Sent:
        """Send it in parts, which are given up together when anything fails."""
        size = part_bytes(self.content.size, least_part_bytes)
        algorithm = {"ChecksumAlgorithm": "SHA256"} if self.checksums else {}
        begin = partial(
            self._part_of,
            self.requests.bucket.client.create_multipart_upload,
            "UploadId",
            **self.requests.place(self.name),
            Metadata={**self.metadata, PART_BYTES: str(size)},
            **algorithm,
            **self.lock,
        )
        place = {**self.requests.place(self.name), "UploadId": self.requests.patiently(begin)["UploadId"]}
        sent = Sent(wrote=False)
        try:
            sent = self._finished(place, size)
        finally:
            # A name that was taken meanwhile leaves the parts behind, as any failure does.
            if not sent.wrote:
                self._give_up(place)
        return sent

    def _finished(self, place: Mapping[str, str], size: int) -> Sent:
        whole, digests, parts = hashlib.sha256(), [], []
        for number, start in enumerate(range(0, self.content.size, size), 1):
            length = min(size, self.content.size - start)
            digests.append(self._hashed(start, length, whole))
            send = partial(self._part, {**place, "PartNumber": number}, start, length, digests[-1])
            parts.append({"PartNumber": number, **self.requests.patiently(send, moving=length)})
        if whole.hexdigest() != self.content.sha256:
            raise changed("its SHA-256 is another")
        together = base64.b64encode(hashlib.sha256(b"".join(digests)).digest()).decode()
        size_told = {"MpuObjectSize": self.content.size} if self.checksums else {}
        complete = partial(
            self.requests.bucket.client.complete_multipart_upload,
            **place,
            MultipartUpload={"Parts": parts},
            **size_told,
            **self.condition,
        )
        wrote = self.requests.patiently(partial(self._completed, complete))
        return Sent(wrote, {parts_of(size): f"{together}-{len(parts)}"})

    def _hashed(self, start: int, length: int, whole: HASH) -> bytes:
        """Return the SHA-256 of a part, and take its bytes into that of the whole."""
        digest, left = hashlib.sha256(), length
        with self.content.open() as file:
            file.seek(start)
            while left:
                piece = file.read(min(left, PIECE_BYTES))
                if not piece:
                    raise changed("it is shorter")
                digest.update(piece)
                whole.update(piece)
                left -= len(piece)
        return digest.digest()

    def _part(self, place: Mapping[str, Any], start: int, length: int, digest: bytes) -> Mapping[str, str]:
        checked = self._checked(digest, start, length)
        body = Outgoing(self.content, self.tick, start=start, size=length, sha256=digest.hex())
        with body:
            answer = self._part_of(
                self.requests.bucket.client.upload_part, "ETag", **place, Body=body, ContentLength=length, **checked
            )
            self._agrees(answer, digest)
        told = {"ETag": answer["ETag"]}
        return {**told, "ChecksumSHA256": checked["ChecksumSHA256"]} if self.checksums else told

    def _part_of(self, request: Callable[..., Mapping[str, str]], needed: str, **details: object) -> Mapping[str, str]:
        """Do one request of an upload in parts, and return an answer that has what is needed of it."""
        try:
            with self._asking():
                answer = request(**details)
                return {**answer, needed: answer[needed]}
        except MissingError as fault:
            raise StoreError(
                f"{self.requests.url}: the unfinished upload of {self.name} is gone (a rule of the bucket may remove "
                "such); upload it again"
            ) from fault

    def _completed(self, complete: Callable[[], object]) -> bool:
        try:
            with self._asking():
                complete()
        except (ExistsError, MissingError):
            # The upload is gone too when it was completed and that answer was lost.
            return False
        return True

    def _give_up(self, place: Mapping[str, str]) -> None:
        try:
            with self.requests.bucket.asking(ABORTING):
                self.requests.bucket.client.abort_multipart_upload(**place)
        except MissingError:
            pass
        except S3Error as fault:
            self.tell(
                f"{self.requests.url}: parts of an unfinished upload of {self.name} stay there ({fault}); "
                "let a lifecycle rule of the bucket remove such after a day"
            )

    def _asking(self) -> AbstractContextManager[None]:
        return self.requests.asking(f"{WRITING} and s3:PutObjectRetention" if self.lock else WRITING)

    def _checked(self, digest: bytes, start: int, length: int) -> dict[str, str]:
        """Return the arguments by which the store finds out whether the right bytes came."""
        if self.checksums:
            return {"ChecksumSHA256": base64.b64encode(digest).decode()}
        return {"ContentMD5": base64.b64encode(self._md5(start, length)).decode()}

    def _md5(self, start: int, length: int) -> bytes:
        digest, left = hashlib.md5(usedforsecurity=False), length
        with self.content.open() as file:
            file.seek(start)
            while left and (piece := file.read(min(left, PIECE_BYTES))):
                digest.update(piece)
                left -= len(piece)
        return digest.digest()

    def _agrees(self, answer: Mapping[str, Any], digest: bytes) -> None:
        """Refuse an answer that names another SHA-256 than that of the bytes that were sent."""
        said = answer.get("ChecksumSHA256")
        if self.checksums and said and said != base64.b64encode(digest).decode():
            raise IntegrityError(
                f"{self.requests.url}: it says that it took {self.name} with the SHA-256 {said} in base64, which is "
                "not that of the bytes sent; do not trust what it holds"
            )


def part_bytes(size: int, least: int) -> int:
    """Return how large the parts of an object are: the least size, or as many times it as it takes for 10,000."""
    return least * max(1, -(-size // (least * MOST_PARTS)))
