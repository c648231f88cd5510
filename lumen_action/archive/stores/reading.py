"""Reading an object to its end from a store that breaks off: again from where it stopped, never a byte twice."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.archive.stores import BusyError, Store, StoreError
from lumen_action.http import Timing

_TRIES = 6
_PAUSES = {"first": 0.5, "longest": 20.0}


def whole(store: Store, name: str, timing: Timing | None = None) -> Iterator[bytes]:
    """Yield the bytes of an object; what they are worth is for the reader to find out. No object: a GoneError."""
    timing = timing or Timing()
    offset = tries = 0
    while True:
        try:
            with store.read(name, offset) as pieces:
                for piece in pieces:
                    offset, tries = offset + len(piece), 0
                    yield piece
                return
        except BusyError as fault:
            tries += 1
            if tries >= _TRIES:
                raise StoreError(f"{store.url}: {fault} ({tries} tries)") from fault
            timing.sleep(timing.pause(tries, fault.retry_after_seconds, **_PAUSES))
