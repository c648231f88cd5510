"""What a machine has read of a branch's segments, in a form that answers questions; it can always be rebuilt."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.ledger.segments import GENESIS, Segment
from lumen_action.model import Fact

_BUSY_SECONDS = 30.0
# Facts are numbered in the order of the segments, so that those of the first segments are the first numbers. The keys
# of a million facts fit into the memory that is allowed for pages; it is what makes the first reading quick.
_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
PRAGMA cache_size=-65536;
CREATE TABLE IF NOT EXISTS segment (
    number INTEGER PRIMARY KEY, blob TEXT NOT NULL, root TEXT NOT NULL, total INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS fact (
    seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, pipeline TEXT NOT NULL, run TEXT NOT NULL, day TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS fact_pipeline ON fact (pipeline, day);
CREATE INDEX IF NOT EXISTS fact_run ON fact (run);
CREATE INDEX IF NOT EXISTS fact_day ON fact (day);
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
        self.look_at(max(self.blobs(), default=0))

    def look_at(self, number: int) -> None:
        """Look at the facts up to a segment that was read."""
        self.number = number
        self.count = self._total(number)
        """How many facts that are."""

    def blobs(self) -> dict[int, str]:
        """Return the blob id of every segment that anybody on this machine has read."""
        with self._asking():
            return dict(self._base.execute("SELECT number, blob FROM segment"))

    def root_of(self, number: int) -> str:
        """Return the root of a segment that was read, for 0 that of nothing; empty for one that was not."""
        return str(self._of_segment("root", number)) if number else GENESIS

    def take(self, segments: Sequence[tuple[Segment, str]]) -> None:
        """Take in the next segments with their blob ids, all or none; the first account of an event stays."""
        with self._asking(), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            for segment, blob in segments:
                facts = ((decoded(body, f"segment {segment.number}"), body) for body in segment.facts)
                rows = (
                    (bytes.fromhex(fact.key.digest), fact.pipeline, fact.key.run, fact.day, body)
                    for fact, body in facts
                )
                new = self._base.executemany(
                    "INSERT INTO fact (key, pipeline, run, day, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    rows,
                ).rowcount
                row = (segment.number, blob, segment.root, self._total(segment.number - 1) + new)
                self._base.execute("INSERT INTO segment VALUES (?, ?, ?, ?)", row)

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest."""
        with self._asking():
            query = "SELECT body FROM fact WHERE key = ? AND seq <= ?"
            row = self._base.execute(query, (bytes.fromhex(digest), self.count)).fetchone()
        return decoded(row[0], str(self._path)) if row else None

    def scan(self, wanted: Mapping[str, str], *, after: int = 0) -> Iterator[Fact]:
        """Yield the facts of the segments behind a number whose pipeline, run and day are as wanted."""
        # What is new is found by its number: an index on the rest would lead through all that is old.
        index = "NOT INDEXED" if after else ""
        where = "".join(f" AND {column} = ?" for column in wanted)
        with self._asking():
            query = f"SELECT body FROM fact {index} WHERE seq > ? AND seq <= ?{where}"  # noqa: S608 - all of it is fixed
            for (body,) in self._base.execute(query, [self._total(after), self.count, *wanted.values()]):
                yield decoded(body, str(self._path))

    def pipelines(self) -> set[str]:
        """Return the names of all pipelines."""
        return self._distinct("SELECT DISTINCT pipeline FROM fact WHERE seq <= ?")

    def days(self, pipeline: str) -> set[str]:
        """Return the days of a pipeline's facts."""
        return self._distinct("SELECT DISTINCT day FROM fact WHERE seq <= ? AND pipeline = ?", pipeline)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _distinct(self, query: str, *values: str) -> set[str]:
        with self._asking():
            return {name for (name,) in self._base.execute(query, (self.count, *values))}

    def _total(self, number: int) -> int:
        """Return how many facts the segments up to a number hold."""
        return int(self._of_segment("total", number) or 0)

    def _of_segment(self, column: str, number: int) -> str | int:
        with self._asking():
            query = f"SELECT {column} FROM segment WHERE number = ?"  # noqa: S608 - the column names are fixed
            row = self._base.execute(query, (number,)).fetchone()
        found: str | int = row[0] if row else ""
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
