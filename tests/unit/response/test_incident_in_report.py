"""The weekly report says how long it took until somebody had an incident."""

from __future__ import annotations

from pathlib import Path

from brokenteam import MINUTE, BrokenTeam
from facts import NOON

from lumen_action.incidents.words import Event
from lumen_action.report.building.events import incidents_of


def test_the_time_until_it_was_taken_runs_from_its_detection(tmp_path: Path) -> None:
    team = BrokenTeam(tmp_path)
    team.opened("one", detected_ms=NOON - 5 * MINUTE)
    taken = team.desk.all()[0]
    team.met(taken, Event.ACKNOWLEDGED, NOON + MINUTE)
    team.opened("another")

    rows = incidents_of(list(team.ledger.scan()), ["2026-01-02"], NOON + 10 * MINUTE)

    assert {row.title: row.acknowledged_after_ms for row in rows} == {"one": 6 * MINUTE, "another": None}
