"""What a PostgreSQL ledger tells after a mark, however late a transaction commits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from facts import fact
from pgledgers import Open, write_later

from lumen_action.ledger.pgurl import Target


def test_transactions_that_commit_late_and_out_of_order_are_told_after_every_mark(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("first"))
    mark, told = ledger.mark(), set()
    slow = {name: write_later(target, fact(name)) for name in ("a", "b", "c", "d")}
    for name in ("c", "a", "d", "b"):
        ledger.put(fact(f"beside-{name}"))  # begun later, committed earlier
        before, mark = mark, ledger.mark()
        told |= {item.key.stage for item in ledger.since(before, "nightly")}
        slow[name].query("COMMIT")
        slow[name].close()
    told |= {item.key.stage for item in ledger.since(mark, "nightly")}
    assert told | {"first"} == {item.key.stage for item in ledger.scan()}
    assert len(told) == 8


def test_what_was_told_is_not_told_for_ever(opened: Open, target: Target) -> None:
    ledger = opened(target)
    for number in range(20):
        ledger.put(fact("build", run=str(number)))
    mark = ledger.mark()
    assert list(ledger.since(mark, "nightly")) == []
    ledger.put(fact("late"))
    ledger.compact("2026-01-03")
    assert list(ledger.since(mark, "nightly")) == [fact("late")]


def test_a_reader_beside_960_racing_rows_misses_none(opened: Open, target: Target) -> None:
    done = threading.Event()

    def write(writer: int) -> None:
        ledger = opened(target, patience_seconds=60)
        for number in range(48):
            # The slow one is begun first and ended last.
            rows = [write_later(target, fact("slow", run=f"{writer}-{number}"))] if number % 4 == 0 else []
            ledger.put(fact("quick", run=f"{writer}-{number}"))
            for row in rows:
                row.query("COMMIT")
                row.close()

    def read() -> list[str]:
        ledger, mark, told = opened(target), "0", set()
        while True:
            last = done.is_set()
            before, mark = mark, ledger.mark()
            told |= {item.key.digest for item in ledger.since(before, "nightly")}
            if last:
                return sorted(told)

    opened(target)
    with ThreadPoolExecutor(17) as pool:
        reading = pool.submit(read)
        for writing in [pool.submit(write, writer) for writer in range(16)]:
            writing.result()
        done.set()
    assert reading.result() == sorted(item.key.digest for item in opened(target).scan())
    assert opened(target).head() == 16 * 60 == 960


def test_a_server_that_counts_transactions_anew_tells_everything(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    mark_of_the_old_server = str(int(ledger.mark()) + 1_000_000)
    assert list(ledger.since(mark_of_the_old_server, "nightly")) == [fact("build")]
