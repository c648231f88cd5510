"""Every promise is measured where its source is, and nothing is opened that nobody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from facts import HOUR, NOON, fact
from promises import counts_of, lasting, promise, rolling

from lumen_action.errors import ConfigError, LedgerError, RemoteError
from lumen_action.ledger import Ledger
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.measuring import Places, Question, measure, read
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.sli.days import Calendar
from lumen_action.slo.evaluation import Span
from lumen_action.slo.objective import Budgeting, CountsSource, Events, LedgerSource, Slo

NOW = NOON + HOUR


class Counted(SqliteLedger):
    """A ledger that counts how often it is read, and may have stopped to answer."""

    reads = 0
    broken = False

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        self.reads += 1
        if self.broken:
            raise LedgerError("ledger sqlite:x: disk I/O error")
        return super().scan(pipeline=pipeline, run=run, day=day)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Counted]:
    opened = Counted(tmp_path / "ledger.db", durable=True)
    opened.put(fact("test", run="1"))
    opened.put(fact(run="1"))
    opened.put(fact(outcome=Outcome.FAILURE, run="2", region="us"))
    yield opened
    opened.close()


def places(folder: Path, ledger: Ledger | None = None, planned: float | None = None) -> Places:
    def unasked(*_: object) -> NoReturn:
        raise AssertionError("nobody asks for this")

    def opened() -> Ledger:
        return ledger or unasked()

    return Places(opened, Calendar(), lambda *_: planned, folder, unasked, unasked)


def from_file(name: str, file: str) -> Slo:
    return promise(0.9, name=name, source=CountsSource(file, "bad", "total", part_is_good=False))


def test_all_promises_of_a_pipeline_come_of_one_reading(ledger: Counted, tmp_path: Path) -> None:
    slos = [
        promise(0.9, 0.95, name="runs"),
        promise(0.9, name="of a region", source=counts_of(region="us")),
        promise(0.9, name="stages", source=counts_of(Events.STAGE)),
        promise(0.9, name="days", source=counts_of(Events.DAY), window=rolling("7d")),
    ]
    found = measure(slos, places(tmp_path, ledger), NOW)
    assert [(each.name, each.total, each.bad) for each in found] == [
        ("runs 0.9", 2, 1),
        ("runs 0.95", 2, 1),
        ("of a region", 1, 1),
        ("stages", 1, 0),
        ("days", 1, 0),
    ]
    assert ledger.reads == 1


def test_a_check_is_counted_by_its_name_on_the_day_it_was_made(ledger: Counted, tmp_path: Path) -> None:
    def came_out(name: str, outcome: Outcome, run: str, **more: Any) -> None:  # noqa: ANN401 - as `fact` takes them
        ledger.put(fact(name, outcome, run=run, kind=Kind.CHECK, **more))

    came_out("restore", Outcome.SUCCESS, "10")
    came_out("restore", Outcome.FAILURE, "11")
    came_out("restore", Outcome.ERROR, "12")
    came_out("restore", Outcome.SKIPPED, "13")
    came_out("restore", Outcome.FAILURE, "14", trust=Trust.FORK)
    came_out("restore", Outcome.FAILURE, "15", day="2025-01-02", at=NOW - 400 * 86_400_000)
    came_out("integrity", Outcome.SUCCESS, "16")
    names = ("restore", "integrity", "report")
    slos = [promise(0.9, name=name, source=LedgerSource(Events.CHECK, "nightly", check=name)) for name in names]
    found = measure(slos, places(tmp_path, ledger), NOW)
    assert [(each.name, each.total, each.bad) for each in found] == [
        ("restore", 3, 2),
        ("integrity", 1, 0),
        ("report", 0, 0),
    ]


def test_a_planned_volume_makes_the_budget(ledger: Counted, tmp_path: Path) -> None:
    (found,) = measure([promise(0.9)], places(tmp_path, ledger, planned=30), NOW)
    assert (found.planned, found.budget.allowed, found.status.value) == (30, 3, "healthy")


def test_slices_are_never_planned(ledger: Counted, tmp_path: Path) -> None:
    slo = promise(0.9, budgeting=Budgeting.TIMESLICES, slice_target=1, slice_window="1h")
    (found,) = measure([slo], places(tmp_path, ledger, planned=30), NOW)
    assert (found.planned, found.total, found.bad) == (None, 1, 1)


def test_files_are_read_without_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("bad,total\n1,100\n")
    (found,) = measure([from_file("file", "counts.csv")], places(tmp_path), NOW)
    assert (found.total, found.bad) == (100, 1)


def test_faults_of_all_files_are_told_together_and_before_a_ledger_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("bad,total\n2,1\n")
    slos = [promise(0.9), from_file("a", "a.csv"), from_file("b", "b.csv"), from_file("again", "a.csv")]
    with pytest.raises(ConfigError) as caught:
        measure(slos, places(tmp_path), NOW)
    first, second = caught.value.problems
    assert "a.csv line 2: bad: found 2, more than all 1" in first
    assert "b.csv cannot be read" in second


def test_a_ledger_that_does_not_answer_is_told_with_what_asked_for_it(ledger: Counted, tmp_path: Path) -> None:
    ledger.broken = True
    with pytest.raises(RemoteError, match=r"^runs, days: ledger sqlite:x: disk I/O error$"):
        measure([promise(0.9, 0.99, name="runs"), promise(name="days")], places(tmp_path, ledger), NOW)


def test_events_may_be_read_over_any_time(ledger: Counted, tmp_path: Path) -> None:
    slo = promise(0.9)
    spans = [Span(NOON - 1, NOON, NOON), Span(NOON, NOW, NOW)]
    asked = [Question(slo, slo.objectives[0], span) for span in spans]
    assert [len(found.ticks) for found in read(asked, places(tmp_path, ledger))] == [2, 0]


def test_what_was_heard_after_the_moment_that_is_asked_about_makes_nothing_fresh(
    ledger: Counted, tmp_path: Path
) -> None:
    before = {NOON: NOON, NOON + 1: NOON, NOON - 1: None, NOON + 216 * HOUR: NOON + 192 * HOUR}
    ledger.put(fact(run="1", attempt=2, at=NOON + 192 * HOUR, day="2026-01-10"))
    slo = promise(0.9)
    for at_ms, newest_ms in before.items():
        assert measure([slo], places(tmp_path, ledger), at_ms)[0].newest_ms == newest_ms


def test_freshness_is_asked_by_the_slices_of_each_promise(ledger: Counted, tmp_path: Path) -> None:
    source = counts_of(Events.FRESHNESS, at_most_seconds=1800)
    slo = promise(0.9, source=source, budgeting=Budgeting.TIMESLICES, slice_target=1, slice_window="1h")
    half = replace(slo.objectives[0], slice_window=lasting("30m"))
    found = measure([replace(slo, objectives=(*slo.objectives, half))], places(tmp_path, ledger), NOW)
    # A good run at 12:00: of the slices that end at 12, 12:30 and 13 o'clock the last is too late.
    assert [(each.total, each.bad) for each in found] == [(2, 1), (3, 1)]
