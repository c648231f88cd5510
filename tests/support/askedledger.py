"""A ledger that tells which days were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact


class Asked(SqliteLedger):
    """A ledger that remembers which days were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "ledger.db", durable=True)
        self.days_read: list[str | None] = []

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        self.days_read.append(day)
        return super().scan(pipeline=pipeline, run=run, day=day)
