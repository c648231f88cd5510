"""Reading an object to its end from a store that breaks off: again from where it stopped, never a byte twice."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.archive.stores import BusyError, Store
from lumen_action.archive.stores.patience import MOST_PAUSE_SECONDS, given_up, pause_after
from lumen_action.http import Timing

_TRIES = 6


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
            pause = pause_after(fault, tries, timing)
            if tries >= _TRIES or pause > MOST_PAUSE_SECONDS:
                raise given_up(store.url, fault, tries) from fault
            timing.sleep(pause)
