"""Dropbox stores over a stand-in, in time that passes only by sleeping."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fakedropbox import FakeDropbox
from storecontract import NAME, some_bytes

from lumen_action.archive.stores.dropbox import Dropbox
from lumen_action.archive.stores.dropboxaccess import read_tokens
from lumen_action.archive.stores.dropboxcalls import Calls, Places
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.http import Timing

BLOCK = 4 << 20
SMALL, LARGE = some_bytes(70_001), some_bytes(2 * BLOCK + 5)
PATH = f"/lumen/{NAME}"
URL = "dropbox:/lumen"
LABEL = NAME.replace(".lumen", ".json")


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    @property
    def timing(self) -> Timing:
        return Timing(sleep=self.sleep, clock=lambda: self.seconds, now=lambda: self.seconds, chance=lambda: 0.5)


def options(env: Mapping[str, str], clock: Clock, told: list[str] | None = None) -> StoreOptions:
    return StoreOptions(env=env, folder=Path(), tell=(told if told is not None else []).append, timing=clock.timing)


def store_of(fake: FakeDropbox, clock: Clock, timeout_seconds: float = 20.0) -> Dropbox:
    """Return a store that sends in pieces of one block."""
    tokens = read_tokens(fake.env, fake.api, clock.timing, [])
    calls = Calls(URL, Places(fake.api, fake.content), tokens, clock.timing, timeout_seconds)
    return Dropbox(URL, "/lumen", calls, BLOCK)
