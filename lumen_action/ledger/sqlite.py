"""The embedded ledger: one SQLite file, safe under many processes of one machine."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path

from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.locks import FileLock
from lumen_action.ledger.segments import GENESIS, Header, Segment, as_people_say, chained
from lumen_action.model import Fact, FactKey

SCHEME = "sqlite:"
_BUSY_SECONDS = 30.0

# One entry a schema version; PRAGMA user_version says how many a file has seen. Never edit one that was released.
_MIGRATIONS = (
    """
    CREATE TABLE fact (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        pipeline TEXT NOT NULL,
        run TEXT NOT NULL,
        day TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX fact_pipeline ON fact (pipeline, day);
    CREATE INDEX fact_run ON fact (run);
    CREATE TABLE published (sink TEXT PRIMARY KEY, head INTEGER NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE segment (
        number INTEGER PRIMARY KEY,
        prev_root TEXT NOT NULL,
        n INTEGER NOT NULL,
        root TEXT NOT NULL,
        leaves TEXT NOT NULL
    );
    ALTER TABLE fact ADD COLUMN segment INTEGER;
    ALTER TABLE fact ADD COLUMN place INTEGER;
    CREATE UNIQUE INDEX fact_closed ON fact (segment, place) WHERE segment IS NOT NULL;
    CREATE INDEX fact_open ON fact (day) WHERE segment IS NULL;
    CREATE TABLE note (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE INDEX fact_day ON fact (day);
    """,
)

# So many facts are closed in one transaction: the next writer waits well under a second.
_SEGMENT_FACTS = 10_000

# Write-ahead logging needs memory shared by all writers, which these file systems cannot give.
_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs"}
)


def file_system_of(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds a path, from the text of /proc/mounts."""
    best, kind = "", ""
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:  # noqa: PLR2004 - device, mount point, type
            continue
        point = parts[1].replace("\\040", " ")
        inside = path == Path(point) or Path(point) in path.parents
        if inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind


def _mounts() -> str:
    with suppress(OSError):
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    return ""


class SqliteLedger:
    """Facts in one file; every put is a transaction that has reached the disk when it returns."""

    def __init__(self, path: Path, *, durable: bool, mounts: str | None = None) -> None:
        """Open or create the file and bring its schema up to date."""
        self.path = path.absolute()
        self.url = f"{SCHEME}{path}"
        self.durable = durable
        kind = file_system_of(self.path, _mounts() if mounts is None else mounts)
        if kind in _NETWORK_FILE_SYSTEMS:
            raise ConfigError(
                f"ledger: {path} lies on a network file system ({kind}), where SQLite cannot lock safely; "
                "use a path on a local disk"
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
            # Some builds are content with less in WAL mode; an acknowledged fact has reached the disk.
            self._base.execute("PRAGMA synchronous=FULL")
            self._migrate()
        except (OSError, sqlite3.Error) as fault:
            raise LedgerError(f"ledger {self.url}: cannot open ({fault}); check that its folder is writable") from fault

    def _migrate(self) -> None:
        if self._version() == len(_MIGRATIONS):
            return
        # Two processes may meet a new file at once: switching to WAL takes the file for itself for a moment and
        # does not wait on the busy timeout, so it is done by one of them at a time.
        with FileLock(self.path.with_name(self.path.name + ".setup.lock")).held(_BUSY_SECONDS):
            version = self._version()
            if version > len(_MIGRATIONS):
                raise LedgerError(f"ledger {self.url}: written by a newer version ({version}); update lumen-sli-action")
            self._base.execute("PRAGMA journal_mode=WAL")
            for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
                self._base.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version={number}; COMMIT;")

    def _version(self) -> int:
        return int(self._base.execute("PRAGMA user_version").fetchone()[0])

    def put(self, fact: Fact) -> Put:
        """Keep the fact unless its key is taken; `same` when the stored one states the same."""
        key, body = fact.key.digest, fact.encode()
        with self._asking():
            made = self._base.execute(
                "INSERT INTO fact (key, pipeline, run, day, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (key, fact.pipeline, fact.key.run, fact.day, body),
            ).rowcount
        if made:
            return Put.CREATED
        stored = self.get(key)
        return Put.SAME if stored and stored.statement == Fact.decode(body).statement else Put.CONFLICT

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest."""
        with self._asking():
            row = self._base.execute("SELECT body FROM fact WHERE key = ?", (digest,)).fetchone()
        return self._decoded(row[0]) if row else None

    def head(self) -> int:
        """Return the number of the newest fact; SQLite has one writer at a time, so it follows the commits."""
        with self._asking():
            return int(self._base.execute("SELECT coalesce(max(seq), 0) FROM fact").fetchone()[0])

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day."""
        columns = (("pipeline", pipeline), ("run", run), ("day", day))
        wanted = [(column, value) for column, value in columns if value is not None]
        where = " AND ".join(f"{column} = ?" for column, _ in wanted) or "1"
        with self._asking():
            query = f"SELECT CAST(body AS TEXT) FROM fact WHERE {where}"  # noqa: S608 - the column names are fixed
            yield from self._decoded_all(self._base.execute(query, [value for _, value in wanted]))

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        with self._asking():
            # From one name to the next by the index: DISTINCT would look at every fact.
            names = self._base.execute(
                "WITH RECURSIVE name(it) AS ("
                " SELECT min(pipeline) FROM fact"
                " UNION ALL SELECT (SELECT min(pipeline) FROM fact WHERE pipeline > it) FROM name WHERE it IS NOT NULL"
                ") SELECT it FROM name WHERE it IS NOT NULL"
            )
            return [name for (name,) in names]

    def mark(self) -> str:
        """Return the newest fact's number: SQLite has one writer at a time, so numbers follow the commits."""
        return str(self.head())

    def since(self, mark: str, pipeline: str) -> Iterator[Fact]:
        """Yield the facts of a pipeline with higher numbers."""
        with self._asking():
            query = "SELECT CAST(body AS BLOB) FROM fact NOT INDEXED WHERE seq > ? AND pipeline = ?"
            for (body,) in self._base.execute(query, (int(mark), pipeline)):
                yield self._decoded(body)

    def days(self, pipeline: str) -> list[str]:
        """Return the days of a pipeline's facts in order."""
        with self._asking():
            # From one day to the next, as with names: a year of 500 runs a day has a million facts.
            days = self._base.execute(
                "WITH RECURSIVE named(day) AS ("
                " SELECT min(day) FROM fact WHERE pipeline = :pipeline"
                " UNION ALL SELECT (SELECT min(day) FROM fact WHERE pipeline = :pipeline AND day > named.day)"
                " FROM named WHERE day IS NOT NULL"
                ") SELECT day FROM named WHERE day IS NOT NULL ORDER BY day",
                {"pipeline": pipeline},
            )
            return [day for (day,) in days]

    @contextmanager
    def publishing(self, timeout: float) -> Iterator[None]:
        """Hold the lock of the one publisher; the system lets go of it when a process dies."""
        with FileLock(self.path.with_name(self.path.name + ".publish.lock")).held(timeout):
            yield

    def published_head(self, sink: str) -> int:
        """Return the head that was last published to a sink, 0 if never."""
        with self._asking():
            row = self._base.execute("SELECT head FROM published WHERE sink = ?", (sink,)).fetchone()
        return int(row[0]) if row else 0

    def mark_published(self, sink: str, head: int) -> None:
        """Remember the head that a sink now shows."""
        with self._asking():
            self._base.execute(
                "INSERT INTO published (sink, head) VALUES (?, ?) "
                "ON CONFLICT (sink) DO UPDATE SET head = excluded.head",
                (sink, head),
            )

    def note(self, name: str) -> bytes | None:
        """Return a named value, None when there is none."""
        with self._asking():
            row = self._base.execute("SELECT body FROM note WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write a named value if the present one is `expected`, None for none at all; tell whether it was written."""
        with self._asking():
            if expected is None:
                made = self._base.execute(
                    "INSERT INTO note (name, body) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, body)
                )
            else:
                made = self._base.execute(
                    "UPDATE note SET body = ? WHERE name = ? AND body = ?", (body, name, expected)
                )
        return made.rowcount == 1

    def compact(self, before_day: str) -> int:
        """Close every open fact of days before that day; return how many. Each segment is one transaction."""
        total = 0
        while closed := self._close_segment(before_day):
            total += closed
        return total

    def _close_segment(self, before_day: str) -> int:
        with self._asking(), self._writing():
            rows = self._base.execute(
                "SELECT seq, key, pipeline, run, day, CAST(body AS BLOB) FROM fact "
                "WHERE segment IS NULL AND day < ? ORDER BY day, seq LIMIT ?",
                (before_day, _SEGMENT_FACTS),
            ).fetchall()
            if not rows:
                return 0
            for _, *filed in rows:
                self._confirm_open(*filed)
            last = self._base.execute("SELECT number, root FROM segment ORDER BY number DESC LIMIT 1").fetchone()
            number, root = last or (0, GENESIS)
            header = Segment(number + 1, root, tuple(row[-1] for row in rows)).header
            self._base.execute(
                "INSERT INTO segment (number, prev_root, n, root, leaves) VALUES (?, ?, ?, ?, ?)", astuple(header)
            )
            self._base.executemany(
                "UPDATE fact SET segment = ?, place = ? WHERE seq = ?",
                ((header.number, place, row[0]) for place, row in enumerate(rows)),
            )
        return len(rows)

    def segments(self) -> Iterator[Segment]:
        """Yield the closed facts, oldest segment first; an IntegrityError names the segment and the fact."""
        return self.segments_after(0)

    def segments_after(self, number: int) -> Iterator[Segment]:
        """Yield the segments after that one as `segments` does, without reading those before."""
        with self._asking():
            rows = self._base.execute(
                "SELECT number, prev_root, n, root, leaves FROM segment WHERE number >= ? ORDER BY number", (number,)
            )
            known = [Header(*row) for row in rows]
            lost = self._base.execute(
                "SELECT key FROM fact WHERE segment IS NOT NULL AND segment NOT IN (SELECT number FROM segment)"
            ).fetchone()
        before = known.pop(0) if known and known[0].number == number else None
        yield from chained(map(self._segment, known), number, before.root if before else GENESIS)
        if lost:
            raise IntegrityError(f"ledger {self.url}: fact {lost[0]} claims to be in a segment that is not there")

    def _segment(self, header: Header) -> Segment:
        with self._asking():
            rows = self._base.execute(
                "SELECT key, pipeline, run, day, CAST(body AS BLOB) FROM fact WHERE segment = ? ORDER BY place",
                (header.number,),
            ).fetchall()
        segment = header.around([row[-1] for row in rows], str(header.number))
        for place, (key, *filed) in enumerate(rows):
            if not _filed_rightly(key, *filed):
                where = f"segment {header.number}: fact {place + 1} of {header.n}"
                raise IntegrityError(f"{where} is filed under what it does not say{as_people_say(filed[-1])}")
        return segment

    def open_facts(self) -> Iterator[Fact]:
        """Yield the facts that no segment holds yet."""
        with self._asking():
            rows = self._base.execute(
                "SELECT key, pipeline, run, day, CAST(body AS BLOB) FROM fact WHERE segment IS NULL"
            )
            for row in rows:
                self._confirm_open(*row)
                yield self._decoded(row[-1])

    def _confirm_open(self, key: str, pipeline: str, run: str, day: str, body: bytes) -> None:
        if not _filed_rightly(key, pipeline, run, day, body):
            raise IntegrityError(
                f"ledger {self.url}: the open fact {key} is filed under what it does not say{as_people_say(body)}"
            )

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            # A full disk has rolled back already.
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            raise LedgerError(f"ledger {self.url}: {fault}") from fault

    def _decoded(self, body: bytes) -> Fact:
        return next(self._decoded_all([(body,)]))

    def _decoded_all(self, rows: Iterable[tuple[bytes | str]]) -> Iterator[Fact]:
        decode = Fact.decode  # a ledger of a million facts is read through this loop
        try:
            for (body,) in rows:
                yield decode(body)
        except ValueError as fault:
            raise IntegrityError(
                f"ledger {self.url}: a stored fact cannot be read ({fault}); `lumen ledger verify` names it"
            ) from fault


def _filed_rightly(key: str, pipeline: str, run: str, day: str, body: bytes) -> bool:
    """Tell whether the columns, by which facts are found, agree with what the fact says."""
    try:
        said = json.loads(body)
        digest = FactKey(**said["key"]).digest
        return (digest, said["pipeline"], said["key"]["run"], said["day"]) == (key, pipeline, run, day)
    except (ValueError, KeyError, TypeError):
        return False
