"""Connections to one database, kept for the next question, opened again when they broke, and asked with patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from lumen_action.errors import LedgerError
from lumen_action.http import Timing
from lumen_action.ledger.pgmessages import PostgresError, Value
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.pgwire import Connection

Answer = TypeVar("Answer")

# A scan or a compaction makes the server think before it says the first word.
STALL_SECONDS = 120.0
# A pause on a busy machine may take longer than asked; a try without time would hide what the one before it found.
_LEAST_SECONDS = 0.5
_PAUSES = {"first": 0.1, "longest": 5.0}
_LOCK_NOT_FREE = "55P03"
_ADVICE = {
    "3D000": "create the database, or name another",
    "42501": "grant this role SELECT, INSERT and UPDATE on the tables lumen_…, and CREATE on the schema at first use; "
    "tables of an earlier version are brought up to date by the role that owns them",
    "25006": "this server only reads; name the primary",
}


class Sessions:
    """The connections of one ledger; two questions at once, such as a put during a scan, have one each."""

    def __init__(self, target: Target, *, patience_seconds: float, timing: Timing) -> None:
        """Open nothing yet."""
        self._target = target
        self._patience_seconds = patience_seconds
        self._timing = timing
        self._idle: list[Connection] = []

    def close(self) -> None:
        """Let go of every connection that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def ask(self, statement: str, *values: str | bytes | int) -> list[tuple[Value, ...]]:
        """Return the rows of one statement that may be repeated."""
        return self.patiently(lambda connection: connection.query(statement, *values).values)

    def streamed(self, statement: str, *values: str | bytes | int) -> Iterator[tuple[Value, ...]]:
        """Yield rows as they come, over a connection of their own; only what fails before the first is repeated."""

        def start(connection: Connection) -> tuple[tuple[Value, ...] | None, Iterator[tuple[Value, ...]]]:
            rows = connection.stream(statement, *values, stall_seconds=STALL_SECONDS)
            return next(rows, None), rows

        connection, (row, rows) = self._tried(start, STALL_SECONDS)
        ended = False
        try:
            while row is not None:
                yield row
                row = next(rows, None)
            ended = True
        except PostgresError as fault:
            raise self._told(fault) from fault
        finally:
            if not ended:
                connection.close()
        self._idle.append(connection)

    @contextmanager
    def held(self, name: int, timeout: float) -> Iterator[None]:
        """Hold an advisory lock by an open transaction, which also works through a pooler of transactions."""
        connection, _ = self._tried(lambda fresh: lock(fresh, name, timeout), timeout)
        try:
            yield
        finally:
            with suppress(PostgresError):
                connection.allow(self._patience_seconds)
                connection.query("COMMIT")
                self._idle.append(connection)

    def patiently(self, work: Callable[[Connection], Answer], *, more_seconds: float = 0.0) -> Answer:
        """Do a piece of work that may be repeated, and keep its connection for the next."""
        connection, answer = self._tried(work, more_seconds)
        self._idle.append(connection)
        return answer

    def _tried(self, work: Callable[[Connection], Answer], more_seconds: float) -> tuple[Connection, Answer]:
        """Repeat work over fresh connections until it is done or the patience ends; hand over the connection."""
        timing = self._timing
        give_up_at = timing.clock() + self._patience_seconds + more_seconds
        tries = 0
        while True:
            tries += 1
            try:
                return self._once(work, max(_LEAST_SECONDS, give_up_at - timing.clock()))
            except PostgresError as fault:
                # What broke one connection, such as a restart, has broken the idle ones, too.
                self.close()
                pause = timing.pause(tries, **_PAUSES)
                if not fault.passing:
                    raise self._told(fault) from fault
                if timing.clock() + pause >= give_up_at:
                    raise self._told(fault, f" ({tries} {'try' if tries == 1 else 'tries'})") from fault
            timing.sleep(pause)

    def _once(self, work: Callable[[Connection], Answer], seconds: float) -> tuple[Connection, Answer]:
        connection = self._connection(seconds)
        try:
            return connection, work(connection)
        except BaseException:
            connection.close()  # whatever it was in the middle of, the server rolls back
            raise

    def _connection(self, seconds: float) -> Connection:
        try:
            connection = self._idle.pop()
        except IndexError:
            return Connection(self._target, timeout_seconds=seconds, clock=self._timing.clock)
        connection.allow(seconds)
        return connection

    def _told(self, fault: PostgresError, tries: str = "") -> LedgerError:
        advice = _ADVICE.get(fault.sqlstate, "")
        return LedgerError(f"ledger {self._target.url}: {fault}{tries}{'; ' if advice else ''}{advice}")


def lock(connection: Connection, name: int, timeout: float) -> None:
    """Begin a transaction that holds an advisory lock to its end."""
    connection.query("BEGIN ISOLATION LEVEL READ COMMITTED")
    # Waiting for the lock and doing nothing while it is held are what we want here, whatever the role's limits.
    connection.query(
        "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true), "
        "set_config('idle_in_transaction_session_timeout', '0', true)",
        f"{max(1, int(timeout * 1000))}ms",
    )
    try:
        connection.query("SELECT pg_advisory_xact_lock($1) IS NULL", name)
    except PostgresError as fault:
        if fault.sqlstate != _LOCK_NOT_FREE:
            raise
        raise LedgerError(f"the ledger's lock was held by another process for {timeout:.0f} s") from fault
