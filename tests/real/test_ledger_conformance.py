"""What every ledger promises, held against each of them on its real store."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stores
from facts import HOUR, NOON, fact, failure

from lumen_action.errors import LedgerError
from lumen_action.ledger import Ledger, Put, Resumable
from lumen_action.ledger.deliver import hand_over
from lumen_action.ledger.opening import Place
from lumen_action.ledger.opening import open_ledger as open_by_url
from lumen_action.ledger.segments import GENESIS, Segment
from lumen_action.model import Fact, Kind, Outcome

Opener = Callable[[], Any]
WRITERS, EACH = 8, 4
_NUMBERS = itertools.count(1)


@pytest.fixture(params=stores.KINDS)
def open_ledger(request: pytest.FixtureRequest, store_url: Callable[[str], str], tmp_path: Path) -> Iterator[Opener]:
    """Return what opens one more ledger over the same, at first empty, store."""
    url = store_url(request.param)
    with contextlib.ExitStack() as stack:

        def opened() -> Any:  # noqa: ANN401 - a ledger of any kind
            # Each has a clone of its own, as each machine has.
            ledger = open_by_url(url, Place(os.environ, tmp_path / f"cache-{next(_NUMBERS)}"))
            # A thread lets go of its own.
            if threading.current_thread() is threading.main_thread():
                stack.callback(ledger.close)
            return ledger

        yield opened


def digests(ledger: Ledger) -> list[str]:
    return sorted(each.key.digest for each in ledger.scan())


def side_by_side(work: Callable[[int], None], times: int) -> None:
    """Do the same in several threads at once, and raise what one of them raised."""
    faults: list[BaseException] = []

    def one(number: int) -> None:
        try:
            work(number)
        except BaseException as fault:  # noqa: BLE001 - told to the test below
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def test_a_fact_is_kept_as_it_is(open_ledger: Opener) -> None:
    ledger = open_ledger()
    mine = fact("build", Outcome.FAILURE, cause=None)
    mine = replace(mine, failure=failure(), url="https://ci.example/1", sha="0a1b")
    assert ledger.put(mine) is Put.CREATED
    assert ledger.get(mine.key.digest) == mine
    assert list(open_ledger().scan()) == [mine]
    assert ledger.get("0" * 64) is None


def test_the_second_account_of_an_event_never_replaces_the_first(open_ledger: Opener) -> None:
    ledger, first = open_ledger(), fact()
    later = replace(first, observed_at_ms=NOON + HOUR, runner="another")
    otherwise = replace(first, outcome=Outcome.FAILURE, failure=failure())
    assert [ledger.put(each) for each in (first, first, later, otherwise)] == [
        Put.CREATED,
        Put.SAME,
        Put.SAME,
        Put.CONFLICT,
    ]
    assert ledger.get(first.key.digest) == first
    assert ledger.head() == 1


def test_what_contradicts_is_kept_beside(open_ledger: Opener) -> None:
    ledger, first = open_ledger(), fact()
    hand_over(first, ledger)
    hand_over(replace(first, outcome=Outcome.FAILURE, failure=failure()), ledger)
    assert Counter(each.key.kind for each in ledger.scan()) == {Kind.RUN: 1, Kind.CONFLICT: 1}


def test_the_head_grows_with_every_fact_and_with_nothing_else(open_ledger: Opener) -> None:
    ledger = open_ledger()
    heads = [ledger.head()]
    for number in range(3):
        for _ in range(2):
            ledger.put(fact(run=str(number)))
        heads.append(ledger.head())
    assert heads == sorted(set(heads))


def test_facts_are_found_by_pipeline_run_and_day(open_ledger: Opener) -> None:
    ledger = open_ledger()
    rows = [fact(run="1"), fact(run="2", day="2026-01-03"), fact("build", run="2"), fact(run="3", pipeline="release")]
    for each in rows:
        ledger.put(each)
    assert sorted(each.key.run for each in ledger.scan(run="2")) == ["2", "2"]
    assert [each.key.run for each in ledger.scan(pipeline="release")] == ["3"]
    assert [each.day for each in ledger.scan(pipeline="nightly", day="2026-01-03")] == ["2026-01-03"]
    assert ledger.pipelines() == ["nightly", "release"]


def test_writers_at_once_lose_nothing_and_double_nothing(open_ledger: Opener) -> None:
    answers: Counter[Put] = Counter()
    wall = threading.Barrier(WRITERS)

    def write(number: int) -> None:
        with contextlib.closing(open_ledger()) as ledger:
            wall.wait()
            for item in range(EACH):
                # Every event is reported by two writers, and twice by each.
                for run in (f"{number}-{item}", f"{(number + 1) % WRITERS}-{item}"):
                    for _ in range(2):
                        answers[ledger.put(fact(run=run))] += 1

    side_by_side(write, WRITERS)
    assert answers == {Put.CREATED: WRITERS * EACH, Put.SAME: 3 * WRITERS * EACH}
    assert len(digests(open_ledger())) == WRITERS * EACH


def test_one_publisher_at_a_time(open_ledger: Opener) -> None:
    one, another = open_ledger(), open_ledger()
    with one.publishing(5), pytest.raises(LedgerError), another.publishing(0.2):
        pytest.fail("two publishers at once")
    with another.publishing(5):
        pass


def test_what_was_published_is_remembered_by_sink(open_ledger: Opener) -> None:
    ledger = open_ledger()
    assert ledger.published_head("push|nightly") == 0
    ledger.mark_published("push|nightly", 7)
    ledger.mark_published("textfile|nightly", 3)
    ledger.mark_published("push|nightly", 9)
    assert (open_ledger().published_head("push|nightly"), ledger.published_head("textfile|nightly")) == (9, 3)


def test_a_note_is_written_by_one_of_two(open_ledger: Opener) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        with contextlib.closing(open_ledger()) as ledger:
            if ledger.put_note("checkpoint/1", str(number).encode(), expected=None):
                won.append(number)

    side_by_side(write, 4)
    assert len(won) == 1
    ledger = open_ledger()
    assert ledger.note("checkpoint/1") == str(won[0]).encode()
    assert not ledger.put_note("checkpoint/1", b"x", expected=b"another")
    assert ledger.put_note("checkpoint/1", b"x", expected=str(won[0]).encode())
    assert open_ledger().note("checkpoint/1") == b"x"


def filled(ledger: Ledger) -> list[Fact]:
    """Put three days of facts."""
    rows = [fact(run=f"{day}-{run}", day=f"2026-01-0{day}") for day in (2, 3, 4) for run in range(3)]
    for each in rows:
        ledger.put(each)
    return rows


def chain(ledger: Ledger) -> list[Segment]:
    """Return the segments, each of which names the root of the one before."""
    segments = list(ledger.segments())
    roots = [GENESIS, *(segment.root for segment in segments)]
    assert [segment.prev_root for segment in segments] == roots[:-1]
    assert [segment.number for segment in segments] == list(range(1, len(segments) + 1))
    return segments


def test_closing_days_changes_nothing_that_is_read(open_ledger: Opener) -> None:
    ledger = open_ledger()
    rows = filled(ledger)
    head = ledger.head()
    assert ledger.compact("2026-01-04") == 6
    assert ledger.compact("2026-01-04") == 0
    assert ledger.head() == head
    for reader in (ledger, open_ledger()):
        assert digests(reader) == sorted(each.key.digest for each in rows)
        assert {each.day for each in reader.scan(day="2026-01-03")} == {"2026-01-03"}
        assert reader.get(rows[0].key.digest) == rows[0]
    closed = [Fact.decode(body) for segment in chain(ledger) for body in segment.facts]
    assert sorted(each.day for each in closed) == ["2026-01-02"] * 3 + ["2026-01-03"] * 3


def test_a_closed_fact_is_known_and_cannot_be_replaced(open_ledger: Opener) -> None:
    ledger = open_ledger()
    rows = filled(ledger)
    ledger.compact("2026-01-04")
    assert ledger.put(rows[0]) is Put.SAME
    delivered = hand_over(replace(rows[0], outcome=Outcome.FAILURE, failure=failure()), ledger)
    assert delivered.answer is Put.CONFLICT
    assert ledger.get(rows[0].key.digest) == rows[0]
    assert len(digests(open_ledger())) == len(rows) + 1


def test_a_late_fact_of_a_closed_day_goes_into_the_next_segment(open_ledger: Opener) -> None:
    ledger = open_ledger()
    filled(ledger)
    ledger.compact("2026-01-04")
    ledger.put(fact(run="late", day="2026-01-02"))
    assert ledger.compact("2026-01-04") == 1
    assert len(chain(ledger)) == 2
    assert len(digests(open_ledger())) == 10


def test_two_that_close_the_same_days_close_them_once(open_ledger: Opener) -> None:
    filled(open_ledger())

    def close_days(_: int) -> None:
        with contextlib.closing(open_ledger()) as ledger:
            ledger.compact("2026-01-05")

    side_by_side(close_days, 3)
    assert sum(len(segment.facts) for segment in chain(open_ledger())) == 9
    assert len(digests(open_ledger())) == 9


def test_facts_that_arrive_while_days_are_closed_are_all_there(open_ledger: Opener) -> None:
    filled(open_ledger())

    def work(number: int) -> None:
        with contextlib.closing(open_ledger()) as ledger:
            if number == 0:
                for _ in range(3):
                    ledger.compact("2026-01-05")
            else:
                for item in range(6):
                    ledger.put(fact(run=f"w{number}-{item}", day="2026-01-03"))

    side_by_side(work, 3)
    assert len(digests(open_ledger())) == 9 + 12


def told(ledger: Resumable, mark: str, pipeline: str = "nightly") -> set[str]:
    return {each.key.digest for each in ledger.since(mark, pipeline)}


def test_every_fact_that_comes_after_a_mark_is_told(open_ledger: Opener) -> None:
    ledger = open_ledger()
    rows = filled(ledger)
    ledger.compact("2026-01-03")
    mark = ledger.mark()
    late = [fact(run="late", day=day) for day in ("2026-01-02", "2026-01-04", "2026-01-05")]
    for each in late:
        ledger.put(each)
    for closed_before in ("2026-01-02", "2026-01-05"):
        ledger.compact(closed_before)
        for reader in (ledger, open_ledger()):
            assert {each.key.digest for each in late} <= told(reader, mark)
            assert told(reader, mark) <= {each.key.digest for each in [*rows, *late]}


def test_of_another_pipelines_facts_none_is_told(open_ledger: Opener) -> None:
    ledger = open_ledger()
    before = ledger.mark()
    ledger.put(fact(run="1", pipeline="release"))
    ledger.compact("2026-01-03")
    ledger.put(fact(run="2", pipeline="release"))
    assert told(ledger, before) == set()
    assert len(told(ledger, before, "release")) == 2
    assert (ledger.days("nightly"), told(ledger, ledger.mark())) == ([], set())


def test_days_are_those_of_the_facts(open_ledger: Opener) -> None:
    ledger = open_ledger()
    filled(ledger)
    ledger.compact("2026-01-04")
    ledger.put(fact(run="late", day="2026-01-02"))
    ledger.put(fact(run="late", day="2026-01-01", pipeline="release"))
    for reader in (ledger, open_ledger()):
        for pipeline in ("nightly", "release"):
            assert reader.days(pipeline) == sorted({each.day for each in reader.scan(pipeline=pipeline)})


def test_who_goes_on_from_mark_to_mark_misses_nothing_of_racing_writers_and_folders(open_ledger: Opener) -> None:
    beginning, heard = open_ledger().mark(), set[str]()
    written = threading.Semaphore(0)

    def work(number: int) -> None:
        with contextlib.closing(open_ledger()) as ledger:
            if number == 0:
                heard.update(listened(ledger, beginning, written))
            elif number == 1:
                for _ in range(3):
                    ledger.compact("2026-01-05")
            else:
                for item in range(6):
                    ledger.put(fact(run=f"w{number}-{item}", day=f"2026-01-0{2 + item % 4}"))
                written.release()

    side_by_side(work, 2 + WRITERS)
    ledger = open_ledger()
    assert sorted(heard) == digests(ledger)
    assert len(heard) == 6 * WRITERS
    assert ledger.days("nightly") == [f"2026-01-0{day}" for day in (2, 3, 4, 5)]


def listened(ledger: Any, mark: str, written: threading.Semaphore) -> set[str]:  # noqa: ANN401 - a ledger of any kind
    """Hear the facts as a publisher does that remembers where it was, until all writers are done."""
    heard: set[str] = set()
    done = 0
    while True:
        done += written.acquire(blocking=False)
        before, mark = mark, ledger.mark()
        heard |= told(ledger, before)
        if done == WRITERS:
            return heard
