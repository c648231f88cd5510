"""The begin and the end of a log: what one failure explains is near them, and the work for any log stays bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

HEAD_BYTES = 4 << 20
TAIL_BYTES = 12 << 20
_FILLING_LINES = 1 << 18


def windowed(chunks: Iterable[bytes], *, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> Iterator[bytes]:
    """Yield the first and the last bytes of a log; of what lies between only the line feeds, so numbers stay right."""
    passed = size = gone_lines = 0
    held: deque[bytes] = deque()
    for chunk in chunks:
        if passed < head:
            passed += len(chunk)
            yield chunk
            continue
        held.append(chunk)
        size += len(chunk)
        while size - len(held[0]) >= tail:
            gone = held.popleft()
            size -= len(gone)
            gone_lines += gone.count(b"\n")
    while gone_lines:
        filling = min(gone_lines, _FILLING_LINES)
        gone_lines -= filling
        yield b"\n" * filling
    yield from held
