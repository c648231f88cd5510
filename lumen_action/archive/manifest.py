"""The manifest: what an archive holds, a line a file, and the one hash that stands for all of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from lumen_action.merkle import Frontier
from lumen_action.model import canonical

MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """One file of an archive."""

    path: str
    size: int
    mode: int
    sha256: str

    @property
    def line(self) -> bytes:
        """Return what the manifest says of it, which is a leaf of the tree."""
        return canonical({"mode": self.mode, "path": self.path, "sha256": self.sha256, "size": self.size})


@dataclass(frozen=True)
class Origin:
    """Which archive it is, and who froze it, when and with what."""

    name: str
    frozen_at_ms: int
    run: str = ""
    run_id: str = ""
    trace_id: str = ""
    checkpoint: str = ""
    tool: str = ""

    @property
    def line(self) -> bytes:
        """Return the first line of the manifest."""
        return canonical({"format": MANIFEST_FORMAT, **asdict(self)})

    @classmethod
    def of_line(cls, line: bytes) -> Origin:
        """Read the first line back; a ValueError says what is wrong with it."""
        try:
            said: Any = json.loads(line)
        except RecursionError:
            said = None
        if not isinstance(said, dict) or said.pop("format", None) != MANIFEST_FORMAT:
            raise ValueError(f"it is not of format {MANIFEST_FORMAT}; update lumen-sli-action")
        try:
            made = cls(**said)
        except TypeError as fault:
            raise ValueError(f"its first line is not what was agreed: {fault}") from fault
        words = (made.name, made.run, made.run_id, made.trace_id, made.checkpoint, made.tool)
        sound = type(made.frozen_at_ms) is int and all(isinstance(each, str) for each in words)
        if not sound or made.line != line:
            raise ValueError("its first line is not written as it should be")
        return made


@dataclass
class Tally:
    """What the files so far come to; it stays small however many there are."""

    files: int = 0
    content_bytes: int = 0
    _tree: Frontier = field(default_factory=Frontier)
    _lines: Any = field(default_factory=hashlib.sha256)

    def add(self, entry: Entry) -> bytes:
        """Count one more file and return its line."""
        line = entry.line
        self.files += 1
        self.content_bytes += entry.size
        self._tree = self._tree.appended(line)
        self._lines.update(line + b"\n")
        return line

    @property
    def root(self) -> str:
        """Return the RFC 6962 head over the lines."""
        return self._tree.head.hex()

    @property
    def lines_digest(self) -> bytes:
        """Return the hash over all lines as they stand in the manifest."""
        return bytes(self._lines.digest())

    @property
    def line(self) -> bytes:
        """Return the last line of the manifest."""
        return canonical({"bytes": self.content_bytes, "files": self.files, "root": self.root})
