"""Notes of publishers, in memory instead of a ledger."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Notebook:
    """Keeps notes as a ledger does; `rival` writes between a read and the write that follows."""

    kept: dict[str, bytes] = field(default_factory=dict)
    rival: bytes | None = None

    def note(self, name: str) -> bytes | None:
        found = self.kept.get(name)
        if self.rival:
            self.kept[name], self.rival = self.rival, None
        return found

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        if self.kept.get(name) != expected:
            return False
        self.kept[name] = body
        return True
