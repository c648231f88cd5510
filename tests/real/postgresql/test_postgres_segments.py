"""Segments of a PostgreSQL ledger: closed once, chained, and damage is named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import postgres
import pytest
from facts import NOON, fact
from pgledgers import Open

from lumen_action.errors import IntegrityError
from lumen_action.ledger import Put
from lumen_action.ledger.pgurl import Target
from lumen_action.model import Outcome


def test_racing_compactors_close_every_fact_once(opened: Open, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumen_action.ledger.postgres._SEGMENT_FACTS", 7)
    ledgers = [opened(target) for _ in range(6)]
    for number in range(40):
        ledgers[0].put(fact("build", run=str(number), day=f"2026-01-0{1 + number % 3}"))
    head = ledgers[0].head()
    with ThreadPoolExecutor(6) as pool:
        closed = sum(pool.map(lambda ledger: ledger.compact("2026-01-03"), ledgers))
    segments = list(ledgers[0].segments())
    assert closed == sum(len(segment.facts) for segment in segments) == 27
    assert [segment.number for segment in segments] == list(range(1, len(segments) + 1))
    assert max(len(segment.facts) for segment in segments) == 7
    assert len({line for segment in segments for line in segment.facts}) == 27
    assert ledgers[0].head() == head == 40
    assert len(list(ledgers[0].scan())) == 40


def test_a_late_fact_of_a_closed_day_waits_for_the_next_segment(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    assert (ledger.compact("2026-01-02"), ledger.compact("2026-01-03"), ledger.compact("2026-01-03")) == (0, 1, 0)
    assert ledger.put(replace(fact("build"), observed_at_ms=NOON + 1)) is Put.SAME
    assert ledger.put(replace(fact("build"), outcome=Outcome.SKIPPED)) is Put.CONFLICT
    ledger.put(fact("late"))
    assert ledger.compact("2026-01-03") == 1
    first, second = ledger.segments()
    assert second.prev_root == first.root
    assert (first.facts, second.facts) == ((fact("build").encode(),), (fact("late").encode(),))


_REWRITE = (
    "UPDATE lumen_fact SET body = convert_to(replace(convert_from(body, 'UTF8'), 'success', 'skipped'), 'UTF8') "
    "WHERE run = '3'"
)


def test_the_newest_segments_are_read_without_those_before(
    opened: Open, server: postgres.Postgres, target: Target
) -> None:
    ledger = opened(target)
    for number in range(3):
        ledger.put(fact("build", run=str(number)))
        ledger.compact("2026-01-03")
    every = list(ledger.segments())
    server.run("UPDATE lumen_segment SET data = '' WHERE number = 1", database=target.database)
    assert [list(ledger.segments_after(number)) for number in (1, 2, 3)] == [every[1:], every[2:], []]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE lumen_fact SET key = 'x'",
        "UPDATE lumen_fact SET pipeline = 'x'",
        "UPDATE lumen_fact SET run = 'x'",
        "UPDATE lumen_fact SET day = 'x'",
    ],
)
def test_an_open_fact_that_would_be_found_wrongly_is_named(
    opened: Open, server: postgres.Postgres, target: Target, damage: str
) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    assert list(ledger.open_facts()) == [fact("build")]
    server.run(damage, database=target.database)
    with pytest.raises(IntegrityError, match=r"filed under what it does not say \(it reads as stage build"):
        list(ledger.open_facts())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_REWRITE, "segment 1 .*of 5 is not what was .*run 3"),
        ("DELETE FROM lumen_fact WHERE run = '3'", "segment 1 "),
        ("UPDATE lumen_fact SET segment = 1 WHERE segment = 2", "segment 1 "),
        ("INSERT INTO lumen_fact SELECT 'z', '', '', '', body, 1 FROM lumen_fact WHERE run = '9'", "1 .*more facts"),
        ("UPDATE lumen_segment SET data = overlay(data placing 'X'::bytea from 700) WHERE number = 1", "segment 1 "),
        ("UPDATE lumen_segment SET data = (SELECT data FROM lumen_segment WHERE number = 1)", "segment 2 "),
        ("DELETE FROM lumen_segment WHERE number = 1", "segment 1 .*missing"),
    ],
)
def test_damage_of_a_closed_segment_is_named(
    opened: Open, server: postgres.Postgres, target: Target, damage: str, told: str
) -> None:
    ledger = opened(target)
    for number in range(5):
        ledger.put(fact("build", run=str(number)))
    ledger.compact("2026-01-03")
    ledger.put(fact("build", run="9"))
    ledger.compact("2026-01-03")
    assert len(list(ledger.segments())) == 2
    server.run(damage, database=target.database)
    with pytest.raises(IntegrityError, match=told):
        list(ledger.segments())


def test_a_damaged_fact_is_reported_and_not_skipped(opened: Open, server: postgres.Postgres, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    server.run("UPDATE lumen_fact SET body = substr(body, 1, 20)", database=target.database)
    with pytest.raises(IntegrityError, match="cannot be read"):
        list(ledger.scan())
