"""The PostgreSQL ledger against the real server: racing writers, open transactions, a publisher and notes."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import postgres
import pytest
import servers
from facts import fact
from pgledgers import Open, write_later

from lumen_action.errors import LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.pgurl import Target
from lumen_action.model import Outcome


def test_racing_writers_lose_and_double_nothing(opened: Open, target: Target) -> None:
    # 64 writers, each key raced by two of them and sent twice by each; the tables are made in the same race.
    everyone = threading.Barrier(64)

    def write(writer: int) -> list[Put]:
        everyone.wait(60)
        ledger = opened(target, patience_seconds=60)
        return [ledger.put(fact("build", run=f"{writer // 2}-{number}")) for number in range(10) for _ in range(2)]

    with ThreadPoolExecutor(64) as pool:
        answers = Counter(answer for said in pool.map(write, range(64)) for answer in said)
    assert answers == {Put.CREATED: 320, Put.SAME: 960}
    ledger = opened(target)
    assert sorted(item.key.run for item in ledger.scan()) == sorted(f"{w}-{n}" for w in range(32) for n in range(10))
    assert ledger.head() == 320


def test_a_different_second_account_is_a_conflict_whoever_comes_second(opened: Open, target: Target) -> None:
    accounts = [replace(fact("build"), runner=str(n), outcome=outcome) for n, outcome in enumerate(Outcome)]
    ledgers = [opened(target) for _ in accounts]
    with ThreadPoolExecutor(len(accounts)) as pool:
        answers = Counter(pool.map(lambda pair: pair[0].put(pair[1]), zip(ledgers, accounts, strict=True)))
    assert answers == {Put.CREATED: 1, Put.CONFLICT: len(accounts) - 1}


def test_a_reader_passes_over_nothing_that_commits_later(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("first"))
    slow = write_later(target, fact("late"))
    ledger.put(fact("quick"))  # begun later, committed earlier
    head = ledger.head()
    assert {item.key.stage for item in ledger.scan()} == {"first", "quick"}
    slow.query("COMMIT")
    slow.close()
    assert ledger.head() > head
    assert {item.key.stage for item in ledger.scan()} == {"first", "late", "quick"}


def test_a_scan_shows_one_moment_while_others_write_and_close(opened: Open, target: Target) -> None:
    ledger = opened(target)
    for number in range(1000):
        ledger.put(fact("build", run=str(number)))
    scan = ledger.scan()
    seen = [next(scan)]
    ledger.put(fact("build", run="late"))
    assert ledger.compact("2026-01-03") == 1001
    seen += scan
    assert len({item.key.run for item in seen} - {"late"}) == len(seen) == 1000
    assert ledger.head() == 1001


def test_a_scan_that_is_left_early_leaves_nothing_behind(
    opened: Open, server: postgres.Postgres, target: Target
) -> None:
    ledger = opened(target)
    for number in range(50):
        ledger.put(fact("build", run=str(number)))
    for _ in range(20):
        scan = ledger.scan()
        next(scan)
        scan.close()
    ledger.head()
    servers.wait_until("the connections are gone", lambda: len(server.backends(target.database)) <= 2)


def test_facts_are_found_by_what_the_ci_calls_them_even_if_it_quotes(opened: Open, target: Target) -> None:
    ledger = opened(target)
    names = ["a", "it's; DROP TABLE lumen_fact", 'b"c', "나잇리", "$1", "%s", "B"]
    for name in names:
        ledger.put(fact("build", pipeline=name, run=name))
    assert ledger.pipelines() == sorted(names)
    for name in names:
        assert [item.pipeline for item in ledger.scan(pipeline=name, run=name, day="2026-01-02")] == [name]
    assert not list(ledger.scan(pipeline="a", day="2026-01-03"))
    assert ledger.get("0" * 64) is None
    assert ledger.get(fact("build", pipeline="a", run="a").key.digest) == fact("build", pipeline="a", run="a")


def test_one_publisher_at_a_time_and_a_dead_one_holds_up_nobody(
    opened: Open, server: postgres.Postgres, target: Target
) -> None:
    one, other = opened(target), opened(target)
    with one.publishing(1):
        with pytest.raises(LedgerError, match="held by another"), other.publishing(0.05):
            pytest.fail("two at once")
        one.put(fact("build"))  # the holder itself goes on
        for backend in server.backends(target.database):
            server.run(f"SELECT pg_terminate_backend({backend})")
        with other.publishing(5):
            pass
    with one.publishing(1):
        pass


def test_of_racing_changes_of_a_note_one_wins(opened: Open, target: Target) -> None:
    ledgers = [opened(target) for _ in range(8)]
    for expected in (None, b"0"):
        with ThreadPoolExecutor(8) as pool:
            wrote = list(
                pool.map(lambda n, e=expected: ledgers[n].put_note("n", f"{n}!".encode(), expected=e), range(8))
            )
        assert wrote.count(True) == 1
        assert ledgers[0].note("n") == f"{wrote.index(True)}!".encode()
        assert ledgers[0].put_note("n", b"0", expected=ledgers[0].note("n"))
    assert ledgers[0].note("other") is None
