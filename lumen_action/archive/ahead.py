"""Working ahead: what an iterator yields is made by a thread of its own, a few pieces before it is needed."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

_Piece = TypeVar("_Piece")
_DEPTH = 8
_POLL_SECONDS = 0.05
PIECE = 1 << 20


def ahead(pieces: Iterable[_Piece], depth: int = _DEPTH) -> Generator[_Piece, None, None]:
    """Yield the pieces in their order, and raise what making them raised; whoever stops early stops the maker."""
    ready: Queue[tuple[list[_Piece], BaseException | None]] = Queue(depth)
    stopped = Event()

    def make() -> None:
        end: BaseException | None = None
        try:
            for piece in pieces:
                ready.put(([piece], None))
                if stopped.is_set():
                    return
        except BaseException as fault:  # noqa: BLE001 - it is raised where the pieces are taken
            end = fault
        ready.put(([], end))

    maker = Thread(target=make, daemon=True)
    maker.start()
    try:
        while True:
            got, fault = ready.get()
            if fault:
                raise fault
            if not got:
                return
            yield from got
    finally:
        stopped.set()
        while maker.is_alive():
            with suppress(Empty):
                ready.get(timeout=_POLL_SECONDS)


def gathered(pieces: Iterable[bytes], size: int = PIECE) -> Iterator[bytes]:
    """Yield the same bytes in pieces of about a size, so that many small ones cost no more than few large ones."""
    kept: list[bytes] = []
    length = 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece)
        if length >= size:
            yield kept[0] if len(kept) == 1 else b"".join(kept)
            kept, length = [], 0
    if kept:
        yield b"".join(kept)
