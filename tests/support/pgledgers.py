"""What tests of the PostgreSQL ledger have in common: its roles, and a writer that takes its time."""

from __future__ import annotations

from collections.abc import Callable

import postgres
import pytest

from lumen_action.errors import LedgerError
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.pgwire import Connection
from lumen_action.ledger.postgres import PostgresLedger
from lumen_action.model import Fact

ROLES = ("plain", "old", "scram", "secure")
Open = Callable[..., PostgresLedger]


def write_later(target: Target, late: Fact) -> Connection:
    """Write a fact in a transaction that stays open, as a slow writer does."""
    slow = Connection(target, timeout_seconds=60)
    slow.query("BEGIN")
    # The columns that a writer of the first version names.
    statement = "INSERT INTO lumen_fact (key, pipeline, run, day, body) VALUES ($1, $2, $3, $4, $5)"
    slow.query(statement, late.key.digest, late.pipeline, late.key.run, late.day, late.encode())
    return slow


def refusal(target: Target, patience_seconds: float = 10) -> str:
    """Return why a ledger cannot be opened, in words without the password."""
    with pytest.raises(LedgerError) as caught:
        PostgresLedger(target, patience_seconds=patience_seconds)
    assert postgres.PASSWORD not in str(caught.value)
    return str(caught.value)
