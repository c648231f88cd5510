"""Objects in a bucket: what a ledger needs of an S3 store, with patience."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

from lumen_action import s3client
from lumen_action.errors import ConfigError, LedgerError, RemoteError
from lumen_action.http import Timing

PARALLEL_REQUESTS = 16

_PAUSES = {"first": 0.1, "longest": 5.0}

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
    """The objects below one prefix of an S3 bucket."""

    def __init__(self, url: str) -> None:
        """Read the URL and load the client; nothing is asked of the store yet."""
        try:
            self._at = s3client.open_bucket("ledger", url, s3client.Waits(connections=PARALLEL_REQUESTS))
        except RemoteError as fault:
            raise LedgerError(str(fault)) from fault
        self.url = self._at.url

    def get(self, name: str) -> bytes | None:
        """Return an object, None when there is none."""
        try:
            with self._asking("s3:GetObject and s3:ListBucket"):
                answer = self._at.client.get_object(Bucket=self._at.name, Key=self._at.prefix + name)
                body: bytes = answer["Body"].read()
        except s3client.MissingError:
            return None
        return body

    def create(self, name: str, body: bytes) -> bool:
        """Write an object unless the name is taken; tell whether it was written."""
        key = self._at.prefix + name
        try:
            with self._asking("s3:PutObject"):
                self._at.client.put_object(Bucket=self._at.name, Key=key, Body=body, IfNoneMatch="*")
        except s3client.ExistsError:
            return False
        return True

    def names(self, prefix: str, after: str) -> tuple[list[str], bool]:
        """Return names that begin with a prefix and sort after one, in order, and whether there are more."""
        ours = self._at.prefix
        with self._asking("s3:ListBucket"):
            found, more = self._at.page(ours + prefix, ours + after if after else "")
        return [each.key.removeprefix(ours) for each in found], more

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is removed already."""
        with self._asking("s3:DeleteObject"):
            self._at.client.delete_object(Bucket=self._at.name, Key=self._at.prefix + name)

    @contextmanager
    def _asking(self, permission: str) -> Iterator[None]:
        """Say in the ledger's words what passes, and what a person must set right."""
        try:
            with self._at.asking(permission):
                yield
        except s3client.PassingError as fault:
            wait = fault.retry_after_seconds
            raise Busy(str(fault), unsure=fault.unsure, retry_after_seconds=wait) from fault
        except (s3client.ExistsError, s3client.MissingError):
            raise
        except s3client.NoBucketError as fault:
            raise ConfigError(f"ledger: {fault}") from fault
        except s3client.UnknownConditionError as fault:
            raise no_conditions(self.url) from fault
        except s3client.S3Error as fault:
            raise LedgerError(f"ledger {self.url}: {fault}") from fault
