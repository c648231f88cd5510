"""The shared ledger: one PostgreSQL database, safe under any number of machines.

Nothing here trusts the order of a sequence: transactions commit in another order than they number their rows, so a
reader after `max(seq)` passes over facts for ever. The head is a count, and a scan is one statement, so one snapshot.
Every row names the transaction that wrote it, and a mark is the oldest transaction that was not over: whatever could
not be read when the mark was made was written by that one or a later one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import zip_longest

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put, notes
from lumen_action.ledger.pgmessages import PostgresError
from lumen_action.ledger.pgschema import (
    COMPACT_LOCK,
    MIGRATIONS,
    PUBLISH_LOCK,
    SETUP_LOCK_SECONDS,
    bring_up_to_date,
    bytes_of,
    number_of,
    version_of,
)
from lumen_action.ledger.pgsessions import STALL_SECONDS, Sessions, lock
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.pgwire import Connection
from lumen_action.ledger.segments import GENESIS, Segment, as_people_say, chained, damaged
from lumen_action.model import Fact

_COMPACT_LOCK_SECONDS = 60.0
# So many facts make one segment at most: it has to fit into memory, here and wherever it is copied to.
_SEGMENT_FACTS = 10_000

_INSERT = (
    "INSERT INTO lumen_fact (key, pipeline, run, day, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO NOTHING"
)
_HEAD = (
    "SELECT (SELECT coalesce(sum(size), 0)::int8 FROM lumen_segment)"
    " + (SELECT count(*) FROM lumen_fact WHERE segment IS NULL)"
)
# From one name to the next by the index: a DISTINCT would read every fact.
_PIPELINES = """
    WITH RECURSIVE found (pipeline) AS (
        (SELECT pipeline FROM lumen_fact ORDER BY pipeline LIMIT 1)
        UNION ALL
        SELECT (SELECT f.pipeline FROM lumen_fact f WHERE f.pipeline > found.pipeline ORDER BY f.pipeline LIMIT 1)
        FROM found WHERE found.pipeline IS NOT NULL
    )
    SELECT pipeline FROM found WHERE pipeline IS NOT NULL
"""
# The same for the days of one pipeline.
_DAYS = """
    WITH RECURSIVE found (day) AS (
        (SELECT day FROM lumen_fact WHERE pipeline = $1 ORDER BY day LIMIT 1)
        UNION ALL
        SELECT (SELECT f.day FROM lumen_fact f WHERE f.pipeline = $1 AND f.day > found.day ORDER BY f.day LIMIT 1)
        FROM found WHERE found.day IS NOT NULL
    )
    SELECT day FROM found WHERE day IS NOT NULL
"""
_MARK = "SELECT txid_snapshot_xmin(txid_current_snapshot())"
_SINCE = "SELECT body FROM lumen_fact WHERE pipeline = $1 AND transaction_id >= $2"
_OPEN = "SELECT key, pipeline, run, day, body FROM lumen_fact WHERE segment IS NULL"
_CLOSE = """
    WITH chosen AS (SELECT key FROM lumen_fact WHERE segment IS NULL AND day < $1 ORDER BY day, key LIMIT $2)
    UPDATE lumen_fact SET segment = $3 FROM chosen WHERE lumen_fact.key = chosen.key
    RETURNING lumen_fact.key, lumen_fact.body
"""


class PostgresLedger:
    """Facts in one table; every put is a transaction that the server has made durable when it returns."""

    def __init__(
        self, target: Target, *, durable: bool = True, patience_seconds: float = 20.0, timing: Timing | None = None
    ) -> None:
        """Connect and bring the tables up to date; what is broken is tried again until the patience ends."""
        self.url = target.url
        self.durable = durable
        self._sessions = Sessions(target, patience_seconds=patience_seconds, timing=timing or Timing())
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    # ---- facts ---------------------------------------------------------------------------------------------------

    def put(self, fact: Fact) -> Put:
        """Keep the fact unless its key is taken; `same` when the stored one states the same."""
        key, body = fact.key.digest, fact.encode()

        def work(connection: Connection) -> bytes | None:
            if connection.query(_INSERT, key, fact.pipeline, fact.key.run, fact.day, body).touched:
                return None
            stored = _body(connection, key)
            if stored is None:
                raise PostgresError("a fact was removed while it was compared", passing=True)
            return stored

        stored = self._sessions.patiently(work)
        if stored is None:
            return Put.CREATED
        same = self._decoded(stored).statement == Fact.decode(body).statement
        return Put.SAME if same else Put.CONFLICT

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest."""
        body = self._sessions.patiently(lambda connection: _body(connection, digest))
        return None if body is None else self._decoded(body)

    def head(self) -> int:
        """Return the number of facts: what commits later makes it grow, whatever the order."""
        return number_of(self._sessions.ask(_HEAD)[0][0])

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day, as they stood at one moment."""
        columns = (("pipeline", pipeline), ("run", run), ("day", day))
        wanted = [(column, value) for column, value in columns if value is not None]
        where = " AND ".join(f"{column} = ${place}" for place, (column, _) in enumerate(wanted, start=1)) or "true"
        statement = f"SELECT body FROM lumen_fact WHERE {where}"  # noqa: S608 - the column names are fixed
        for row in self._sessions.streamed(statement, *(value for _, value in wanted)):
            yield self._decoded(bytes_of(row[0]))

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        return [str(name) for (name,) in self._sessions.ask(_PIPELINES)]

    # ---- what came after a moment --------------------------------------------------------------------------------

    def mark(self) -> str:
        """Return the oldest transaction that is not over: `since` yields every fact that cannot be read yet."""
        return str(number_of(self._sessions.ask(_MARK)[0][0]))

    def since(self, mark: str, pipeline: str) -> Iterator[Fact]:
        """Yield the facts of a pipeline that came after a mark, perhaps with some that came before."""
        oldest = int(mark)
        if int(self.mark()) < oldest:
            # Transactions are counted anew, as after a dump was restored on another server.
            yield from self.scan(pipeline=pipeline)
            return
        for row in self._sessions.streamed(_SINCE, pipeline, oldest):
            yield self._decoded(bytes_of(row[0]))

    def days(self, pipeline: str) -> list[str]:
        """Return the days of a pipeline's facts in order."""
        return [str(day) for (day,) in self._sessions.ask(_DAYS, pipeline)]

    # ---- notes and publishing ------------------------------------------------------------------------------------

    def note(self, name: str) -> bytes | None:
        """Return a named value, None when there is none."""
        rows = self._sessions.ask("SELECT body FROM lumen_note WHERE name = $1", name)
        return bytes_of(rows[0][0]) if rows else None

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write a named value if the present one is `expected`; tell whether it was written."""
        tries = 0

        def work(connection: Connection) -> bool:
            nonlocal tries
            tries += 1
            if expected is None:
                add = "INSERT INTO lumen_note (name, body) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"
                written = connection.query(add, name, body).touched
            else:
                change = "UPDATE lumen_note SET body = $2 WHERE name = $1 AND body = $3"
                written = connection.query(change, name, body, expected).touched
            if written or tries == 1:
                return bool(written)
            # The answer to an earlier try was lost; that try may be what stands there.
            rows = connection.query("SELECT body FROM lumen_note WHERE name = $1", name).values
            return bool(rows) and rows[0][0] == body

        return self._sessions.patiently(work)

    def publishing(self, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock of the one publisher; the server lets go of it when a connection dies."""
        return self._sessions.held(PUBLISH_LOCK, timeout)

    def published_head(self, sink: str) -> int:
        """Return the head that was last published to a sink, 0 if never."""
        return notes.published_head(self, sink)

    def mark_published(self, sink: str, head: int) -> None:
        """Remember the head that a sink now shows."""
        notes.mark_published(self, sink, head)

    # ---- segments ------------------------------------------------------------------------------------------------

    def segments(self) -> Iterator[Segment]:
        """Yield the closed segments, oldest first, each compared with the chain and with the facts that scans read."""
        return self.segments_after(0)

    def segments_after(self, number: int) -> Iterator[Segment]:
        """Yield the segments after that one as `segments` does, without reading those before."""
        before = self._sessions.ask("SELECT root FROM lumen_segment WHERE number = $1", number)
        return chained(self._later_than(number), number, str(before[0][0]) if before else GENESIS)

    def _later_than(self, number: int) -> Iterator[Segment]:
        following = "SELECT number, data FROM lumen_segment WHERE number > $1 ORDER BY number LIMIT 1"
        while rows := self._sessions.ask(following, number):
            number = number_of(rows[0][0])
            name = f"{number} of {self.url}"
            segment = Segment.decode(bytes_of(rows[0][1]), name)
            if segment.number != number:
                raise IntegrityError(f"segment {name}: it is segment {segment.number} under another number")
            self._compare(segment, name)
            yield segment

    def open_facts(self) -> Iterator[Fact]:
        """Yield the facts that no segment holds yet; an IntegrityError names one that would be found wrongly."""
        for *filed, body in self._sessions.streamed(_OPEN):
            fact = self._decoded(bytes_of(body))
            if filed != [fact.key.digest, fact.pipeline, fact.key.run, fact.day]:
                raise IntegrityError(
                    f"ledger {self.url}: the open fact {filed[0]!s} is filed under what it does not say"
                    f"{as_people_say(bytes_of(body))}"
                )
            yield fact

    def _compare(self, segment: Segment, name: str) -> None:
        statement = "SELECT body FROM lumen_fact WHERE segment = $1 ORDER BY key"
        kept = (bytes_of(row[0]) for row in self._sessions.streamed(statement, segment.number))
        for place, (closed, found) in enumerate(zip_longest(segment.facts, kept)):
            if closed is None:
                raise IntegrityError(f"segment {name}: the table lumen_fact counts more facts to it than were closed")
            if closed != found:
                raise damaged(name, place, len(segment.facts), segment.facts)

    def compact(self, before_day: str) -> int:
        """Close every open fact of days before that day into segments; return how many were closed."""
        total = 0
        while True:
            closed = self._close_some(before_day)
            total += closed
            if closed < _SEGMENT_FACTS:
                return total

    def _close_some(self, before_day: str) -> int:
        closed: Segment | None = None

        def work(connection: Connection) -> int:
            nonlocal closed
            lock(connection, COMPACT_LOCK, _COMPACT_LOCK_SECONDS)
            # When the answer to an earlier try was lost, what that try closed may stand.
            if closed is None or not _stands(connection, closed):
                closed = _next_segment(connection, before_day)
            connection.query("COMMIT")
            return len(closed.facts) if closed else 0

        return self._sessions.patiently(work, more_seconds=_COMPACT_LOCK_SECONDS + STALL_SECONDS)

    def close(self) -> None:
        """Let go of the connections."""
        self._sessions.close()

    def _migrate(self) -> None:
        version = self._sessions.patiently(version_of)
        if version > len(MIGRATIONS):
            raise LedgerError(f"ledger {self.url}: written by a newer version ({version}); update lumen-sli-action")
        if version < len(MIGRATIONS):
            self._sessions.patiently(bring_up_to_date, more_seconds=SETUP_LOCK_SECONDS)

    def _decoded(self, body: bytes) -> Fact:
        try:
            return Fact.decode(body)
        except ValueError as fault:
            raise IntegrityError(f"ledger {self.url}: a stored fact cannot be read ({fault})") from fault


def _next_segment(connection: Connection, before_day: str) -> Segment | None:
    """Close what is open into one more segment; each statement begins after the lock was won, so it sees the last."""
    last = connection.query("SELECT number, root FROM lumen_segment ORDER BY number DESC LIMIT 1").values
    number, root = (number_of(last[0][0]) + 1, str(last[0][1])) if last else (1, GENESIS)
    rows = connection.query(_CLOSE, before_day, _SEGMENT_FACTS, number).values
    if not rows:
        return None
    segment = Segment(number, root, tuple(bytes_of(body) for _, body in sorted(rows, key=lambda row: str(row[0]))))
    keep = "INSERT INTO lumen_segment (number, root, size, data) VALUES ($1, $2, $3, $4)"
    connection.query(keep, number, segment.root, len(rows), segment.encode())
    return segment


def _stands(connection: Connection, segment: Segment) -> bool:
    found = connection.query("SELECT root FROM lumen_segment WHERE number = $1", segment.number).values
    return found == [(segment.root,)]


def _body(connection: Connection, key: str) -> bytes | None:
    rows = connection.query("SELECT body FROM lumen_fact WHERE key = $1", key).values
    return bytes_of(rows[0][0]) if rows else None
