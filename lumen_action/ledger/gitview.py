"""What a machine has read of a branch's segments, in a form that answers questions; it can always be rebuilt."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.ledger.segments import GENESIS, Segment
from lumen_action.model import Fact

_BUSY_SECONDS = 30.0
_SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS segment (
    number INTEGER PRIMARY KEY, blob TEXT NOT NULL, root TEXT NOT NULL, total INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS fact (
    key TEXT PRIMARY KEY, segment INTEGER NOT NULL, pipeline TEXT NOT NULL, run TEXT NOT NULL, day TEXT NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fact_pipeline ON fact (pipeline, day);
"""


class ClosedFacts:
    """The facts of the segments read so far, up to the one we look at: other processes may read on meanwhile.

    It is changed under the clone's lock only.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        self._path = path
        with self._asking():
            self._base = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._base.executescript(_SCHEMA)
        self.number = max(self.blobs(), default=0)

    def blobs(self) -> dict[int, str]:
        """Return the blob id of every segment that anybody on this machine has read."""
        with self._asking():
            return dict(self._base.execute("SELECT number, blob FROM segment"))

    def root_of(self, number: int) -> str:
        """Return the root of a segment that was read, for 0 that of nothing."""
        return str(self._of_segment("root", number, GENESIS))

    def count(self) -> int:
        """Return the number of facts."""
        return int(self._of_segment("total", self.number, 0))

    def add(self, segment: Segment, blob: str) -> None:
        """Take in the next segment; the first account of an event stays."""
        facts = [(decoded(body, f"segment {segment.number}"), body) for body in segment.facts]
        rows = [(fact.key.digest, segment.number, fact.pipeline, fact.key.run, fact.day, body) for fact, body in facts]
        before = int(self._of_segment("total", segment.number - 1, 0))
        with self._asking(), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            new = self._base.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)
            row = (segment.number, blob, segment.root, before + new.rowcount)
            self._base.execute("INSERT INTO segment VALUES (?, ?, ?, ?)", row)

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest."""
        with self._asking():
            query = "SELECT body FROM fact WHERE key = ? AND segment <= ?"
            row = self._base.execute(query, (digest, self.number)).fetchone()
        return decoded(row[0], str(self._path)) if row else None

    def scan(self, wanted: dict[str, str]) -> Iterator[Fact]:
        """Yield the facts whose pipeline, run and day are as wanted."""
        where = "".join(f" AND {column} = ?" for column in wanted)
        with self._asking():
            query = f"SELECT body FROM fact WHERE segment <= ?{where}"  # noqa: S608 - the column names are fixed
            for (body,) in self._base.execute(query, [self.number, *wanted.values()]):
                yield decoded(body, str(self._path))

    def pipelines(self) -> set[str]:
        """Return the names of all pipelines."""
        with self._asking():
            query = "SELECT DISTINCT pipeline FROM fact WHERE segment <= ?"
            return {name for (name,) in self._base.execute(query, (self.number,))}

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _of_segment(self, column: str, number: int, otherwise: str | int) -> str | int:
        with self._asking():
            query = f"SELECT {column} FROM segment WHERE number = ?"  # noqa: S608 - the column names are fixed
            row = self._base.execute(query, (number,)).fetchone()
        found: str | int = row[0] if row else otherwise
        return found

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            raise LedgerError(f"{self._path}: {fault}; it is a copy of the branch and may be removed") from fault


def decoded(body: bytes, where: str) -> Fact:
    """Read a fact back; an IntegrityError says where one lies that cannot be read."""
    try:
        return Fact.decode(body)
    except ValueError as fault:
        raise IntegrityError(f"{where}: a fact cannot be read ({fault})") from fault
