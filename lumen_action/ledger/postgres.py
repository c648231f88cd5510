"""The shared ledger: one PostgreSQL database, safe under any number of machines.

Nothing here trusts the order of a sequence: transactions commit in another order than they number their rows, so a
reader after `max(seq)` passes over facts for ever. The head is a count, and a scan is one statement, so one snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import zip_longest

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put, notes
from lumen_action.ledger.pgmessages import PostgresError, Value
from lumen_action.ledger.pgsessions import STALL_SECONDS, Sessions, lock
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.pgwire import Connection
from lumen_action.ledger.segments import GENESIS, Segment, damaged
from lumen_action.model import Fact

_SETUP_LOCK_SECONDS = 60.0
_COMPACT_LOCK_SECONDS = 60.0
# So many facts make one segment at most: it has to fit into memory, here and wherever it is copied to.
_SEGMENT_FACTS = 10_000

# Names of advisory locks: any numbers that nobody else in this database uses.
_SETUP_LOCK, _PUBLISH_LOCK, _COMPACT_LOCK = (0x6C756D656E00 + number for number in range(3))

_UNDEFINED_TABLE = "42P01"

# One entry a schema version, each a series of statements. Never edit one that was released.
_MIGRATIONS = (
    (
        """CREATE TABLE lumen_fact (
            key text COLLATE "C" PRIMARY KEY,
            pipeline text COLLATE "C" NOT NULL,
            run text COLLATE "C" NOT NULL,
            day text COLLATE "C" NOT NULL,
            body bytea NOT NULL,
            segment int8
        )""",
        "CREATE INDEX lumen_fact_pipeline ON lumen_fact (pipeline, day)",
        "CREATE INDEX lumen_fact_run ON lumen_fact (run)",
        "CREATE INDEX lumen_fact_open ON lumen_fact (day) WHERE segment IS NULL",
        "CREATE INDEX lumen_fact_segment ON lumen_fact (segment, key) WHERE segment IS NOT NULL",
        """CREATE TABLE lumen_segment (
            number int8 PRIMARY KEY,
            root text NOT NULL,
            size int8 NOT NULL,
            data bytea NOT NULL
        )""",
        'CREATE TABLE lumen_note (name text COLLATE "C" PRIMARY KEY, body bytea NOT NULL)',
    ),
)

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
        return _number(self._sessions.ask(_HEAD)[0][0])

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day, as they stood at one moment."""
        columns = (("pipeline", pipeline), ("run", run), ("day", day))
        wanted = [(column, value) for column, value in columns if value is not None]
        where = " AND ".join(f"{column} = ${place}" for place, (column, _) in enumerate(wanted, start=1)) or "true"
        statement = f"SELECT body FROM lumen_fact WHERE {where}"  # noqa: S608 - the column names are fixed
        for row in self._sessions.streamed(statement, *(value for _, value in wanted)):
            yield self._decoded(_bytes(row[0]))

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        return [str(name) for (name,) in self._sessions.ask(_PIPELINES)]

    # ---- notes and publishing ------------------------------------------------------------------------------------

    def note(self, name: str) -> bytes | None:
        """Return a named value, None when there is none."""
        rows = self._sessions.ask("SELECT body FROM lumen_note WHERE name = $1", name)
        return _bytes(rows[0][0]) if rows else None

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
        return self._sessions.held(_PUBLISH_LOCK, timeout)

    def published_head(self, sink: str) -> int:
        """Return the head that was last published to a sink, 0 if never."""
        return notes.published_head(self, sink)

    def mark_published(self, sink: str, head: int) -> None:
        """Remember the head that a sink now shows."""
        notes.mark_published(self, sink, head)

    # ---- segments ------------------------------------------------------------------------------------------------

    def segments(self) -> Iterator[Segment]:
        """Yield the closed segments, oldest first, each compared with the chain and with the facts that scans read."""
        number, root = 0, GENESIS
        while rows := self._sessions.ask(
            "SELECT number, data FROM lumen_segment WHERE number > $1 ORDER BY number LIMIT 1", number
        ):
            number += 1
            name = f"{number} of {self.url}"
            if rows[0][0] != number:
                raise IntegrityError(f"segment {name}: it is missing")
            segment = Segment.decode(_bytes(rows[0][1]), name)
            if (segment.number, segment.prev_root) != (number, root):
                raise IntegrityError(f"segment {name}: it does not continue the one before it")
            self._compare(segment, name)
            root = segment.root
            yield segment

    def _compare(self, segment: Segment, name: str) -> None:
        statement = "SELECT body FROM lumen_fact WHERE segment = $1 ORDER BY key"
        kept = (_bytes(row[0]) for row in self._sessions.streamed(statement, segment.number))
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
            lock(connection, _COMPACT_LOCK, _COMPACT_LOCK_SECONDS)
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
        version = self._sessions.patiently(_version)
        if version > len(_MIGRATIONS):
            raise LedgerError(f"ledger {self.url}: written by a newer version ({version}); update lumen-sli-action")
        if version < len(_MIGRATIONS):
            self._sessions.patiently(_bring_up_to_date, more_seconds=_SETUP_LOCK_SECONDS)

    def _decoded(self, body: bytes) -> Fact:
        try:
            return Fact.decode(body)
        except ValueError as fault:
            raise IntegrityError(f"ledger {self.url}: a stored fact cannot be read ({fault})") from fault


def _version(connection: Connection) -> int:
    """Return the version of the tables, 0 when there are none."""
    try:
        return _number(connection.query("SELECT version FROM lumen_schema").values[0][0])
    except PostgresError as fault:
        if fault.sqlstate != _UNDEFINED_TABLE:
            raise
        return 0


def _bring_up_to_date(connection: Connection) -> None:
    lock(connection, _SETUP_LOCK, _SETUP_LOCK_SECONDS)
    if not connection.query("SELECT to_regclass('lumen_schema') IS NOT NULL").values[0][0]:
        connection.query("CREATE TABLE lumen_schema (version int8 NOT NULL)")
        connection.query("INSERT INTO lumen_schema (version) VALUES (0)")
    version = _number(connection.query("SELECT version FROM lumen_schema").values[0][0])
    for number, statements in enumerate(_MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            connection.query(statement)
        connection.query("UPDATE lumen_schema SET version = $1", number)
    connection.query("COMMIT")


def _next_segment(connection: Connection, before_day: str) -> Segment | None:
    """Close what is open into one more segment; each statement begins after the lock was won, so it sees the last."""
    last = connection.query("SELECT number, root FROM lumen_segment ORDER BY number DESC LIMIT 1").values
    number, root = (_number(last[0][0]) + 1, str(last[0][1])) if last else (1, GENESIS)
    rows = connection.query(_CLOSE, before_day, _SEGMENT_FACTS, number).values
    if not rows:
        return None
    segment = Segment(number, root, tuple(_bytes(body) for _, body in sorted(rows, key=lambda row: str(row[0]))))
    keep = "INSERT INTO lumen_segment (number, root, size, data) VALUES ($1, $2, $3, $4)"
    connection.query(keep, number, segment.root, len(rows), segment.encode())
    return segment


def _stands(connection: Connection, segment: Segment) -> bool:
    found = connection.query("SELECT root FROM lumen_segment WHERE number = $1", segment.number).values
    return found == [(segment.root,)]


def _body(connection: Connection, key: str) -> bytes | None:
    rows = connection.query("SELECT body FROM lumen_fact WHERE key = $1", key).values
    return _bytes(rows[0][0]) if rows else None


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise IntegrityError("a stored body is missing")
    return value


def _number(value: Value) -> int:
    if not isinstance(value, int):
        raise IntegrityError("a stored number is missing")
    return value
