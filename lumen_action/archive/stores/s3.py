"""Archives in a bucket that speaks S3: created once, proven by a SHA-256 where the store computes one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from lumen_action.archive.fingerprints import SHA256, fingerprint
from lumen_action.archive.stores import (
    Content,
    GoneError,
    LockedError,
    Receipt,
    RefusedError,
    Store,
    Stored,
    StoreError,
    TakenError,
    Tick,
)
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.archive.stores.outgoing import PIECE_BYTES, Outgoing
from lumen_action.archive.stores.patience import Patience
from lumen_action.archive.stores.reading import whole
from lumen_action.archive.stores.s3requests import (
    CLAIM,
    MARK,
    PROBE,
    READING,
    REMOVING,
    Found,
    Requests,
    UnknownFeatureError,
)
from lumen_action.archive.stores.s3sending import Sending, Sent
from lumen_action.errors import ConfigError, IntegrityError, shown
from lumen_action.s3client import MissingError, S3Bucket, Waits, open_bucket

AUTO, REQUIRED, OFF = "auto", "required", "off"
_DAY_MS = 86_400_000
_WAITS = Waits(connect_seconds=10.0, read_seconds=60.0)
_UNCHECKED = "the store shows no SHA-256 of its own: only reading it back (verify --level 2) proves what it holds"
_UNCONDITIONAL = (
    "the store ignores If-None-Match: it was looked first whether the name is free, and another who writes it at the "
    "same moment could replace it"
)
_NO_LOCK = "a lock was asked for (archive.lock-days): switch Object Lock on for the bucket, or leave that out"
_VERSIONS_STAY = (
    "the bucket keeps versions: what is removed is hidden behind a delete marker, and its bytes stay and cost until a "
    "lifecycle rule removes noncurrent versions"
)
_UNLOCKED = "the store does not show the lock that was asked for: it has none, or s3:GetObjectRetention is missing"


@dataclass(frozen=True)
class Limits:
    """Where one request ends and parts begin."""

    single_bytes: int = 5 << 30
    """The most that S3 takes in one request."""
    part_bytes: int = 64 << 20


class S3Store:
    """Archives below a prefix of a bucket."""

    def __init__(
        self, bucket: S3Bucket, options: StoreOptions, *, limits: Limits | None = None, patience_seconds: float = 120.0
    ) -> None:
        """Take the bucket; nothing is asked of it yet."""
        if options.s3_checksum not in (AUTO, REQUIRED, OFF):
            raise ConfigError(f"archive.s3-checksum: {shown(options.s3_checksum)}; write {AUTO}, {REQUIRED} or {OFF}")
        self.url = bucket.url
        self._options, self._limits = options, limits or Limits()
        self._requests = Requests(bucket, Patience(self.url, patience_seconds, options.timing))
        self._checksums = options.s3_checksum != OFF
        self._conditional: bool | None = None
        self._told_of_versions = False
        bucket.client.meta.events.register("before-send.s3", _counted, unique_id="lumen-counted")

    def put(self, name: str, content: Content, tick: Tick) -> Receipt:
        """Store bytes under a name that is free or holds the same bytes; a TakenError when it holds others."""
        moved = 0

        def counted(count: int) -> None:
            nonlocal moved
            moved += count
            tick(count)

        receipt = self._put(name, content, counted)
        if moved != content.size:
            tick(content.size - moved)
        return receipt

    def _put(self, name: str, content: Content, tick: Tick) -> Receipt:
        found = self._look(name)
        if found is not None:
            return self._another(name, content, found)
        if self._conditional is None:
            self._conditional = self._requests.patiently(self._requests.keeps_conditions)
        mark = secrets.token_hex(8)
        sent = self._sent(name, content, tick, mark)
        found = self._look(name)
        if found is None:
            raise StoreError(f"{self.url}: {name} was stored and is not there; upload it again")
        if found.mark != mark and not (sent.wrote and self._conditional):
            return self._another(name, content, found)
        checked = self._proof(found.stored, content, sent)
        if checked is None:
            raise IntegrityError(
                f"{self.url}: {name} was just stored and the store says that it holds other bytes; keep another copy, "
                "remove it there and find out why"
            )
        return self._receipt(found.stored, checked, existed=False)

    def _sent(self, name: str, content: Content, tick: Tick, mark: str) -> Sent:
        sending = Sending(
            self._requests,
            name,
            content,
            tick,
            metadata={CLAIM: content.sha256, MARK: mark},
            lock=self._lock(),
            condition={"IfNoneMatch": "*"} if self._conditional else {},
            checksums=self._checksums,
            tell=self._options.tell,
        )
        try:
            return self._in_one_or_parts(sending)
        except UnknownFeatureError as fault:
            if not self._checksums or self._options.s3_checksum == REQUIRED:
                raise self._not_known(fault) from fault
        # Stores that do not know checksums refuse a request that has one.
        try:
            sent = self._in_one_or_parts(replace(sending, checksums=False))
        except UnknownFeatureError as fault:
            raise self._not_known(fault) from fault
        self._checksums = False
        return sent

    def _in_one_or_parts(self, sending: Sending) -> Sent:
        if sending.content.size > self._limits.single_bytes:
            return sending.in_parts(self._limits.part_bytes)
        return sending.in_one()

    def _not_known(self, fault: UnknownFeatureError) -> RefusedError:
        return RefusedError(f"{fault}; {_NO_LOCK}") if self._options.lock_days else fault

    def _lock(self) -> Mapping[str, Any]:
        if not self._options.lock_days:
            return {}
        until = datetime.fromtimestamp(self._now_ms() / 1000, timezone.utc) + timedelta(days=self._options.lock_days)
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}

    def _now_ms(self) -> int:
        return self._options.now_ms or int(self._options.timing.now() * 1000)

    def _another(self, name: str, content: Content, found: Found) -> Receipt:
        """Return the receipt for an object that another upload put there; a TakenError when it is another."""
        checked = self._proof(found.stored, content) if found.stored.size == content.size else None
        if checked == "":
            digest = hashlib.sha256()
            for piece in whole(self, name, self._options.timing):
                digest.update(piece)
            checked = "" if digest.hexdigest() == content.sha256 else None
        if checked is None:
            raise TakenError(
                f"{self.url}: {name} holds other content, which is never replaced; freeze under another --version"
            )
        return self._receipt(found.stored, checked, existed=True)

    def _proof(self, stored: Stored, content: Content, sent: Sent | None = None) -> str | None:
        """Return which hash of the store's own agrees, empty when it has none, None when it holds other bytes."""
        if stored.size != content.size:
            return None
        known = {SHA256: content.sha256, **(sent.fingerprints if sent else {})}
        for algorithm, value in stored.fingerprints.items():
            if algorithm not in known:
                with content.open() as file:
                    known[algorithm] = fingerprint(algorithm, file)
            return algorithm if known[algorithm] == value else None
        return ""

    def _receipt(self, stored: Stored, checked: str, *, existed: bool) -> Receipt:
        if not checked and self._options.s3_checksum == REQUIRED:
            raise RefusedError(
                f"{self.url}: archive.s3-checksum is `{REQUIRED}`, and {_UNCHECKED}; {stored.name} stays there without "
                "a receipt"
            )
        notes = [
            "" if checked else _UNCHECKED,
            f"sent in parts: the store proves the hash of their hashes, {checked}"
            if checked not in ("", SHA256)
            else "",
            _UNCONDITIONAL if self._conditional is False else "",
            self._lock_noted(stored.name) if self._options.lock_days else "",
        ]
        return Receipt(stored, existed, checked, "; ".join(filter(None, notes)))

    def _lock_noted(self, name: str) -> str:
        """Return what is to be said of the lock that was asked for."""
        until = None
        with suppress(StoreError):
            until = self._requests.locked_until(name)
        if until is None:
            return _UNLOCKED
        short = until < self._now_ms() + (self._options.lock_days - 1) * _DAY_MS
        return f"it was there before and stays locked until {_day(until)} only" if short else ""

    def stat(self, name: str) -> Stored | None:
        """Return what the store says of an object, None when there is none."""
        found = self._look(name)
        return found.stored if found else None

    def _look(self, name: str) -> Found | None:
        return self._requests.look(name, checksums=self._checksums)

    @contextmanager
    def read(self, name: str, offset: int = 0) -> Iterator[Iterator[bytes]]:
        """Give the bytes of an object from an offset on; one try."""
        wanted = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            with self._requests.asking(READING):
                answer = self._requests.bucket.client.get_object(**self._requests.place(name), **wanted)
        except MissingError as fault:
            raise GoneError(f"{self.url}: {name} is not there") from fault
        except RefusedError:
            # Nothing is left to read at the end, which S3 calls a range that it cannot satisfy.
            if not offset or (stored := self.stat(name)) is None or stored.size != offset:
                raise
            yield iter(())
            return
        with closing(answer["Body"]):
            if offset and not str(answer.get("ContentRange", "")).startswith(f"bytes {offset}-"):
                raise StoreError(f"{self.url}: it was asked for {name} from byte {offset} on and gave something else")
            yield self._pieces(answer["Body"])

    def _pieces(self, body: Any) -> Iterator[bytes]:  # noqa: ANN401 - boto3 has no types
        # One that ends early is noticed by the client, which counts.
        with self._requests.asking(READING):
            yield from body.iter_chunks(PIECE_BYTES)

    def names(self, prefix: str) -> Iterator[Stored]:
        """Yield the objects whose names begin so, in order."""
        ours, after = self._requests.bucket.prefix, ""
        while True:
            found, more = self._requests.patiently(partial(self._requests.page, ours + prefix, after))
            for each in found:
                name = each.key.removeprefix(ours)
                if name != PROBE:
                    yield Stored(name, each.size, stored_at_ms=each.stored_at_ms)
            if not more:
                return
            after = found[-1].key

    def delete(self, name: str) -> None:
        """Remove an object; in a bucket with versions its older ones stay, as the bucket was told to keep them."""
        found = self._look(name)
        if found is None:
            return
        until, version = found.stored.locked_until_ms, found.stored.version
        if version and not until:
            # A bucket with versions lets even a locked object be hidden behind a marker, and shows no lock to who may
            # not see it.
            until = self._requests.patiently(partial(self._requests.locked_until, name))
        if until and until > self._now_ms():
            raise LockedError(f"{self.url}: {name} is locked until {_day(until)} and stays")
        if found.held:
            raise LockedError(f"{self.url}: {name} is under a legal hold and stays")
        self._requests.patiently(partial(self._removed, name))
        if version and not self._told_of_versions:
            self._told_of_versions = True
            self._options.tell(f"{self.url}: {_VERSIONS_STAY}")

    def _removed(self, name: str) -> None:
        with suppress(MissingError), self._requests.asking(REMOVING):
            self._requests.bucket.client.delete_object(**self._requests.place(name))

    def close(self) -> None:
        """Let go of connections."""
        self._requests.bucket.client.close()


def opened(url: str, options: StoreOptions) -> Store:
    """Return the store of an s3:// URL."""
    return S3Store(open_bucket("store", url, _WAITS), options)


def _counted(request: Any, **_: object) -> None:  # noqa: ANN401 - boto3 has no types
    """Let what is read from now on count as sent."""
    if isinstance(request.body, Outgoing):
        request.body.counting = True


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
