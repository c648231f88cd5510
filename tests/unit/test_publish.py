from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from facts import NOON, fact

from lumen_action.errors import RemoteError
from lumen_action.ledger import Ledger
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import Fact, Kind
from lumen_action.publish import Publisher
from lumen_action.sinks import Group, Sink
from lumen_action.sinks.series import PublishFacts
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Cron, Schedule
from lumen_action.sli.state import State


class Board:
    """A sink that shows the last totals it was given; something may happen while it is being written."""

    def __init__(self, name: str = "board", meanwhile: Callable[[int], None] = lambda _: None) -> None:
        self.name = name
        self.meanwhile = meanwhile
        self.shown: list[float] = []

    def publish(self, groups: Sequence[Group]) -> int:
        runs = [s.value for g in groups for f in g.families if f.name == "lumen_runs_total" for s in f.samples]
        self.shown.append(sum(runs))
        self.meanwhile(len(self.shown))
        return sum(group.size for group in groups)

    def probe(self) -> None:
        pass


class DeadBoard(Board):
    def publish(self, groups: Sequence[Group]) -> int:
        raise RemoteError(f"nobody answers for {len(groups)} groups")


class TimedBoard(Board):
    def __init__(self) -> None:
        super().__init__()
        self.sum_ms = 0

    def send_durations(self, state: State) -> None:
        self.sum_ms = sum(each.sum_ms for each in state.pipelines["nightly"].durations.values())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def publisher(ledger: Ledger, *sinks: Sink) -> Publisher:
    return Publisher(ledger, sinks, Calendar(), lambda head: PublishFacts("1", head), lambda: NOON)


def test_the_totals_of_the_ledger_are_shown(ledger: Ledger) -> None:
    board = Board()
    for number in range(3):
        ledger.put(fact(run=str(number)))
    [result] = publisher(ledger, board).publish("nightly")
    assert result.ok
    assert board.shown == [3]


def test_a_sink_that_shows_durations_gets_those_of_the_whole_pipeline(ledger: Ledger) -> None:
    ledger.put(replace(fact(run="1"), duration_ms=400))
    ledger.put(replace(fact(run="2"), duration_ms=900))
    ledger.put(replace(fact(run="3", pipeline="release"), duration_ms=7))
    board = TimedBoard()
    publisher(ledger, board, Board()).publish("nightly")
    assert board.sum_ms == 1300


class Counted:
    """A ledger that counts how often its facts are read."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.scans = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.ledger, name)

    def scan(self, **wanted: str) -> Iterator[Fact]:
        self.scans += 1
        return self.ledger.scan(**wanted)


def test_facts_are_read_once_for_all_sinks_while_the_ledger_rests(ledger: Ledger) -> None:
    ledger.put(fact())
    counted = Counted(ledger)
    schedule = Schedule((Cron.parse("0 2 * * *"),))
    results = publisher(counted, Board("one"), Board("two")).publish("nightly", schedule=schedule)  # type: ignore[arg-type]
    assert all(result.ok for result in results)
    assert counted.scans == 1


def test_a_day_without_its_expected_run_is_recorded_as_missing_once(ledger: Ledger) -> None:
    ledger.put(fact(day="2025-12-29"))
    ledger.put(fact(run="2"))
    schedule = Schedule((Cron.parse("0 2 * * *"),), holidays=frozenset({"2026-01-01"}))
    for _ in range(2):
        publisher(ledger, Board()).publish("nightly", schedule=schedule)
    missing = [each for each in ledger.scan() if each.key.kind is Kind.MISSING]
    assert [each.day for each in sorted(missing, key=lambda each: each.day)] == ["2025-12-30", "2025-12-31"]


def test_what_arrives_meanwhile_is_shown_before_it_ends(ledger: Ledger) -> None:
    def someone_records(times: int) -> None:
        if times < 3:
            ledger.put(fact(run=f"late-{times}"))

    board = Board(meanwhile=someone_records)
    ledger.put(fact())
    publisher(ledger, board).publish("nightly")
    assert board.shown == [1, 2, 3]


def test_a_ledger_that_never_rests_does_not_keep_the_job_waiting(ledger: Ledger) -> None:
    board = Board(meanwhile=lambda times: ledger.put(fact(run=f"late-{times}")) and None)
    [result] = publisher(ledger, board).publish("nightly")
    assert result.ok
    assert len(board.shown) == 10


def test_a_fact_that_another_publisher_has_shown_needs_no_second_time(ledger: Ledger) -> None:
    board = Board()
    ledger.put(fact())
    publisher(ledger, board).publish("nightly", covering=ledger.head())
    publisher(ledger, board).publish("nightly", covering=ledger.head())
    assert len(board.shown) == 1
    ledger.put(fact(run="2"))
    publisher(ledger, board).publish("nightly", covering=ledger.head())
    assert board.shown == [1, 2]


def test_without_that_question_it_is_always_shown_again(ledger: Ledger) -> None:
    board = Board()
    ledger.put(fact())
    for _ in range(2):
        publisher(ledger, board).publish("nightly")
    assert board.shown == [1, 1]


def test_one_dead_sink_does_not_stop_the_others(ledger: Ledger) -> None:
    dead, board = DeadBoard("dead"), Board()
    ledger.put(fact())
    results = {result.sink: result for result in publisher(ledger, dead, board).publish("nightly")}
    assert board.shown == [1]
    assert results["board"].ok
    assert "nobody answers" in results["dead"].describe()
    assert ledger.published_head("dead|nightly") == 0


def test_two_publishers_do_not_run_at_once(ledger: Ledger, tmp_path: Path) -> None:
    other = open_ledger(f"sqlite:{tmp_path / 'ledger.db'}")
    order: list[str] = []

    def slow(_: int) -> None:
        with pytest.raises(Exception, match="held by another process"), other.publishing(0.01):
            order.append("second")

    publisher(ledger, Board(meanwhile=slow)).publish("nightly")
    assert order == []
    other.close()
