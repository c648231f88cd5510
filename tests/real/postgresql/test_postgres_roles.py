"""Roles, passwords, certificates and sockets of a PostgreSQL ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import postgres
import pytest
import servers
from facts import fact
from pgledgers import ROLES, Open, refusal

from lumen_action.errors import LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.pgurl import Target


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("sslmode", ["disable", "prefer", "require"])
def test_every_proof_is_given_and_a_wrong_password_is_told(
    server: postgres.Postgres, opened: Open, role: str, sslmode: str
) -> None:
    database = server.database()
    query = f"?sslmode={sslmode}"
    target = server.target(database, user=role, password=quote(postgres.PASSWORD, safe=""), query=query)
    if (role, sslmode) == ("secure", "disable"):
        assert "SQLSTATE 28000" in refusal(replace(target, user="secure"))
        return
    assert opened(target).put(fact("build")) is Put.CREATED
    wrong = refusal(replace(target, password=postgres.PASSWORD[1:]))
    assert f'password authentication failed for user "{role}"' in wrong
    assert "PGPASSWORD" in wrong
    assert postgres.PASSWORD[1:] not in wrong
    assert "none was given" in refusal(replace(target, password=""))


def test_a_database_that_is_not_there_is_told(server: postgres.Postgres) -> None:
    assert "create the database" in refusal(server.target("nowhere"))


@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_scram_is_bound_to_the_connection_over_tls(opened: Open, target: Target, binding: str) -> None:
    password = postgres.PASSWORD
    secure = replace(target, user="secure", password=password, sslmode="require", channel_binding=binding)
    assert opened(secure).head() == 0
    plain = replace(secure, user="scram", sslmode="disable")
    if binding == "require":
        assert "channel_binding=require" in refusal(plain)
    else:
        assert opened(plain).head() == 0


def test_who_signs_the_certificate_is_asked_for_and_checked(
    server: postgres.Postgres, opened: Open, target: Target, certificate: servers.Certificate, tmp_path: Path
) -> None:
    authority = str(server.authority)
    for mode in ("require", "verify-ca", "verify-full"):
        assert opened(replace(target, sslmode=mode, sslrootcert=authority)).head() == 0
        assert "not trusted" in refusal(replace(target, sslmode=mode, sslrootcert=str(certificate.authority)))
    for mode in ("verify-ca", "verify-full"):
        assert "not trusted" in refusal(replace(target, sslmode=mode))
    # The certificate is for 127.0.0.1 only.
    named = replace(target, host="localhost", sslrootcert=authority)
    assert opened(replace(named, sslmode="verify-ca")).head() == 0
    assert "not trusted" in refusal(replace(named, sslmode="verify-full"))
    (tmp_path / "empty.pem").write_text("")
    assert "no certificate" in refusal(replace(named, sslmode="verify-full", sslrootcert=str(tmp_path / "empty.pem")))


def test_a_server_without_tls_is_refused_where_tls_is_asked_for(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    assert opened(replace(target, sslmode="prefer")).head() == 0
    assert "does not speak TLS" in refusal(replace(target, sslmode="require"))


def test_a_unix_socket_needs_no_port(server: postgres.Postgres, opened: Open) -> None:
    ledger = opened(replace(server.local, database=server.database()))
    assert ledger.put(fact("build")) is Put.CREATED
    assert "no socket /nowhere/.s.PGSQL" in refusal(replace(server.local, host="/nowhere"), patience_seconds=0.2)


def test_a_role_that_only_reads_can_read_and_is_told_what_it_lacks(
    server: postgres.Postgres, opened: Open, target: Target
) -> None:
    server.run(f"CREATE ROLE reader_{target.database} LOGIN")
    reader = replace(target, user=f"reader_{target.database}")
    assert "CREATE on the schema" in refusal(reader)
    writing = opened(target)
    writing.put(fact("build"))
    server.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader.user}", database=target.database)
    reading = opened(reader)
    assert list(reading.scan()) == [fact("build")]
    assert reading.head() == 1
    for write in (lambda: reading.put(fact("other")), lambda: reading.mark_published("a", 1)):
        with pytest.raises(LedgerError, match=r"42501.*grant this role"):
            write()
    assert reading.head() == 1
