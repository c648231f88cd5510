"""Objects in a bucket: what a ledger needs of an S3 store, with patience; the only module that knows boto3."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from lumen_action.errors import ConfigError, LedgerError
from lumen_action.http import Timing, origin, retry_after_seconds

PARALLEL_REQUESTS = 16

_PAUSES = {"first": 0.1, "longest": 5.0}
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# The rules of AWS for names that every tool and store takes without quoting.
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/=+@-]{0,256}")

_EXISTS, _NOT_KNOWN = 412, 501
# 409 says that another write of the same object is under way, not that it is there.
_NOT_CARRIED_OUT = frozenset({409, 429})
_PASSING_STATUSES = _NOT_CARRIED_OUT | {500, 502, 503, 504}
_PASSING_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"})

_Answer = TypeVar("_Answer")


class Busy(Exception):  # noqa: N818 - a state that passes, told to the one who waits
    """A request without an answer, or answered with "later"; when `unsure`, it may have been carried out."""

    def __init__(self, reason: str, *, unsure: bool = True, retry_after_seconds: float | None = None) -> None:
        """Keep what happened and when the store wants to be asked again."""
        super().__init__(reason)
        self.unsure = unsure
        self.retry_after_seconds = retry_after_seconds


class ObjectStore(Protocol):
    """Whole objects by name; a request may raise Busy, and one that was not carried out leaves nothing behind."""

    url: str

    def get(self, name: str) -> bytes | None:
        """Return an object, None when there is none."""

    def create(self, name: str, body: bytes) -> bool:
        """Write an object unless the name is taken; tell whether it was written."""

    def names(self, prefix: str, after: str) -> tuple[list[str], bool]:
        """Return names that begin with a prefix and sort after one, in order, and whether there are more."""

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is removed already."""


def no_conditions(url: str) -> ConfigError:
    """Return the error about a store in which two writers would overwrite each other."""
    return ConfigError(
        f"ledger: the store behind {url} ignores If-None-Match, so two jobs could overwrite each other's facts; "
        "use a store with conditional writes (Amazon S3 has them) or another ledger"
    )


class Creation(Enum):
    """What became of an object that was to be created."""

    MADE = "made"
    TAKEN = "taken"
    FOUND = "found"
    """It stands there with our bytes, and an earlier answer was lost: ours, or another's that says the same."""


class Patient:
    """An object store that is asked again, after random growing pauses, until the time is up."""

    def __init__(self, store: ObjectStore, *, patience_seconds: float, timing: Timing) -> None:
        """Take the timing as an argument, so that waiting can be proven without waiting."""
        self.url = store.url
        self._store = store
        self._patience_seconds = patience_seconds
        self._timing = timing

    def get(self, name: str) -> bytes | None:
        """Return an object, None when there is none."""
        return self._patiently(partial(self._store.get, name))

    def create(self, name: str, body: bytes) -> Creation:
        """Write an object unless the name is taken; an own write whose answer was lost is known by its bytes."""
        unsure = False

        def attempt() -> Creation:
            nonlocal unsure
            try:
                if self._store.create(name, body):
                    return Creation.MADE
            except Busy as fault:
                unsure = unsure or fault.unsure
                raise
            return Creation.FOUND if unsure and self._store.get(name) == body else Creation.TAKEN

        return self._patiently(attempt)

    def names(self, prefix: str) -> Iterator[str]:
        """Yield all names that begin with a prefix, in order, asking a page at a time."""
        after, more = "", True
        while more:
            page, more = self._patiently(partial(self._store.names, prefix, after))
            yield from page
            after = page[-1] if page else after

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is removed already."""
        self._patiently(partial(self._store.delete, name))

    def _patiently(self, request: Callable[[], _Answer]) -> _Answer:
        give_up_at = self._timing.clock() + self._patience_seconds
        tries = 0
        while True:
            tries += 1
            try:
                return request()
            except Busy as fault:
                pause = self._timing.pause(tries, fault.retry_after_seconds, **_PAUSES)
                if self._timing.clock() + pause >= give_up_at:
                    raise self._given_up(fault, tries) from fault
            self._timing.sleep(pause)

    def _given_up(self, fault: Busy, tries: int) -> LedgerError:
        asked = f", it asks to wait {fault.retry_after_seconds:.0f} s" if fault.retry_after_seconds else ""
        return LedgerError(f"ledger {self._store.url}: {fault} ({tries} {'try' if tries == 1 else 'tries'}{asked})")


def at_once(act: Callable[[str], _Answer], names: Iterable[str]) -> Iterator[tuple[str, _Answer]]:
    """Do the same to many objects, some of them at a time, and yield the results in order."""
    waiting = iter(names)
    batch = list(islice(waiting, PARALLEL_REQUESTS))
    if not batch:
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(PARALLEL_REQUESTS) as workers:
        while batch:
            yield from zip(batch, workers.map(act, batch), strict=True)
            batch = list(islice(waiting, PARALLEL_REQUESTS))


class Bucket:
    """The objects below one prefix of an S3 bucket, reached with the usual AWS credentials and AWS_ENDPOINT_URL."""

    def __init__(self, url: str) -> None:
        """Read the URL and load the client; nothing is asked of the store yet."""
        self._bucket, prefix = read_url(url)
        self._prefix = f"{prefix}/" if prefix else ""
        self.url = f"s3://{self._bucket}/{prefix}".rstrip("/")
        self._client = _client()
        self._endpoint = origin(self._client.meta.endpoint_url)

    def get(self, name: str) -> bytes | None:
        """Return an object, None when there is none."""
        with self._asking("s3:GetObject and s3:ListBucket"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            except self._client.exceptions.NoSuchKey:
                return None
            body: bytes = answer["Body"].read()
            return body

    def create(self, name: str, body: bytes) -> bool:
        """Write an object unless the name is taken; tell whether it was written."""
        from botocore.exceptions import ClientError

        with self._asking("s3:PutObject"):
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body, IfNoneMatch="*")
            except ClientError as fault:
                if _status(fault) != _EXISTS:
                    raise
                return False
        return True

    def names(self, prefix: str, after: str) -> tuple[list[str], bool]:
        """Return names that begin with a prefix and sort after one, in order, and whether there are more."""
        start = {"StartAfter": self._prefix + after} if after else {}
        with self._asking("s3:ListBucket"):
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + prefix, **start)
        found = [item["Key"].removeprefix(self._prefix) for item in answer.get("Contents", ())]
        return found, bool(found) and bool(answer.get("IsTruncated"))

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is removed already."""
        with self._asking("s3:DeleteObject"):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    @contextmanager
    def _asking(self, permission: str) -> Iterator[None]:
        """Tell what passes, what a person must set right, and which permission is missing."""
        from botocore import exceptions as aws

        try:
            yield
        except aws.ClientError as fault:
            raise self._refused(fault, permission) from fault
        except (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError) as fault:
            raise Busy(f"no answer from {self._endpoint} ({type(fault).__name__})") from fault
        except aws.BotoCoreError as fault:
            raise LedgerError(
                f"ledger {self.url}: no usable AWS credentials ({type(fault).__name__}); "
                "let the job assume a role (OIDC), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from fault

    def _refused(self, fault: Any, permission: str) -> Exception:  # noqa: ANN401 - boto3 has no types
        status, code = _status(fault), fault.response["Error"].get("Code", "")
        told = f"{self._endpoint} answered {status} {code}"
        if status in _PASSING_STATUSES or code in _PASSING_CODES:
            headers = fault.response["ResponseMetadata"].get("HTTPHeaders", {})
            wait = retry_after_seconds(headers.get("retry-after", ""), time.time())
            return Busy(told, unsure=status not in _NOT_CARRIED_OUT, retry_after_seconds=wait)
        if code == "NoSuchBucket":
            return ConfigError(
                f"ledger: there is no bucket {self._bucket} at {self._endpoint}; create it or mend {self.url}"
            )
        if status == _NOT_KNOWN:
            return no_conditions(self.url)
        if code == "AccessDenied":
            place = f"arn:aws:s3:::{self._bucket} and arn:aws:s3:::{self._bucket}/{self._prefix}*"
            return LedgerError(f"ledger {self.url}: access denied; allow {permission} on {place}")
        return LedgerError(f"ledger {self.url}: {told}; check the credentials and the region of the job")


def read_url(url: str) -> tuple[str, str]:
    """Return bucket and prefix of s3://bucket/prefix; a ConfigError says what is wrong, never what stood there."""
    parts = urlsplit(url)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if "@" in bucket:
        raise ConfigError(
            "ledger: an s3:// URL carries no credentials; write s3://bucket/prefix and let the job assume a role "
            "(OIDC), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if parts.scheme != "s3" or not _BUCKET.fullmatch(bucket):
        raise ConfigError("ledger: not the URL of a bucket; write s3://bucket/prefix, the bucket in small letters")
    if parts.query or parts.fragment or not _PREFIX.fullmatch(prefix) or "//" in prefix:
        raise ConfigError(
            f"ledger: the prefix below s3://{bucket} may hold letters, digits and -_./=+@!*'() only; "
            f"write s3://{bucket}/lumen; the endpoint of another store goes into AWS_ENDPOINT_URL"
        )
    return bucket, prefix


def _client() -> Any:  # noqa: ANN401 - boto3 has no types
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as fault:
        raise ConfigError("ledger: s3:// needs boto3; install lumen-sli-action[archive]") from fault
    except ImportError as fault:
        # It could not be prepared on this machine, such as when no package index answers: nobody's wrong input.
        raise LedgerError(f"ledger: s3:// needs boto3, which cannot be loaded. {fault}") from fault
    config = Config(
        # Waiting and asking again is ours: a retry of the client's own would hide that a first answer was lost.
        retries={"total_max_attempts": 1},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=PARALLEL_REQUESTS,
        s3={"addressing_style": "path"},
        # Many stores that speak S3 refuse the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return boto3.session.Session().client("s3", config=config)
    except (BotoCoreError, ValueError) as fault:
        raise ConfigError(
            f"ledger: the AWS settings of this job cannot be used ({type(fault).__name__}); check AWS_PROFILE, "
            "AWS_REGION and AWS_ENDPOINT_URL"
        ) from fault


def _status(fault: Any) -> int:  # noqa: ANN401 - boto3 has no types
    return int(fault.response["ResponseMetadata"]["HTTPStatusCode"])
