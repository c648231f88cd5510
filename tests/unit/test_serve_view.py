"""What `lumen serve` shows of a ledger from one scrape to the next."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from facts import HOUR, NOON, fact

from lumen_action.commands import World
from lumen_action.commands.serve import View
from lumen_action.commands.session import open_session
from lumen_action.errors import LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome

CLOSED_MS = NOON + 20 * HOUR


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger(tmp_path / "ledger.db", durable=True)
    yield opened
    opened.close()


@pytest.fixture
def view(tmp_path: Path, ledger: SqliteLedger) -> Iterator[View]:
    ledger.put(fact(outcome=Outcome.FAILURE))
    env = {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    world = World(env=env, folder=tmp_path, stdout=io.StringIO(), stderr=io.StringIO(), clock_ms=lambda: CLOSED_MS)
    with world.closing:
        yield View(open_session({"ledger": ledger.url}, world))


def samples(view: View, name: str) -> set[str]:
    lines = view.fold(view.head()).metrics.decode().splitlines()
    return {line.replace('pipeline="nightly",', "") for line in lines if line.startswith(name) and line[-1] != "0"}


def test_a_lost_day_that_was_shown_stays_counted_when_a_good_run_is_found(view: View, ledger: SqliteLedger) -> None:
    lost = 'lumen_days_total{outcome="failure"} 1'
    assert samples(view, "lumen_days") == {lost}
    assert [item.day for item in ledger.scan() if item.key.kind is Kind.DAY] == ["2026-01-02"]
    ledger.put(fact(run="found", at=CLOSED_MS, ended_at=NOON))
    assert samples(view, "lumen_days") == {lost, 'lumen_days_corrected_total{from="failure",to="success"} 1'}


def test_who_may_only_read_shows_the_same(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: Fact) -> Put:
        raise LedgerError("read-only")

    monkeypatch.setattr(SqliteLedger, "put", read_only)
    assert samples(view, "lumen_days") == {'lumen_days_total{outcome="failure"} 1'}
