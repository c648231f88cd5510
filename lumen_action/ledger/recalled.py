"""Objects that never change, so that nobody fetches one twice."""

from __future__ import annotations

import threading
from collections import OrderedDict

_MOST_BYTES = 64 * 1024 * 1024


class Recalled:
    """What was read and found right, up to so many bytes; what was not asked for the longest goes first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Begin with nothing."""
        self._most_bytes = most_bytes
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        # Several are read at a time.
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """Return an object, None when it is not here."""
        with self._lock:
            if name in self._bodies:
                self._bodies.move_to_end(name)
            return self._bodies.get(name)

    def keep(self, name: str, body: bytes) -> None:
        """Keep an object, and let go of others where there is no room."""
        with self._lock:
            self._bytes += len(body) - len(self._bodies.pop(name, b""))
            self._bodies[name] = body
            while self._bytes > self._most_bytes:
                _, gone = self._bodies.popitem(last=False)
                self._bytes -= len(gone)
