"""A strict object store in memory that refuses, stalls, and loses answers, before or after the deed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lumen_action.http import Timing
from lumen_action.ledger.objects import ObjectStore
from lumen_action.ledger.s3 import S3Ledger

URL = "s3://team/lumen"


@dataclass
class Shelf:
    """Objects that every client of one bucket shares; whole or not there at all, as S3 promises."""

    objects: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    conditional: bool = True


class Killed(BaseException):
    """The process ends here."""


def nothing_happens(_verb: str, _name: str) -> None:
    pass


@dataclass
class Store:
    """One client of the shelf; `before` and `after` may raise what goes wrong around a request."""

    shelf: Shelf = field(default_factory=Shelf)
    before: Callable[[str, str], None] = nothing_happens
    after: Callable[[str, str], None] = nothing_happens
    page: int = 3
    url: str = URL
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> bytes | None:
        with self._request("get", name):
            return self.shelf.objects.get(name)

    def create(self, name: str, body: bytes) -> bool:
        with self._request("create", name):
            free = name not in self.shelf.objects or not self.shelf.conditional
            if free:
                self.shelf.objects[name] = body
            return free

    def names(self, prefix: str, after: str) -> tuple[list[str], bool]:
        with self._request("names", prefix):
            found = sorted(name for name in self.shelf.objects if name.startswith(prefix) and name > after)
            return found[: self.page], len(found) > self.page

    def delete(self, name: str) -> None:
        with self._request("delete", name):
            self.shelf.objects.pop(name, None)

    @contextmanager
    def _request(self, verb: str, name: str) -> Iterator[None]:
        self.asked.append((verb, name))
        self.before(verb, name)
        with self.shelf.lock:
            yield
        self.after(verb, name)


@dataclass
class Time:
    """Time that passes by sleeping only."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def timing(self, chance: Callable[[], float] = lambda: 0.5) -> Timing:
        return Timing(sleep=self.sleep, clock=lambda: self.now, chance=chance)


def ledger_of(store: ObjectStore) -> S3Ledger:
    return S3Ledger(store, timing=Time().timing())
