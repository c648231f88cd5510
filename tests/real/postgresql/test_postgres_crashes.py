"""A PostgreSQL that goes away, or whose answer is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import postgres
import pytest
from facts import fact
from pgledgers import Open

from lumen_action.errors import LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put
from lumen_action.ledger.pgmessages import PostgresError
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.pgwire import Connection
from lumen_action.ledger.postgres import PostgresLedger


def test_a_crash_in_the_middle_loses_nothing_that_was_acknowledged(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    opened(target)
    acknowledged: list[str] = []
    warm = threading.Event()

    def write(writer: int) -> None:
        ledger = opened(target, patience_seconds=60)
        for number in range(60):
            run = f"{writer}-{number}"
            if ledger.put(fact("build", run=run)) in (Put.CREATED, Put.SAME):
                acknowledged.append(run)
            if len(acknowledged) > 40:
                warm.set()

    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write, writer) for writer in range(6)]
        assert warm.wait(60)
        for _ in range(2):
            mortal.stop(signal.SIGQUIT)
            mortal.start()
        for done in writing:
            done.result()
    ledger = opened(target)
    assert len(acknowledged) == 360
    assert sorted(item.key.run for item in ledger.scan()) == sorted(acknowledged)


def test_a_dead_server_is_one_clear_error_after_the_patience(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    ledger = opened(target, patience_seconds=1)
    ledger.put(fact("build"))
    mortal.stop()
    with pytest.raises(LedgerError, match=r"cannot connect: Connection refused.* tr(y|ies)\)$"):
        ledger.put(fact("other"))
    slept: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    timing = Timing(sleep=sleep, clock=lambda: now[0], chance=lambda: 1.0)
    with pytest.raises(LedgerError, match="9 tries"):
        PostgresLedger(target, patience_seconds=20, timing=timing)
    assert slept == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    mortal.start()
    assert ledger.put(fact("build")) is Put.SAME
    assert ledger.put(fact("other")) is Put.CREATED


def test_a_server_that_dies_during_a_scan_gives_no_half_answer(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    ledger = opened(target)
    ledger.put(fact("build"))
    # More than any buffer between us holds.
    mortal.run(
        "INSERT INTO lumen_fact SELECT n::text, p, '1', '2026-01-02', body FROM (SELECT pipeline AS p, body FROM "
        "lumen_fact) AS f, generate_series(1, 60000) AS n",
        database=target.database,
    )
    scan = ledger.scan()
    next(scan)
    mortal.stop(signal.SIGQUIT)
    with pytest.raises(LedgerError):
        list(scan)
    mortal.start()
    assert ledger.head() == 60_001


@pytest.fixture
def lose(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the next statement that begins like this be done and its answer be lost, `lose("INSERT")`."""
    asked = Connection.query
    armed: list[str] = []

    def losing(self: Connection, statement: str, *values: str | bytes | int) -> object:
        answer = asked(self, statement, *values)
        if armed and statement.startswith(armed[0]):
            armed.clear()
            self.close()
            raise PostgresError("the connection broke", passing=True)
        return answer

    monkeypatch.setattr(Connection, "query", losing)
    return armed.append


def test_a_write_whose_answer_was_lost_is_recognised(opened: Open, target: Target, lose: Callable[[str], None]) -> None:
    ledger = opened(target)
    lose("INSERT")
    assert ledger.put(fact("build")) is Put.SAME
    lose("INSERT")
    assert ledger.put_note("n", b"old", expected=None)
    lose("UPDATE")
    assert ledger.put_note("n", b"new", expected=b"old")
    lose("UPDATE")
    assert not ledger.put_note("n", b"x", expected=b"old")
    assert ledger.note("n") == b"new"
    assert len(list(ledger.scan())) == ledger.head() == 1


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "COMMIT"])
def test_a_compaction_whose_answer_was_lost_closes_once(
    opened: Open, target: Target, lose: Callable[[str], None], statement: str
) -> None:
    ledger = opened(target)
    for number in range(5):
        ledger.put(fact("build", run=str(number)))
    lose(statement)
    assert ledger.compact("2026-01-03") == 5
    assert [len(segment.facts) for segment in ledger.segments()] == [5]
    assert ledger.head() == 5
