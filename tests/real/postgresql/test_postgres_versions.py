"""A PostgreSQL ledger of an older or newer version of its tables."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import postgres
import pytest
import servers
from facts import fact
from pgledgers import Open, refusal, write_later

from lumen_action.errors import LedgerError
from lumen_action.ledger import Put, pgschema
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.postgres import PostgresLedger


def first_version(server: postgres.Postgres) -> Target:
    """Make a ledger as the first version left it, with one fact."""
    target = server.target(server.database())
    for statement in pgschema.MIGRATIONS[0]:
        server.run(statement, database=target.database)
    server.run("CREATE TABLE lumen_schema (version int8 NOT NULL)", database=target.database)
    server.run("INSERT INTO lumen_schema VALUES (1)", database=target.database)
    slow = write_later(target, fact("old"))
    slow.query("COMMIT")
    slow.close()
    return target


def test_many_that_meet_a_ledger_of_the_first_version_bring_it_up_to_date_once(
    server: postgres.Postgres, opened: Open
) -> None:
    target = first_version(server)
    late = write_later(target, fact("late"))  # by a writer of the first version, who is still at it
    everyone = threading.Barrier(8)

    def meet(number: int) -> Put:
        everyone.wait(60)
        return opened(target, patience_seconds=60).put(fact("new", run=str(number)))

    with ThreadPoolExecutor(8) as pool:
        meeting = [pool.submit(meet, number) for number in range(8)]
        servers.wait_until(
            "one waits for the table",
            lambda: bool(server.run("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'")),
        )
        late.query("COMMIT")
        late.close()
        assert [each.result() for each in meeting] == [Put.CREATED] * 8
    ledger = opened(target)
    assert server.run("SELECT version FROM lumen_schema", database=target.database) == [(2,)]
    assert sorted(item.key.stage for item in ledger.scan()) == sorted(["late", "old", *["new"] * 8])
    assert ledger.head() == 10


def test_a_writer_of_the_first_version_is_heard_after_the_ledger_was_brought_up_to_date(
    server: postgres.Postgres, opened: Open
) -> None:
    target = first_version(server)
    ledger = opened(target)
    mark = ledger.mark()
    late = write_later(target, fact("late"))
    late.query("COMMIT")
    late.close()
    assert list(ledger.since(mark, "nightly")) == [fact("late")]


def test_a_role_that_may_not_change_tables_of_the_first_version_is_told_who_may(
    server: postgres.Postgres, opened: Open
) -> None:
    target = first_version(server)
    server.run(f"CREATE ROLE writer_{target.database} LOGIN")
    writer = replace(target, user=f"writer_{target.database}")
    server.run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {writer.user}", database=target.database)
    assert "the role that owns them" in refusal(writer)
    opened(target)
    assert opened(writer).put(fact("build")) is Put.CREATED


def test_a_ledger_of_a_newer_version_is_left_alone(server: postgres.Postgres, opened: Open, target: Target) -> None:
    opened(target)
    server.run("UPDATE lumen_schema SET version = 99", database=target.database)
    with pytest.raises(LedgerError, match="newer version"):
        PostgresLedger(target)
