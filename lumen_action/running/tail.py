"""The first and last part of an output of any size, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

HEAD_BYTES = 1 << 18
TAIL_BYTES = 1 << 21
# What is printed in small pieces is put together to parts of this size; a line that does not end waits as long.
_PART_BYTES = 1 << 16


class Tail:
    """What was printed, as `record` would read it from a file: the begin, and the end from a whole line on.

    Lines of the two streams keep their order of arrival and never break each other apart.
    """

    def __init__(self, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES) -> None:
        """Keep this much of the begin and of the end, give or take one part."""
        self._head_room = head_bytes
        self._tail_room = tail_bytes
        self._head = bytearray()
        self._parts: deque[bytes] = deque()
        self._open = bytearray()
        self._carried: dict[int, bytes] = {}
        self.dropped_bytes = 0
        self._dropped_lines = 0

    def feed(self, stream: int, data: bytes) -> None:
        """Take what came by one stream."""
        carried = self._carried.get(stream, b"")
        end = data.rfind(b"\n") + 1
        if not end and len(carried) + len(data) < _PART_BYTES:
            self._carried[stream] = carried + data
            return
        end = end or len(data)
        if carried:
            self._keep(carried)
        self._keep(data[:end])
        self._carried[stream] = data[end:]

    def _keep(self, data: bytes) -> None:
        if self._head_room > 0:
            self._head += data[: self._head_room]
            data, self._head_room = data[self._head_room :], self._head_room - len(data)
        if len(self._open) + len(data) > _PART_BYTES:
            self._shut()
        if len(data) >= _PART_BYTES // 2:
            self._shut()
            self._add(data)
        else:
            self._open += data

    def _shut(self) -> None:
        if self._open:
            self._add(bytes(self._open))
            self._open.clear()

    def _add(self, part: bytes) -> None:
        self._parts.append(part)
        self._tail_room -= len(part)
        while self._tail_room < 0 and len(self._parts) > 1:
            self._drop(self._parts.popleft())

    def _drop(self, part: bytes) -> None:
        self._tail_room += len(part)
        self.dropped_bytes += len(part)
        self._dropped_lines += part.count(b"\n")

    def close(self) -> None:
        """Take what ended without a line's end, and let the end begin with a whole line where there is one."""
        for stream in sorted(self._carried):
            if rest := self._carried.pop(stream):
                self._keep(rest)
        self._shut()
        if self.dropped_bytes and self._parts:
            first = self._parts.popleft()
            begin = first.find(b"\n") + 1
            self._tail_room += begin
            self.dropped_bytes += begin
            self._dropped_lines += bool(begin)
            self._parts.appendleft(first[begin:])

    def chunks(self) -> Iterator[bytes]:
        """Yield the begin and the end; where a part between them is missing, a line of its own stands for it."""
        yield bytes(self._head)
        if self.dropped_bytes:
            yield b"%s[lumen] %d bytes left out\n" % (b"\n" * self._head_breaks_off, self.dropped_bytes)
        yield from self._parts

    @property
    def _head_breaks_off(self) -> bool:
        return bool(self._head) and not self._head.endswith(b"\n")

    @property
    def gap(self) -> tuple[int, int]:
        """Return after which line of `chunks` something is missing, and how much further down later lines stood."""
        if not self.dropped_bytes:
            return (0, 0)
        # The line that stands for the gap counts, and so does the one that the begin breaks off in.
        added = 1 + self._head_breaks_off
        return (self._head.count(b"\n") + added, self._dropped_lines - added)
