"""A real PostgreSQL for all that is specified of its ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import postgres
import pytest
import servers
from pgledgers import ROLES, Open

from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.postgres import PostgresLedger


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, record_testsuite_property: Callable[[str, object], None]
) -> Iterator[postgres.Postgres]:
    """Serve with TLS; every role has the same difficult password."""
    with contextlib.ExitStack() as started:
        try:
            certificate = servers.make_certificate(tmp_path_factory.mktemp("tls"))
            running = started.enter_context(postgres.serving(certificate))
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)
        record_testsuite_property("postgresql", running.run("SHOW server_version")[0][0])
        for role in ROLES:
            running.run(f"CREATE ROLE {role} LOGIN SUPERUSER")
            running.give_password(role, "md5" if role == "old" else "scram-sha-256")
        yield running


@pytest.fixture
def target(server: postgres.Postgres) -> Target:
    return server.target(server.database())


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open ledgers and close them at the end."""
    with contextlib.ExitStack() as ledgers:

        def open_one(target: Target, *, patience_seconds: float = 20) -> PostgresLedger:
            ledger = PostgresLedger(target, patience_seconds=patience_seconds)
            ledgers.callback(ledger.close)
            return ledger

        yield open_one


@pytest.fixture
def mortal() -> Iterator[postgres.Postgres]:
    """Serve from a server of its own that the test may kill."""
    with contextlib.ExitStack() as started:
        try:
            yield started.enter_context(postgres.serving())
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)
