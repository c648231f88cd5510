"""The tables of the ledger in PostgreSQL, and how those of an earlier version become those of this one."""

from __future__ import annotations

from lumen_action.errors import IntegrityError
from lumen_action.ledger.pgmessages import PostgresError, Value
from lumen_action.ledger.pgsessions import lock
from lumen_action.ledger.pgwire import Connection

SETUP_LOCK_SECONDS = 60.0

# Names of advisory locks: any numbers that nobody else in this database uses.
SETUP_LOCK, PUBLISH_LOCK, COMPACT_LOCK = (0x6C756D656E00 + number for number in range(3))

_UNDEFINED_TABLE = "42P01"

# One entry a schema version, each a series of statements. Never edit one that was released.
MIGRATIONS = (
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
    (
        # Which transaction wrote a row. Those that are there have none, and need none: the table is ours alone for
        # this moment, so they were committed before any mark that is made from now on.
        "ALTER TABLE lumen_fact ADD COLUMN transaction_id int8",
        # A default, so that also a writer of an earlier version, which knows no such column, tells its own.
        "ALTER TABLE lumen_fact ALTER COLUMN transaction_id SET DEFAULT txid_current()",
        "CREATE INDEX lumen_fact_day ON lumen_fact (day)",
        "CREATE INDEX lumen_fact_since ON lumen_fact (pipeline, transaction_id) WHERE transaction_id IS NOT NULL",
    ),
)


def version_of(connection: Connection) -> int:
    """Return the version of the tables, 0 when there are none."""
    try:
        return number_of(connection.query("SELECT version FROM lumen_schema").values[0][0])
    except PostgresError as fault:
        if fault.sqlstate != _UNDEFINED_TABLE:
            raise
        return 0


def bring_up_to_date(connection: Connection) -> None:
    """Do, in one transaction, what was not done yet; whoever waits for the lock finds it done."""
    lock(connection, SETUP_LOCK, SETUP_LOCK_SECONDS)
    if not connection.query("SELECT to_regclass('lumen_schema') IS NOT NULL").values[0][0]:
        connection.query("CREATE TABLE lumen_schema (version int8 NOT NULL)")
        connection.query("INSERT INTO lumen_schema (version) VALUES (0)")
    version = number_of(connection.query("SELECT version FROM lumen_schema").values[0][0])
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            connection.query(statement)
        connection.query("UPDATE lumen_schema SET version = $1", number)
    connection.query("COMMIT")


def bytes_of(value: Value) -> bytes:
    """Return what must be bytes."""
    if not isinstance(value, bytes):
        raise IntegrityError("a stored body is missing")
    return value


def number_of(value: Value) -> int:
    """Return what must be a number."""
    if not isinstance(value, int):
        raise IntegrityError("a stored number is missing")
    return value
